//! Writes changes as JSON lines, for modules in languages in which records are slow.
//!
//! One object a line; names are the contract's in snake case; `before`, `after` and `configuration` are the values
//! themselves, not texts; what a change does not have is left out.

use std::borrow::Cow;
use std::fmt::Write as _;

use nhi_plan::{Action, Change};

/// Appends one change and a line feed.
pub(crate) fn write(out: &mut String, change: &Change<'_>) {
    out.push('{');
    text(out, "address", &change.address);
    text(out, "config_address", &change.config_address);
    if let Some(address) = &change.previous_address {
        text(out, "previous_address", address);
    }
    text(out, "resource_type", &change.resource_type);
    text(out, "provider", &change.provider);
    text(out, "module_address", &change.module_address);
    text(out, "mode", change.mode.as_str());
    key(out, "actions");
    list(out, &change.actions, |out, action| quoted(out, word(*action)));
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
        text(out, "path", &reference.path);
        key(out, "addresses");
        texts(out, &reference.addresses);
        out.push('}');
    });
    if let Some(location) = &change.location {
        key(out, "location");
        out.push('{');
        text(out, "file", &location.file);
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

fn word(action: Action) -> &'static str {
    match action {
        Action::NoOp => "no-op",
        Action::Create => "create",
        Action::Read => "read",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Forget => "forget",
    }
}

fn key(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    quoted(out, name);
    out.push(':');
}

fn text(out: &mut String, name: &str, value: &str) {
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
    out.push_str(&nhi_plan::json::quote(text));
}
