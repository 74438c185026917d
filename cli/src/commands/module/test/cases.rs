//! Reads the cases of a module: HCL with literal values, every mistake with its case.
//!
//! An inline change becomes a plan and goes through the same reader as everybody's plan does.

use std::path::{Path, PathBuf};

use hcl::{Block, Body, Expression, ObjectKey, Structure};
use nhi_plan::Exception;
use nhi_plan::path::{self, Segment};
use serde_json::{Map, Value, json};

use super::told::exception;

/// A case as it is written.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) title: String,
    /// The plan as JSON text.
    pub(super) plan: Plan,
    pub(super) settings: String,
    pub(super) now: String,
    /// The organisation's policy file, as modules are told it.
    pub(super) policy: Option<PathBuf>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) expects: Vec<Expect>,
    /// Compare all of what is found with a file.
    pub(super) is_golden: bool,
}

#[derive(Debug)]
pub(super) enum Plan {
    Text(String),
    File(PathBuf),
}

/// One finding that has to be made. What is not said is not compared.
#[derive(Debug, Default)]
pub(super) struct Expect {
    pub(super) rule: String,
    pub(super) address: Option<String>,
    pub(super) path: Option<String>,
    pub(super) outcome: String,
    pub(super) message: Option<String>,
}

/// The cases of a file.
pub(super) fn read(file: &Path, text: &str) -> Result<Vec<Case>, String> {
    let body: Body = hcl::parse(text).map_err(|error| format!("is not HCL: {error}"))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut cases = Vec::new();
    for structure in body {
        let block = match structure {
            Structure::Block(block) if block.identifier() == "case" => block,
            Structure::Block(block) => {
                return Err(format!("has a block `{}`; only `case` is known", block.identifier()));
            }
            Structure::Attribute(attribute) => {
                return Err(format!("has an attribute `{}` outside of a `case`", attribute.key()));
            }
        };
        let title = label(&block)?;
        // Its golden file is named after it.
        if cases.iter().any(|case: &Case| case.title == title) {
            return Err(format!("has two cases `{title}`"));
        }
        cases.push(case(title.clone(), &block, folder).map_err(|why| format!("case `{title}`: {why}"))?);
    }
    if cases.is_empty() {
        return Err("has no case".to_owned());
    }
    Ok(cases)
}

fn label(block: &Block) -> Result<String, String> {
    match block.labels() {
        [label] => Ok(label.as_str().to_owned()),
        _ => Err(format!("a block `{}` needs exactly one label", block.identifier())),
    }
}

fn case(title: String, block: &Block, folder: &Path) -> Result<Case, String> {
    let mut case = Case {
        title,
        plan: Plan::Text(String::new()),
        settings: "{}".to_owned(),
        now: "2026-01-01T00:00:00Z".to_owned(),
        policy: None,
        exceptions: Vec::new(),
        expects: Vec::new(),
        is_golden: false,
    };
    let (mut changes, mut file) = (Vec::new(), None);
    for structure in block.body() {
        match structure {
            Structure::Attribute(attribute) => {
                let value = value(attribute.expr())?;
                match (attribute.key(), &value) {
                    ("settings", Value::Object(_)) => case.settings = value.to_string(),
                    ("now", Value::String(text)) => case.now.clone_from(text),
                    ("policy", Value::String(text)) => case.policy = Some(folder.join(text)),
                    ("plan", Value::String(text)) => file = Some(folder.join(text)),
                    ("golden", Value::Bool(is_golden)) => case.is_golden = *is_golden,
                    (key, _) => {
                        return Err(format!(
                            "`{key}` is not known here, or of the wrong kind: settings (object), now, plan, policy (texts), golden (bool)"
                        ));
                    }
                }
            }
            Structure::Block(inner) => match inner.identifier() {
                "change" => changes.push(change(&label(inner)?, inner.body())?),
                "expect" => case.expects.push(expect(label(inner)?, inner.body())?),
                "exception" => case.exceptions.push(exception(label(inner)?, inner.body())?),
                other => {
                    return Err(format!(
                        "a block `{other}` is not known here: use `change`, `exception` or `expect`"
                    ));
                }
            },
        }
    }
    case.plan = match (file, changes.is_empty()) {
        (Some(file), true) => Plan::File(file),
        (Some(_), false) => return Err("has a plan and changes: use one of them".to_owned()),
        (None, true) => return Err("judges nothing: give it a `change` or a `plan`".to_owned()),
        (None, false) => Plan::Text(
            json!({
                "format_version": "1.2", "terraform_version": "1.11.4", "errored": false,
                "planned_values": {"root_module": {}}, "configuration": {"root_module": {}},
                "resource_changes": changes,
            })
            .to_string(),
        ),
    };
    Ok(case)
}

