//! A grant: what an identity may do on one resource. It lies within the identity's scope and ends no later.
//!
//! Both hold at every read, not only when it is declared: a scope that was narrowed since, or an identity that is of
//! no use, takes the grant along.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::check::generation_of;
use crate::checker::Checker;
use crate::code::{EXPIRED, GRANT, GRANT_SCOPE, Problem, SCOPE, TTL};
use crate::cover::outside;
use crate::draft::Given;
use crate::id::RecordId;
use crate::identity::Identity;
use crate::lifecycle::{EXPIRED_DAYS_MAX, falling_generation};
use crate::path::Path;
use crate::purpose::Purpose;
use crate::record::{Act, Record as _, RecordKind, Transition};
use crate::registered::{Declared, Judged, KindStanding, Registered};
use crate::scope::ScopeEntry;
use crate::standing::Context;
use crate::text::quote;
use crate::time::Timestamp;
use crate::ttl::Ttl;

/// The longest session of a grant that is activated when it is needed.
const SESSION_SECONDS_MAX: u64 = 8 * 3_600;
const CONDITIONS_MAX: usize = 50;
const CONDITION_BYTES_MAX: usize = 1024;

/// A grant as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Grant`"
)]
pub struct GrantDraft {
    pub identity_id: Given<String>,
    pub backend: Given<String>,
    pub resource: Given<String>,
    pub actions: Given<Vec<Given<String>>>,
    pub justification: Given<String>,
    pub ttl: Given<String>,
    pub activation: Given<String>,
    pub conditions: Given<Vec<Given<String>>>,
    pub generation: Given<i64>,
}

/// When a grant is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// From its creation until its end.
    Standing,
    /// For a session each time that it is activated.
    Jit,
}

impl Activation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Standing, Self::Jit];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Jit => "jit",
        }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|way| way.as_str() == text).ok_or_else(|| {
            let message = format!("{} is not a way of activation", quote(text));
            Problem::new(&GRANT, message, "Write `standing` or `jit`.")
        })
    }
}

/// What is declared of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Grant {
    /// Whose it is.
    pub identity_id: RecordId,
    /// On what it lets do what.
    pub entry: ScopeEntry,
    /// Why that is needed.
    pub justification: String,
    /// How long it is good; where it is activated when needed, how long a session is.
    pub ttl: Ttl,
    /// When it is good; `standing` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// What has to hold besides, as the backend writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<String>>,
    /// A bump asks for renewal; 1 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
}

impl Grant {
    /// The generation, where none is declared the first.
    pub fn generation(&self) -> u32 {
        self.generation.unwrap_or(1)
    }

    /// Whether it is good only once it is activated.
    pub fn is_jit(&self) -> bool {
        self.activation == Some(Activation::Jit)
    }
}

/// What happens to a grant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GrantState {
    /// The environment of its identity.
    pub environment: String,
    /// When it ends, at the latest.
    pub expires_at: Option<Timestamp>,
    /// Until when it is activated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_until: Option<Timestamp>,
    /// When it was last renewed, from when on its `ttl` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_at: Option<Timestamp>,
}

impl Declared for Grant {
    const KIND: RecordKind = RecordKind::Grant;
    type State = GrantState;

    fn environment<'a>(&'a self, state: &'a GrantState) -> &'a str {
        &state.environment
    }

    fn key(&self) -> String {
        format!(
            "{}/{}/{}",
            self.identity_id,
            self.entry.backend(),
            self.entry.resource()
        )
    }

    fn parent(&self) -> Option<RecordId> {
        Some(self.identity_id)
    }
}

impl GrantDraft {
    /// Checks every rule that needs no identity.
    pub fn check(&self) -> Judged<Grant> {
        let mut checker = Checker::default();
        let identity_id = checker.required("identity_id", &GRANT, &self.identity_id, |text| record_id(text));
        let backend = checker.required("backend", &SCOPE, &self.backend, |text| ScopeEntry::parse_backend(text));
        let resource = checker.required("resource", &SCOPE, &self.resource, |text| {
            ScopeEntry::parse_resource(text)
        });
        let path = Path::attribute("actions");
        let list = checker.required_at(&path, &SCOPE, &self.actions, |list| Ok(list.clone()));
        let actions = list.and_then(|list| {
            let (actions, whole) = checker.elements(&path, &SCOPE, &list, |text| ScopeEntry::parse_action(text));
            whole.then_some(())?;
            checker.take(&path, &actions, |actions| ScopeEntry::check_actions(actions))?;
            Some(actions)
        });
        let justification = checker.required("justification", &GRANT, &self.justification, |text| prose(&GRANT, text));
        let ttl = checker.required("ttl", &TTL, &self.ttl, |text| Ttl::parse(text));
        let activation = checker.optional("activation", &self.activation, |text| Activation::parse(text));
        let conditions = checker.optional_list("conditions", &GRANT, CONDITIONS_MAX, &self.conditions, |text| {
            condition(text)
        });
        let generation = checker.optional("generation", &self.generation, |number| generation_of(*number));
        if let (Some(ttl), Some(Some(Activation::Jit))) = (&ttl, activation)
            && ttl.seconds() > SESSION_SECONDS_MAX
        {
            let longest = Ttl::from_seconds(SESSION_SECONDS_MAX);
            let message = format!("ttl `{ttl}` is longer than a session of a grant with `jit`");
            let help = format!("Write `{longest}` or less: it is how long each activation lasts.");
            checker.refuse(&Path::attribute("ttl"), Problem::new(&GRANT, message, help));
        }
        let grant = || {
            Some(Grant {
                identity_id: identity_id?,
                entry: ScopeEntry::new(backend?, resource?, actions?),
                justification: justification?,
                ttl: ttl?,
                activation: activation?,
                conditions: conditions?,
                generation: generation?,
            })
        };
        let grant = grant();
        Judged::of(checker, grant)
    }
}

