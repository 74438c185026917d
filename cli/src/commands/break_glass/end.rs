//! `nhi break-glass end`: a session ends before its time. One person may do that, whoever they are.

use nhi_governance::{Act, BreakGlass, Evidence, Record as _, Registered};
use nhi_registry::{Access, Actor, RecordsExt as _};

use super::{Target, view};
use crate::exit::{Exit, Failure};
use crate::operate::Format;
use crate::output::Console;
use crate::registry::{self, failure};

/// Options of `nhi break-glass end`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    // No policy is read: a mistake in its file must not keep a session open.
    let registry = args.registry.open_for(Access::Write)?;
    let actor = Actor::from_surroundings();
    let before = args.target.find(&*registry)?;
    let none = Evidence::default();
    let done = registry.contain(&actor, &[before.id()], |now, record: &Registered<BreakGlass>, view| {
        let act = Act {
            by: actor.as_str(),
            evidence: &none,
            policy: view.policy(),
            now,
        };
        Ok(record.seal(&act)?)
    });
    let done = done.map_err(|error| failure(&error))?;
    let changed = done.iter().any(|record| record.revision() != before.revision());
    let now = registry.now().map_err(|error| failure(&error))?;
    view::answer("ended", &done, now, changed, args.format, console)?;
    Ok(Exit::Clean)
}
