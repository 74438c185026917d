//! Every data source, sorted by name: a new one is a file and a line here.
//!
//! A core reads a data source at plan and keeps the answer for the apply. An answer that held the time of its reading
//! would make every plan differ from the last, so none does: what is in an answer changes when a record changes or when
//! a moment that matters passes. Where the time of the apply is to count, `at = timestamp()` has the core read then.

mod approval_request;
mod audit;
mod blast_radius;
mod compliance_score;
mod entry;
mod exceptions;
mod expiring;
mod inventory;
mod metrics;
mod orphans;
mod policy_decision;
mod selection;

use std::sync::Arc;

use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::Schema;
use tfplugin::server::{Answer, DataAnswer, DataSource};
use tfplugin::value::Value;

use crate::governed::{Governed, blocking};

pub(crate) use selection::Selector;

static SOURCES: [&Source; 10] = [
    &approval_request::SOURCE,
    &audit::SOURCE,
    &blast_radius::SOURCE,
    &compliance_score::SOURCE,
    &exceptions::SOURCE,
    &expiring::SOURCE,
    &inventory::SOURCE,
    &metrics::SOURCE,
    &orphans::SOURCE,
    &policy_decision::SOURCE,
];

/// What makes a data source.
struct Source {
    type_name: &'static str,
    schema: fn() -> Schema,
    /// Looks for what is wrong with a block, and passes over what is unknown.
    check: fn(&Value) -> Diagnostics,
    /// Answers a block that is known and that the check found nothing in.
    answer: fn(&Governed, Value) -> Result<DataAnswer, Diagnostics>,
}

/// All data sources, asking the registry of `governed`.
pub(crate) fn all(governed: &Arc<Governed>) -> Vec<Arc<dyn DataSource>> {
    let asked = |source: &&'static Source| -> Arc<dyn DataSource> {
        Arc::new(Asked {
            source,
            governed: Arc::clone(governed),
        })
    };
    SOURCES.iter().map(asked).collect()
}

struct Asked {
    source: &'static Source,
    governed: Arc<Governed>,
}

impl DataSource for Asked {
    fn type_name(&self) -> &str {
        self.source.type_name
    }

    fn schema(&self) -> Schema {
        (self.source.schema)()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        (self.source.check)(config)
    }

    fn read(&self, config: Value) -> Answer<'_, DataAnswer> {
        let source = self.source;
        let answer = blocking(Arc::clone(&self.governed), move |governed| {
            // The values may have been unknown when the block was checked.
            let wrong = (source.check)(&config);
            if wrong.has_errors() {
                return DataAnswer::failed(wrong);
            }
            (source.answer)(governed, config).unwrap_or_else(DataAnswer::failed)
        });
        Box::pin(answer)
    }
}

#[cfg(test)]
mod tests;
