//! An access review: at every cadence somebody says of each identity that it is still needed, or it is suspended.

mod life;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use life::Closing;

use crate::canonical::Digest;
use crate::checker::Checker;
use crate::code::{NAME, OWNER, Problem, REVIEW};
use crate::declaration::Declaration;
use crate::draft::Given;
use crate::id::RecordId;
use crate::identity::Identity;
use crate::kind::Kind;
use crate::owner::Owner;
use crate::path::Path;
use crate::record::{Record as _, RecordKind, is_false};
use crate::registered::{Declared, Judged};
use crate::team::person;
use crate::text::{Environment, Name, quote};
use crate::tier::RiskTier;
use crate::time::Timestamp;
use crate::ttl::Ttl;

const REVIEWERS_MAX: usize = 50;
const CADENCE_DAYS_MAX: u32 = 180;

/// An access review as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `AccessReview`"
)]
pub struct AccessReviewDraft {
    pub name: Given<String>,
    pub selector: Given<SelectorDraft>,
    pub cadence: Given<String>,
    pub reviewers: Given<Vec<Given<String>>>,
    pub due_in: Given<String>,
    pub on_no_response: Given<String>,
}

/// A selector as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Selector`"
)]
pub struct SelectorDraft {
    pub environment: Given<String>,
    pub kind: Given<String>,
    pub owner: Given<String>,
    pub risk_tier: Given<String>,
}

/// Which identities: those of which everything that is said here is true.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Selector {
    /// Their environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// What holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// One of their owners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Their lowest tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_tier: Option<RiskTier>,
}

impl Selector {
    /// Whether it selects an identity of this tier.
    pub fn selects(&self, identity: &Identity, tier: RiskTier) -> bool {
        identity.ended_at().is_none() && self.selects_declared(identity.declaration(), tier)
    }

    /// Whether it selects an identity that is declared like this and of this tier.
    pub(crate) fn selects_declared(&self, declaration: &Declaration, tier: RiskTier) -> bool {
        let owners = [declaration.technical_owner(), declaration.policy_owner()];
        self.environment
            .as_ref()
            .is_none_or(|wanted| wanted == declaration.environment())
            && self.kind.is_none_or(|wanted| wanted == declaration.kind())
            && self.owner.as_ref().is_none_or(|wanted| owners.contains(&wanted))
            && self.risk_tier.is_none_or(|lowest| tier >= lowest)
    }
}

/// What becomes of an identity of which nobody said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNoResponse {
    /// It is suspended.
    Suspend,
    /// It is revoked.
    Revoke,
}

impl OnNoResponse {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Suspend, Self::Revoke];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Revoke => "revoke",
        }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|what| what.as_str() == text).ok_or_else(|| {
            let message = format!("{} is nothing that happens without a response", quote(text));
            Problem::new(&REVIEW, message, "Write `suspend` or `revoke`.")
        })
    }
}

/// What is declared of an access review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AccessReview {
    /// Its name.
    pub name: Name,
    /// Which identities.
    pub selector: Selector,
    /// How often.
    pub cadence: Ttl,
    /// Who may answer.
    pub reviewers: Vec<Owner>,
    /// How long they have.
    pub due_in: Ttl,
    /// What happens where nobody does; `suspend` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_no_response: Option<OnNoResponse>,
}

/// What somebody says of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is still needed.
    Keep,
    /// It is not.
    Revoke,
    /// Nobody said anything in time.
    NoResponse,
}

/// An identity under review, and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Item {
    /// Who asked for the identity, and so cannot answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whether they signed it. Without a trust root it rests on their word.
    #[serde(default, skip_serializing_if = "is_false")]
    pub signed: bool,
}

/// What happens to an access review.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AccessReviewState {
    /// When the present round, or the last one, was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// When answers to it are due; none when no round is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The identities of the round.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub items: BTreeMap<RecordId, Item>,
    /// The digest of all answers of the last round that was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_digest: Option<Digest>,
}

impl AccessReviewState {
    /// How many identities were answered for in this way.
    pub fn count(&self, decision: Decision) -> usize {
        let items = self.items.values();
        items.filter(|item| item.decision == Some(decision)).count()
    }

    /// How many were answered for by a person.
    pub fn decided(&self) -> usize {
        self.count(Decision::Keep) + self.count(Decision::Revoke)
    }
}

impl Declared for AccessReview {
    const KIND: RecordKind = RecordKind::AccessReview;
    type State = AccessReviewState;

    fn key(&self) -> String {
        self.name.to_string()
    }
}

impl AccessReviewDraft {
    /// Checks every rule.
    pub fn check(&self) -> Judged<AccessReview> {
        let mut checker = Checker::default();
        let name = checker.required("name", &NAME, &self.name, |text| Name::parse(text));
        let selector = selector(&mut checker, &self.selector);
        let longest = Ttl::from_days(CADENCE_DAYS_MAX);
        let cadence = checker.required("cadence", &REVIEW, &self.cadence, |text| at_most(text, &longest));
        let reviewers = checker.required_list("reviewers", &OWNER, REVIEWERS_MAX, &self.reviewers, |text| person(text));
        let shortest = cadence.clone().unwrap_or(longest);
        let due_in = checker.required("due_in", &REVIEW, &self.due_in, |text| at_most(text, &shortest));
        let on_no_response = checker.optional("on_no_response", &self.on_no_response, |text| OnNoResponse::parse(text));
        let review = || {
            Some(AccessReview {
                name: name?,
                selector: selector?,
                cadence: cadence?,
                reviewers: reviewers?,
                due_in: due_in?,
                on_no_response: on_no_response?,
            })
        };
        let review = review();
        Judged::of(checker, review)
    }
}

fn selector(checker: &mut Checker, given: &Given<SelectorDraft>) -> Option<Selector> {
    let path = Path::attribute("selector");
    let draft = checker.required_at(&path, &REVIEW, given, |draft| Ok(draft.clone()))?;
    let environment = checker.optional_at(&path.then("environment"), &draft.environment, |text| {
        Environment::parse(text)
    });
    let kind = checker.optional_at(&path.then("kind"), &draft.kind, |text| Kind::parse(text));
    let owner = checker.optional_at(&path.then("owner"), &draft.owner, |text| Owner::parse(text));
    let risk_tier = checker.optional_at(&path.then("risk_tier"), &draft.risk_tier, |text| RiskTier::parse(text));
    Some(Selector {
        environment: environment?,
        kind: kind?,
        owner: owner?,
        risk_tier: risk_tier?,
    })
}

fn at_most(text: &str, longest: &Ttl) -> Result<Ttl, Problem> {
    let ttl = Ttl::parse(text)?;
    if ttl.seconds() > longest.seconds() {
        let message = format!("{} is too long", quote(text));
        let help = format!("Write `{longest}` or less; answers are due before the next round.");
        return Err(Problem::new(&REVIEW, message, help));
    }
    Ok(ttl)
}
