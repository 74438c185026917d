//! `nhi module doctor`: whether this machine has what modules need, with the fix where it has not.

mod conformance;
mod supply;

use nhi_policy_host::{Host, HostLimits, Wall};
use serde::Serialize;

use super::{Format, toolchain};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, GREEN, PLAIN, Screen, YELLOW};
use crate::sandbox;

/// Options of `nhi module doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run hostile modules against the sandbox of this machine
    #[arg(long)]
    conformance: bool,
    /// How many modules chance makes for each campaign that it has a part in
    #[arg(long, value_name = "COUNT", default_value_t = 200, requires = "conformance")]
    mutants: usize,
    /// Run one of so many of the modules that are made by hand; 1 is all of them
    #[arg(long, value_name = "COUNT", default_value_t = 1, requires = "conformance")]
    one_in: usize,
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
        return conformance::run(args, console);
    }
    let looks = looks();
    match args.format {
        Format::Human => console.answer(&human(&looks, console.width))?,
        Format::Json => console.answer_raw(&output::json(&looks)?)?,
    }
    let is_well = looks.iter().all(|look| look.found || !look.is_needed);
    Ok(if is_well { Exit::Clean } else { Exit::Findings })
}

fn looks() -> Vec<Look> {
    let mut notes = Vec::new();
    let host = sandbox::host(HostLimits::default(), &mut notes);
    let fix = |failure: Failure| format!("{}: {}", failure.message, failure.help);
    let cargo = toolchain::cargo();
    let target = toolchain::target();
    let auditable = toolchain::auditable();
    let wall = wall(host.as_ref().ok());
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
        wall,
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

/// What is around the process that compiles modules.
fn wall(host: Option<&Host>) -> Look {
    let look = |found: bool, is_needed: bool, told: String| Look {
        what: "wall around the compiler",
        found,
        is_needed,
        needed_to: "compile modules of others",
        told,
    };
    match host.map(Host::wall) {
        Some(Ok(Some(wall))) => look(wall == Wall::Seccomp, false, wall.to_string()),
        // Nothing is compiled where the wall cannot be raised.
        Some(Err(error)) => look(false, true, format!("{}: {}", error.message, error.help)),
        None | Some(Ok(None)) => look(false, true, "is not known, since the sandbox does not start".to_owned()),
    }
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
