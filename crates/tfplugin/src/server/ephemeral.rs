//! Ephemeral resources: something that exists for one run and is in no state and no plan.

use std::time::SystemTime;

use super::{Answer, Private};
use crate::diagnostic::Diagnostics;
use crate::schema::Schema;
use crate::value::Value;

/// A type of ephemeral resource.
///
/// A core opens it at plan and again at apply, and closes it when nothing needs it any more.
pub trait EphemeralResource: Send + Sync + 'static {
    /// The type's full name, the provider's prefix included.
    fn type_name(&self) -> &str;

    /// The schema of its block.
    fn schema(&self) -> Schema;

    /// Checks a block without the world outside. It is called several times; unknown values are to be passed over.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Makes it. The block is wholly known.
    fn open(&self, config: Value) -> Answer<'_, OpenAnswer>;

    /// Keeps it alive, when the time came that [`OpenAnswer::renew_at`] or [`RenewAnswer::renew_at`] named.
    fn renew(&self, private: Private) -> Answer<'_, RenewAnswer> {
        Box::pin(std::future::ready(RenewAnswer {
            private,
            ..RenewAnswer::default()
        }))
    }

    /// Ends it: all that is known then is what was kept in `private`. A core waits seconds only.
    fn close(&self, private: Private) -> Answer<'_, Diagnostics> {
        let _ = private;
        Box::pin(std::future::ready(Diagnostics::new()))
    }
}

/// What was opened.
#[derive(Debug, Default)]
pub struct OpenAnswer {
    /// The block as written, with what the provider adds; null after an error.
    pub value: Value,
    /// What renewing and closing need: the core keeps it in memory only.
    pub private: Private,
    /// When it has to be renewed, if ever.
    pub renew_at: Option<SystemTime>,
    /// What to tell; an error stops the run.
    pub diagnostics: Diagnostics,
}

impl OpenAnswer {
    /// Nothing was opened, and why.
    pub fn failed(diagnostics: impl Into<Diagnostics>) -> OpenAnswer {
        OpenAnswer {
            diagnostics: diagnostics.into(),
            ..OpenAnswer::default()
        }
    }
}

/// What a renewal left.
#[derive(Debug, Default)]
pub struct RenewAnswer {
    /// What the next renewal and closing need.
    pub private: Private,
    /// When it has to be renewed again, if ever.
    pub renew_at: Option<SystemTime>,
    /// What to tell.
    pub diagnostics: Diagnostics,
}
