//! Actions: something that is done when a configuration or a person asks, and leaves no state.

use std::fmt;

use super::Answer;
use crate::diagnostic::Diagnostics;
use crate::schema::Schema;
use crate::value::Value;

/// A type of action.
pub trait Action: Send + Sync + 'static {
    /// The type's full name, the provider's prefix included.
    fn type_name(&self) -> &str;

    /// The schema of its block.
    fn schema(&self) -> Schema;

    /// Checks a block without the world outside. It is called several times; unknown values are to be passed over.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Says at plan what stands against it. Values may still be unknown.
    fn plan(&self, config: Value) -> Answer<'_, Diagnostics> {
        let _ = config;
        Box::pin(std::future::ready(Diagnostics::new()))
    }

    /// Does it. The block is wholly known. It runs to its end also when the core is killed meanwhile.
    fn invoke<'a>(&'a self, config: Value, progress: &'a Progress) -> Answer<'a, Diagnostics>;
}

/// Where an action tells how it goes.
pub struct Progress {
    tell: Box<dyn Fn(String) + Send + Sync>,
}

impl Progress {
    /// Hands every message to `tell`.
    pub fn new(tell: impl Fn(String) + Send + Sync + 'static) -> Progress {
        Progress { tell: Box::new(tell) }
    }

    /// Tells the person at the core.
    pub fn say(&self, message: impl Into<String>) {
        (self.tell)(message.into());
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Progress").finish_non_exhaustive()
    }
}
