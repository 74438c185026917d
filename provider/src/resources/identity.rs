//! `nhi_identity`: a governed non-human identity.
//!
//! The resource translates; what is allowed stands in `nhi_governance`, and the order of policy, registry and audit in
//! [`crate::governed`].

mod adopt;
pub(crate) mod draft;
mod lapsed;
mod plan;
mod schema;
mod sight;
mod sought;
mod state;
mod upgrade;

use std::sync::Arc;

use nhi_governance::{Draft, RecordId, Status};
use nhi_registry::RegistryError;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::Schema;
use tfplugin::server::{
    Answer, CreateRequest, DeleteRequest, IdentitySchema, MoveSource, PlanAnswer, PlanRequest, ReadRequest, Resource,
    StateAnswer, StoredState, UpdateRequest,
};
use tfplugin::value::{AttributePath, Value};

use super::{malformed, not_read};
use crate::anchor;
use crate::governed::{Claim, Found, Governed, Trouble, blocking};
use crate::report;
use draft::draft;
use sought::Sought;
pub(crate) use state::state;

/// The name of the type.
pub(crate) const TYPE_NAME: &str = "nhi_identity";

/// The resource.
pub(crate) struct IdentityResource {
    governed: Arc<Governed>,
}

impl IdentityResource {
    pub(super) fn new(governed: Arc<Governed>) -> IdentityResource {
        IdentityResource { governed }
    }

    async fn run<T: Send + 'static>(&self, call: impl FnOnce(&Governed) -> T + Send + 'static) -> T {
        blocking(Arc::clone(&self.governed), call).await
    }
}

impl Resource for IdentityResource {
    fn type_name(&self) -> &'static str {
        TYPE_NAME
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn upgrade(&self, schema: &Schema, version: i64, state: &StoredState<'_>) -> Result<Value, Diagnostic> {
        upgrade::upgrade(version, state, schema)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        draft(config)
            .check_form()
            .violations
            .into_iter()
            .map(report::violation)
            .collect()
    }

    fn read(&self, request: ReadRequest) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            let ReadRequest { prior, private } = request;
            if adopt::is_pending(&prior) {
                return StateAnswer::new(prior);
            }
            let claim = match claim(&prior) {
                Ok(claim) => claim,
                Err(diagnostic) => return StateAnswer::with(prior, diagnostic),
            };
            let Some(policy) = self.governed.policy().filter(|_| self.governed.location().is_some()) else {
                return StateAnswer {
                    state: prior,
                    private,
                    diagnostics: not_read().into(),
                };
            };
            let (id, kept) = (claim.id, anchor::latest(&private, &prior));
            let (state, diagnostics) = match self.run(move |governed| governed.look_up(&claim, kept.as_ref())).await {
                Ok(Some(found)) => (state::reread(&found, policy, &prior), Diagnostics::new()),
                Ok(None) => (Value::Null, not_on_record(id, &self.governed).into()),
                Err(Trouble::Registry(RegistryError::Missing(_))) => (prior, registry_lost(id, &self.governed).into()),
                Err(trouble) => (prior, trouble.into()),
            };
            StateAnswer {
                state,
                private,
                diagnostics,
            }
        })
    }

    fn plan(&self, request: PlanRequest) -> Answer<'_, PlanAnswer> {
        Box::pin(self.run(move |governed| plan::plan(request, governed)))
    }

    fn create(&self, request: CreateRequest) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            let draft = draft(&request.planned);
            if let Some(diagnostic) = self.policy_changed(&request.planned, &draft) {
                return StateAnswer::with(Value::Null, diagnostic);
            }
            // Nothing is on record after an error: registry and audit are one transaction.
            match self.run(move |governed| governed.create(&draft)).await {
                Ok(found) => StateAnswer {
                    state: self.applied(&found, &request.planned),
                    private: anchor::keep(&found.anchor),
                    ..StateAnswer::default()
                },
                Err(trouble) => StateAnswer::with(Value::Null, trouble),
            }
        })
    }

    fn update(&self, request: UpdateRequest) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            let UpdateRequest {
                prior,
                planned,
                private,
                ..
            } = request;
            if adopt::is_pending(&prior) {
                return self.adopt(prior, planned, private).await;
            }
            match self.change(&prior, &planned).await {
                Ok(found) => StateAnswer {
                    state: self.applied(&found, &planned),
                    private: anchor::keep(&found.anchor),
                    ..StateAnswer::default()
                },
                Err(diagnostics) => StateAnswer {
                    state: prior,
                    private,
                    diagnostics,
                },
            }
        })
    }

    fn delete(&self, request: DeleteRequest) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            let DeleteRequest { prior, private } = request;
            if adopt::is_pending(&prior) {
                return StateAnswer::with(Value::Null, adopt::never_recorded());
            }
            let revoked = match claim(&prior) {
                Ok(claim) => self
                    .run(move |governed| governed.revoke(&claim))
                    .await
                    .map_err(Diagnostics::from),
                Err(diagnostic) => Err(diagnostic.into()),
            };
            crate::resources::deleted(revoked, prior, private)
        })
    }

    fn import(&self, id: String) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            match RecordId::parse(&id) {
                Ok(id) => self.take_in(Sought::Id(id)).await,
                Err(error) => StateAnswer::with(Value::Null, malformed(&error.to_string())),
            }
        })
    }

    fn identity(&self) -> Option<IdentitySchema> {
        Some(sought::schema())
    }

    fn is_identified(&self, state: &Value) -> bool {
        !adopt::is_pending(state)
    }

    fn import_by_identity(&self, identity: Value) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            match Sought::parse(&identity) {
                Ok(sought) => self.take_in(sought).await,
                Err(diagnostic) => StateAnswer::with(Value::Null, diagnostic),
            }
        })
    }

    fn move_from(&self, source: &MoveSource<'_>) -> StateAnswer {
        adopt::moved(source, &self.schema())
    }
}

