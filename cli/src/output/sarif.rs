//! SARIF 2.1.0, as code scanning reads it: text only, never markdown, so that no foreign text becomes a link or an image.
//!
//! An unverified finding is a result of kind `fail` and level `note` or `warning`, because viewers hide other kinds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use nhi_plan::{RuleInfo, Severity};
use serde_json::{Map, Value, json};

use super::{json_text, story};
use crate::codes;
use crate::report::{Aside, Entry, PlanKind, Report, Status, Verdict};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Code scanning orders alerts by this number; the bands are those of CVSS.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.5",
    }
}

fn level(status: Status, severity: Severity) -> &'static str {
    match (status, severity) {
        (Status::Unverified, Severity::Critical | Severity::High) | (Status::Violation, Severity::Medium) => "warning",
        (Status::Undecided, _) | (Status::Violation, Severity::Critical | Severity::High) => "error",
        _ => "note",
    }
}

pub(crate) fn render(report: &Report) -> Result<String, serde_json::Error> {
    let rules = rules(report);
    let positions: BTreeMap<&str, usize> = rules
        .keys()
        .enumerate()
        .map(|(position, code)| (code.as_str(), position))
        .collect();
    let artifact = artifact(report);
    let results: Vec<Value> = report
        .entries
        .iter()
        .map(|entry| result(entry, &positions, &artifact))
        .chain(
            report
                .asides
                .iter()
                .map(|aside| suppressed(aside, &positions, &artifact)),
        )
        .collect();
    let verdict = report.verdict();
    let mut invocation = json!({
        "executionSuccessful": verdict != Verdict::Undecided,
        "exitCode": verdict.exit() as u8,
    });
    let notifications: Vec<Value> = notifications(report);
    if !notifications.is_empty() {
        set(
            &mut invocation,
            "toolExecutionNotifications",
            Value::Array(notifications),
        );
    }
    json_text::render(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "nhi",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_values().collect::<Vec<_>>(),
            }},
            "invocations": [invocation],
            "artifacts": [artifact_entry(report, &artifact)],
            "results": results,
            "properties": { "verdict": verdict.as_str(), "blocksChecked": report.blocks.total() },
        }],
    }))
}

/// Every rule that was applied, and every code that was reported, in the order of the codes.
fn rules(report: &Report) -> BTreeMap<String, Value> {
    let mut rules = BTreeMap::new();
    for module in &report.modules {
        for rule in &module.rules {
            rules.insert(rule.code.clone(), rule_descriptor(&module.name, rule));
        }
    }
    for entry in &report.entries {
        let Some(code) = codes::find(&entry.code) else { continue };
        rules.entry(entry.code.clone()).or_insert_with(|| {
            json!({
                "id": code.code,
                "name": entry.name,
                "shortDescription": { "text": text(code.summary) },
                "fullDescription": { "text": text(code.why) },
                "help": { "text": text(code.help) },
                "defaultConfiguration": { "level": level(entry.status, entry.severity) },
                "properties": { "security-severity": security_severity(entry.severity), "tags": ["security"] },
            })
        });
    }
    rules
}

fn rule_descriptor(module: &str, rule: &RuleInfo) -> Value {
    let tags: Vec<&str> = std::iter::once("security")
        .chain(rule.controls.iter().map(String::as_str))
        .collect();
    let help = if rule.docs.is_empty() { &rule.why } else { &rule.docs };
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": text(&rule.summary) },
        "fullDescription": { "text": text(&rule.why) },
        "help": { "text": text(help) },
        "defaultConfiguration": { "level": level(Status::Violation, rule.severity) },
        "properties": {
            "security-severity": security_severity(rule.severity),
            "module": module,
            "tags": tags,
        },
    })
}

