//! A change as a line of JSON, for modules in languages in which records are slow, and for canaries and test cases.
//!
//! One object a line; names are the contract's in snake case; `before`, `after` and `configuration` are the values
//! themselves, not texts; what a change does not have is left out.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::json::{self, Kind, Value};
use crate::{Action, Change, Location, Mode, Reference};

/// Appends one change and a line feed.
pub fn write(out: &mut String, change: &Change<'_>) {
    out.push('{');
    put(out, "address", &change.address);
    put(out, "config_address", &change.config_address);
    if let Some(address) = &change.previous_address {
        put(out, "previous_address", address);
    }
    put(out, "resource_type", &change.resource_type);
    put(out, "provider", &change.provider);
    put(out, "module_address", &change.module_address);
    put(out, "mode", change.mode.as_str());
    key(out, "actions");
    list(out, &change.actions, |out, action| quoted(out, action.as_str()));
    value(out, "before", change.before.as_deref());
    value(out, "after", change.after.as_deref());
    value(out, "configuration", change.configuration.as_deref());
    key(out, "unknown_paths");
    texts(out, &change.unknown_paths);
    key(out, "sensitive_paths");
    texts(out, &change.sensitive_paths);
    key(out, "references");
    list(out, &change.references, |out, reference| {
        out.push('{');
        put(out, "path", &reference.path);
        key(out, "addresses");
        texts(out, &reference.addresses);
        out.push('}');
    });
    if let Some(location) = &change.location {
        key(out, "location");
        out.push('{');
        put(out, "file", &location.file);
        number(out, "line", location.line);
        number(out, "column", location.column);
        out.push('}');
    }
    key(out, "attributes");
    list(out, &change.attributes, |out, (name, value)| {
        out.push('[');
        quoted(out, name);
        out.push(',');
        quoted(out, value);
        out.push(']');
    });
    out.push_str("}\n");
}

fn key(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    quoted(out, name);
    out.push(':');
}

fn put(out: &mut String, name: &str, value: &str) {
    key(out, name);
    quoted(out, value);
}

fn number(out: &mut String, name: &str, value: u32) {
    key(out, name);
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}

/// The plan's own text. A line feed in it can only be white space between tokens, and would end the line.
fn value(out: &mut String, name: &str, json: Option<&str>) {
    if let Some(json) = json {
        key(out, name);
        out.extend(json.split(['\n', '\r']));
    }
}

