//! `nhi policy adopt`: puts a policy in force, by the approvals that it takes.

use std::path::PathBuf;

use nhi_governance::{Digest, Evidence, Loosening, PolicyChange, PolicyInForce, Timestamp};
use nhi_registry::{Access, Actor};
use serde::Serialize;

use super::Format;
use crate::exit::{Exit, Failure};
use crate::operate::approving::{self, refusal};
use crate::output::{self, Console, DIM, GREEN, PLAIN, Screen};
use crate::registry::{self, failure};

const AFTER_HELP: &str = "\
Exit codes:
  0  the policy is in force
  1  it is looser than the one in force and lacks approvals; the request for them was written
  2  wrong usage
  3  the policy or the registry cannot be used";

/// Options of `nhi policy adopt`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The policy file; `default` is the built-in policy
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    approving: approving::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    /// Whether it was put in force now.
    changed: bool,
    policy: Digest,
    since: Timestamp,
    by: String,
    approved_by: Vec<String>,
    loosened: Vec<Loosening>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let head = super::of(&args.file)?;
    let registry = args.registry.open_under(Access::Write, head.clone())?;
    let actor = Actor::from_surroundings();
    let before = registry.policy_in_force();
    let before = before.map_err(|error| failure(&error))?;
    let change = PolicyChange::between(before.as_ref().map(PolicyInForce::policy), &head);
    let (evidence, loosened) = match (&before, change) {
        (Some(before), PolicyChange::Looser(loosened)) => {
            let evidence = args
                .approving
                .policy_evidence(before.policy(), &head, &*registry, &actor)?;
            (evidence.map_err(|lacking| refusal(&[lacking], 1))?, loosened)
        }
        _ => (Evidence::default(), Vec::new()),
    };
    let put = registry.put_policy_in_force(&actor, &evidence);
    let put = put.map_err(|error| failure(&error))?;
    let document = Document {
        version: 1,
        changed: before.as_ref() != Some(&put),
        policy: put.policy().digest(),
        since: put.since(),
        by: put.by().to_owned(),
        approved_by: put.evidence().approved_by.clone(),
        loosened,
    };
    match args.format {
        Format::Human => console.answer(&human(&document, console.width))?,
        Format::Json => console.answer_raw(&output::json(&document)?)?,
    }
    Ok(Exit::Clean)
}

fn human(document: &Document, width: usize) -> String {
    let mut screen = Screen::new(width);
    let told = if document.changed {
        "in force from now on"
    } else {
        "nothing changes"
    };
    screen.line(&[(GREEN, told)]);
    for loosening in &document.loosened {
        screen.line(&[(PLAIN, &loosening.to_string())]);
    }
    screen.line(&[(DIM, "policy "), (PLAIN, &document.policy.to_string())]);
    screen.line(&[(DIM, &format!("since {} by {}", document.since, document.by))]);
    screen.into_text()
}

/// The policy in force of a registry.
pub(super) fn in_force(registry: &registry::Args) -> Result<nhi_governance::Policy, Failure> {
    let registry = registry.open()?;
    let found = registry.policy_in_force();
    let found = found.map_err(|error| failure(&error))?;
    found.map(|found| found.policy().clone()).ok_or_else(|| {
        Failure::undecided(format!("no policy is in force in {}", registry.place()))
            .help("the first apply puts one in force, and so does `nhi policy adopt`")
    })
}
