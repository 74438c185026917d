//! The JSON Schema of the policy file's JSON form, and its reference, both from the description that the reader uses.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::policy::FILE;
use crate::shape::{Attribute, Block, Holds, Label, Repeat};

/// A lower-case identifier, as in the domain model.
const SLUG: &str = "^[a-z][a-z0-9]*([-_.][a-z0-9]+)*$";
/// A duration in the notation of Go. That it is longer than nothing, the reader says.
const DURATION: &str = r"^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$";
/// A repository of a registry, or a file. Its finer points, the reader says.
const SOURCE: &str = r"^(oci://[^/@\s]+/[a-z0-9._/-]+|\.{0,2}/\S*\.wasm)$";
/// Three numbers, perhaps a pre-release.
const VERSION: &str = r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$";
/// Parts with an operator each.
const VERSIONS: &str =
    r"^\s*(~>|>=|<=|>|<|=)?\s*[0-9][0-9A-Za-z.-]*\s*(,\s*(~>|>=|<=|>|<|=)?\s*[0-9][0-9A-Za-z.-]*\s*)*$";
/// Printable ASCII.
const PATTERN: &str = "^[!-~]{1,256}$";

/// The JSON Schema.
pub fn schema() -> Value {
    let mut schema = block(&FILE);
    if let Some(members) = schema.as_object_mut() {
        members.insert(
            "$schema".to_owned(),
            "https://json-schema.org/draft/2020-12/schema".into(),
        );
        members.insert("title".to_owned(), "Policy of non-human identities".into());
    }
    schema
}

fn block(of: &Block) -> Value {
    let attributes = of.attributes.iter().map(|of| (of.name.to_owned(), attribute(of)));
    let blocks = of.blocks.iter().map(|of| (of.name.to_owned(), repeated(of)));
    let properties: Map<String, Value> = attributes.chain(blocks).collect();
    let required: Vec<&str> = of
        .attributes
        .iter()
        .filter(|of| of.required)
        .map(|of| of.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": of.doc,
        "additionalProperties": false,
        "properties": properties,
    });
    if let Some(members) = schema.as_object_mut().filter(|_| !required.is_empty()) {
        members.insert("required".to_owned(), required.into());
    }
    schema
}

fn repeated(of: &Block) -> Value {
    let list = || json!({ "type": "array", "items": block(of) });
    let labelled = |label: Label, inner: Value| {
        let names = match label {
            Label::Tier => json!({ "enum": ["low", "moderate", "high", "critical"] }),
            Label::Environment => json!({ "pattern": SLUG, "maxLength": 32 }),
            Label::Backend | Label::Name => json!({ "pattern": SLUG, "maxLength": 63 }),
            Label::Title => json!({ "minLength": 1, "maxLength": 200 }),
            Label::Sources => json!({ "pattern": PATTERN }),
        };
        json!({ "type": "object", "description": of.doc, "propertyNames": names, "additionalProperties": inner })
    };
    match of.repeat {
        Repeat::Once => block(of),
        Repeat::Often => list(),
        Repeat::OncePer(label) => labelled(label, block(of)),
        Repeat::OftenPer(label) => labelled(label, list()),
    }
}

fn attribute(of: &Attribute) -> Value {
    let list = |items: Value| json!({ "type": "array", "uniqueItems": true, "items": items });
    let text = |pattern: &str, length: u32| json!({ "type": "string", "pattern": pattern, "maxLength": length });
    let mut schema = match of.holds {
        Holds::Flag => json!({ "type": "boolean" }),
        Holds::Count(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Holds::Whole => json!({ "type": ["integer", "null"] }),
        Holds::Duration => text(DURATION, 64),
        Holds::Word(words) => json!({ "enum": words }),
        Holds::Organisation => text(SLUG, 63),
        Holds::Text => json!({ "type": ["string", "null"] }),
        Holds::Words(words) => list(json!({ "enum": words })),
        Holds::Environments => list(text(SLUG, 32)),
        Holds::Patterns => list(json!({ "type": "string", "pattern": PATTERN })),
        Holds::Texts => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
        Holds::Names => list(text(SLUG, 63)),
        Holds::Object => json!({ "type": "object" }),
        Holds::Source => text(SOURCE, 512),
        Holds::Version => text(VERSION, 100),
        Holds::Versions => text(VERSIONS, 200),
        Holds::Digest => text("^sha256:[0-9a-f]{64}$", 71),
    };
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), of.doc.into());
    }
    schema
}

/// The reference in Markdown: every block with its attributes.
pub fn reference() -> String {
    let mut text = String::from("# Policy file\n\n");
    text.push_str(FILE.doc);
    text.push('\n');
    section(&mut text, &FILE, "");
    text
}

fn section(text: &mut String, of: &Block, outer: &str) {
    // INVARIANT: writing to a string does not fail.
    for attribute in of.attributes {
        let required = if attribute.required { "required" } else { "optional" };
        let _ = write!(
            text,
            "\n- `{}` ({required}; {}): {}",
            attribute.name,
            attribute.holds.wanted(),
            attribute.doc
        );
    }
    if !of.attributes.is_empty() {
        text.push('\n');
    }
    for inner in of.blocks {
        let name = match inner.repeat {
            Repeat::Once | Repeat::Often => format!("{outer}{}", inner.name),
            Repeat::OncePer(label) | Repeat::OftenPer(label) => {
                format!("{outer}{} \"<{}>\"", inner.name, label.word())
            }
        };
        let often = match inner.repeat {
            Repeat::Once => "Once.",
            Repeat::Often => "Any number of times.",
            Repeat::OncePer(_) => "Once for each label.",
            Repeat::OftenPer(_) => "Any number of times for each label.",
        };
        let _ = write!(text, "\n## `{name}`\n\n{} {often}\n", inner.doc);
        section(text, inner, &format!("{name} / "));
    }
}
