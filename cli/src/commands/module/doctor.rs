//! `nhi module doctor`: whether this machine has what modules need, with the fix where it has not.

use nhi_policy_host::HostLimits;
use serde::Serialize;

use super::{Format, toolchain};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, GREEN, PLAIN, RED, Screen, YELLOW};
use crate::sandbox;

/// Options of `nhi module doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run hostile modules against the sandbox of this machine
    #[arg(long)]
    conformance: bool,
    /// How many modules with damaged bytes are among them
    #[arg(long, value_name = "COUNT", default_value_t = 200, requires = "conformance")]
    mutants: usize,
    /// Where chance begins
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "conformance")]
    seed: u64,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Look {
    what: &'static str,
    found: bool,
    /// Without it something does not work; otherwise something is missed.
    is_needed: bool,
    /// Modules run without it; they cannot be built, or not as well.
    needed_to: &'static str,
    told: String,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    if args.conformance {
        return conformance(args, console);
    }
    let looks = looks();
    match args.format {
        Format::Human => console.answer(&human(&looks, console.width))?,
        Format::Json => console.answer_raw(&output::json(&looks)?)?,
    }
    let is_well = looks.iter().all(|look| look.found || !look.is_needed);
    Ok(if is_well { Exit::Clean } else { Exit::Findings })
}

/// One campaign for programs.
#[derive(Debug, Serialize)]
struct Row<'c> {
    campaign: &'c str,
    cases: usize,
    failures: &'c [String],
    seed: u64,
    slowest_ms: u128,
    finds_planted: bool,
}

/// Runs the hostile modules. A failure is a finding about this machine's sandbox, and about nobody's module.
fn conformance(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let campaigns = nhi_policy_host::conformance::run(args.mutants, args.seed)
        .map_err(|error| super::refused(sandbox::problem("(sandbox)", error)))?;
    let rows: Vec<Row<'_>> = campaigns
        .iter()
        .map(|campaign| Row {
            campaign: campaign.name,
            cases: campaign.cases,
            failures: &campaign.failures,
            seed: campaign.seed,
            slowest_ms: campaign.slowest.as_millis(),
            finds_planted: campaign.finds_planted,
        })
        .collect();
    match args.format {
        Format::Human => console.answer(&told(&rows, console.width))?,
        Format::Json => console.answer_raw(&output::json(&rows)?)?,
    }
    let holds = rows.iter().all(|row| row.failures.is_empty());
    Ok(if holds { Exit::Clean } else { Exit::Findings })
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

fn looks() -> Vec<Look> {
    let mut notes = Vec::new();
    let host = sandbox::host(HostLimits::default(), &mut notes);
    let fix = |failure: Failure| format!("{}: {}", failure.message, failure.help);
    let cargo = toolchain::cargo();
    let target = toolchain::target();
    let auditable = toolchain::auditable();
    vec![
        Look {
            what: "sandbox",
            found: host.is_ok(),
            is_needed: true,
            needed_to: "run modules",
            told: host.map_or_else(
                |error| format!("{}: {}", error.message, error.help),
                |_| "starts".to_owned(),
            ),
        },
        Look {
            what: "cache",
            found: notes.is_empty(),
            is_needed: false,
            needed_to: "start modules fast",
            told: notes
                .first()
                .cloned()
                .unwrap_or_else(|| "private, with a key of its own".to_owned()),
        },
        Look {
            what: "cargo",
            found: cargo.is_ok(),
            is_needed: true,
            needed_to: "build modules in Rust",
            told: cargo.unwrap_or_else(fix),
        },
        Look {
            what: "wasm32-unknown-unknown",
            found: target.is_ok(),
            is_needed: true,
            needed_to: "build modules in Rust",
            told: target.map_or_else(fix, |folder| folder.display().to_string()),
        },
        Look {
            what: "cargo auditable",
            found: auditable,
            is_needed: false,
            needed_to: "list a module's dependencies in it",
            told: if auditable {
                "is used"
            } else {
                "not here: `cargo install cargo-auditable`"
            }
            .to_owned(),
        },
    ]
}

fn human(looks: &[Look], width: usize) -> String {
    let mut screen = Screen::new(width);
    for look in looks {
        let (style, word) = if look.found {
            (GREEN, "ok     ")
        } else {
            (YELLOW, "missing")
        };
        screen.line(&[
            (style, word),
            (PLAIN, "  "),
            (BOLD, look.what),
            (PLAIN, ", to "),
            (PLAIN, look.needed_to),
        ]);
        screen.field(9, "", PLAIN, &look.told);
    }
    screen.into_text()
}