impl IdentityResource {
    /// Of something that was found or written: no policy, no answer.
    fn state(&self, found: &Found) -> Value {
        self.governed
            .policy()
            .map_or(Value::Null, |policy| state(found, policy))
    }

    /// Of something that was written as planned.
    fn applied(&self, found: &Found, planned: &Value) -> Value {
        self.governed
            .policy()
            .map_or(Value::Null, |policy| state::applied(found, policy, planned))
    }

    /// The state of what an import looks for.
    async fn take_in(&self, sought: Sought) -> StateAnswer {
        let looked_for = sought.clone();
        match self.run(move |governed| looked_for.find(governed)).await {
            Ok(Some(found)) if matches!(state::status(&found), Status::Revoked | Status::Offboarded) => {
                StateAnswer::with(Value::Null, revoked(&found))
            }
            Ok(Some(found)) => StateAnswer {
                state: self.state(&found),
                private: anchor::keep(&found.anchor),
                ..StateAnswer::default()
            },
            Ok(None) => StateAnswer::with(Value::Null, nothing_to_import(&sought, &self.governed)),
            Err(trouble) => StateAnswer::with(Value::Null, trouble),
        }
    }

    /// Puts on record what was moved here from another provider.
    async fn adopt(&self, prior: Value, planned: Value, private: Vec<u8>) -> StateAnswer {
        let draft = draft(&planned);
        let refused = adopt::ungoverned(&prior, &planned).or_else(|| self.policy_changed(&planned, &draft));
        let created = match refused {
            Some(diagnostic) => Err(diagnostic.into()),
            None => self
                .run(move |governed| governed.create(&draft))
                .await
                .map_err(Diagnostics::from),
        };
        let (state, diagnostics) = match created {
            Ok(found) => (self.applied(&found, &planned), Diagnostics::new()),
            Err(diagnostics) => (prior, diagnostics),
        };
        StateAnswer {
            state,
            private,
            diagnostics,
        }
    }

