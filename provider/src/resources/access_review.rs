//! `nhi_access_review`: at every cadence somebody says of each identity that it is still needed.
//!
//! Rounds are opened, answered and closed outside of applies; the resource declares them and shows how they stand.

use nhi_governance::{
    AccessReview, AccessReviewDraft, Decision, Judged, Kind as IdentityKind, OnNoResponse, Owner, RecordId, Registered,
    RiskTier, SelectorDraft, Timestamp, Transition,
};
use nhi_registry::{RegistryError, View};
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::value::{Type, Value};

use super::standing;
use crate::governed::{Scene, Spec};
use crate::kind_resource::Kind;
use crate::values::{given, list, text};

/// The kind.
pub(super) struct AccessReviewKind;

impl Spec for AccessReviewKind {
    type Declared = AccessReview;

    fn create(
        id: RecordId,
        review: AccessReview,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<AccessReview>>, RegistryError> {
        Ok(Registered::<AccessReview>::create(id, review, &scene.act)?)
    }

    fn update(
        record: &Registered<AccessReview>,
        review: AccessReview,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<AccessReview>>, RegistryError> {
        Ok(record.update(review, &scene.act)?)
    }

    fn state(record: &Registered<AccessReview>, now: Timestamp, _: &View<'_>) -> Result<Value, RegistryError> {
        let (review, round) = (record.declaration(), record.state());
        let selector = &review.selector;
        let count = |decision| Value::from(u64::try_from(round.count(decision)).unwrap_or(u64::MAX));
        let number = |count: usize| Value::from(u64::try_from(count).unwrap_or(u64::MAX));
        let selector = Value::object([
            (
                "environment",
                Value::from(selector.environment.as_ref().map(nhi_governance::Environment::as_str)),
            ),
            ("kind", selector.kind.map(IdentityKind::as_str).into()),
            ("owner", selector.owner.as_ref().map(Owner::as_str).into()),
            ("risk_tier", selector.risk_tier.map(RiskTier::as_str).into()),
        ]);
        let reviewers = review.reviewers.iter().map(|reviewer| Value::from(reviewer.as_str()));
        let due = round.due_at.map(|due| due.to_string());
        let digest = round.evidence_digest.map(|digest| digest.to_string());
        let state = Value::object([
            ("name", Value::from(review.name.as_str())),
            ("selector", selector),
            ("cadence", review.cadence.as_str().into()),
            ("reviewers", Value::set(reviewers)),
            ("due_in", review.due_in.as_str().into()),
            ("on_no_response", review.on_no_response.map(OnNoResponse::as_str).into()),
            ("due_at", due.as_deref().into()),
            ("items", number(round.items.len())),
            ("decided", number(round.decided())),
            ("kept", count(Decision::Keep)),
            ("revoked", count(Decision::Revoke)),
            ("auto_suspended", count(Decision::NoResponse)),
            ("evidence_digest", digest.as_deref().into()),
        ]);
        Ok(standing(state, &record.standing(now)))
    }
}

impl Kind for AccessReviewKind {
    const TYPE: &'static str = "nhi_access_review";
    const WORD: &'static str = "access review";
    const KEY: &'static [&'static str] = &["name"];
    const COMPUTED: &'static [&'static str] = &[
        "auto_suspended",
        "decided",
        "due_at",
        "evidence_digest",
        "items",
        "kept",
        "revoked",
    ];
    const WARNED: &'static [&'static str] = &["due", "overdue"];
    const NAMED_BY: &'static [(&'static str, &'static str)] = &[(
        "name",
        "Name of the access review, unique among those that have not ended. Enough for an import.",
    )];

    fn schema() -> Schema {
        declared().into_iter().chain(computed()).fold(
            Schema::new(
                "An access review: at every cadence its reviewers say of each selected identity that it is still \
                 needed. What nobody answers for in time is suspended. Nobody reviews what they asked for.",
            ),
            Schema::attribute,
        )
    }

    fn judge(value: &Value) -> Judged<AccessReview> {
        let draft = AccessReviewDraft {
            name: text(value.get("name")),
            selector: given(value.get("selector"), |selector| {
                Some(SelectorDraft {
                    environment: text(selector.get("environment")),
                    kind: text(selector.get("kind")),
                    owner: text(selector.get("owner")),
                    risk_tier: text(selector.get("risk_tier")),
                })
            }),
            cadence: text(value.get("cadence")),
            reviewers: list(value.get("reviewers")),
            due_in: text(value.get("due_in")),
            on_no_response: text(value.get("on_no_response")),
        };
        draft.check()
    }
}

fn declared() -> Vec<Attribute> {
    let selector = vec![
        Attribute::optional("environment", Type::String).describe("Their environment."),
        Attribute::optional("kind", Type::String).describe("What holds them, for example `ci_pipeline`."),
        Attribute::optional("owner", Type::String).describe("One of their owners, for example `team:payments`."),
        Attribute::optional("risk_tier", Type::String).describe("Their lowest risk tier."),
    ];
    vec![
        Attribute::required("name", Type::String).describe("Name of the review. Changing it replaces the review."),
        Attribute::required("selector", (Nesting::Single, selector)).describe(
            "Which identities: those of which everything that is said here is true; all of them where nothing is. \
             Changed in place, from the next round on.",
        ),
        Attribute::required("cadence", Type::String)
            .describe("How often a round is opened, as a duration of `4320h` (180 days) or less. Changed in place."),
        Attribute::required("reviewers", Type::set(Type::String))
            .describe("Persons who may answer: `user:<name>` or e-mail addresses. Changed in place."),
        Attribute::required("due_in", Type::String)
            .describe("How long they have, as a duration no longer than the cadence. Changed in place."),
        Attribute::optional("on_no_response", Type::String).describe(
            "What becomes of an identity that nobody answers for: `suspend` or `revoke`. Default: `suspend`. Changed \
             in place.",
        ),
    ]
}

fn computed() -> Vec<Attribute> {
    vec![
        Attribute::computed("due_at", Type::String)
            .describe("When answers to the open round are due (RFC 3339); null where none is open."),
        Attribute::computed("items", Type::Number).describe("How many identities the last round has."),
        Attribute::computed("decided", Type::Number).describe("How many of them a person answered for."),
        Attribute::computed("kept", Type::Number).describe("How many of them are still needed."),
        Attribute::computed("revoked", Type::Number).describe("How many of them are not."),
        Attribute::computed("auto_suspended", Type::Number).describe("How many of them nobody answered for in time."),
        Attribute::computed("evidence_digest", Type::String)
            .describe("Digest of all answers of the last round that was closed."),
    ]
}
