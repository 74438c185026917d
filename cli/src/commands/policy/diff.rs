//! `nhi policy diff`: in what one policy is looser than another.
//!
//! A pipeline runs it on the policy of a pull request's base and head; loosening is a request of tier critical.

use std::path::{Path, PathBuf};

use nhi_governance::{Loosening, Policy, RiskTier};
use serde::Serialize;

use super::Format;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, Screen, YELLOW};
use crate::policy;

/// Stands for the built-in policy where a file could be named.
const BUILT_IN: &str = "default";

/// Options of `nhi policy diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The policy before the change; `default` is the built-in one
    #[arg(value_name = "BASE", value_hint = clap::ValueHint::FilePath)]
    base: PathBuf,
    /// The policy after it
    #[arg(value_name = "HEAD", value_hint = clap::ValueHint::FilePath)]
    head: PathBuf,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    base_digest: String,
    head_digest: String,
    changed: bool,
    loosened: Vec<Loosening>,
    /// The tier of the request that the change needs, by the rules of the base.
    tier: Option<RiskTier>,
    approvals: Option<String>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let (base, head) = (of(&args.base)?, of(&args.head)?);
    let loosened = head.loosened_from(&base);
    let exit = if loosened.is_empty() {
        Exit::Clean
    } else {
        Exit::Findings
    };
    let approvals = base.approvals(RiskTier::Critical).to_string();
    match args.format {
        Format::Human => console.answer(&human(&base, &head, &loosened, &approvals, console.width))?,
        Format::Json => {
            let is_looser = !loosened.is_empty();
            console.answer_raw(&output::json(&Document {
                version: 1,
                base_digest: base.digest().to_string(),
                head_digest: head.digest().to_string(),
                changed: base.digest() != head.digest(),
                loosened,
                tier: is_looser.then_some(RiskTier::Critical),
                approvals: is_looser.then_some(approvals),
            })?)?;
        }
    }
    Ok(exit)
}

fn of(path: &Path) -> Result<Policy, Failure> {
    if path.as_os_str() == BUILT_IN {
        return Ok(Policy::default());
    }
    policy::load(path)
}

fn human(base: &Policy, head: &Policy, loosened: &[Loosening], approvals: &str, width: usize) -> String {
    let mut screen = Screen::new(width);
    for loosening in loosened {
        screen.line(&[
            (YELLOW, "looser"),
            (PLAIN, "  "),
            (BOLD, &loosening.place),
            (PLAIN, "  "),
            (PLAIN, loosening.what),
        ]);
        screen.field(8, "from", PLAIN, &loosening.from);
        screen.field(8, "to  ", PLAIN, &loosening.to);
    }
    if loosened.is_empty() {
        let told = if base.digest() == head.digest() {
            "both say the same"
        } else {
            "nothing is looser"
        };
        screen.line(&[(GREEN, told)]);
    } else {
        // Those whom the change would spare are not the ones to decide it.
        let told = format!("a request of tier critical: by the rules of the base it calls for {approvals}");
        screen.blank();
        screen.line(&[(PLAIN, &told)]);
    }
    screen.line(&[(DIM, &format!("base {}", base.digest()))]);
    screen.line(&[(DIM, &format!("head {}", head.digest()))]);
    screen.into_text()
}
