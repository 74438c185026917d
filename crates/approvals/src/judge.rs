//! Puts a request, the trust root and envelopes together: who has approved, what does not count and why, what is
//! missing.
//!
//! It decides for a given time and reads nothing. Single use is not its business: the registry consumes the digests of
//! [`Accepted`] in the transaction that acts on them.

use std::collections::BTreeSet;
use std::fmt;

use nhi_governance::{Digest, Owner, Timestamp};

use crate::approval::{Decision, LIFE_DAYS_MAX, Signed};
use crate::code::Problem;
use crate::deed::{Order, holders};
use crate::person::Person;
use crate::request::Request;
use crate::requirement::Requirement;
use crate::root::TrustRoot;

const DAY_SECONDS: i64 = 86_400;
/// How long approvals that are enough wait to be used, in hours; then all of them lapse.
pub const UNUSED_HOURS_MAX: i64 = 72;
const HOUR_SECONDS: i64 = 3_600;

/// What is to be judged.
#[derive(Debug)]
pub struct Question<'a> {
    /// What was asked for.
    pub request: &'a Request,
    /// Who may approve.
    pub root: &'a TrustRoot,
    /// What it takes.
    pub requirement: Requirement,
    /// The time to judge by.
    pub now: Timestamp,
    /// By how many seconds the clock of a signer may be ahead.
    pub clock_skew_seconds: i64,
    /// The names that who asks goes by: a login, a user name. Their own approval does not count.
    pub requesters: &'a [String],
}

/// An approval that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Whose.
    pub person: Person,
    /// What is used up when it is consumed.
    pub digest: Digest,
    /// The fingerprint of the key.
    pub key: String,
    /// When it stops to count.
    pub expires_at: Timestamp,
}

/// An envelope that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it lies.
    pub source: String,
    /// Why.
    pub reason: Reason,
}

/// Why an envelope does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It cannot be read, or not in one way only.
    Unreadable(String),
    /// It is of another request.
    OtherRequest(Digest),
    /// It is of another organisation.
    OtherOrganisation(String),
    /// It is of another environment.
    OtherEnvironment(String),
    /// The trust root does not list the person.
    UnknownPerson(Person),
    /// The signature is not by a key of the person.
    Signature(Person, String),
    /// The key belongs to somebody else.
    KeyOfAnother(Person, Person),
    /// It names another key than the one that signed.
    KeyId(Person),
    /// It counts from later on.
    NotYet(Timestamp),
    /// It has ended.
    Expired(Timestamp),
    /// It would be good for too long, or for no time at all.
    Life,
    /// The request counts only the signatures of others.
    Stranger(Person),
    /// The person asked for it.
    Requester(Person),
    /// The person has approved already.
    Repeated(Person),
    /// With others it was enough, and nobody used that until then.
    Lapsed(Timestamp),
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The digest of the request.
    pub request_digest: Digest,
    /// What it takes.
    pub requirement: Requirement,
    /// What counts, by person.
    pub accepted: Vec<Accepted>,
    /// Who says no.
    pub rejected_by: Vec<Person>,
    /// What does not count.
    pub refused: Vec<Refused>,
    /// What is missing, in words; nothing where it is enough.
    pub missing: Vec<String>,
}

impl Verdict {
    /// Whether the request is approved.
    pub fn is_enough(&self) -> bool {
        self.missing.is_empty()
    }

    /// The digests to consume.
    pub fn digests(&self) -> Vec<Digest> {
        self.accepted.iter().map(|accepted| accepted.digest).collect()
    }
}

