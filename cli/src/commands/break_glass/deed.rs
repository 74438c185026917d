//! What takes signatures: a session, a drill, a review. All three go one way, so that a drill tests what an emergency
//! needs: registry, trust root, and the keys of the holders.

use nhi_approvals::{Deed, Hearing, Order, Request, TrustRoot, Verdict, disk};
use nhi_governance::{
    Act, BreakGlass, Digest, Evidence, Owner, Policy, Record as _, RecordKind, Registered, RiskTier, Timestamp,
    Transition,
};
use nhi_registry::{Access, Actor, CLOCK_SKEW_SECONDS_MAX, RecordsExt as _, Registry, RegistryError, View};

use super::{Target, view};
use crate::approvals;
use crate::exit::{Exit, Failure};
use crate::operate::{Format, kinds, trusted};
use crate::output::Console;
use crate::policy;
use crate::registry::{self, failure};

pub(super) const AFTER_HELP: &str = "\
The first run writes a request and says who has to sign it with `nhi approve`: who asks, and enough others. The same
command again, in the same words, does it. A signature is good for one use.

Exit codes:
  0  it is done
  1  signatures are missing; the request for them was written
  2  wrong usage
  3  the rules refuse it, or the registry cannot be changed";

/// Options of what takes signatures.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,
    /// Who you are: `alice`, `user:alice` or an e-mail address; as the trust root knows your login, where it does
    #[arg(long = "as", value_name = "PERSON", value_parser = kinds::person)]
    by: Option<Owner>,
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    #[command(flatten)]
    trusted: trusted::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(super) fn run(deed: Deed, said: &str, args: &Args, console: &Console) -> Result<Exit, Failure> {
    let policy = args.policy.load()?;
    let registry = args.registry.open_under(Access::Write, policy.clone())?;
    let actor = Actor::from_surroundings();
    let record = args.target.find(&*registry)?;
    let root = args.trusted.required()?.root;
    let order = Order::new(deed, &record, args.by(&record, &root, &actor)?, said);
    // What no signature can help is said before anybody is asked for one.
    let agreed = everybody(&record, &order);
    let is_due = registry.reading(|view| {
        let done = act(&order, &record, &agreed, view.now()?, view)?;
        Ok(done.event.is_some())
    });
    let changed = is_due.map_err(|error| failure(&error))?;
    let record = if changed {
        let evidence = evidence(args, &*registry, &policy, &record, &root, &order)?;
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
        Deed::Review => "reviewed",
        Deed::Test => "tested",
    };
    view::answer(word, &[record], now, changed, args.format, console)?;
    Ok(Exit::Clean)
}

impl Args {
    /// Who asks, in the spelling of the record where it names them.
    fn by(&self, record: &Registered<BreakGlass>, root: &TrustRoot, actor: &Actor) -> Result<Owner, Failure> {
        let said = self.by.clone().or_else(|| kinds::myself(root, actor));
        let said = said.ok_or_else(|| {
            Failure::usage(format!("the trust root does not know `{actor}`")).help("say who you are with `--as PERSON`")
        })?;
        let people: Vec<_> = root.people().filter(|person| root.goes_by(person, &said)).collect();
        let mut holders = record.declaration().holders.iter();
        let holder = holders.find(|holder| people.iter().any(|person| root.goes_by(person, holder)));
        Ok(holder.cloned().unwrap_or(said))
    }
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
        Deed::Activate => record.activate(&order.said, &act)?,
        Deed::Review => record.review(&order.said, &act)?,
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

/// The signatures, or what is missing, with the request for them written.
fn evidence(
    args: &Args,
    registry: &dyn Registry,
    policy: &Policy,
    record: &Registered<BreakGlass>,
    root: &TrustRoot,
    order: &Order,
) -> Result<Evidence, Failure> {
    let incarnations =
        registry.reading(|view| view.incarnations(RecordKind::BreakGlass, record.environment(), &record.key()));
    let requesters: [String; 0] = [];
    let hearing = Hearing {
        directory: &args.trusted.place.approvals,
        root,
        organisation: None,
        policy,
        tier: RiskTier::Critical,
        registry_id: &registry.registry_id().map_err(|error| failure(&error))?,
        incarnations: incarnations.map_err(|error| failure(&error))?,
        now: registry.now().map_err(|error| failure(&error))?,
        clock_skew_seconds: CLOCK_SKEW_SECONDS_MAX,
        requesters: &requesters,
    };
    let (request, verdict) = hearing
        .hold(|context| order.request(context, record))
        .map_err(|problem| approvals::failure(&problem))?;
    if verdict.is_enough() {
        return Ok(signed(&verdict, record, root));
    }
    disk::write_request(hearing.directory, &request).map_err(|problem| approvals::failure(&problem))?;
    Err(lacking(&request, &verdict))
}

/// What is used up, by whom: holders as the record spells them, so that the record and its log name them alike.
fn signed(verdict: &Verdict, record: &Registered<BreakGlass>, root: &TrustRoot) -> Evidence {
    let name = |person: &nhi_approvals::Person| {
        let mut holders = record.declaration().holders.iter();
        let holder = holders.find(|holder| root.goes_by(person, holder));
        holder.map_or_else(|| person.to_string(), ToString::to_string)
    };
    let mut approved_by: Vec<String> = verdict.accepted.iter().map(|accepted| name(&accepted.person)).collect();
    approved_by.sort();
    Evidence {
        approved_by,
        ..verdict.evidence()
    }
}

#[cold]
fn lacking(request: &Request, verdict: &Verdict) -> Failure {
    let refused = verdict.refused.iter();
    let refused = refused.map(|refused| format!("{} does not count: {}", refused.source, refused.reason));
    let mut lines = vec![format!("missing: {}", verdict.missing.join("; "))];
    lines.extend(refused);
    lines.push(format!(
        "let them run `nhi approve {}`, and run this command again in the same words",
        request.digest()
    ));
    Failure {
        exit: Exit::Findings,
        message: format!("NHI-APPROVAL: `{}` calls for {}", request.name, verdict.requirement),
        help: lines.join("; "),
    }
}
