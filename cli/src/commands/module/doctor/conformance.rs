//! `nhi module doctor --conformance`: hostile modules against the sandbox of this machine.

use nhi_policy_host::conformance::{self, Campaign, Options};
use serde::Serialize;

use super::{Args, supply};
use crate::commands::module::{Format, refused};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, GREEN, PLAIN, RED, Screen};
use crate::sandbox;

/// One campaign for programs.
#[derive(Debug, Serialize)]
struct Row<'c> {
    campaign: &'c str,
    cases: usize,
    failures: &'c [String],
    seed: u64,
    slowest_ms: u128,
    finds_planted: bool,
    /// Memory of this process when the campaign was over, where the system tells.
    memory_kib: Option<u64>,
}

/// Runs the hostile modules. A failure is a finding about this machine's sandbox, and about nobody's module.
pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let unusable = |error| refused(sandbox::problem("(sandbox)", error));
    let scratch = tempfile::tempdir()
        .map_err(|error| Failure::undecided(format!("no folder for what is tampered with: {error}")))?;
    let compilation = sandbox::compilation(None).map_err(unusable)?;
    let options = Options {
        mutants: args.mutants,
        seed: args.seed,
        one_in: args.one_in,
        compilation: Some(&compilation),
        scratch: scratch.path(),
    };
    let mut campaigns = conformance::run(&options).map_err(unusable)?;
    campaigns.extend(supply::campaigns(scratch.path(), args.seed));
    let rows: Vec<Row<'_>> = campaigns.iter().map(row).collect();
    match args.format {
        Format::Human => console.answer(&told(&rows, console.width))?,
        Format::Json => console.answer_raw(&output::json(&rows)?)?,
    }
    let holds = rows.iter().all(|row| row.failures.is_empty());
    Ok(if holds { Exit::Clean } else { Exit::Findings })
}

fn row(campaign: &Campaign) -> Row<'_> {
    Row {
        campaign: campaign.name,
        cases: campaign.cases,
        failures: &campaign.failures,
        seed: campaign.seed,
        slowest_ms: campaign.slowest.as_millis(),
        finds_planted: campaign.finds_planted,
        memory_kib: campaign.memory_kib,
    }
}

/// A line for each campaign.
fn told(rows: &[Row<'_>], width: usize) -> String {
    let mut screen = Screen::new(width);
    for row in rows {
        let (style, word) = if row.failures.is_empty() {
            (GREEN, "ok    ")
        } else {
            (RED, "FAILED")
        };
        let line = format!(
            ": {} cases, {} failures, seed {}, slowest {} ms, planted defect {}",
            row.cases,
            row.failures.len(),
            row.seed,
            row.slowest_ms,
            if row.finds_planted { "found" } else { "missed" },
        );
        screen.line(&[(style, word), (PLAIN, "  "), (BOLD, row.campaign), (PLAIN, &line)]);
        for failure in row.failures {
            screen.field(8, "", PLAIN, failure);
        }
    }
    screen.into_text()
}
