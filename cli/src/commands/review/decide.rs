//! `nhi review decide`: a reviewer answers for identities of the open round, and signs that.

use std::collections::BTreeMap;

use nhi_approvals::{Order, RequestContext};
use nhi_governance::{Act, Digest, Evidence, Identity, Owner, Record as _, RecordId};
use nhi_registry::{Access, Actor, RecordsExt as _, Registry, RegistryError};

use super::{Named, view};
use crate::exit::{Exit, Failure};
use crate::operate::{deeds, kinds, rounds};
use crate::output::Console;
use crate::policy;
use crate::registry::failure;

const AFTER_HELP: &str = "\
With a trust root that is pinned, the first run writes a request, the reviewer signs it with `nhi approve`, and the same
command again records the answers. Without one the answers rest on the word of the process's user, and stay on record
as unsigned.

What is kept counts as reviewed at once. What is not is revoked when the round is closed; until then a reviewer can say
otherwise.

Exit codes:
  0  the answers are on record
  1  the signature is missing; the request for it was written
  2  wrong usage
  3  the rules refuse it, for example of somebody who asked for the identity; or the registry cannot be changed";

/// Options of `nhi review decide`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    #[command(flatten)]
    named: Named,
    /// Identities that are still needed, by id or by name; may be repeated
    #[arg(long, value_name = "ID|NAME", required_unless_present = "revoke")]
    keep: Vec<String>,
    /// Identities that are not; may be repeated
    #[arg(long, value_name = "ID|NAME")]
    revoke: Vec<String>,
    #[command(flatten)]
    policy: policy::Args,
    #[command(flatten)]
    deeds: deeds::Args,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let named = &args.named;
    let policy = args.policy.load()?;
    let registry = named.registry.open_under(Access::Write, policy.clone())?;
    let actor = Actor::from_surroundings();
    let review: rounds::Review = kinds::find(&*registry, &named.which, None)?;
    let known = names(&*registry, &review)?;
    let answers = answers(args, &known, &review)?;
    let reviewers = &review.declaration().reviewers;
    let trust = args.deeds.trusted.trust(&*registry)?;
    let by = args
        .deeds
        .by(reviewers, trust.as_ref().map(|trust| &trust.root), &actor)?;
    let is_due = trial(&*registry, &review, &answers, &by, trust.is_some())?;
    let evidence = match &trust {
        Some(trust) if is_due => {
            let on = deeds::On {
                registry: &*registry,
                policy: &policy,
                root: &trust.root,
            };
            let order = Order::answers(by.clone(), &words(&review, &known, &answers));
            let request = |context: &RequestContext<'_>| order.request_answers(context, &review);
            args.deeds.evidence(&on, &review, reviewers, request)?
        }
        _ => Evidence::default(),
    };
    let (review, changed) = if is_due {
        let decided = rounds::decide(&*registry, &actor, review.id(), &by, &answers, &evidence);
        decided.map_err(|error| failure(&error))?
    } else {
        (review, false)
    };
    view::one(&*registry, "decided", &review, changed, named.format, console)?;
    Ok(Exit::Clean)
}

/// The environment and the name of each identity under review.
type Names = BTreeMap<RecordId, (String, String)>;

fn names(registry: &dyn Registry, review: &rounds::Review) -> Result<Names, Failure> {
    let read = registry.reading(|view| {
        let identities = view.of_ids::<Identity>(review.state().items.keys().copied())?;
        let name = |id: &RecordId| {
            let identity = identities.get(id).ok_or(RegistryError::NotFound(*id))?;
            Ok((*id, (identity.environment().to_owned(), identity.key())))
        };
        review.state().items.keys().map(name).collect()
    });
    read.map_err(|error| failure(&error))
}

/// What is said of which identity; of none twice.
fn answers(args: &Args, names: &Names, review: &rounds::Review) -> Result<BTreeMap<RecordId, bool>, Failure> {
    let called = |which: &str| -> Vec<RecordId> {
        let found = names.iter().filter(|(_, (_, name))| name == which);
        found.map(|(id, _)| *id).collect()
    };
    let mut answers = BTreeMap::new();
    let said = args.keep.iter().map(|which| (which, true));
    for (which, keep) in said.chain(args.revoke.iter().map(|which| (which, false))) {
        let id = match (RecordId::parse(which), called(which).as_slice()) {
            (Ok(id), _) | (Err(_), &[id]) => id,
            (Err(_), []) => {
                let message = format!("`{which}` is not under review in `{}`", review.key());
                return Err(Failure::usage(message).help("`nhi review show` lists what is"));
            }
            (Err(_), _) => {
                let message = format!("`{which}` is a name in several environments");
                return Err(Failure::usage(message).help("give the id; `nhi review show` lists it"));
            }
        };
        if answers.insert(id, keep).is_some() {
            return Err(Failure::usage(format!("`{which}` is answered for twice")));
        }
    }
    Ok(answers)
}

/// The round and the answers in words, so that whoever signs them knows what they say.
fn words(review: &rounds::Review, names: &Names, answers: &BTreeMap<RecordId, bool>) -> String {
    let of = |wanted: bool| {
        let ids = answers.iter().filter(|(_, keep)| **keep == wanted);
        let word = |id: &RecordId| match names.get(id) {
            Some((environment, name)) => format!("{environment}/{name} ({id})"),
            None => id.to_string(),
        };
        let ids: Vec<String> = ids.map(|(id, _)| word(id)).collect();
        if ids.is_empty() {
            "none".to_owned()
        } else {
            ids.join(", ")
        }
    };
    let opened = review.state().opened_at;
    let round = opened.map_or_else(|| "no round".to_owned(), |at| format!("round of {at}"));
    format!("{round}; keep {}; revoke {}", of(true), of(false))
}

/// Whether there is anything to record. What no signature can help is refused here, before anybody is asked for one.
fn trial(
    registry: &dyn Registry,
    review: &rounds::Review,
    answers: &BTreeMap<RecordId, bool>,
    by: &Owner,
    signs: bool,
) -> Result<bool, Failure> {
    let evidence = if signs {
        Evidence {
            request: Some(Digest::of(b"a trial")),
            approvals: vec![Digest::of(by.as_str().as_bytes())],
            approved_by: vec![by.to_string()],
            waived: false,
        }
    } else {
        Evidence::default()
    };
    let decided = registry.reading(|view| {
        let act = Act {
            by: by.as_str(),
            evidence: &evidence,
            policy: view.policy(),
            now: view.now()?,
        };
        Ok(review.decide_all(answers, &act)?.event.is_some())
    });
    decided.map_err(|error| failure(&error))
}