    /// A plan says what the policy makes of an identity; the apply keeps to that or does nothing.
    fn policy_changed(&self, planned: &Value, draft: &Draft) -> Option<Diagnostic> {
        let checked = draft.check(self.governed.policy()?);
        if !checked.violations.is_empty() {
            // They are what is told: the call that writes refuses them.
            return None;
        }
        let assessment = checked.assessment;
        let (score, tier) = (planned.get("risk_score"), planned.get("risk_tier"));
        let same = (score.is_unknown() || *score == Value::from(u64::from(assessment.score)))
            && (tier.is_unknown() || *tier == Value::from(assessment.tier.as_str()));
        if same {
            return None;
        }
        let summary = "the policy is not the one that the plan was made with";
        let detail = format!(
            "The plan shows a score of {} and tier {}; the policy that is in force now gives {} and tier {}: {}. Make a \
             new plan, and apply that. (NHI-POLICY-CHANGED)",
            score.as_i64().unwrap_or_default(),
            tier.as_str().unwrap_or_default(),
            assessment.score,
            assessment.tier,
            assessment.explain(),
        );
        Some(Diagnostic::error(summary, detail).at(AttributePath::of("risk_tier")))
    }

    async fn change(&self, prior: &Value, planned: &Value) -> Result<Found, Diagnostics> {
        let claim = claim(prior)?;
        let revision = prior
            .get("revision")
            .as_i64()
            .and_then(|revision| u64::try_from(revision).ok());
        let revision = revision.ok_or(Trouble::Edited {
            id: claim.id,
            attribute: "revision",
        })?;
        let (draft, prior) = (draft(planned), prior.clone());
        if let Some(diagnostic) = self.policy_changed(planned, &draft) {
            return Err(diagnostic.into());
        }
        Ok(self
            .run(move |governed| {
                governed.update(&claim, revision, &draft, |on_record| state::edited(&prior, on_record))
            })
            .await?)
    }
}

/// What a state says it is about.
fn claim(prior: &Value) -> Result<Claim, Diagnostic> {
    let text = |name: &str| prior.get(name).as_str().unwrap_or_default().to_owned();
    let id = RecordId::parse(&text("id")).map_err(|error| malformed(&error.to_string()))?;
    Ok(Claim {
        id,
        name: text("name"),
        environment: text("environment"),
    })
}

fn place(governed: &Governed) -> String {
    governed.location().map(ToString::to_string).unwrap_or_default()
}

fn not_on_record(id: RecordId, governed: &Governed) -> Diagnostic {
    let detail = format!(
        "The registry `{}` has no such identity, and identities are never deleted from a registry. The plan creates a \
         new one, with another id. If it should be on record, check which registry the provider uses, and restore it \
         before you apply. (NHI-REGISTRY-NOT-FOUND)",
        place(governed)
    );
    Diagnostic::warning(format!("identity `{id}` is not in the registry"), detail)
}

/// Going on would revoke nothing at a destroy, and create everything anew at an apply.
fn registry_lost(id: RecordId, governed: &Governed) -> Diagnostic {
    let detail = format!(
        "The state says that identity `{id}` is on record there. Without the registry nothing can be revoked, and every \
         identity would be created anew under another id. Point `registry` or `NHI_REGISTRY` at the registry that this \
         state belongs to, or restore it. If it is lost for good, take the identity out of the state with `state rm` \
         and declare it again. (NHI-REGISTRY-MISSING)"
    );
    Diagnostic::error(format!("there is no registry at `{}`", place(governed)), detail)
}

fn nothing_to_import(sought: &Sought, governed: &Governed) -> Diagnostic {
    let detail = format!(
        "The registry `{}` has no such identity. `nhi identities` lists those it has; check which registry the provider \
         uses. (NHI-REGISTRY-NOT-FOUND)",
        place(governed)
    );
    Diagnostic::error(format!("{sought} is not in the registry"), detail)
}

fn revoked(found: &Found) -> Diagnostic {
    let detail = format!(
        "It was {}. Revocation is final and an id is never used again: let the configuration create a new identity. \
         (NHI-REVOKED)",
        found.identity.standing(found.now, &found.context).reason
    );
    Diagnostic::error(
        format!("identity `{}` is revoked and cannot be imported", found.identity.id()),
        detail,
    )
}

#[cfg(test)]
mod tests;
