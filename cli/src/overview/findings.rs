//! What a check found: read from the JSON that `nhi check` wrote, or made of a plan now.
//!
//! Either way it goes through that JSON, so a plan and the report of the same plan are shown alike.

use std::path::Path;

use clap::Parser as _;
use nhi_plan::Severity;
use serde::{Deserialize, Serialize};

use crate::examine::{Inputs, Wish};
use crate::exit::Failure;
use crate::input;
use crate::output::{self, Format};
use crate::report::{Report, Threshold};

/// The largest report of a check that is read, in bytes.
const REPORT_BYTES_MAX: u64 = 256 << 20;
/// The version of that report.
const REPORT_VERSION: u32 = 1;

/// The findings of one plan.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub(crate) verdict: String,
    pub(crate) plan: Plan,
    pub(crate) findings: Vec<Found>,
    /// How many do not count: known before, in the baseline, waived.
    #[serde(default, deserialize_with = "counted")]
    pub(crate) not_counted: usize,
}

/// The plan.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) source: String,
    pub(crate) sha256: Option<String>,
}

/// A finding.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) outcome: String,
    pub(crate) severity: String,
    pub(crate) blocking: bool,
    pub(crate) address: String,
    #[serde(default)]
    pub(crate) attribute: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) help: String,
}

fn counted<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    Vec::<serde::de::IgnoredAny>::deserialize(deserializer).map(|ignored| ignored.len())
}

/// What tells the report of a check from a plan.
#[derive(Deserialize)]
struct Head {
    version: u32,
    tool: Tool,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
}

/// A plan to check, with every setting as it is where nothing is said.
#[derive(Debug, clap::Parser)]
struct Bare {
    #[command(flatten)]
    inputs: Inputs,
}

/// Reads a report of `nhi check`, or checks a plan.
pub(crate) fn read(path: &Path) -> Result<Judged, Failure> {
    let shown = path.display();
    let unreadable = |why: String| Failure::undecided(format!("the findings cannot be read from `{shown}`: {why}"));
    let bytes = input::read_file(path, REPORT_BYTES_MAX).map_err(|error| unreadable(error.to_string()))?;
    // A file that is too large for a report may still be a plan, which has a limit of its own.
    let bytes = bytes.unwrap_or_default();
    let Some(head) = serde_json::from_slice::<Head>(&bytes)
        .ok()
        .filter(|head| head.tool.name == "nhi")
    else {
        return check(path);
    };
    if head.version != REPORT_VERSION {
        return Err(unreadable(format!("it is a report of version {}", head.version))
            .help("write it with the version of `nhi` that reads it"));
    }
    parse(&bytes).map_err(|error| {
        unreadable(error.to_string()).help("write it with `nhi check tfplan --format json --output findings.json`")
    })
}

fn parse(bytes: &[u8]) -> Result<Judged, serde_json::Error> {
    serde_json::from_slice(bytes)
}

fn check(path: &Path) -> Result<Judged, Failure> {
    let arguments = ["nhi".as_ref(), "--".as_ref(), path.as_os_str()];
    let bare = Bare::try_parse_from(arguments).map_err(|error| Failure::usage(error.to_string()))?;
    let mut report = Report::new(Threshold {
        fail_on: Severity::High,
        fail_on_unverified: false,
    });
    bare.inputs.examine(&Wish::default(), &mut report)?;
    let text = output::render(Format::Json, &report, output::FILE_WIDTH)?;
    parse(text.as_bytes()).map_err(|error| Failure::undecided(format!("the findings cannot be read: {error}")))
}
