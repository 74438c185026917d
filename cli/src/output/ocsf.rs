//! OCSF Compliance Findings (class 2003) for security data lakes: an array of events, one per finding.
//!
//! The time of an event is the plan's own, so that the same plan gives the same bytes; a plan that does not say when
//! it was made gets the time of the check.

use nhi_plan::Severity;
use nhi_policy_file::Level;
use serde_json::{Value, json};

use super::{json_text, story};
use crate::report::{Because, Entry, Report, Status};

pub(super) const SCHEMA_VERSION: &str = "1.5.0";
const CLASS: u32 = 2003;
const CATEGORY: u32 = 2;
/// The finding was created.
const ACTIVITY: u32 = 1;

pub(crate) fn render(report: &Report) -> Result<String, serde_json::Error> {
    let counted = report.entries.iter().map(|entry| event(report, entry, None));
    let others = report
        .asides
        .iter()
        .map(|aside| event(report, &aside.entry, Some(&aside.because)));
    json_text::render(&counted.chain(others).collect::<Vec<Value>>())
}

fn event(report: &Report, entry: &Entry, aside: Option<&Because>) -> Value {
    // New, suppressed: the two of OCSF's states that a single check can know.
    let (status_id, status) = if aside.is_some() { (3, "Suppressed") } else { (1, "New") };
    let (compliance_id, compliance) = match entry.status {
        Status::Violation if !entry.is_advisory() => (3, "Fail"),
        Status::Violation | Status::Unverified => (2, "Warning"),
        Status::Undecided => (0, "Unknown"),
    };
    let mut event = json!({
        "activity_id": ACTIVITY,
        "activity_name": "Create",
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + ACTIVITY,
        "type_name": "Compliance Finding: Create",
        "time": report.plan.made_at_ms,
        "severity_id": severity_id(entry.severity),
        "severity": severity(entry.severity),
        "status_id": status_id,
        "status": status,
        "message": format!("{}: {}", story::subject(entry), story::claim(entry)),
        "metadata": {
            "version": SCHEMA_VERSION,
            "product": { "name": "nhi", "vendor_name": "terraform-provider-nhi", "version": env!("CARGO_PKG_VERSION") },
        },
        "finding_info": {
            "uid": entry.fingerprint,
            "title": format!("{} {}", entry.code, entry.name),
            "desc": story::claim(entry),
            "types": [entry.status.as_str()],
        },
        "compliance": {
            "control": entry.code,
            "standards": standards(entry),
            "requirements": entry.controls,
            "status_id": compliance_id,
            "status": compliance,
        },
        "resources": [resource(entry)],
        "remediation": { "desc": entry.help },
        "unmapped": {
            "outcome": entry.status.as_str(),
            "blocking": aside.is_none() && report.blocks(entry),
            "attribute": entry.path,
            "evidence": entry.evidence,
            "module": entry.module,
            "level": entry.level.map(Level::as_str),
            "why": entry.why,
            "place": story::place(entry),
        },
    });
    if let (Some(because), Some(members)) = (aside, event.as_object_mut()) {
        members.insert("status_detail".to_owned(), json!(because.describe()));
    }
    event
}

/// The names of the standards that the controls belong to.
fn standards(entry: &Entry) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    let known = [
        ("NHI", "OWASP Non-Human Identities Top 10 2025"),
        ("CWE-", "Common Weakness Enumeration"),
    ];
    for (prefix, name) in known {
        if entry.controls.iter().any(|control| control.starts_with(prefix)) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.push("terraform-provider-nhi rules");
    }
    names
}

fn resource(entry: &Entry) -> Value {
    let block = entry.block.as_ref();
    let own_name = block.and_then(|block| block.own_name.as_deref());
    json!({
        "uid": entry.address,
        "name": own_name.unwrap_or(&entry.address),
        "type": block.map_or("plan", |block| block.resource_type.as_str()),
    })
}

fn severity_id(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}
