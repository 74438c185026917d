//! `nhi review open` and `close`: the sweeper does both by itself when their time has come.

use nhi_governance::{OnNoResponse, Record as _};
use nhi_registry::{Access, Actor};

use super::{Named, view};
use crate::exit::{Exit, Failure};
use crate::operate::{kinds, rounds};
use crate::output::Console;
use crate::policy;
use crate::registry::failure;

/// Options of `nhi review open` and `close`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    policy: policy::Args,
}

pub(super) fn open(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let named = &args.named;
    let registry = named.registry.open_under(Access::Write, args.policy.load()?)?;
    let id = kinds::find(&*registry, &named.which, None).map(|review: rounds::Review| review.id())?;
    let opened = rounds::open(&*registry, &Actor::from_surroundings(), id);
    let (review, changed) = opened.map_err(|error| failure(&error))?;
    view::one(&*registry, "opened", &review, changed, named.format, console)?;
    Ok(Exit::Clean)
}

pub(super) fn close(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let named = &args.named;
    let registry = named.registry.open_under(Access::Write, args.policy.load()?)?;
    let review: rounds::Review = kinds::find(&*registry, &named.which, None)?;
    let closed = rounds::close(&*registry, &Actor::from_surroundings(), review.id());
    let Some((review, _)) = closed.map_err(|error| failure(&error))? else {
        if let Some(due) = review.state().due_at {
            let left = review.state().items.values().filter(|item| item.decision.is_none());
            let what = review.declaration().on_no_response.unwrap_or(OnNoResponse::Suspend);
            return Err(Failure {
                exit: Exit::Findings,
                message: format!("{} identities of `{}` have no answer yet", left.count(), review.key()),
                help: format!(
                    "`nhi review decide` answers; what has none is closed at {due}: {}",
                    what.as_str()
                ),
            });
        }
        view::one(&*registry, "closed", &review, false, named.format, console)?;
        return Ok(Exit::Clean);
    };
    view::one(&*registry, "closed", &review, true, named.format, console)?;
    Ok(Exit::Clean)
}
