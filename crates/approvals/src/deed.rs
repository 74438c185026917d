//! What is done outside of any apply, with break-glass access and reviews: the request for it, and whose signatures
//! count.
//!
//! Who asks is no statement here but a signature: what opens in an emergency has to show by itself who opened it.

use nhi_governance::{AccessReview, BreakGlass, Environment, Owner, Record as _, RecordKind, Registered};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::request::{Kind, Request, RequestContext};

/// The member of a request's subject that says what is to be done; no declaration has one of that name.
const MEMBER: &str = "deed";

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// A session of break-glass access is opened.
    Activate,
    /// A reviewer answers for identities under review.
    Decide,
    /// A session of break-glass access is looked at.
    Review,
    /// A drill of break-glass access is noted: everything but the session.
    Test,
}

/// Who wants what done, and in which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What.
    pub deed: Deed,
    /// By whom; one of the signatures is theirs.
    pub by: Owner,
    /// Why, or what was seen.
    pub said: String,
    /// How many persons have to sign.
    pub signatures: u32,
}

impl Order {
    /// What somebody wants done with break-glass access as it is on record.
    pub fn new(deed: Deed, record: &Registered<BreakGlass>, by: Owner, said: &str) -> Self {
        Self {
            deed,
            by,
            said: said.to_owned(),
            signatures: match deed {
                Deed::Activate | Deed::Test => record.declaration().approvals.saturating_add(1),
                Deed::Decide | Deed::Review => 1,
            },
        }
    }

    /// What a reviewer answers, in words that name the round.
    pub fn answers(by: Owner, said: &str) -> Self {
        Self {
            deed: Deed::Decide,
            by,
            said: said.to_owned(),
            signatures: 1,
        }
    }

    /// The order that a request carries. One that cannot be read is none: then the request is one for a change of tier
    /// critical, which nothing ever acts on.
    pub fn of(request: &Request) -> Option<Self> {
        let member = request.terms.subject.get(MEMBER)?;
        let order: Self = serde_json::from_value(member.clone()).ok()?;
        let kind = match order.deed {
            Deed::Activate | Deed::Review | Deed::Test => RecordKind::BreakGlass,
            Deed::Decide => RecordKind::AccessReview,
        };
        (request.kind == Kind::Record(kind)).then_some(order)
    }

    /// The request for answers in a review. It names no revision: several reviewers answer side by side.
    pub fn request_answers(&self, context: &RequestContext<'_>, record: &Registered<AccessReview>) -> Request {
        let mut request = Request::for_record(context, None, None, record.declaration());
        request.terms.subject.insert(MEMBER.to_owned(), json!(self));
        request
    }

    /// The request for it. It names the revision on record, so that what was signed is good for one state of things.
    pub fn request(&self, context: &RequestContext<'_>, record: &Registered<BreakGlass>) -> Request {
        let declared = record.declaration();
        let environment = Environment::clone(&declared.environment);
        let mut request = Request::for_record(context, Some(environment), Some(record), declared);
        request.previous_revision = record.revision();
        let subject = &mut request.terms.subject;
        subject.insert(MEMBER.to_owned(), json!(self));
        if self.deed == Deed::Activate {
            // Sealed before, open after: what an approver sees first.
            request.terms.scope.clone_from(&declared.scope);
        }
        request
    }

    /// Whether the signature of somebody who goes by these names counts.
    pub(crate) fn counts(&self, request: &Request, is: impl Fn(&Owner) -> bool) -> bool {
        match self.deed {
            Deed::Activate | Deed::Test => holders(request).iter().any(is),
            Deed::Decide | Deed::Review => is(&self.by),
        }
    }
}

/// The holders that a request names.
pub(crate) fn holders(request: &Request) -> Vec<Owner> {
    let listed = request.terms.subject.get("holders");
    let listed = listed.and_then(serde_json::Value::as_array);
    let texts = listed.into_iter().flatten().filter_map(serde_json::Value::as_str);
    texts.filter_map(|text| Owner::parse(text).ok()).collect()
}