/// Judges envelopes, each with the name of where it lies; one that could not be read counts as refused.
pub fn judge(
    question: &Question<'_>,
    envelopes: impl IntoIterator<Item = (String, Result<Vec<u8>, Problem>)>,
) -> Verdict {
    let request_digest = question.request.digest();
    let mut verdict = Verdict {
        request_digest,
        requirement: question.requirement,
        accepted: Vec::new(),
        rejected_by: Vec::new(),
        refused: Vec::new(),
        missing: Vec::new(),
    };
    let mut good = Vec::new();
    for (source, bytes) in envelopes {
        let judged = bytes
            .and_then(|bytes| Signed::parse(&bytes))
            .map_err(|problem| Reason::Unreadable(problem.message))
            .and_then(|signed| check(question, request_digest, signed));
        match judged {
            Ok((signed, key)) => good.push((source, signed, key)),
            Err(reason) => verdict.refused.push(Refused { source, reason }),
        }
    }
    let order = Order::of(question.request).filter(|order| Some(order.deed) == question.requirement.deed);
    // Who asks for a deed signs it as well: that is how it is known who asks.
    let requesters = match order {
        Some(_) => BTreeSet::new(),
        None => requesters(question, &good),
    };
    // In the order in which they were given, since what lapsed before does not count beside what came after.
    good.sort_by_key(|(_, signed, _)| signed.approval.issued_at);
    let mut standing = Standing::default();
    for (source, Signed { approval, digest, .. }, key) in good {
        standing.lapse(approval.issued_at, &mut verdict);
        let person = approval.person;
        let counts = order.as_ref().is_none_or(|order| {
            let is = |name: &Owner| question.root.goes_by(&person, name);
            order.counts(question.request, is)
        });
        let reason = if !counts {
            Reason::Stranger(person)
        } else if approval.decision == Decision::Reject {
            // Who asks may well take it back.
            if !verdict.rejected_by.contains(&person) {
                verdict.rejected_by.push(person);
            }
            continue;
        } else if requesters.contains(&person) {
            Reason::Requester(person)
        } else if verdict.accepted.iter().any(|accepted| accepted.person == person) {
            Reason::Repeated(person)
        } else {
            verdict.accepted.push(Accepted {
                person,
                digest,
                key,
                expires_at: approval.expires_at,
            });
            standing.sources.push(source);
            if missing(question, &verdict, &requesters).is_empty() {
                standing.enough_since.get_or_insert(approval.issued_at);
            }
            continue;
        };
        verdict.refused.push(Refused { source, reason });
    }
    standing.lapse(question.now, &mut verdict);
    verdict.accepted.sort_by(|left, right| left.person.cmp(&right.person));
    verdict.missing = missing(question, &verdict, &requesters);
    verdict
}

/// What counts so far: where it lies, and since when it is enough.
#[derive(Default)]
struct Standing {
    sources: Vec<String>,
    enough_since: Option<Timestamp>,
}

impl Standing {
    /// What was enough and nobody used by then counts no more.
    fn lapse(&mut self, now: Timestamp, verdict: &mut Verdict) {
        let end = |since: Timestamp| Timestamp::from_unix(since.unix().saturating_add(UNUSED_HOURS_MAX * HOUR_SECONDS));
        let Some(at) = self.enough_since.map(end).filter(|at| now >= *at) else {
            return;
        };
        self.enough_since = None;
        verdict.accepted.clear();
        let lapsed = self.sources.drain(..).map(|source| Refused {
            source,
            reason: Reason::Lapsed(at),
        });
        verdict.refused.extend(lapsed);
    }
}

