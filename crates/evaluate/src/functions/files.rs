//! `file`, `fileexists` and `templatefile`, for files that were handed in with the sources.

use std::sync::Arc;

use super::known;
use crate::ast::Text;
use crate::evaluator::{Evaluator, Scope};
use crate::fault::{Fault, error};
use crate::parse;
use crate::sources::join_path;
use crate::value::{Data, Value};

impl Evaluator<'_> {
    pub(super) fn file_function(
        &mut self,
        name: &Text,
        arguments: &[Value],
        scope: &Scope<'_>,
    ) -> Result<Value, Fault> {
        let Some(path) = arguments.first() else {
            return error(format!("`{name}` needs a path"));
        };
        let origin = format!("{name}(…)");
        let Some(path) = known(path)? else {
            return Ok(self.opaque(name, arguments));
        };
        // Paths are relative to where the core runs, which is the root module; `path.module` leads on from there.
        let text = join_path("", &path).and_then(|path| Some((self.sources.text(&path)?, path)));
        let Some((text, path)) = text else {
            // Not there for us need not mean not there.
            self.doubt();
            return Ok(self.because(&origin, "the file is not among the sources"));
        };
        self.charge_text(text.len())?;
        match (&**name, arguments) {
            ("file", [_]) => Ok(Value::text(text)),
            ("fileexists", [_]) => Ok(Value::bool(true)),
            ("templatefile", [_, variables]) => self.template_file(&path, &text, variables, scope),
            _ => error(format!("`{name}` is called with the wrong number of arguments")),
        }
    }

    fn template_file(&mut self, path: &str, text: &str, variables: &Value, scope: &Scope<'_>) -> Result<Value, Fault> {
        let Data::Map(members) = &variables.data else {
            if variables.is_unknown() {
                return Ok(self.opaque("templatefile", std::slice::from_ref(variables)));
            }
            return error("the variables of a template are no object");
        };
        let parts = match self.template_files.get(path) {
            Some(known) => known.clone(),
            None => {
                let parts = parse::template(text, 0, u32::MAX).map(Arc::new);
                self.template_files.insert(path.to_owned(), parts.clone());
                parts
            }
        };
        let Some(parts) = parts else {
            return Ok(self.because("templatefile(…)", "the template file could not be read"));
        };
        let scope = Scope {
            passed: Some(&members.items),
            ..Scope::of_module(scope.module)
        };
        self.deeper(|evaluator| evaluator.template(&parts, &scope))
    }
}
