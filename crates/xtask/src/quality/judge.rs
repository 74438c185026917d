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

/// The findings for a case, with its configuration as evidence where it has one.
pub(crate) fn findings(nhi: &Path, case: &Case) -> Result<Vec<Found>> {
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
    findings
        .iter()
        .map(|finding| read(finding).context(case.name.clone()))
        .collect()
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