/// Everything about one envelope that does not depend on the others; the fingerprint of its key.
fn check(question: &Question<'_>, request_digest: Digest, signed: Signed) -> Result<(Signed, String), Reason> {
    let approval = &signed.approval;
    if approval.request_digest != request_digest {
        return Err(Reason::OtherRequest(approval.request_digest));
    }
    if approval.organisation != question.request.organisation {
        return Err(Reason::OtherOrganisation(approval.organisation.to_string()));
    }
    if approval.environment != question.request.environment {
        return Err(Reason::OtherEnvironment(
            approval
                .environment
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string),
        ));
    }
    let person = &approval.person;
    let Some(member) = question.root.member(person) else {
        return Err(Reason::UnknownPerson(person.clone()));
    };
    let message = approval.to_be_signed();
    let (key_id, bytes) = signed.signature().map_or((None, &[][..]), |signature| {
        (signature.key_id.as_deref(), &signature.bytes)
    });
    let mut why = "there is no key";
    let mut keys = member.keys.iter();
    let key = keys.find(|key| key.verify(&message, bytes).inspect_err(|found| why = found).is_ok());
    let Some(key) = key else {
        let mut others = question.root.people().filter(|other| *other != person);
        let is_theirs = |other: &&Person| {
            question
                .root
                .keys(other)
                .iter()
                .any(|key| key.verify(&message, bytes).is_ok())
        };
        return Err(match others.find(is_theirs) {
            Some(other) => Reason::KeyOfAnother(person.clone(), other.clone()),
            None => Reason::Signature(person.clone(), why.to_owned()),
        });
    };
    let fingerprint = key.fingerprint();
    // The hint decides nothing, but one that lies would be shown to people.
    if key_id.is_some_and(|key_id| key_id != fingerprint) {
        return Err(Reason::KeyId(person.clone()));
    }
    let life = approval.expires_at.seconds_since(approval.issued_at);
    if life <= 0 || life > LIFE_DAYS_MAX * DAY_SECONDS {
        return Err(Reason::Life);
    }
    if approval.issued_at.seconds_since(question.now) > question.clock_skew_seconds.max(0) {
        return Err(Reason::NotYet(approval.issued_at));
    }
    if question.now >= approval.expires_at {
        return Err(Reason::Expired(approval.expires_at));
    }
    Ok((signed, fingerprint))
}

/// Everybody who is said to have asked: by the caller, and by anyone whose signature counts.
fn requesters(question: &Question<'_>, good: &[(String, Signed, String)]) -> BTreeSet<Person> {
    let named = question
        .requesters
        .iter()
        .filter_map(|name| question.root.person_called(name))
        .cloned();
    let said = good
        .iter()
        .filter_map(|(_, signed, _)| signed.approval.requester.clone());
    named.chain(said).collect()
}

fn missing(question: &Question<'_>, verdict: &Verdict, requesters: &BTreeSet<Person>) -> Vec<String> {
    let mut missing = Vec::new();
    let (request, root) = (question.request, question.root);
    if question.requirement.is_nothing() && verdict.rejected_by.is_empty() {
        return missing;
    }
    if question.requirement.deed.is_some() {
        return missing_of_deed(question, verdict);
    }
    if root.organisation != request.organisation {
        missing.push(format!(
            "a trust root of organisation `{}`: this one is of `{}`",
            request.organisation, root.organisation
        ));
    }
    for person in &verdict.rejected_by {
        missing.push(format!("the agreement of {person}, who rejects it"));
    }
    let has = |suits: &dyn Fn(&Person) -> bool| verdict.accepted.iter().any(|accepted| suits(&accepted.person));
    let could = |suits: &dyn Fn(&Person) -> bool| {
        let is_free = |person: &&Person| !requesters.contains(person) && !has(&|accepted| accepted == *person);
        let names: Vec<&str> = root
            .people()
            .filter(is_free)
            .filter(|person| suits(person))
            .map(Person::as_str)
            .collect();
        if names.is_empty() {
            "nobody in the trust root is left who could give it".to_owned()
        } else {
            format!("can come from {}", names.join(", "))
        }
    };
    let (count, needed) = (verdict.accepted.len(), question.requirement.count as usize);
    if count < needed {
        let more = needed - count;
        let plural = if more == 1 { "" } else { "s" };
        missing.push(format!(
            "{more} more approval{plural} ({count} of {needed}): {}",
            could(&|_| true)
        ));
    }
    if question.requirement.policy_owner {
        for owner in policy_owners(request) {
            let suits = |person: &Person| root.is_policy_owner(person, owner);
            if !has(&suits) {
                let whose = owner.map_or_else(String::new, |owner| format!(" `{owner}`"));
                missing.push(format!("the approval of the policy owner{whose}: {}", could(&suits)));
            }
        }
    }
    if question.requirement.security {
        let suits = |person: &Person| root.is_security(person);
        if !has(&suits) {
            missing.push(format!("an approval by security: {}", could(&suits)));
        }
    }
    missing
}

