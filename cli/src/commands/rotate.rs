//! `nhi rotate`: notes that the credentials of an identity were replaced.

use nhi_governance::{Act, Evidence, Identity, Status, Timestamp, Transition, rotate};
use nhi_registry::{Access, Actor, RecordsExt as _, RegistryError, View};

use crate::exit::{Exit, Failure};
use crate::operate::approving::{agreed_by_somebody, refusal};
use crate::operate::{self, Format, Target, approving, change, outcome};
use crate::output::Console;
use crate::policy;
use crate::registry::{self, failure};

const AFTER_HELP: &str = "\
No backend issues credentials yet, so this replaces none: it records that somebody did, when, and by when it is due
again. Replace the credential where it is used first.

An identity whose credentials end by themselves has no such day. One of kind `legacy_shared` rests on a static secret:
once its day has passed it counts as suspended, this brings it back by the approvals of its tier, and after 14 days
the sweeper revokes it.

Exit codes:
  0  it is on record
  1  it was missed and approvals are missing; the request for them was written
  2  wrong usage
  3  the identity is of no use, or the registry cannot be changed";

/// Options of `nhi rotate`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Why, or where; it stays on record. Never the credential
    #[arg(long, value_name = "TEXT", value_parser = operate::reason)]
    reason: String,
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
    fn rotated(
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
        let context = view.context(identity.declaration())?;
        Ok(rotate(identity, &self.reason, &context, &act)?)
    }
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let policy = args.policy.load()?;
    let registry = args.registry.open_under(Access::Write, policy.clone())?;
    let actor = Actor::from_surroundings();
    let identity = args.target.find(&*registry)?;
    let agreed = agreed_by_somebody(&policy);
    let is_missed = registry.reading(|view| {
        args.rotated(&actor, &agreed, view.now()?, &identity, view)?;
        let context = view.context(identity.declaration())?;
        Ok(identity.status(view.now()?, &context) == Status::Suspended)
    });
    let evidence = if is_missed.map_err(|error| failure(&error))? {
        args.approving
            .evidence(&policy, &*registry, &actor, &identity, identity.declaration())?
            .map_err(|lacking| refusal(&[lacking], 1))?
    } else {
        Evidence::default()
    };
    let done = change(&*registry, &actor, &identity, &evidence, |now, identity, view| {
        args.rotated(&actor, &evidence, now, identity, view)
    });
    let done = done.map_err(|error| failure(&error))?;
    outcome::answer("rotated", &[done], false, args.format, console)?;
    if args.format == Format::Human {
        console.talk("recorded only: no backend issues this identity's credentials, so nothing was replaced here\n");
    }
    Ok(Exit::Clean)
}
