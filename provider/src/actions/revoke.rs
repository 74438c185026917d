//! `nhi_revoke`: ends an identity for good, now.

use std::sync::Arc;

use nhi_governance::{RecordId, Status};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::{Action, Answer, Progress};
use tfplugin::value::{AttributePath, Type, Value};

use crate::governed::{Governed, Trouble, blocking};
use crate::report;
use crate::resources::malformed;

pub(super) struct Revoke {
    governed: Arc<Governed>,
}

impl Revoke {
    pub(super) fn new(governed: Arc<Governed>) -> Revoke {
        Revoke { governed }
    }
}

/// What a block asks for, when it is known.
struct Asked {
    id: RecordId,
    reason: String,
}

fn asked(config: &Value) -> Result<Option<Asked>, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let id = match config.get("identity_id").as_str().map(RecordId::parse) {
        Some(Ok(id)) => Some(id),
        Some(Err(error)) => {
            diagnostics.push(malformed(&error.to_string()).at(AttributePath::of("identity_id")));
            None
        }
        None => None,
    };
    let reason = config.get("reason").as_str();
    if reason.is_some_and(|reason| reason.trim().is_empty()) {
        let fix = "Write why it is revoked: the audit log keeps it.";
        diagnostics.push(report::question(
            "the reason is empty",
            fix,
            AttributePath::of("reason"),
        ));
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    Ok(id.zip(reason).map(|(id, reason)| Asked {
        id,
        reason: reason.to_owned(),
    }))
}

impl Action for Revoke {
    fn type_name(&self) -> &'static str {
        "nhi_revoke"
    }

    fn schema(&self) -> Schema {
        Schema::new(
            "Revokes an identity for good, now: revocation is never refused and never undone. A configuration that \
             still declares the identity plans a new one, under another id. `nhi` revokes for cores without actions.",
        )
        .attribute(
            Attribute::required("identity_id", Type::String)
                .describe("Id of the identity, for example `nhi_identity.deployer.id`."),
        )
        .attribute(Attribute::required("reason", Type::String).describe("Why, for the audit log. Never a secret."))
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        asked(config).err().unwrap_or_default()
    }

    fn plan(&self, config: Value) -> Answer<'_, Diagnostics> {
        Box::pin(async move {
            let asked = match asked(&config) {
                Ok(Some(asked)) => asked,
                Ok(None) => return Diagnostics::new(),
                Err(diagnostics) => return diagnostics,
            };
            let found = blocking(Arc::clone(&self.governed), move |governed| governed.find(asked.id)).await;
            match found {
                Ok(Some(found)) if found.identity.status(found.now, &found.context) == Status::Revoked => {
                    already(asked.id).into()
                }
                // It may be created by the same apply.
                Ok(_) | Err(Trouble::Unknown(_)) => Diagnostics::new(),
                Err(trouble) => trouble.into(),
            }
        })
    }

    fn invoke<'a>(&'a self, config: Value, progress: &'a Progress) -> Answer<'a, Diagnostics> {
        Box::pin(async move {
            let asked = match asked(&config) {
                Ok(Some(asked)) => asked,
                Ok(None) => return Trouble::Unknown("identity_id").into(),
                Err(diagnostics) => return diagnostics,
            };
            let id = asked.id;
            progress.say(format!("revoking identity {id}"));
            let ended = blocking(Arc::clone(&self.governed), move |governed| {
                governed.end(id, &asked.reason)
            })
            .await;
            match ended {
                Ok(identity) => {
                    let at = identity.revoked_at().map(|at| at.to_string()).unwrap_or_default();
                    progress.say(format!("identity {id} is revoked since {at}"));
                    Diagnostics::new()
                }
                Err(trouble) => trouble.into(),
            }
        })
    }
}

fn already(id: RecordId) -> Diagnostic {
    let detail = "Nothing is left to do; revoking it again changes nothing. (NHI-REVOKED)";
    Diagnostic::warning(format!("identity `{id}` is revoked already"), detail)
}
