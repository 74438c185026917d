//! The HCL of records: a block each, with an import where a record waits, and what is not known left empty.

use std::fmt::Write as _;

use nhi_governance::{Declaration, RecordId};
use serde_json::{Map, Value as Json};

use crate::hcl::{expression, quoted, remark};
use crate::name::{Taken, label};
use crate::propose::Proposal;

/// The attributes in the order of a reader's questions; others follow.
const ORDER: [&str; 11] = [
    "name",
    "kind",
    "technical_owner",
    "policy_owner",
    "environment",
    "ttl",
    "revoked_by",
    "purpose",
    "scope",
    "attestation",
    "external",
];

const HEADER: &str = "\
# Written by `nhi adopt`: machine identities that exist already, to be governed from here on.
# What is empty nobody has said yet. Fill it in, and `validate` passes; each line says what is asked for.
";

/// A block to be.
#[derive(Debug)]
pub enum Block<'a> {
    /// Something that is not on record.
    New(&'a Proposal),
    /// Something that is on record and waits to be taken up.
    OnRecord {
        /// Its id.
        id: RecordId,
        /// What its record says.
        declaration: &'a Declaration,
        /// Lines for the reader.
        remarks: Vec<String>,
    },
}

/// The file of these blocks. The same blocks give the same bytes.
pub fn write(blocks: &[Block<'_>]) -> String {
    let mut labels = Taken::default();
    let mut out = HEADER.to_owned();
    for block in blocks {
        out.push('\n');
        match block {
            Block::New(proposal) => new(proposal, &mut labels, &mut out),
            Block::OnRecord {
                id,
                declaration,
                remarks,
            } => on_record(*id, declaration, remarks, &mut labels, &mut out),
        }
    }
    out
}

fn on_record(id: RecordId, declaration: &Declaration, remarks: &[String], labels: &mut Taken, out: &mut String) {
    let label = label(declaration.name().as_str(), labels);
    // INVARIANT: a declaration serialises, and to an object.
    let mut attributes = match serde_json::to_value(declaration) {
        Ok(Json::Object(attributes)) => attributes,
        _ => Map::new(),
    };
    // What a configuration that says nothing of it has anyway.
    if declaration.generation() == Some(1) {
        attributes.remove("generation");
    }
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "import {{\n  to = nhi_identity.{label}\n  id = {}\n}}\n\n",
        quoted(&id.to_string())
    );
    comment(remarks, out);
    open(&label, out);
    body(&attributes, &[], None, out);
}

fn new(proposal: &Proposal, labels: &mut Taken, out: &mut String) {
    comment(&proposal.remarks, out);
    open(&label(&proposal.name, labels), out);
    body(
        &proposal.attributes,
        &proposal.scope_gaps,
        proposal.reference.as_deref(),
        out,
    );
}

fn comment(remarks: &[String], out: &mut String) {
    for line in remarks {
        let _ = writeln!(out, "# {}", remark(line));
    }
}

fn open(label: &str, out: &mut String) {
    let _ = writeln!(out, "resource \"nhi_identity\" \"{label}\" {{");
}

/// The attributes: short ones in a column, long ones each after an empty line.
fn body(attributes: &Map<String, Json>, scope_gaps: &[String], reference: Option<&str>, out: &mut String) {
    let others = attributes
        .keys()
        .map(String::as_str)
        .filter(|name| !ORDER.contains(name));
    let names: Vec<&str> = ORDER.into_iter().chain(others).collect();
    let is_long = |name: &str| matches!(name, "purpose" | "scope" | "attestation" | "external");
    let width = names
        .iter()
        .filter(|name| !is_long(name))
        .map(|name| name.len())
        .max()
        .unwrap_or(0);
    for name in &names {
        let value = attributes.get(*name);
        let line = match (*name, value) {
            ("scope", Some(Json::Array(entries))) => Some(format!("\n  scope = {}", scope(entries, scope_gaps))),
            ("purpose", Some(Json::Object(purpose))) => Some(format!("\n  purpose = {}", purpose_of(purpose))),
            ("external", None) => reference.map(|reference| format!("\n  external = [{reference}]")),
            (name, Some(value)) if is_long(name) => Some(format!("\n  {name} = {}", expression(value, 2))),
            (name, Some(value)) => Some(format!("  {name:width$} = {}", expression(value, 2))),
            (name, None) => asked(name).map(|asked| format!("  {name:width$} = \"\" # {asked}")),
        };
        if let Some(line) = line {
            let _ = writeln!(out, "{line}");
        }
    }
    out.push_str("}\n");
}

/// What to write where nothing stands.
fn asked(name: &str) -> Option<&'static str> {
    Some(match name {
        "technical_owner" => "who runs what uses it: `team:NAME`, `user:NAME` or an e-mail address",
        "policy_owner" => "who answers for its rules, and is not the technical owner",
        "environment" => "where it is used, for example `staging`",
        "summary" => "what it does, in a sentence that a reviewer can compare the access with",
        "task" => "the task that needs the access",
        _ => return None,
    })
}

fn purpose_of(purpose: &Map<String, Json>) -> String {
    let width = purpose.keys().map(std::string::String::len).max().unwrap_or(0);
    let lines = purpose.iter().map(|(name, value)| match (value, asked(name)) {
        (Json::Null, Some(asked)) => format!("    {name:width$} = \"\" # {asked}\n"),
        _ => format!("    {name:width$} = {}\n", expression(value, 4)),
    });
    format!("{{\n{}  }}", lines.collect::<String>())
}

/// The entries, and for what is not known an entry that no check lets pass.
fn scope(entries: &[Json], gaps: &[String]) -> String {
    let mut lines = String::new();
    for entry in entries {
        let of = |name: &str| expression(entry.get(name).unwrap_or(&Json::Null), 6);
        let _ = writeln!(
            lines,
            "    {{\n      backend  = {}\n      resource = {}\n      actions  = {}\n    }},",
            of("backend"),
            of("resource"),
            of("actions")
        );
    }
    for gap in gaps {
        let _ = writeln!(lines, "    # Not known: {}.", remark(gap));
    }
    if !gaps.is_empty() {
        lines.push_str("    {\n      backend  = \"\" # the service, for example `aws`\n");
        lines.push_str("      resource = \"\" # what it acts on, as the service names it\n");
        lines.push_str("      actions  = [] # what it does there\n    },\n");
    }
    format!("[\n{lines}  ]")
}
