//! Runs `nhi check` on a case, as a pipeline would, and reads its report.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::cases::Case;
use crate::shell::Run;

/// What `nhi` found, as far as a label can speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) rule: String,
    pub(crate) address: String,
    pub(crate) severity: String,
    pub(crate) unverified: bool,
    pub(crate) message: String,
}

/// What `nhi` says of a case.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Found>,
    /// How much the analyzer used of the fuel that it was given.
    pub(crate) fuel_share: f64,
}

/// The findings for a case, with its configuration as evidence where it has one.
pub(crate) fn judge(nhi: &Path, case: &Case) -> Result<Judged> {
    let mut run = Run::new(nhi)
        .args(["check", "--format", "json", "--fail-on", "critical"])
        .arg(case.plan())
        .env("NO_COLOR", "1");
    if case.has_source() {
        run = run.arg("--source").arg(&case.folder);
    }
    let output = run.outcome()?;
    ensure!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}: no verdict\n{}{}",
        case.name,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("{}: read the report", case.name))?;
    let findings = report
        .get("findings")
        .and_then(Value::as_array)
        .with_context(|| format!("{}: no findings in the report", case.name))?;
    let findings = findings
        .iter()
        .map(|finding| read(finding).context(case.name.clone()))
        .collect::<Result<_>>()?;
    Ok(Judged {
        findings,
        fuel_share: fuel_share(&report).with_context(|| format!("{}: no fuel in the report", case.name))?,
    })
}

/// How much of its fuel the analyzer used, by a report.
pub(crate) fn fuel_share(report: &Value) -> Option<f64> {
    let number = |name: &str| report.pointer(&format!("/modules/0/usage/{name}"))?.as_f64();
    Some(number("fuel")? / number("fuel_limit")?)
}

fn read(finding: &Value) -> Result<Found> {
    let text = |key: &str| {
        finding
            .get(key)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .with_context(|| format!("no `{key}` in a finding"))
    };
    Ok(Found {
        rule: text("code")?,
        address: text("address")?,
        severity: text("severity")?,
        unverified: text("outcome")? == "unverified",
        message: text("message")?,
    })
}
