//! `nhi owner transfer`: another owner for everything that one owns, in one transaction.

use nhi_governance::{Act, Evidence, Identity, Owner, Policy, transfer};
use nhi_registry::{Access, Actor, Filter, RecordsExt as _, Registry, RegistryError};

use crate::exit::{Exit, Failure};
use crate::operate::approving::refusal;
use crate::operate::outcome::Done;
use crate::operate::selection::Selection;
use crate::operate::{self, Format, approving, outcome, unchanged};
use crate::output::Console;
use crate::policy;
use crate::registry::{self, failure};

const AFTER_HELP: &str = "\
What is suspended, in quarantine or expired stays so. Change the owner in the configuration as well: the next apply
compares the two.

Exit codes:
  0  all of it has the new owner
  1  approvals are missing, or nothing is owned by the old one: nothing was changed
  2  wrong usage
  3  the rules refuse it for one of them, or the registry cannot be changed: nothing was changed";

/// Options of `nhi owner transfer`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Who owns them, as technical or as policy owner
    #[arg(long, value_name = "OWNER", value_parser = owner)]
    from: Owner,
    /// Who shall own them
    #[arg(long, value_name = "OWNER", value_parser = owner)]
    to: Owner,
    /// Only some of them: key=value, with commas in between, as in `nhi kill`
    #[arg(long, value_name = "KEY=VALUE,…")]
    selector: Option<Selection>,
    /// Why; it stays on record
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

fn owner(text: &str) -> Result<Owner, String> {
    Owner::parse(text).map_err(|problem| format!("{}: {}", problem.message, problem.help))
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    if args.from == args.to {
        return Err(Failure::usage(format!(
            "`{}` and `{}` are the same",
            args.from, args.to
        )));
    }
    let policy = args.policy.load()?;
    let registry = args.registry.open_under(Access::Write, policy.clone())?;
    let owned = owned(args, &policy, &*registry)?;
    let actor = Actor::from_surroundings();
    // What no approval can help is said first: nobody should be asked to sign in vain.
    let trial: Vec<_> = owned.iter().map(|identity| (identity, Evidence::waived())).collect();
    registry
        .reading(|view| {
            for (identity, evidence) in &trial {
                transferred(args, &actor, identity, evidence, view.now()?, view)?;
            }
            Ok(())
        })
        .map_err(|error| failure(&error))?;
    let (mut approved, mut lacking) = (Vec::new(), Vec::new());
    for identity in &owned {
        let declaration = identity.declaration().with_owner(&args.from, &args.to);
        let declaration = declaration.map_err(|problem| failure(&problem.into()))?;
        match args
            .approving
            .evidence(&policy, &*registry, &actor, identity, &declaration)?
        {
            Ok(evidence) => approved.push((identity, evidence)),
            Err(missing) => lacking.push(missing),
        }
    }
    if !lacking.is_empty() {
        return Err(refusal(&lacking, owned.len()));
    }
    let done = transfer_all(args, &*registry, &actor, &approved).map_err(|error| failure(&error))?;
    outcome::answer("transferred", &done, false, args.format, console)?;
    Ok(Exit::Clean)
}

/// What the old owner owns, and the selector selects.
fn owned(args: &Args, policy: &Policy, registry: &dyn Registry) -> Result<Vec<Identity>, Failure> {
    let mut owned = registry.list(&Filter::default()).map_err(|error| failure(&error))?;
    owned.retain(|identity| {
        let declaration = identity.declaration();
        [declaration.technical_owner(), declaration.policy_owner()].contains(&&args.from)
    });
    if let Some(selector) = &args.selector {
        owned.retain(selector.matcher(registry, policy).map_err(|error| failure(&error))?);
        if owned.is_empty() {
            return Err(selector.no_match(registry));
        }
    }
    if owned.is_empty() {
        return Err(Selection::of_owner(&args.from).no_match(registry));
    }
    Ok(owned)
}

fn transferred(
    args: &Args,
    actor: &Actor,
    identity: &Identity,
    evidence: &Evidence,
    now: nhi_governance::Timestamp,
    view: &nhi_registry::View<'_>,
) -> Result<nhi_governance::Transition<Identity>, RegistryError> {
    let context = view.context(&identity.declaration().with_owner(&args.from, &args.to)?)?;
    let act = Act {
        by: actor.as_str(),
        evidence,
        policy: view.policy(),
        now,
    };
    Ok(transfer(identity, &args.from, &args.to, &args.reason, &context, &act)?)
}

fn transfer_all(
    args: &Args,
    registry: &dyn Registry,
    actor: &Actor,
    approved: &[(&Identity, Evidence)],
) -> Result<Vec<Done>, RegistryError> {
    registry.writing(actor, |writer| {
        writer.refuse_granting()?;
        let mut done = Vec::new();
        for (judged, evidence) in approved {
            let before = unchanged(writer.require(judged.id())?, judged)?;
            let transition = transferred(args, actor, &before, evidence, writer.now(), writer)?;
            let after = writer.replace(transition, evidence)?;
            let context = writer.context(after.declaration())?;
            done.push(Done::of(&after, writer.now(), &context, true));
        }
        Ok(done)
    })
}
