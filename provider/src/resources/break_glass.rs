//! `nhi_break_glass`: access for an emergency, sealed until then.
//!
//! It is declared here and never activated by an apply.

use nhi_governance::{BreakGlass, BreakGlassDraft, Judged, RecordId, Registered, Timestamp, Transition};
use nhi_registry::{RecordFilter, RegistryError, View};
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::value::{Type, Value};

use super::standing;
use crate::governed::{Scene, Spec};
use crate::kind_resource::Kind;
use crate::values::{list, scope, scope_value, text, texts, whole};

/// The kind.
pub(super) struct BreakGlassKind;

impl Spec for BreakGlassKind {
    type Declared = BreakGlass;

    fn environment(break_glass: &BreakGlass, _: &View<'_>) -> Result<String, RegistryError> {
        Ok(break_glass.environment.to_string())
    }

    fn create(
        id: RecordId,
        break_glass: BreakGlass,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<BreakGlass>>, RegistryError> {
        let others = scene.view.list(&RecordFilter {
            environment: Some(break_glass.environment.to_string()),
            with_ended: true,
            ..RecordFilter::default()
        })?;
        Ok(Registered::<BreakGlass>::create(id, break_glass, &others, &scene.act)?)
    }

    fn update(
        record: &Registered<BreakGlass>,
        break_glass: BreakGlass,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<BreakGlass>>, RegistryError> {
        Ok(record.update(break_glass, &scene.act)?)
    }

    fn state(record: &Registered<BreakGlass>, now: Timestamp, _: &View<'_>) -> Result<Value, RegistryError> {
        let (declared, happened) = (record.declaration(), record.state());
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string()).as_deref().into();
        let is_open = happened.session_until.is_some_and(|until| until > now);
        let state = Value::object([
            ("name", Value::from(declared.name.as_str())),
            ("environment", declared.environment.as_str().into()),
            ("scope", scope_value(&declared.scope)),
            ("holders", texts(&declared.holders)),
            ("max_session", declared.max_session.as_str().into()),
            ("approvals", u64::from(declared.approvals).into()),
            ("test_interval", declared.test_interval.as_str().into()),
            ("notify", texts(&declared.notify)),
            ("sealed", (!is_open).into()),
            ("last_activated_at", moment(happened.last_activated_at)),
            ("last_tested_at", moment(happened.last_tested_at)),
            ("post_review_due_at", moment(happened.post_review_due_at)),
        ]);
        Ok(standing(state, &record.standing(now)))
    }
}

impl Kind for BreakGlassKind {
    const TYPE: &'static str = "nhi_break_glass";
    const WORD: &'static str = "break-glass access";
    const KEY: &'static [&'static str] = &["environment", "name"];
    const COMPUTED: &'static [&'static str] = &["last_activated_at", "last_tested_at", "post_review_due_at", "sealed"];
    const WARNED: &'static [&'static str] = &["activated", "review_owed", "untested"];
    const NAMED_BY: &'static [(&'static str, &'static str)] = &[
        (
            "environment",
            "Environment of the break-glass access. With `name` enough for an import.",
        ),
        (
            "name",
            "Name of the break-glass access, unique among those of its environment that have not ended.",
        ),
    ];

    fn schema() -> Schema {
        required().into_iter().chain(computed()).fold(
            Schema::new(
                "Break-glass access: what opens in an emergency, who holds it, and how it is looked at afterwards. An \
                 apply declares it and never activates it. A session leaves a review, and until that is done nothing \
                 of it can be changed. It calls for the approvals of tier critical.",
            ),
            Schema::attribute,
        )
    }

    fn judge(value: &Value) -> Judged<BreakGlass> {
        let draft = BreakGlassDraft {
            name: text(value.get("name")),
            environment: text(value.get("environment")),
            scope: scope(value.get("scope")),
            holders: list(value.get("holders")),
            max_session: text(value.get("max_session")),
            approvals: whole(value.get("approvals")),
            test_interval: text(value.get("test_interval")),
            notify: list(value.get("notify")),
        };
        draft.check()
    }
}

fn required() -> Vec<Attribute> {
    let scope = vec![
        Attribute::required("backend", Type::String).describe("The service that holds the resource."),
        Attribute::required("resource", Type::String)
            .describe("What may be acted on, as the backend names it; `*` alone is refused."),
        Attribute::required("actions", Type::set(Type::String))
            .describe("What may be done, as the backend names it; `*` alone is refused."),
    ];
    vec![
        Attribute::required("name", Type::String)
            .describe("Its name, unique in its environment. Changing it replaces the access."),
        Attribute::required("environment", Type::String).describe("Where it is used. Changing it replaces the access."),
        Attribute::required("scope", (Nesting::List, scope))
            .describe("What a session opens: at least one entry. Changed in place."),
        Attribute::required("holders", Type::set(Type::String))
            .describe("Persons who may open it, at least two: `user:<name>` or e-mail addresses. Changed in place."),
        Attribute::required("max_session", Type::String)
            .describe("How long a session lasts at most, as a duration of `1h` or less. Changed in place."),
        Attribute::required("approvals", Type::Number).describe(
            "How many other holders have to agree to a session: at least 1, and fewer than there are holders. Changed \
             in place.",
        ),
        Attribute::required("test_interval", Type::String)
            .describe("How long it may go untested, as a duration of `2160h` (90 days) or less. Changed in place."),
        Attribute::required("notify", Type::set(Type::String))
            .describe("Who is told of every use: addresses or channels, without spaces. Changed in place."),
    ]
}

fn computed() -> Vec<Attribute> {
    vec![
        Attribute::computed("sealed", Type::Bool).describe("Whether no session was open when it was last read."),
        Attribute::computed("last_activated_at", Type::String).describe("When it was last activated (RFC 3339)."),
        Attribute::computed("last_tested_at", Type::String).describe("When it was last tested (RFC 3339)."),
        Attribute::computed("post_review_due_at", Type::String)
            .describe("When the review of its last session is due (RFC 3339), until it is done."),
    ]
}
