//! Reads one file of policies, in the grammar of Rego 1 or in the older one, whichever it is written in.

use regorus::unstable::{Module, Parser};
use regorus::{Source, Value};

use crate::bundle::File;
use crate::problem::Problem;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) module: Module,
    /// Read by the grammar before Rego 1.
    pub(crate) is_old: bool,
}

/// Reads it by either grammar. Where neither fits, the one that came further tells what is wrong.
pub(crate) fn parse(file: &File) -> Result<Parsed, Problem> {
    let read = |is_old: bool| -> Result<Parsed, Problem> {
        let told = |error: &dyn std::fmt::Display| Problem::told(&file.path, &error.to_string());
        let source = Source::from_contents(file.path.clone(), file.text.clone()).map_err(|error| told(&error))?;
        let mut parser = Parser::new(&source).map_err(|error| told(&error))?;
        if !is_old {
            parser.enable_rego_v1().map_err(|error| told(&error))?;
        }
        let module = parser.parse().map_err(|error| told(&error))?;
        Ok(Parsed {
            path: file.path.clone(),
            text: file.text.clone(),
            module,
            is_old,
        })
    };
    let new = match read(false) {
        Ok(parsed) => return Ok(parsed),
        Err(problem) => problem,
    };
    match read(true) {
        Ok(parsed) => Ok(parsed),
        Err(old) if line(&old) > line(&new) => Err(old),
        Err(_) => Err(new),
    }
}

fn line(problem: &Problem) -> u32 {
    let mut parts = problem.place.rsplit(':');
    parts.nth(1).and_then(|line| line.parse().ok()).unwrap_or(0)
}

/// A file of data: JSON or YAML, at the place that its folders below `data/` say.
pub(crate) fn data(file: &File) -> Result<Value, Problem> {
    let is_json = std::path::Path::new(&file.path)
        .extension()
        .is_some_and(|ending| ending == "json");
    let read = if is_json {
        Value::from_json_str(&file.text)
    } else {
        Value::from_yaml_str(&file.text)
    };
    let kind = if is_json { "JSON" } else { "YAML" };
    let mut value = read.map_err(|error| {
        Problem::new(
            &file.path,
            format!("the data is not {kind}: {error}"),
            "mend it; `opa eval --data` reads the same",
        )
    })?;
    if value.as_object().is_err() {
        let help = "give the list or the value a name: `{\"allowed\": [...]}`";
        return Err(Problem::new(&file.path, "the data is not an object", help));
    }
    let folders: Vec<&str> = file.path.split('/').skip(1).collect();
    for folder in folders.iter().rev().skip(1) {
        let mut outer = Value::new_object();
        if let Ok(object) = outer.as_object_mut() {
            object.insert(Value::from(*folder), value);
        }
        value = outer;
    }
    Ok(value)
}
