//! A Code Quality report for GitLab: the findings beside the lines of a merge request.
//!
//! The format knows neither a verdict nor an uncertainty: an unverified finding says so in its text, and one that does
//! not count is left out, because GitLab would count it. What an exception on record waives is shown as information,
//! because it has not passed.

use nhi_plan::Severity;
use serde_json::{Value, json};

use super::{json_text, story};
use crate::report::{Aside, Because, Entry, PlanKind, Report};

pub(crate) fn render(report: &Report) -> Result<String, serde_json::Error> {
    let counted = report.entries.iter().map(|entry| issue(report, entry));
    let is_excepted = |aside: &&Aside| matches!(aside.because, Because::Excepted(_));
    let excepted = report.asides.iter().filter(is_excepted).map(|aside| {
        let said = aside.because.describe();
        told(report, &aside.entry, &said, Severity::Info)
    });
    let issues: Vec<Value> = counted.chain(excepted).collect();
    json_text::render(&issues)
}

fn issue(report: &Report, entry: &Entry) -> Value {
    // GitLab knows no level, and some rules of a merge request count what is severe.
    let severity = if entry.is_advisory() {
        Severity::Info
    } else {
        entry.severity
    };
    told(report, entry, &story::claim(entry), severity)
}

fn told(report: &Report, entry: &Entry, said: &str, severity: Severity) -> Value {
    let (path, line) = match entry.location() {
        Some(at) => (at.file.as_str(), at.line.max(1)),
        None if report.plan.kind == PlanKind::Stdin => ("plan.json", 1),
        None => (report.plan.source.as_str(), 1),
    };
    json!({
        "description": format!("{}: {said}", story::subject(entry)),
        "check_name": format!("{} {}", entry.code, entry.name),
        "fingerprint": entry.fingerprint,
        "severity": word(severity),
        "location": { "path": path, "lines": { "begin": line } },
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}
