//! A Code Quality report for GitLab: the findings beside the lines of a merge request.
//!
//! The format knows neither a verdict nor an uncertainty: an unverified finding says so in its text, and one that does
//! not count is left out, because GitLab would count it. What an exception on record waives is shown as information,
//! because it has not passed.

use nhi_plan::Severity;
use serde_json::{Value, json};

use super::{json_text, story};
use crate::report::{Because, Entry, PlanKind, Report};

pub(crate) fn render(report: &Report) -> Result<String, serde_json::Error> {
    let counted = report.entries.iter().map(|entry| issue(report, entry));
    let excepted = report.asides.iter().filter_map(|aside| {
        matches!(aside.because, Because::Excepted(_)).then(|| {
            let mut issue = issue(report, &aside.entry);
            issue["description"] = format!("{}: {}", story::subject(&aside.entry), aside.because.describe()).into();
            issue["severity"] = severity(Severity::Info).into();
            issue
        })
    });
    let issues: Vec<Value> = counted.chain(excepted).collect();
    json_text::render(&issues)
}

fn issue(report: &Report, entry: &Entry) -> Value {
    let (path, line) = match entry.location() {
        Some(at) => (at.file.as_str(), at.line.max(1)),
        None if report.plan.kind == PlanKind::Stdin => ("plan.json", 1),
        None => (report.plan.source.as_str(), 1),
    };
    json!({
        "description": format!("{}: {}", story::subject(entry), story::claim(entry)),
        "check_name": format!("{} {}", entry.code, entry.name),
        "fingerprint": entry.fingerprint,
        "severity": severity(entry.severity),
        "location": { "path": path, "lines": { "begin": line } },
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}