fn expect(rule: String, body: &Body) -> Result<Expect, String> {
    let mut expect = Expect {
        rule,
        outcome: "violation".to_owned(),
        ..Expect::default()
    };
    for structure in body {
        let Structure::Attribute(attribute) = structure else {
            return Err("an `expect` has no blocks".to_owned());
        };
        let Value::String(text) = value(attribute.expr())? else {
            return Err(format!("`{}` of an `expect` is a text", attribute.key()));
        };
        match attribute.key() {
            "address" => expect.address = Some(text),
            "path" => expect.path = Some(text),
            "message" => expect.message = Some(text),
            "outcome" if matches!(text.as_str(), "violation" | "unverified") => expect.outcome = text,
            other => {
                return Err(format!(
                    "`{other}` of an `expect` is not known, or not `violation` or `unverified`: use address, path, message, outcome"
                ));
            }
        }
    }
    Ok(expect)
}

/// One resource change as a plan has it.
fn change(address: &str, body: &Body) -> Result<Value, String> {
    let parts =
        Parts::of(address).ok_or_else(|| format!("`{address}` is not an address such as `aws_s3_bucket.logs`"))?;
    let mut change = Map::new();
    let (mut unknown, mut sensitive) = (json!({}), json!({}));
    for structure in body {
        let Structure::Attribute(attribute) = structure else {
            return Err(format!("`{address}`: a `change` has no blocks"));
        };
        let value = value(attribute.expr())?;
        let mask = |mask: &mut Value| {
            let paths = value.as_array().into_iter().flatten().map(Value::as_str);
            paths.into_iter().try_for_each(|path| {
                let segments = path.and_then(path::parse);
                let segments =
                    segments.ok_or_else(|| format!("`{address}`: `{}` is a list of paths", attribute.key()))?;
                set(mask, &segments);
                Ok::<(), String>(())
            })
        };
        match attribute.key() {
            "unknown" => mask(&mut unknown)?,
            "sensitive" => mask(&mut sensitive)?,
            key @ ("actions" | "before" | "after") => drop(change.insert(key.to_owned(), value)),
            other => {
                return Err(format!(
                    "`{address}`: `{other}` is not known: use actions, before, after, unknown, sensitive"
                ));
            }
        }
    }
    let action = if change.contains_key("before") {
        "update"
    } else {
        "create"
    };
    let action = if parts.is_data { "read" } else { action };
    change.entry("actions").or_insert_with(|| json!([action]));
    change.entry("before").or_insert(Value::Null);
    change.entry("after").or_insert(Value::Null);
    change.insert("after_unknown".to_owned(), unknown);
    change.insert("before_sensitive".to_owned(), sensitive.clone());
    change.insert("after_sensitive".to_owned(), sensitive);
    let mut whole = json!({
        "address": address, "mode": if parts.is_data { "data" } else { "managed" }, "type": parts.kind,
        "name": parts.name, "provider_name": "registry.terraform.io/example/example", "change": change,
    });
    if let Some(object) = whole.as_object_mut() {
        if !parts.module.is_empty() {
            object.insert("module_address".to_owned(), parts.module.into());
        }
        if let Some(index) = parts.index {
            object.insert("index".to_owned(), index);
        }
    }
    Ok(whole)
}