/// What a deed lacks; it never lacks nothing where its order cannot be read.
fn missing_of_deed(question: &Question<'_>, verdict: &Verdict) -> Vec<String> {
    let Some(order) = Order::of(question.request) else {
        return vec!["an order that can be read".to_owned()];
    };
    let (request, root) = (question.request, question.root);
    let mut missing = Vec::new();
    if root.organisation != request.organisation {
        missing.push(format!(
            "a trust root of organisation `{}`: this one is of `{}`",
            request.organisation, root.organisation
        ));
    }
    for person in &verdict.rejected_by {
        missing.push(format!("the agreement of {person}, who rejects it"));
    }
    let has = |name: &Owner| {
        let mut accepted = verdict.accepted.iter();
        accepted.any(|accepted| root.goes_by(&accepted.person, name))
    };
    if !has(&order.by) {
        missing.push(format!("the signature of `{}`, who asks", order.by));
    }
    let (count, needed) = (verdict.accepted.len(), order.signatures as usize);
    let others = needed
        .saturating_sub(count)
        .saturating_sub(usize::from(!has(&order.by)));
    if others > 0 {
        let free: Vec<String> = holders(request)
            .iter()
            .filter(|holder| !has(holder) && **holder != order.by)
            .map(ToString::to_string)
            .collect();
        let plural = if others == 1 { "" } else { "s" };
        missing.push(format!(
            "{others} more signature{plural} of other holders: can come from {}",
            free.join(", ")
        ));
    }
    missing
}

/// The policy owner, and the one on record where another takes over: nobody is replaced without agreeing to it.
fn policy_owners(request: &Request) -> Vec<Option<&Owner>> {
    let mut owners = vec![request.terms.policy_owner.as_ref()];
    if let Some(before) = request.previous.as_ref().and_then(|terms| terms.policy_owner.as_ref())
        && owners.first() != Some(&Some(before))
    {
        owners.push(Some(before));
    }
    owners
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::OtherRequest(digest) => write!(f, "it approves another request: {digest}"),
            Self::OtherOrganisation(name) => write!(f, "it is of another organisation: `{name}`"),
            Self::OtherEnvironment(name) => write!(f, "it is of another environment: `{name}`"),
            Self::UnknownPerson(person) => write!(f, "the trust root does not list `{person}`"),
            Self::Signature(person, why) => {
                write!(f, "no key that the trust root lists for `{person}` signed it: {why}")
            }
            Self::KeyOfAnother(person, other) => {
                write!(f, "it is said to be by `{person}`, and signed with a key of `{other}`")
            }
            Self::KeyId(person) => write!(f, "it names another key than the one of `{person}` that signed it"),
            Self::NotYet(at) => write!(f, "it counts only from {at} on"),
            Self::Expired(at) => write!(f, "it expired at {at}"),
            Self::Life => write!(f, "it ends before it begins, or later than {LIFE_DAYS_MAX} days after"),
            Self::Stranger(person) => write!(f, "`{person}` is none of those whose signatures the request calls for"),
            Self::Requester(person) => write!(f, "`{person}` asked for it, and who asks does not approve"),
            Self::Repeated(person) => write!(f, "`{person}` has approved already, and a person counts once"),
            Self::Lapsed(at) => write!(
                f,
                "it lapsed at {at}: with others it was enough, and nobody used it within {UNUSED_HOURS_MAX} hours"
            ),
        }
    }
}