fn texts(out: &mut String, items: &[Cow<'_, str>]) {
    list(out, items, |out, item| quoted(out, item));
}

fn list<T>(out: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

fn quoted(out: &mut String, text: &str) {
    out.push_str(&json::quote(text));
}

/// Decodes one line. An error says which member is wrong; it means that host and SDK do not fit.
pub fn decode(line: &str) -> Result<Change<'static>, String> {
    let document = json::parse(line).map_err(|error| format!("a change is not JSON: {error}"))?;
    let root = document.root();
    let mode = text(root, "mode")?;
    let mode = Mode::from_word(&mode)
        .ok_or_else(|| format!("`{mode}` is not a mode that this module knows: rebuild it with a newer SDK"))?;
    Ok(Change {
        address: text(root, "address")?,
        config_address: text(root, "config_address")?,
        previous_address: root.get("previous_address").and_then(string),
        resource_type: text(root, "resource_type")?,
        provider: text(root, "provider")?,
        module_address: text(root, "module_address")?,
        mode,
        actions: each(root, "actions", |value| {
            value.as_str().and_then(|word| Action::from_word(&word))
        })?,
        before: root.get("before").map(raw),
        after: root.get("after").map(raw),
        configuration: root.get("configuration").map(raw),
        unknown_paths: each(root, "unknown_paths", string)?,
        sensitive_paths: each(root, "sensitive_paths", string)?,
        references: each(root, "references", reference)?,
        location: root.get("location").map(location).transpose()?,
        attributes: each(root, "attributes", |pair| {
            Some((string(pair.index(0)?)?, string(pair.index(1)?)?))
        })?,
    })
}

fn text(object: Value<'_>, name: &str) -> Result<Cow<'static, str>, String> {
    object.get(name).and_then(string).ok_or_else(|| missing(name))
}

fn string(value: Value<'_>) -> Option<Cow<'static, str>> {
    value.as_str().map(|text| Cow::Owned(text.into_owned()))
}

fn raw(value: Value<'_>) -> Cow<'static, str> {
    Cow::Owned(value.raw().to_owned())
}

fn each<T>(object: Value<'_>, name: &str, read: impl Fn(Value<'_>) -> Option<T>) -> Result<Vec<T>, String> {
    let list = object
        .get(name)
        .filter(|value| value.kind() == Kind::Array)
        .ok_or_else(|| missing(name))?;
    list.elements()
        .map(|value| read(value).ok_or_else(|| missing(name)))
        .collect()
}

fn reference(value: Value<'_>) -> Option<Reference<'static>> {
    let addresses = each(value, "addresses", string).ok()?;
    Some(Reference {
        path: text(value, "path").ok()?,
        addresses,
    })
}

fn location(value: Value<'_>) -> Result<Location<'static>, String> {
    let number = |name| {
        let text = value.get(name).and_then(Value::number_text);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| missing(name))
    };
    Ok(Location {
        file: text(value, "file")?,
        line: number("line")?,
        column: number("column")?,
    })
}

#[cold]
fn missing(name: &str) -> String {
    format!("a change has no proper `{name}`: rebuild the module with the SDK of the host's version")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"address":"module.a[\"x\"].aws_s3_bucket.b[0]","config_address":"module.a.aws_s3_bucket.b","previous_address":"aws_s3_bucket.old","resource_type":"aws_s3_bucket","provider":"p","module_address":"module.a[\"x\"]","mode":"managed","actions":["delete","create"],"before":{"n":1e400},"after":{"s":"\u00e9"},"unknown_paths":["id"],"sensitive_paths":[],"references":[{"path":"bucket","addresses":["var.b"]}],"location":{"file":"main.tf","line":3,"column":1},"attributes":[["k","v"]]}"#;

    #[test]
    fn a_whole_line() {
        let change = decode(WHOLE).unwrap();
        assert_eq!(change.address, r#"module.a["x"].aws_s3_bucket.b[0]"#);
        assert_eq!(change.previous_address.as_deref(), Some("aws_s3_bucket.old"));
        assert_eq!(change.actions, [Action::Delete, Action::Create]);
        assert_eq!(
            change.before.as_deref(),
            Some(r#"{"n":1e400}"#),
            "numbers keep their spelling"
        );
        assert_eq!(
            change.after.as_deref(),
            Some(r#"{"s":"\u00e9"}"#),
            "texts keep their spelling"
        );
        assert_eq!(change.configuration, None);
        assert_eq!(change.references.len(), 1);
        assert_eq!(change.location.map(|location| location.line), Some(3));
        assert_eq!(change.attributes, [("k".into(), "v".into())]);
    }

    #[test]
    fn a_line_that_does_not_fit_is_an_error() {
        let broken = [
            ("", "JSON"),
            ("{", "JSON"),
            ("{}", "mode"),
            (&WHOLE.replace("managed", "ephemeral"), "`ephemeral`"),
            (&WHOLE.replace("\"delete\"", "\"destroy\""), "actions"),
            (&WHOLE.replace("\"line\":3", "\"line\":-3"), "line"),
            (&WHOLE.replace("[\"var.b\"]", "\"var.b\""), "references"),
            (&WHOLE.replace("[\"k\",\"v\"]", "[\"k\"]"), "attributes"),
        ];
        for (line, wanted) in broken {
            let error = decode(line).unwrap_err();
            assert!(error.contains(wanted), "`{line}`: {error}");
        }
    }
}