fn result(entry: &Entry, positions: &BTreeMap<&str, usize>, artifact: &Value) -> Value {
    let mut result = json!({
        "ruleId": entry.code,
        "level": if entry.is_advisory() { "note" } else { level(entry.status, entry.severity) },
        "message": { "text": message(entry) },
        "locations": [location(entry, artifact)],
        "partialFingerprints": { "nhiFinding/v1": entry.fingerprint },
        "properties": {
            "outcome": entry.status.as_str(),
            "severity": entry.severity.as_str(),
            "attribute": entry.path,
            "evidence": entry.evidence,
            "module": entry.module,
        },
    });
    if let Some(level) = entry.level
        && let Some(properties) = result.get_mut("properties")
    {
        set(properties, "level", json!(level.as_str()));
    }
    if entry.location().is_none()
        && let Some(prints) = result.get_mut("partialFingerprints")
    {
        // Code scanning takes alerts with equal hashes for one, and would compute equal hashes from a plan's one line.
        set(prints, "primaryLocationLineHash", json!(entry.fingerprint));
    }
    if let Some(position) = positions.get(entry.code.as_str()) {
        set(&mut result, "ruleIndex", json!(position));
    }
    result
}

fn message(entry: &Entry) -> String {
    let mut parts = vec![format!("{}: {}", story::subject(entry), story::claim(entry))];
    for (label, part) in [("Why", &entry.why), ("Fix", &entry.help)] {
        if !part.is_empty() {
            parts.push(format!("{label}: {part}"));
        }
    }
    text(&parts.join("\n"))
}

/// A finding that does not count: viewers keep it and do not raise it.
fn suppressed(aside: &Aside, positions: &BTreeMap<&str, usize>, artifact: &Value) -> Value {
    let mut result = result(&aside.entry, positions, artifact);
    let suppression = json!({
        "kind": "external",
        "status": "accepted",
        "justification": text(&aside.because.describe()),
    });
    set(&mut result, "suppressions", json!([suppression]));
    result
}

fn location(entry: &Entry, artifact: &Value) -> Value {
    let physical = match (entry.location(), entry.byte_offset) {
        (Some(at), _) => json!({
            "artifactLocation": { "uri": uri(&at.file) },
            "region": { "startLine": at.line.max(1), "startColumn": at.column.max(1) },
        }),
        (None, Some(offset)) => {
            json!({ "artifactLocation": artifact, "region": { "byteOffset": offset, "byteLength": 0 } })
        }
        // Viewers want a line: the plan is one object, which starts on the first.
        (None, None) => json!({ "artifactLocation": artifact, "region": { "startLine": 1 } }),
    };
    let mut logical = vec![json!({ "fullyQualifiedName": entry.address, "kind": "resource" })];
    if !entry.path.is_empty() {
        let name = format!("{}.{}", entry.address, entry.path);
        logical.push(json!({ "fullyQualifiedName": name, "kind": "attribute" }));
    }
    json!({ "physicalLocation": physical, "logicalLocations": logical })
}

fn notifications(report: &Report) -> Vec<Value> {
    let errors = report.with(Status::Undecided).map(|entry| {
        json!({
            "descriptor": { "id": entry.code },
            "level": "error",
            "message": { "text": text(&format!("{}: {}", entry.address, entry.message)) },
        })
    });
    let notes = report
        .notes
        .iter()
        .map(|note| json!({ "level": "note", "message": { "text": text(note) } }));
    errors.chain(notes).collect()
}

fn artifact(report: &Report) -> Value {
    match report.plan.kind {
        PlanKind::Stdin => json!({ "uri": "stdin", "index": 0 }),
        PlanKind::Json | PlanKind::PlanFile => json!({ "uri": uri(&report.plan.source), "index": 0 }),
    }
}

fn artifact_entry(report: &Report, artifact: &Value) -> Value {
    let mut location = artifact.clone();
    if let Some(members) = location.as_object_mut() {
        members.remove("index");
    }
    let mut entry = json!({ "location": location, "roles": ["analysisTarget"] });
    if let Some(digest) = &report.plan.sha256 {
        set(&mut entry, "hashes", json!({ "sha-256": digest }));
    }
    entry
}

/// A path as a URI reference; what is not plainly a path character is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            b'\\' => out.push('/'),
            _ => percent(&mut out, byte),
        }
    }
    out
}

fn percent(out: &mut String, byte: u8) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, "%{byte:02X}");
}

/// In SARIF `[text](target)` is a link even in plain text; a space between the two takes that away.
fn text(text: &str) -> String {
    text.replace("](", "] (")
}

fn set(value: &mut Value, key: &str, member: Value) {
    if let Some(members) = value.as_object_mut() {
        let _: &mut Map<String, Value> = members;
        members.insert(key.to_owned(), member);
    }
}
