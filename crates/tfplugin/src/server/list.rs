//! List resources: finding the objects of a managed type, managed already or not (`terraform query`).

use super::Answer;
use crate::diagnostic::Diagnostics;
use crate::schema::Schema;
use crate::value::Value;

/// Lists the objects of a type of managed resource, which must have a resource identity.
pub trait ListResource: Send + Sync + 'static {
    /// The full name of the managed type whose objects it lists.
    fn type_name(&self) -> &str;

    /// The schema of the block that says which objects.
    fn schema(&self) -> Schema;

    /// Checks a block without the world outside. It is called several times; unknown values are to be passed over.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Finds the objects. The adapter stops taking from the answer once the core has as many as it wants.
    fn list(&self, config: Value) -> Answer<'_, Result<Listing, Diagnostics>>;
}

/// What was found, one by one.
pub type Listing = Box<dyn Iterator<Item = Listed> + Send>;

/// One object that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its state, as reading the managed resource would give it; its resource identity is taken from it.
    pub state: Value,
    /// What to call it where people read.
    pub display_name: String,
    /// What to tell about it.
    pub diagnostics: Diagnostics,
}
