//! Pages of functions: `docs/functions/<name>.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{flag, front_matter, read, value_type};
use crate::generate::Files;

/// A page for every function of the provider.
pub(super) fn pages(root: &Path, schemas: &Value) -> Result<Files> {
    let functions = schemas
        .get("functions")
        .and_then(Value::as_object)
        .context("no functions in the schemas")?;
    let mut files = Files::new();
    for (name, function) in functions {
        let example = read(root, &format!("examples/functions/{name}/function.tf"))?;
        let page = page(name, function, &example)?;
        files.insert(PathBuf::from(format!("docs/functions/{name}.md")), page);
    }
    Ok(files)
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn page(name: &str, function: &Value, example: &str) -> Result<String> {
    let parameters: Vec<&Value> = function
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    let variadic = function.get("variadic_parameter");
    let mut page = front_matter(&format!("{name} function - nhi"), text(function, "summary"));
    writeln!(page, "# {name} (Function)\n\n{}\n", text(function, "description"))?;
    writeln!(page, "Functions of providers need Terraform 1.8 or OpenTofu 1.7.\n")?;
    writeln!(
        page,
        "## Example Usage\n\n```terraform\n{example}\n```\n\n## Signature\n"
    )?;
    let mut signature = Vec::new();
    for parameter in &parameters {
        signature.push(format!("{} {}", text(parameter, "name"), written(parameter, "type")?));
    }
    if let Some(variadic) = variadic {
        signature.push(format!("{} {}...", text(variadic, "name"), written(variadic, "type")?));
    }
    let returns = written(function, "return_type")?;
    writeln!(
        page,
        "```text\n{name}({}) {returns}\n```\n\n## Arguments\n",
        signature.join(", ")
    )?;
    for (position, parameter) in parameters.into_iter().chain(variadic).enumerate() {
        let nullable = if flag(parameter, "is_nullable") {
            ", Nullable"
        } else {
            ""
        };
        writeln!(
            page,
            "{}. `{}` ({}{nullable}) {}",
            position + 1,
            text(parameter, "name"),
            written(parameter, "type")?,
            text(parameter, "description")
        )?;
    }
    Ok(page)
}

fn written(of: &Value, name: &str) -> Result<String> {
    value_type(of.get(name).with_context(|| format!("no `{name}` in a function"))?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::page;

    #[test]
    fn a_page_shows_the_signature_and_every_argument() {
        let function = json!({"summary": "Joins.", "description": "Joins texts.", "return_type": "string",
            "parameters": [{"name": "separator", "type": "string", "description": "Between.", "is_nullable": true}],
            "variadic_parameter": {"name": "part", "type": ["list", "string"], "description": "A part."}});
        let page = page("join", &function, "EXAMPLE").unwrap();
        for part in [
            "join(separator String, part List of String...) String",
            "1. `separator` (String, Nullable) Between.",
            "2. `part` (List of String) A part.",
            "EXAMPLE",
            "description: |-\n  Joins.\n",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }
}
