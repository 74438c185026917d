//! Records of every kind but identities, as a command line names them, and whoever says that they act.

use nhi_approvals::{REQUESTER_VARIABLE, TrustRoot, requesters};
use nhi_governance::{Declared, Owner, Record as _, RecordId, Registered};
use nhi_registry::{Actor, RecordFilter, RecordsExt as _, Registry};

use crate::exit::Failure;
use crate::registry::failure;

/// The record of an id, or the one that has the key now, or the last one that had it.
pub(crate) fn find<D: Declared>(
    registry: &dyn Registry,
    which: &str,
    environment: Option<&str>,
) -> Result<Registered<D>, Failure> {
    let word = D::KIND.as_str().replace('_', " ");
    let none = || Failure::undecided(format!("no {word} has the id or name `{which}`"));
    if let Ok(id) = RecordId::parse(which) {
        let found = registry.get_record(id).map_err(|error| failure(&error))?;
        return found.ok_or_else(none);
    }
    if which.is_empty() {
        return Err(Failure::usage(format!("name the {word}, or give its id")));
    }
    let filter = RecordFilter {
        environment: environment.map(str::to_owned),
        key: Some(which.to_owned()),
        with_ended: true,
        ..RecordFilter::default()
    };
    let found: Vec<Registered<D>> = registry.list_records(&filter).map_err(|error| failure(&error))?;
    let (live, over): (Vec<_>, Vec<_>) = found.into_iter().partition(|record| record.ended_at().is_none());
    let mut live = live.into_iter();
    match (live.next(), live.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => over.into_iter().max_by_key(Registered::ended_at).ok_or_else(none),
        (Some(one), Some(other)) => {
            let all = [one, other].into_iter().chain(live);
            let environments: Vec<_> = all.map(|record| format!("`{}`", record.environment())).collect();
            let message = format!("`{which}` is a name in the environments {}", environments.join(", "));
            Err(Failure::usage(message).help("say which one with `--environment`, or give the id"))
        }
    }
}

/// The person whom a text names: `alice`, `user:alice` or an e-mail address.
pub(crate) fn person(text: &str) -> Result<Owner, String> {
    let owner = Owner::parse(text).or_else(|problem| Owner::parse(&format!("user:{text}")).map_err(|_| problem));
    match owner {
        Ok(owner) if owner.is_team() => Err(format!("`{text}` is a team; name a person")),
        Ok(owner) => Ok(owner),
        Err(problem) => Err(format!("{}: {}", problem.message, problem.help)),
    }
}

/// Every name that who runs this command goes by, as far as the surroundings say.
pub(crate) fn names(actor: &Actor) -> Vec<String> {
    let others = std::env::var(REQUESTER_VARIABLE).unwrap_or_default();
    requesters(actor.as_str(), others.split(','))
}

/// The person of the trust root who runs this command.
pub(crate) fn myself(root: &TrustRoot, actor: &Actor) -> Option<Owner> {
    let names = names(actor);
    let found = names.iter().find_map(|name| root.person_called(name))?;
    Owner::parse(&format!("user:{found}")).ok()
}
