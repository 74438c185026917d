//! `nhi_blast_radius`: what an identity could reach, and what would stop with it.

use nhi_governance::{Grant, Identity, Record as _, RecordId, Registered, Timestamp};
use nhi_registry::{RecordFilter, RecordsExt as _, RegistryError, View};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{AttributePath, Type, Value};

use super::Source;
use super::selection::{at, moment, statuses};
use crate::governed::{Governed, Trouble};
use crate::report;
use crate::values::{scope_value, texts};

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_blast_radius",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    let text = |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    let actions = |description: &str| Attribute::computed("actions", Type::set(Type::String)).describe(description);
    let scope = vec![
        text("backend", "The backend."),
        text("resource", "The resource, or a pattern."),
        actions("What could be granted there."),
    ];
    let grants = vec![
        text("id", "Id of the grant."),
        text("backend", "The backend."),
        text("resource", "The resource."),
        actions("What it may do there now: those of its actions that lie within the scope."),
        text("activation", "`standing`, or `jit` where somebody has to activate it."),
        text(
            "expires_at",
            "When it ends (RFC 3339), with its identity at the latest.",
        ),
        text("status", "What it is worth."),
    ];
    let dependents = vec![
        text(
            "kind",
            "`grant`, or `external` for an identity of another provider that the record governs.",
        ),
        text("id", "Id of the grant, or of the identity in its own system."),
    ];
    Schema::new(
        "What an identity could reach if it was taken over, and what would stop if it was suspended: its scope is the \
         ceiling, its grants are what it may do now. Read it before `nhi suspend`, or in a review.",
    )
    .attribute(Attribute::required("identity_id", Type::String).describe("Id of the identity."))
    .attribute(moment())
    .attribute(text("name", "Name of the identity."))
    .attribute(text("environment", "Where it is used."))
    .attribute(Attribute::computed("status", Type::String).describe(format!("What it is worth: {}.", statuses())))
    .attribute(Attribute::computed("is_usable", Type::Bool).describe("Whether it may be used."))
    .attribute(text("risk_tier", "What its score leads to."))
    .attribute(text("expires_at", "When it ends (RFC 3339)."))
    .attribute(
        Attribute::computed("scope", (Nesting::List, scope))
            .describe("What its grants may carry at most: within reach of whoever can declare a grant."),
    )
    .attribute(
        Attribute::computed("grants", (Nesting::List, grants))
            .describe("Its grants that have not ended, in the order of backend, resource and id."),
    )
    .attribute(
        Attribute::computed("backends", Type::set(Type::String))
            .describe("The backends on which it has a grant that is good now."),
    )
    .attribute(Attribute::computed("dependents", (Nesting::List, dependents)).describe(
        "What a suspension would stop: every grant that is good now, and everything external that it governs.",
    ))
}

fn check(config: &Value) -> Diagnostics {
    let mut diagnostics: Diagnostics = at(config).err().into_iter().collect();
    if let Some(Err(error)) = config.get("identity_id").as_str().map(RecordId::parse) {
        diagnostics.push(wrong(error.to_string()));
    }
    diagnostics
}

fn wrong(summary: String) -> Diagnostic {
    let fix = "Write the `id` of an `nhi_identity`; `nhi identities` lists them.";
    report::question(summary, fix, AttributePath::of("identity_id"))
}

/// An identity with its grants, each with how it stands.
struct Reach {
    identity: Identity,
    status: nhi_governance::Status,
    grants: Vec<(Registered<Grant>, &'static str, bool)>,
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let id = RecordId::parse(config.get("identity_id").as_str().unwrap_or_default());
    let id = id.map_err(|error| wrong(error.to_string()))?;
    let moment = at(&config)?;
    let policy = governed.policy().ok_or(Trouble::Unknown("policy"))?;
    let reach = governed
        .ask(|registry| registry.reading(|view| reach(view, id, moment)))?
        .flatten();
    let Some(reach) = reach else {
        let fix = "Check the id, and which registry the provider uses.";
        let summary = format!("no identity `{id}` is on record");
        return Err(report::question(summary, fix, AttributePath::of("identity_id")).into());
    };
    let identity = &reach.identity;
    let declaration = identity.declaration();
    let external = declaration.external().unwrap_or_default();
    let dependents = reach.dependents(external);
    let good = reach.grants.iter().filter(|(_, _, is_good)| *is_good);
    let mut backends: Vec<&str> = good.map(|(grant, ..)| grant.declaration().entry.backend()).collect();
    backends.dedup();
    let grants = reach
        .grants
        .iter()
        .map(|(grant, status, _)| value(grant, identity, status));
    let grants = Value::List(grants.collect());
    config.insert("name", declaration.name().as_str().into());
    config.insert("environment", declaration.environment().as_str().into());
    config.insert("status", reach.status.as_str().into());
    config.insert("is_usable", reach.status.is_usable().into());
    config.insert("risk_tier", identity.assess(policy).tier.as_str().into());
    config.insert("expires_at", identity.expires_at().to_string().into());
    config.insert("scope", scope_value(declaration.scope()));
    config.insert("grants", grants);
    config.insert("backends", texts(&backends));
    config.insert("dependents", dependents);
    Ok(DataAnswer {
        value: config,
        diagnostics: Diagnostics::new(),
    })
}

fn reach(view: &View<'_>, id: RecordId, moment: Option<Timestamp>) -> Result<Option<Reach>, RegistryError> {
    let Some(identity) = view.get::<Identity>(id)? else {
        return Ok(None);
    };
    let now = moment.map_or_else(|| view.now(), Ok)?;
    let context = view.context(identity.declaration())?;
    let mut grants: Vec<Registered<Grant>> = view.list(&RecordFilter {
        parent: Some(id),
        ..RecordFilter::default()
    })?;
    grants.sort_by_key(|grant| {
        let entry = &grant.declaration().entry;
        (entry.backend().to_owned(), entry.resource().to_owned(), grant.id())
    });
    let stands = |grant: Registered<Grant>| {
        let standing = grant.standing(now, Some(&identity), &context);
        (grant, standing.status, standing.is_good)
    };
    Ok(Some(Reach {
        status: identity.status(now, &context),
        grants: grants.into_iter().map(stands).collect(),
        identity,
    }))
}

impl Reach {
    /// Nothing stops with what is of no use any more.
    fn dependents(&self, external: &[String]) -> Value {
        let dependent = |kind: &str, id: String| Value::object([("kind", Value::from(kind)), ("id", id.into())]);
        let good = self.grants.iter().filter(|(_, _, is_good)| *is_good);
        let grants = good.map(|(grant, ..)| dependent("grant", grant.id().to_string()));
        let external = external.iter().filter(|_| self.status.is_usable());
        let external = external.map(|id| dependent("external", id.clone()));
        Value::List(grants.chain(external).collect())
    }
}

fn value(grant: &Registered<Grant>, identity: &Identity, status: &str) -> Value {
    let declared = grant.declaration();
    Value::object([
        ("id", Value::from(grant.id().to_string())),
        ("backend", declared.entry.backend().into()),
        ("resource", declared.entry.resource().into()),
        ("actions", texts(&grant.effective_actions(identity))),
        (
            "activation",
            declared
                .activation
                .unwrap_or(nhi_governance::Activation::Standing)
                .as_str()
                .into(),
        ),
        ("expires_at", grant.ends_at(identity).to_string().into()),
        ("status", status.into()),
    ])
}
