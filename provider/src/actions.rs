//! Every action, sorted by name: a new one is a file and a line here.
//!
//! An action does to one identity, now, what no configuration can ask for in time. Only cores from Terraform 1.14 on
//! call them; `nhi` does the same for every other.

mod resume;
mod revoke;
mod rotate;
mod suspend;

use std::sync::Arc;

use nhi_governance::{Identity, RecordId, Status};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::{Action, Answer, Progress};
use tfplugin::value::{AttributePath, Type, Value};

use crate::governed::{Governed, Trouble, blocking};
use crate::report;
use crate::resources::malformed;

static DEEDS: [&Deed; 4] = [&resume::DEED, &revoke::DEED, &rotate::DEED, &suspend::DEED];

/// What makes an action.
struct Deed {
    type_name: &'static str,
    /// Markdown: what it does.
    description: &'static str,
    /// What it does, as in "revoking".
    doing: &'static str,
    /// What the identity is after it, as in "revoked".
    done: &'static str,
    /// Whether an identity of this status is so already.
    is_done: fn(Status) -> bool,
    /// Does it.
    act: fn(&Governed, RecordId, &str) -> Result<Identity, Trouble>,
}

/// All actions, governed by `governed`.
pub(crate) fn all(governed: &Arc<Governed>) -> Vec<Arc<dyn Action>> {
    let ordered = |deed: &&'static Deed| -> Arc<dyn Action> {
        Arc::new(Ordered {
            deed,
            governed: Arc::clone(governed),
        })
    };
    DEEDS.iter().map(ordered).collect()
}

struct Ordered {
    deed: &'static Deed,
    governed: Arc<Governed>,
}

/// What a block asks for, when it is known.
struct Order {
    id: RecordId,
    reason: String,
}

fn order(config: &Value) -> Result<Option<Order>, Diagnostics> {
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
        let fix = "Write why: the audit log keeps it.";
        diagnostics.push(report::question(
            "the reason is empty",
            fix,
            AttributePath::of("reason"),
        ));
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    Ok(id.zip(reason).map(|(id, reason)| Order {
        id,
        reason: reason.to_owned(),
    }))
}

impl Action for Ordered {
    fn type_name(&self) -> &str {
        self.deed.type_name
    }

    fn schema(&self) -> Schema {
        Schema::new(self.deed.description)
            .attribute(
                Attribute::required("identity_id", Type::String)
                    .describe("Id of the identity, for example `nhi_identity.deployer.id`."),
            )
            .attribute(Attribute::required("reason", Type::String).describe("Why, for the audit log. Never a secret."))
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        order(config).err().unwrap_or_default()
    }

    fn plan(&self, config: Value) -> Answer<'_, Diagnostics> {
        Box::pin(async move {
            let id = match order(&config) {
                Ok(Some(order)) => order.id,
                Ok(None) => return Diagnostics::new(),
                Err(diagnostics) => return diagnostics,
            };
            match blocking(Arc::clone(&self.governed), move |governed| governed.find(id)).await {
                Ok(Some(found)) => {
                    let already = (self.deed.is_done)(found.status()).then(|| already(id, self.deed.done));
                    already.into_iter().collect()
                }
                // It may be created by the same apply.
                Ok(None) | Err(Trouble::Unknown(_)) => Diagnostics::new(),
                Err(trouble) => trouble.into(),
            }
        })
    }

    fn invoke<'a>(&'a self, config: Value, progress: &'a Progress) -> Answer<'a, Diagnostics> {
        Box::pin(async move {
            let Order { id, reason } = match order(&config) {
                Ok(Some(order)) => order,
                Ok(None) => return Trouble::Unknown("identity_id").into(),
                Err(diagnostics) => return diagnostics,
            };
            let deed = self.deed;
            progress.say(format!("{} identity {id}", deed.doing));
            let acted = blocking(Arc::clone(&self.governed), move |governed| {
                (deed.act)(governed, id, &reason)
            });
            match acted.await {
                Ok(identity) => {
                    progress.say(format!(
                        "identity {id} is {} (revision {})",
                        deed.done,
                        identity.revision()
                    ));
                    Diagnostics::new()
                }
                Err(trouble) => trouble.into(),
            }
        })
    }
}

fn already(id: RecordId, done: &str) -> Diagnostic {
    let detail = "Nothing is left to do: the action will change nothing.";
    Diagnostic::warning(format!("identity `{id}` is {done} already"), detail)
}

#[cfg(test)]
mod tests;
