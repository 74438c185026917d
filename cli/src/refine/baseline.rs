//! The baseline: what a team has found and not yet repaired, by principal and capability.

use std::path::Path;

use nhi_plan::Severity;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::known::Known;
use crate::exit::Failure;
use crate::input;
use crate::output;
use crate::report::{Report, Status};

/// Version of the shape.
const FORMAT_VERSION: u32 = 1;
/// Bytes of a baseline; one of 100,000 findings has about 30 MB.
const BYTES_MAX: u64 = 256 << 20;

/// A file as `nhi baseline create` writes it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    version: u32,
    findings: Vec<Entry>,
}

/// One finding. Its address only helps people, and to tell which of two equal ones is meant.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    resource_type: String,
    subject: String,
    capability: String,
    attribute: String,
    address: String,
    severity: String,
    outcome: String,
}

impl Baseline {
    /// Everything that a report holds and that could be decided.
    pub(crate) fn of(report: &Report) -> Self {
        let mut findings: Vec<Entry> = report
            .entries
            .iter()
            .filter(|entry| entry.status != Status::Undecided)
            .map(|entry| {
                let key = Key::of(entry);
                Entry {
                    code: key.code,
                    resource_type: key.resource_type,
                    subject: key.subject,
                    capability: key.capability,
                    attribute: key.attribute,
                    address: entry.address.clone(),
                    severity: entry.severity.as_str().to_owned(),
                    outcome: entry.status.as_str().to_owned(),
                }
            })
            .collect();
        findings.sort();
        Self {
            version: FORMAT_VERSION,
            findings,
        }
    }

    /// Reads a file. One that is not a baseline is a wrong command line.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let help = "make one with `nhi baseline create PLAN --output FILE`";
        let wrong = |why: String| Failure::usage(format!("the baseline `{shown}` {why}")).help(help);
        let bytes = input::read_file(path, BYTES_MAX)
            .map_err(|error| wrong(format!("cannot be read: {error}")))?
            .ok_or_else(|| wrong(format!("has more than {BYTES_MAX} bytes")))?;
        let baseline: Self =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("is not a baseline: {error}")))?;
        if baseline.version != FORMAT_VERSION {
            return Err(wrong(format!(
                "has version {}, which this `nhi` does not know",
                baseline.version
            )));
        }
        for entry in &baseline.findings {
            let is_outcome = [Status::Violation, Status::Unverified]
                .iter()
                .any(|status| status.as_str() == entry.outcome);
            if entry.severity.parse::<Severity>().is_err() || !is_outcome {
                return Err(wrong(format!(
                    "holds an entry of `{}` without a severity or an outcome",
                    entry.code
                )));
            }
        }
        Ok(baseline)
    }

    /// The file's text.
    pub(crate) fn text(&self) -> Result<String, Failure> {
        output::json(self)
    }

    /// How many findings it holds.
    pub(crate) fn len(&self) -> usize {
        self.findings.len()
    }

    pub(super) fn known(self) -> Known {
        let mut known = Known::default();
        for entry in self.findings {
            let severity = entry.severity.parse().unwrap_or(Severity::Info);
            let certain = entry.outcome == Status::Violation.as_str();
            let key = Key {
                code: entry.code,
                resource_type: entry.resource_type,
                subject: entry.subject,
                capability: entry.capability,
                attribute: entry.attribute,
            };
            known.add(key, &entry.address, severity, certain, None);
        }
        known
    }
}
