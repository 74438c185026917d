//! Data sources: something that exists is looked up and nothing is changed.

use super::Answer;
use crate::diagnostic::Diagnostics;
use crate::schema::Schema;
use crate::value::Value;

/// A type of data source.
///
/// A core reads it at plan when its block is wholly known and nothing it depends on changes, else at apply.
pub trait DataSource: Send + Sync + 'static {
    /// The type's full name, the provider's prefix included.
    fn type_name(&self) -> &str;

    /// The schema of its block.
    fn schema(&self) -> Schema;

    /// Checks a block without the world outside. It is called several times; unknown values are to be passed over.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Looks it up. The block is wholly known.
    fn read(&self, config: Value) -> Answer<'_, DataAnswer>;
}

/// What a data source found.
#[derive(Debug, Default)]
pub struct DataAnswer {
    /// The block as written, with what the provider adds; null after an error.
    pub value: Value,
    /// What to tell; an error stops the run.
    pub diagnostics: Diagnostics,
}

impl DataAnswer {
    /// What was found and nothing to tell.
    pub fn new(value: Value) -> DataAnswer {
        DataAnswer {
            value,
            ..DataAnswer::default()
        }
    }

    /// Nothing was found out, and why.
    pub fn failed(diagnostics: impl Into<Diagnostics>) -> DataAnswer {
        DataAnswer {
            value: Value::Null,
            diagnostics: diagnostics.into(),
        }
    }
}
