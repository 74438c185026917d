//! Lists `nhi_identity`: the identities on record, whether a state knows them or not.

use std::sync::Arc;

use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::{Answer, ListResource, Listed, Listing};
use tfplugin::value::{Type, Value};

use crate::data_sources::Selector;
use crate::governed::{Governed, blocking};
use crate::resources::identity;

pub(super) struct Identities {
    governed: Arc<Governed>,
}

impl Identities {
    pub(super) fn new(governed: Arc<Governed>) -> Identities {
        Identities { governed }
    }
}

impl ListResource for Identities {
    fn type_name(&self) -> &'static str {
        identity::TYPE_NAME
    }

    fn schema(&self) -> Schema {
        let schema = Schema::new(
            "Lists the identities on record that are not revoked, whether a state knows them or not: what is not managed \
             yet can be imported by the identity that is listed.",
        );
        Selector::arguments(schema).attribute(
            Attribute::optional("with_expired", Type::Bool)
                .describe("Whether identities that have ended are listed. Default: they are."),
        )
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        Selector::parse(config).1
    }

    fn list(&self, config: Value) -> Answer<'_, Result<Listing, Diagnostics>> {
        Box::pin(blocking(Arc::clone(&self.governed), move |governed| {
            let (selector, wrong) = Selector::parse(&config);
            if wrong.has_errors() {
                return Err(wrong);
            }
            // INVARIANT: whoever selected identities knew the policy.
            let policy = governed.policy().cloned().unwrap_or_default();
            let with_expired = config.get("with_expired").as_bool().unwrap_or(true);
            let selection = selector.select(governed, false)?;
            let now = selection.now;
            let mut warnings = selection.diagnostics;
            let wanted = selection
                .identities
                .into_iter()
                .filter(move |found| with_expired || found.identity.expires_at() > now);
            let listed = wanted.map(move |found| {
                let declaration = found.identity.declaration();
                Listed {
                    display_name: format!("{}/{}", declaration.environment(), declaration.name()),
                    state: identity::state(&found, &policy),
                    diagnostics: std::mem::take(&mut warnings),
                }
            });
            Ok(Box::new(listed) as Listing)
        }))
    }
}