/// Puts `true` at a path of a mask.
fn set(mask: &mut Value, segments: &[Segment<'_>]) {
    let Some((first, rest)) = segments.split_first() else {
        *mask = Value::Bool(true);
        return;
    };
    let inner = match first {
        Segment::Key(key) => {
            if !mask.is_object() {
                *mask = json!({});
            }
            mask.as_object_mut()
                .map(|object| object.entry(key.to_string()).or_insert_with(|| json!({})))
        }
        Segment::Index(index) => {
            if !mask.is_array() {
                *mask = json!([]);
            }
            mask.as_array_mut().and_then(|list| {
                while list.len() <= *index && list.len() < 1_000 {
                    list.push(json!({}));
                }
                list.get_mut(*index)
            })
        }
    };
    if let Some(inner) = inner {
        set(inner, rest);
    }
}

/// What an address consists of.
struct Parts {
    module: String,
    is_data: bool,
    kind: String,
    name: String,
    index: Option<Value>,
}

impl Parts {
    fn of(address: &str) -> Option<Self> {
        let mut words = split(address);
        let mut module = Vec::new();
        while words.first().is_some_and(|word| *word == "module") {
            let name = *words.get(1)?;
            module.push(format!("module.{name}"));
            words.drain(..2);
        }
        let is_data = words.first().is_some_and(|word| *word == "data");
        if is_data {
            words.remove(0);
        }
        let [kind, last] = words.as_slice() else { return None };
        let (name, index) = match last.split_once('[') {
            None => (*last, None),
            Some((name, index)) => (name, Some(serde_json::from_str(index.strip_suffix(']')?).ok()?)),
        };
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        (is_word(kind) && is_word(name)).then(|| Self {
            module: module.join("."),
            is_data,
            kind: (*kind).to_owned(),
            name: name.to_owned(),
            index,
        })
    }
}

/// The parts of an address between its dots; a dot inside brackets does not count.
fn split(address: &str) -> Vec<&str> {
    let (mut depth, mut is_quoted) = (0_u32, false);
    address
        .split(move |c: char| {
            match c {
                '"' => is_quoted = !is_quoted,
                '[' if !is_quoted => depth += 1,
                ']' if !is_quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == '.' && depth == 0 && !is_quoted
        })
        .collect()
}

/// The value of a literal expression; `jsonencode` of one is one too.
pub(super) fn value(expression: &Expression) -> Result<Value, String> {
    Ok(match expression {
        Expression::Null => Value::Null,
        Expression::Bool(flag) => Value::Bool(*flag),
        Expression::Number(number) => serde_json::to_value(number).map_err(|error| error.to_string())?,
        Expression::String(text) => Value::String(text.clone()),
        Expression::Array(items) => Value::Array(items.iter().map(value).collect::<Result<_, _>>()?),
        Expression::Object(members) => members
            .iter()
            .map(|(key, item)| {
                let key = match key {
                    ObjectKey::Identifier(name) => name.to_string(),
                    ObjectKey::Expression(Expression::String(text)) => text.clone(),
                    _ => return Err("a key is a name or a text".to_owned()),
                };
                Ok((key, value(item)?))
            })
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object)?,
        Expression::Parenthesis(inner) => value(inner)?,
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" && call.args.len() == 1 => {
            let inner = call.args.first().ok_or("`jsonencode` needs a value")?;
            Value::String(value(inner)?.to_string())
        }
        _ => return Err("only literal values and `jsonencode` are known in a case".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_change_becomes_a_plan() {
        let text = r#"
            case "a" {
              settings = { limit = 3 }
              change "module.m[\"a.b\"].aws_iam_role.ci[0]" {
                after     = { name = "ci", policy = jsonencode({ Version = "2012" }) }
                unknown   = ["arn", "list[1].x"]
                sensitive = ["name"]
              }
              expect "T1" { address = "x" }
            }"#;
        let cases = read(Path::new("tests/a.hcl"), text).unwrap();
        let Plan::Text(plan) = &cases[0].plan else {
            panic!("a text")
        };
        let plan = nhi_plan::read(plan, &nhi_plan::Limits::default()).unwrap();
        let change = plan.blocks().next().unwrap();
        assert_eq!(change.address, "module.m[\"a.b\"].aws_iam_role.ci[0]");
        assert_eq!(change.config_address, "module.m.aws_iam_role.ci");
        assert_eq!(change.resource_type, "aws_iam_role");
        assert_eq!(change.unknown_paths, ["arn", "list[1].x"]);
        assert_eq!(change.sensitive_paths, ["name"]);
        assert!(change.after.unwrap().contains(r#"{\"Version\":\"2012\"}"#));
        assert_eq!(cases[0].settings, r#"{"limit":3}"#);
    }

    #[test]
    fn mistakes_name_their_case() {
        let change = r#"change "a.b" { after = {} }"#;
        let table = [
            ("", "has no case"),
            ("x = 1", "outside of a `case`"),
            ("rule \"a\" {}", "only `case` is known"),
            ("case \"a\" {}", "case `a`: judges nothing"),
            ("case {}", "exactly one label"),
            (&format!("case \"a\" {{\n{change}\nplan = \"p\"\n}}"), "use one of them"),
            (
                &format!("case \"a\" {{\n{change}\nsetting = {{}}\n}}"),
                "`setting` is not known here",
            ),
            (
                &format!("case \"a\" {{\n{change}\nplan = var.x\n}}"),
                "only literal values",
            ),
            ("case \"a\" {\nchange \"b\" {}\n}", "`b` is not an address"),
            ("case \"a\" {\nchange \"a.b\" { afte = {} }\n}", "`afte` is not known"),
            (
                &format!("case \"a\" {{\n{change}\nexpect \"R\" {{ outcome = \"x\" }}\n}}"),
                "`outcome`",
            ),
            (
                &format!("case \"a\" {{\n{change}\nexception \"R\" {{ adress = \"a.b\" }}\n}}"),
                "`adress` of an `exception` is not known",
            ),
            (
                &format!("case \"a\" {{\n{change}\nexception \"R\" {{ path = \"tags\" }}\n}}"),
                "needs the `address`",
            ),
            ("case \"a\" {", "is not HCL"),
            (
                &format!("case \"a\" {{\n{change}\n}}\ncase \"a\" {{\n{change}\n}}"),
                "two cases `a`",
            ),
        ];
        for (text, wanted) in table {
            let error = read(Path::new("a.hcl"), text).unwrap_err();
            assert!(error.contains(wanted), "`{text}`: {error}");
        }
    }
}
