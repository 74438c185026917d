//! What is done outside of any apply by signatures: who asks, who has signed, what is missing.

use nhi_approvals::{Hearing, Order, Person, Request, RequestContext, TrustRoot, Verdict, disk};
use nhi_governance::{Declared, Evidence, Owner, Policy, Record as _, Registered, RiskTier};
use nhi_registry::{Actor, CLOCK_SKEW_SECONDS_MAX, RecordsExt as _, Registry};

use crate::approvals;
use crate::exit::{Exit, Failure};
use crate::operate::{kinds, trusted};
use crate::registry::failure;

pub(crate) const AFTER_HELP: &str = "\
The first run writes a request and says who has to sign it with `nhi approve`: who asks, and others where it takes
more. The same command again, in the same words, does it. A signature is good for one use.

Exit codes:
  0  it is done
  1  signatures are missing; the request for them was written
  2  wrong usage
  3  the rules refuse it, or the registry cannot be changed";

/// Options of what takes signatures.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Who you are: `alice`, `user:alice` or an e-mail address; as the trust root knows your login, where it does
    #[arg(long = "as", value_name = "PERSON", value_parser = kinds::person)]
    by: Option<Owner>,
    #[command(flatten)]
    pub(crate) trusted: trusted::Args,
}

impl Args {
    /// Who asks, in the spelling of the record where it names them.
    pub(crate) fn by(&self, listed: &[Owner], root: Option<&TrustRoot>, actor: &Actor) -> Result<Owner, Failure> {
        let Some(root) = root else {
            return self.by_word(listed, actor);
        };
        let said = self.by.clone().or_else(|| kinds::myself(root, actor));
        let said = said.ok_or_else(|| {
            Failure::usage(format!("the trust root does not know `{actor}`")).help("say who you are with `--as PERSON`")
        })?;
        let people: Vec<&Person> = root.people().filter(|person| root.goes_by(person, &said)).collect();
        let is_named = |name: &&Owner| people.iter().any(|person| root.goes_by(person, name));
        Ok(listed.iter().find(is_named).cloned().unwrap_or(said))
    }

    /// Without a trust root: one of those who are listed, by the name of the process's user.
    fn by_word(&self, listed: &[Owner], actor: &Actor) -> Result<Owner, Failure> {
        let names = kinds::names(actor);
        let mut myself = names.iter().filter_map(|name| kinds::person(name).ok());
        let found = myself.find_map(|name| listed.iter().find(|listed| **listed == name).cloned());
        let is_said = |found: &Owner| self.by.as_ref().is_none_or(|said| said == found);
        found.filter(is_said).ok_or_else(|| {
            Failure::usage(format!("`{actor}` is none of those who may"))
                .help("to act as somebody else, sign as them: pin the trust root with `--approvers-digest`")
        })
    }

    /// The signatures, or what is missing, with the request for them written.
    pub(crate) fn evidence<D: Declared>(
        &self,
        on: &On<'_>,
        record: &Registered<D>,
        listed: &[Owner],
        request: impl FnOnce(&RequestContext<'_>) -> Request,
    ) -> Result<Evidence, Failure> {
        let incarnations = on
            .registry
            .reading(|view| view.incarnations(D::KIND, record.environment(), &record.key()));
        let hearing = Hearing {
            directory: &self.trusted.place.approvals,
            root: on.root,
            organisation: None,
            policy: on.policy,
            tier: RiskTier::Critical,
            registry_id: &on.registry.registry_id().map_err(|error| failure(&error))?,
            incarnations: incarnations.map_err(|error| failure(&error))?,
            now: on.registry.now().map_err(|error| failure(&error))?,
            clock_skew_seconds: CLOCK_SKEW_SECONDS_MAX,
            // Who asks signs as well; nobody is excluded by their word.
            requesters: &[],
        };
        let (request, verdict) = hearing.hold(request).map_err(|problem| approvals::failure(&problem))?;
        // A request that carries no order would be judged as a change: nothing here may ever act on one.
        if verdict.is_enough() && Order::of(&request).is_some() {
            return Ok(signed(&verdict, listed, on.root));
        }
        disk::write_request(hearing.directory, &request).map_err(|problem| approvals::failure(&problem))?;
        Err(lacking(&request, &verdict))
    }
}

/// What signatures are judged by.
pub(crate) struct On<'a> {
    pub(crate) registry: &'a dyn Registry,
    pub(crate) policy: &'a Policy,
    pub(crate) root: &'a TrustRoot,
}

/// What is used up, by whom: persons as the record spells them, so that the record and its log name them alike.
fn signed(verdict: &Verdict, listed: &[Owner], root: &TrustRoot) -> Evidence {
    let name = |person: &Person| {
        let named = listed.iter().find(|name| root.goes_by(person, name));
        named.map_or_else(|| format!("user:{person}"), ToString::to_string)
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
