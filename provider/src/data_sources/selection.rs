//! Which identities a data source or a list is about: the arguments they share, and the records that fit.

use nhi_governance::{Environment, Identity, Kind, Owner, Policy, RiskTier, Status, Timestamp};
use nhi_registry::{RecordFilter, RecordsExt as _};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::value::{AttributePath, Type, Value};

use crate::governed::{Found, Governed, Trouble};
use crate::report;

/// The arguments, parsed; `None` where nothing is asked.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    environment: Option<Environment>,
    kind: Option<Kind>,
    owner: Option<Owner>,
    min_risk_tier: Option<RiskTier>,
    at: Option<Timestamp>,
}

/// The records that fit, and the moment to judge them by.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) identities: Vec<Found>,
    pub(crate) now: Timestamp,
    /// That there is no registry yet, if so.
    pub(crate) diagnostics: Diagnostics,
}

impl Selector {
    /// Adds the arguments to a schema.
    pub(crate) fn arguments(schema: Schema) -> Schema {
        schema
            .attribute(
                Attribute::optional("environment", Type::String)
                    .describe("Only identities of this environment. Default: of all."),
            )
            .attribute(Attribute::optional("kind", Type::String).describe(format!(
                "Only identities of this kind: {}. Default: of all.",
                words(Kind::ALL.map(Kind::as_str))
            )))
            .attribute(Attribute::optional("owner", Type::String).describe(
                "Only identities that this team or person is the technical or the policy owner of, for example \
                 `team:payments`. Default: of all.",
            ))
            .attribute(Attribute::optional("min_risk_tier", Type::String).describe(format!(
                "Only identities of this risk tier or a higher one: {}. Default: of all.",
                words(RiskTier::ALL.map(RiskTier::as_str))
            )))
            .attribute(moment())
    }

    /// Reads the arguments; what is unknown is passed over.
    pub(crate) fn parse(config: &Value) -> (Selector, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let mut selector = Selector::default();
        let text = |name: &str| config.get(name).as_str();
        let mut take =
            |name: &'static str, problem| diagnostics.push(report::problem(problem, AttributePath::of(name)));
        if let Some(text) = text("environment") {
            selector.environment = Environment::parse(text)
                .map_err(|problem| take("environment", problem))
                .ok();
        }
        if let Some(text) = text("kind") {
            selector.kind = Kind::parse(text).map_err(|problem| take("kind", problem)).ok();
        }
        if let Some(text) = text("owner") {
            selector.owner = Owner::parse(text).map_err(|problem| take("owner", problem)).ok();
        }
        if let Some(text) = text("min_risk_tier") {
            selector.min_risk_tier = RiskTier::parse(text)
                .map_err(|problem| take("min_risk_tier", problem))
                .ok();
        }
        match at(config) {
            Ok(at) => selector.at = at,
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
        (selector, diagnostics)
    }

    /// The records that fit, those that were revoked only where they are asked for.
    pub(crate) fn select(&self, governed: &Governed, with_revoked: bool) -> Result<Selection, Trouble> {
        let filter = RecordFilter {
            environment: self.environment.as_ref().map(ToString::to_string),
            with_ended: with_revoked,
            ..RecordFilter::default()
        };
        let policy = governed.policy().ok_or(Trouble::Unknown("policy"))?;
        let asked = governed.ask(|registry| {
            registry.reading(|view| {
                let mut identities: Vec<Identity> = view.list(&filter)?;
                identities.retain(|identity| self.fits(identity, policy));
                let contexts = view.contexts(&identities)?;
                let (now, anchor) = (self.at.map_or_else(|| view.now(), Ok)?, view.anchor()?);
                let found = identities.into_iter().zip(contexts);
                let found = found.map(|(identity, context)| Found {
                    identity,
                    context,
                    now,
                    anchor: anchor.clone(),
                });
                Ok((found.collect(), now))
            })
        })?;
        let Some((identities, now)) = asked else {
            return Ok(Selection {
                identities: Vec::new(),
                // INVARIANT: nothing is judged by it.
                now: self.at.unwrap_or(Timestamp::MIN),
                diagnostics: nothing_on_record(governed).into(),
            });
        };
        Ok(Selection {
            identities,
            now,
            diagnostics: Diagnostics::new(),
        })
    }

    fn fits(&self, identity: &Identity, policy: &Policy) -> bool {
        let declaration = identity.declaration();
        let owns = |owner: &Owner| owner == declaration.technical_owner() || owner == declaration.policy_owner();
        self.kind.is_none_or(|kind| kind == declaration.kind())
            && self.owner.as_ref().is_none_or(owns)
            && self
                .min_risk_tier
                .is_none_or(|tier| identity.assess(policy).tier >= tier)
    }
}

/// The argument that fixes the moment to judge by.
pub(super) fn moment() -> Attribute {
    Attribute::optional("at", Type::String).describe(
        "The moment to judge by (RFC 3339, whole seconds). Default: the time of reading, which is the plan's unless the \
         block depends on something that the apply changes. `timestamp()` is known at apply only, so it has the core \
         read then, and every plan shows what depends on the answer as not known; `plantimestamp()` gives plan and \
         apply one moment.",
    )
}

/// The moment that a block asks for.
pub(super) fn at(config: &Value) -> Result<Option<Timestamp>, Diagnostic> {
    let Some(text) = config.get("at").as_str() else {
        return Ok(None);
    };
    let moment = Timestamp::parse(text).map_err(|error| {
        let fix = "Write a moment such as `2026-11-22T21:34:28Z`, or leave it out for the time of reading.";
        report::question(error.to_string(), fix, AttributePath::of("at"))
    })?;
    Ok(Some(moment))
}

/// Nothing on record can mean that nothing was created yet, and that the wrong registry is asked.
pub(super) fn nothing_on_record(governed: &Governed) -> Diagnostic {
    let place = governed.location().map(ToString::to_string);
    let detail = "So nothing is on record and the answer is empty. That is right before the first apply; after it, check \
                  `registry` and `NHI_REGISTRY`. (NHI-REGISTRY-MISSING)";
    Diagnostic::warning(
        format!("there is no registry at `{}`", place.unwrap_or_default()),
        detail,
    )
}

/// The statuses in words, for descriptions.
pub(super) fn statuses() -> String {
    words(Status::ALL.map(Status::as_str))
}

fn words<const N: usize>(words: [&str; N]) -> String {
    words.map(|word| format!("`{word}`")).join(", ")
}
