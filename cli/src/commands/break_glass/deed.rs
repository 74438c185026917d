//! What takes signatures: a session, a drill, a review. All three go one way, so that a drill tests what an emergency
//! needs: registry, trust root, and the keys of the holders.

use nhi_approvals::{Deed, Order};
use nhi_governance::{Act, BreakGlass, Digest, Evidence, Record as _, Registered, Timestamp, Transition};
use nhi_registry::{Access, Actor, RecordFilter, RecordsExt as _, RegistryError, View};

use super::{Target, view};
use crate::exit::{Exit, Failure};
use crate::operate::{Format, deeds};
use crate::output::Console;
use crate::policy;
use crate::registry::{self, failure};

/// Options of what takes signatures.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    #[command(flatten)]
    deeds: deeds::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(super) fn run(deed: Deed, said: &str, args: &Args, console: &Console) -> Result<Exit, Failure> {
    let policy = args.policy.load()?;
    let registry = args.registry.open_under(Access::Write, policy.clone())?;
    let actor = Actor::from_surroundings();
    let record = args.target.find(&*registry)?;
    let root = &args.deeds.trusted.required(&*registry)?.root;
    let holders = record.declaration().holders.clone();
    let order = Order::new(deed, &record, args.deeds.by(&holders, Some(root), &actor)?, said);
    // What no signature can help is said before anybody is asked for one.
    let agreed = everybody(&record, &order);
    let is_due = registry.reading(|view| {
        let done = act(&order, &record, &agreed, view.now()?, view)?;
        Ok(done.event.is_some())
    });
    let changed = is_due.map_err(|error| failure(&error))?;
    let record = if changed {
        let on = deeds::On {
            registry: &*registry,
            policy: &policy,
            root,
        };
        let request = |context: &nhi_approvals::RequestContext<'_>| order.request(context, &record);
        let evidence = args.deeds.evidence(&on, &record, &holders, request)?;
        let done = registry.change(
            &actor,
            record.id(),
            Some(record.revision()),
            &evidence,
            |now, record, view| act(&order, record, &evidence, now, view),
        );
        done.map_err(|error| failure(&error))?
    } else {
        record
    };
    let now = registry.now().map_err(|error| failure(&error))?;
    let word = match deed {
        Deed::Activate => "activated",
        Deed::Decide | Deed::Review => "reviewed",
        Deed::Test => "tested",
    };
    view::answer(word, &[record], now, changed, args.format, console)?;
    Ok(Exit::Clean)
}

fn act(
    order: &Order,
    record: &Registered<BreakGlass>,
    evidence: &Evidence,
    now: Timestamp,
    view: &View<'_>,
) -> Result<Transition<Registered<BreakGlass>>, RegistryError> {
    let act = Act {
        by: order.by.as_str(),
        evidence,
        policy: view.policy(),
        now,
    };
    Ok(match order.deed {
        Deed::Activate => {
            let others = view.list(&RecordFilter {
                with_ended: true,
                ..RecordFilter::default()
            })?;
            record.activate(&order.said, &others, &act)?
        }
        Deed::Decide | Deed::Review => record.review(&order.said, &act)?,
        Deed::Test => record.test(&order.said, &act)?,
    })
}

/// As if everybody had signed. Nothing is ever written by this.
fn everybody(record: &Registered<BreakGlass>, order: &Order) -> Evidence {
    let holders = record.declaration().holders.iter();
    let approved_by: Vec<String> = holders.map(ToString::to_string).collect();
    Evidence {
        approvals: approved_by.iter().map(|person| Digest::of(person.as_bytes())).collect(),
        request: Some(Digest::of(order.said.as_bytes())),
        approved_by,
        waived: false,
    }
}