/// The id of another record.
pub(crate) fn record_id(text: &str) -> Result<RecordId, Problem> {
    RecordId::parse(text).map_err(|error| {
        let help = "Refer to the resource, for example `nhi_identity.deployer.id`.";
        Problem::new(&GRANT, error.to_string(), help)
    })
}

/// Prose that says enough, refused under another code than that of a purpose.
pub(crate) fn prose(code: &'static crate::code::Code, text: &str) -> Result<String, Problem> {
    Purpose::prose(text).map_err(|problem| Problem { code, ..problem })
}

fn condition(text: &str) -> Result<String, Problem> {
    let is_line = !text.trim().is_empty() && text.len() <= CONDITION_BYTES_MAX && !text.chars().any(char::is_control);
    if is_line {
        return Ok(text.to_owned());
    }
    let message = format!("{} is not a condition", quote(text));
    let help = "Write one line as the backend writes conditions, for example `aws:SourceVpc = vpc-1234`.";
    Err(Problem::new(&GRANT, message, help))
}

impl Registered<Grant> {
    /// A new grant of an identity that is good.
    pub fn create(
        id: RecordId,
        grant: Grant,
        identity: &Identity,
        context: &Context,
        act: &Act<'_>,
    ) -> Result<Transition<Self>, Problem> {
        refuse(&grant, identity, context, act.now)?;
        let state = state_of(&grant, identity, act.now);
        Self::declare(id, grant, state, act)
    }

    /// Changes what is declared. The end moves only where the `ttl` does, and still counts from the creation, or where the
    /// generation rises, and then counts anew.
    pub fn update(
        &self,
        grant: Grant,
        identity: &Identity,
        context: &Context,
        act: &Act<'_>,
    ) -> Result<Transition<Self>, Problem> {
        let mut state = self.state().clone();
        if self.declaration() != &grant {
            refuse(&grant, identity, context, act.now)?;
            let renews = self.refuse_generation(&grant, identity, act.now)?;
            if renews {
                state.renewed_at = Some(act.now);
            }
            if renews
                || self.declaration().ttl.seconds() != grant.ttl.seconds()
                || self.declaration().is_jit() != grant.is_jit()
            {
                let from = state.renewed_at.unwrap_or(self.created_at());
                state.expires_at = state_of(&grant, identity, from).expires_at;
            }
            state.active_until = None;
        }
        self.change(grant, state, act)
    }

    /// Whether a declaration asks for renewal: its generation only rises, and not for long after the end.
    fn refuse_generation(&self, grant: &Grant, identity: &Identity, now: Timestamp) -> Result<bool, Problem> {
        let (old, new) = (self.declaration().generation(), grant.generation());
        if new < old {
            return Err(falling_generation(old, new));
        }
        let ended = self.state().expires_at.unwrap_or(self.created_at());
        if new > old && now.seconds_since(ended) > EXPIRED_DAYS_MAX * 86_400 {
            let message = format!(
                "grant `{}` ended more than {EXPIRED_DAYS_MAX} days ago, at {}",
                self.id(),
                self.ends_at(identity)
            );
            return Err(Problem::new(&EXPIRED, message, "Replace it by a new one."));
        }
        Ok(new > old)
    }

    /// Makes a grant with `jit` good for a session.
    pub fn activate(
        &self,
        reason: &str,
        identity: &Identity,
        context: &Context,
        act: &Act<'_>,
    ) -> Result<Transition<Self>, Problem> {
        let standing = self.standing(act.now, Some(identity), context);
        if standing.status != "eligible" && standing.status != "active" || !self.declaration().is_jit() {
            let message = format!("grant `{}` cannot be activated: it is {}", self.id(), standing.status);
            return Err(Problem::new(
                &GRANT,
                message,
                "Only a grant with `jit` that is eligible can.",
            ));
        }
        let until = act.now.plus(&self.declaration().ttl).min(self.ends_at(identity));
        let state = GrantState {
            active_until: Some(until),
            ..self.state().clone()
        };
        let told = json!({ "by": act.by, "reason": prose(&GRANT, reason)?, "until": until });
        self.happened(state, "activated", told)
    }

