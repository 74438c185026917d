//! `nhi resume`: brings a suspended identity back, by the approvals of its tier.

use nhi_governance::{Act, Evidence, Identity, Timestamp, Transition, resume};
use nhi_registry::{Access, Actor, RecordsExt as _, RegistryError, View};

use crate::exit::{Exit, Failure};
use crate::operate::approving::{agreed_by_somebody, refusal};
use crate::operate::outcome::Done;
use crate::operate::{self, Format, Target, approving, change, outcome};
use crate::output::Console;
use crate::policy;
use crate::registry::{self, failure};

const AFTER_HELP: &str = "\
Exit codes:
  0  it is in use again, or was not suspended
  1  approvals are missing; the request for them was written
  2  wrong usage
  3  the life cycle refuses, or the registry cannot be changed";

/// Options of `nhi resume`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Why; it stays on record
    #[arg(long, value_name = "TEXT", value_parser = operate::reason)]
    reason: Option<String>,
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    #[command(flatten)]
    approving: approving::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

impl Args {
    fn resumed(
        &self,
        by: &Actor,
        evidence: &Evidence,
        now: Timestamp,
        identity: &Identity,
        view: &View<'_>,
    ) -> Result<Transition<Identity>, RegistryError> {
        let act = Act {
            by: by.as_str(),
            evidence,
            policy: view.policy(),
            now,
        };
        // What is held by exception comes back only while one is in force; else the next sweep would suspend it again.
        view.refuse_unexcepted(identity.declaration(), now)?;
        let transition = resume(identity, &view.context(identity.declaration())?, &act)?;
        Ok(match &self.reason {
            Some(reason) => transition.noting("reason", reason.as_str().into()),
            None => transition,
        })
    }
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let policy = args.policy.load()?;
    let registry = args.registry.open_under(Access::Write, policy.clone())?;
    let actor = Actor::from_surroundings();
    let identity = args.target.find(&*registry)?;
    let agreed = agreed_by_somebody(&policy);
    let is_due = registry.reading(|view| {
        let resumed = args.resumed(&actor, &agreed, view.now()?, &identity, view)?;
        Ok(resumed.event.is_some())
    });
    let done = if is_due.map_err(|error| failure(&error))? {
        let evidence = args
            .approving
            .evidence(&policy, &*registry, &actor, &identity, identity.declaration())?
            .map_err(|lacking| refusal(&[lacking], 1))?;
        change(&*registry, &actor, &identity, &evidence, |now, identity, view| {
            args.resumed(&actor, &evidence, now, identity, view)
        })
    } else {
        registry.reading(|view| {
            let context = view.context(identity.declaration())?;
            Ok(Done::of(&identity, view.now()?, &context, false))
        })
    };
    let done = done.map_err(|error| failure(&error))?;
    outcome::answer("resumed", &[done], false, args.format, console)?;
    Ok(Exit::Clean)
}
