//! `nhi_exception`: one control, waived for one value at one place for a while.

use nhi_governance::{
    Declared as _, Exception, ExceptionDraft, Judged, RecordId, Registered, RiskTier, SubjectDraft, Timestamp,
    Transition,
};
use nhi_registry::{RecordFilter, RegistryError, View};
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::value::{Type, Value};

use super::standing;
use crate::governed::{Scene, Spec};
use crate::kind_resource::Kind;
use crate::values::{given, text, whole};

/// The kind.
pub(super) struct ExceptionKind;

impl Spec for ExceptionKind {
    type Declared = Exception;

    fn create(
        id: RecordId,
        exception: Exception,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<Exception>>, RegistryError> {
        let earlier = scene.view.list(&RecordFilter {
            key: Some(exception.key()),
            with_ended: true,
            ..RecordFilter::default()
        })?;
        Ok(Registered::<Exception>::create(id, exception, &earlier, &scene.act)?)
    }

    fn update(
        record: &Registered<Exception>,
        exception: Exception,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<Exception>>, RegistryError> {
        Ok(record.update(exception, &scene.act)?)
    }

    fn state(record: &Registered<Exception>, now: Timestamp, _: &View<'_>) -> Result<Value, RegistryError> {
        let exception = record.declaration();
        let subject = Value::object([
            ("address", Value::from(exception.subject.address.as_str())),
            ("attribute", exception.subject.attribute.as_str().into()),
            ("value_digest", exception.subject.value_digest.to_string().into()),
        ]);
        let state = Value::object([
            ("control", Value::from(exception.control.as_str())),
            ("subject", subject),
            ("reason", exception.reason.as_str().into()),
            ("compensating_control", exception.compensating_control.as_str().into()),
            ("risk_acceptor", exception.risk_acceptor.as_str().into()),
            ("risk_tier", exception.risk_tier.map(RiskTier::as_str).into()),
            ("expires_at", exception.expires_at.to_string().into()),
            (
                "max_renewals",
                exception
                    .max_renewals
                    .map_or(Value::Null, |count| u64::from(count).into()),
            ),
            ("renewals", u64::from(record.state().renewals).into()),
        ]);
        Ok(standing(state, &record.standing(now)))
    }
}

impl Kind for ExceptionKind {
    const TYPE: &'static str = "nhi_exception";
    const WORD: &'static str = "exception";
    const KEY: &'static [&'static str] = &["control", "subject"];
    const COMPUTED: &'static [&'static str] = &["renewals"];
    const WARNED: &'static [&'static str] = &["expired"];

    fn schema() -> Schema {
        required().into_iter().chain(optional()).fold(
            Schema::new(
                "An exception: it waives one control, for one value of one attribute of one resource, for a while. A \
                 changed value is another question, so its finding opens again. It calls for the approvals of tier \
                 critical.",
            ),
            Schema::attribute,
        )
    }

    fn judge(value: &Value) -> Judged<Exception> {
        let draft = ExceptionDraft {
            control: text(value.get("control")),
            subject: given(value.get("subject"), |subject| {
                Some(SubjectDraft {
                    address: text(subject.get("address")),
                    attribute: text(subject.get("attribute")),
                    value_digest: text(subject.get("value_digest")),
                })
            }),
            reason: text(value.get("reason")),
            compensating_control: text(value.get("compensating_control")),
            risk_acceptor: text(value.get("risk_acceptor")),
            risk_tier: text(value.get("risk_tier")),
            expires_at: text(value.get("expires_at")),
            max_renewals: whole(value.get("max_renewals")),
        };
        draft.check()
    }
}

fn required() -> Vec<Attribute> {
    let subject = vec![
        Attribute::required("address", Type::String).describe("Address of the resource, as its finding names it."),
        Attribute::required("attribute", Type::String)
            .describe("Path of the attribute in it, as its finding names it."),
        Attribute::required("value_digest", Type::String).describe(
            "Digest of the value, as the finding gives it (`value_sha256` in its JSON): SHA-256 of the text of a \
                 string, of the JSON of anything else. There is none of a sensitive value, which a digest would let be \
                 guessed.",
        ),
    ];
    vec![
        Attribute::required("control", Type::String).describe(
            "Code of the one rule or requirement that is waived, for example `NHI012`. Changing it replaces the \
             exception.",
        ),
        Attribute::required("subject", (Nesting::Single, subject))
            .describe("The one value that is excepted. Changing it replaces the exception."),
        Attribute::required("reason", Type::String)
            .describe("Why the control cannot be kept now, in a sentence. Changed in place."),
        Attribute::required("compensating_control", Type::String)
            .describe("What is done instead, in a sentence. Changed in place."),
        Attribute::required("risk_acceptor", Type::String).describe(
            "Person who answers for what may come of it, and who does not ask for it: `user:<name>` or an e-mail \
             address. Changed in place.",
        ),
        Attribute::required("expires_at", Type::String).describe(
            "When it ends (RFC 3339, in UTC): within 90 days, within 14 where `risk_tier` is `critical`. A later end is \
             a renewal, and counted.",
        ),
    ]
}

fn optional() -> Vec<Attribute> {
    vec![
        Attribute::optional("risk_tier", Type::String).describe(
            "Tier of what is waived: `low`, `moderate`, `high` or `critical`. Default: `critical`, which makes the \
             exception short. Changed in place.",
        ),
        Attribute::optional("max_renewals", Type::Number)
            .describe("How often its end may be moved to a later one. Default, and at most: what the policy allows, 1 where it says \
                 nothing. One that is declared anew within 90 days of its end counts on. Changed in place.",
            ),
        Attribute::computed("renewals", Type::Number).describe("How often its end was moved."),
    ]
}