    /// When it ends at the latest: never after its identity.
    pub fn ends_at(&self, identity: &Identity) -> Timestamp {
        let own = self.state().expires_at.unwrap_or(self.created_at());
        own.min(identity.ends_at())
    }

    /// The actions that still lie within the scope of its identity.
    pub fn effective_actions(&self, identity: &Identity) -> Vec<String> {
        let entry = &self.declaration().entry;
        let alone = |action: &String| {
            ScopeEntry::new(
                entry.backend().to_owned(),
                entry.resource().to_owned(),
                vec![action.clone()],
            )
        };
        let scope = identity.declaration().scope();
        let mut actions = entry.actions().to_vec();
        actions.retain(|action| outside(&alone(action), scope).is_none());
        actions
    }

    /// What it is worth at a moment, with the identity that it belongs to and what that depends on.
    pub fn standing(&self, now: Timestamp, identity: Option<&Identity>, context: &Context) -> KindStanding {
        if let Some(standing) = self.ended_standing() {
            return standing;
        }
        let Some(identity) = identity.filter(|identity| identity.id() == self.declaration().identity_id) else {
            return KindStanding::bad("void", "its identity is not on record");
        };
        let of_identity = identity.standing(now, context);
        if of_identity.status.is_final() {
            return KindStanding::bad("void", format!("its identity is {}", of_identity.status));
        }
        let end = self.ends_at(identity);
        if end <= now {
            return KindStanding::bad("expired", format!("its ttl ran out at {end}"));
        }
        if !of_identity.status.is_usable() {
            return KindStanding::bad("suspended", format!("its identity is {}", of_identity.status));
        }
        if self.effective_actions(identity).is_empty() {
            return KindStanding::bad("void", "its identity's scope has none of its actions any more");
        }
        if !self.declaration().is_jit() {
            return KindStanding::good("active", format!("good until {end}"));
        }
        match self.state().active_until.filter(|until| *until > now) {
            Some(until) => KindStanding::good("active", format!("activated until {until}")),
            None => KindStanding::bad("eligible", format!("can be activated until {end}")),
        }
    }
}

fn state_of(grant: &Grant, identity: &Identity, from: Timestamp) -> GrantState {
    let own = if grant.is_jit() {
        identity.ends_at()
    } else {
        from.plus(&grant.ttl)
    };
    GrantState {
        environment: identity.environment().to_owned(),
        expires_at: Some(own.min(identity.ends_at())),
        active_until: None,
        renewed_at: None,
    }
}

fn refuse(grant: &Grant, identity: &Identity, context: &Context, now: Timestamp) -> Result<(), Problem> {
    if identity.id() != grant.identity_id {
        let message = format!("identity `{}` is not on record", grant.identity_id);
        return Err(Problem::new(
            &GRANT,
            message,
            "Refer to an `nhi_identity` of this registry.",
        ));
    }
    let standing = identity.standing(now, context);
    if !standing.status.is_usable() {
        let message = format!(
            "identity `{}` is {}: {}",
            identity.id(),
            standing.status,
            standing.reason
        );
        return Err(Problem::new(
            &GRANT,
            message,
            "Grant something to an identity that is good.",
        ));
    }
    let declaration = identity.declaration();
    if let Some(action) = outside(&grant.entry, declaration.scope()) {
        let entry = &grant.entry;
        let message = format!(
            "{} on {} of backend {} lies outside of the scope of identity `{}`",
            quote(action),
            quote(entry.resource()),
            quote(entry.backend()),
            declaration.name()
        );
        let help = "Leave it out, or widen the scope of the identity, which calls for the approvals of its tier.";
        return Err(Problem::new(&GRANT_SCOPE, message, help));
    }
    if !grant.is_jit() && grant.ttl.seconds() > declaration.ttl().seconds() {
        let message = format!(
            "ttl `{}` is longer than the `{}` of its identity",
            grant.ttl,
            declaration.ttl()
        );
        let help = format!(
            "Write `{}` or less; the grant ends with its identity at the latest.",
            declaration.ttl()
        );
        return Err(Problem::new(&GRANT, message, help));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn conditions() {
        for (text, good) in [
            ("aws:SourceVpc = vpc-1", true),
            ("", false),
            (" ", false),
            ("a\nb", false),
        ] {
            assert_eq!(super::condition(text).is_ok(), good, "{text:?}");
        }
    }
}
