//! Working on values that are one of several: once for each combination.

use super::Evaluator;
use crate::fault::{Fault, error};
use crate::value::{Value, collapsed, combinations};

impl Evaluator<'_> {
    /// Calls `work` with every combination of what the arguments may be, none of which has a choice in it.
    pub(crate) fn lift(
        &mut self,
        arguments: &[Value],
        mut work: impl FnMut(&mut Self, &[Value]) -> Result<Value, Fault>,
    ) -> Result<Value, Fault> {
        if !arguments.iter().any(Value::is_choice) {
            return work(self, arguments);
        }
        let most = self.limits.alternatives;
        let Some(rows) = combinations(arguments.iter(), most) else {
            // Too many: what is the same in all of them is worth more than nothing.
            let plain: Vec<Value> = arguments.iter().map(collapsed).collect();
            return work(self, &plain);
        };
        let mut results = Vec::with_capacity(rows.len());
        let mut last = None;
        for row in rows {
            self.charge_items(row.len())?;
            match work(self, &row) {
                Ok(value) => results.push(value),
                // A combination that cannot be.
                Err(Fault::Error(reason)) => last = Some(reason),
                Err(limit) => return Err(limit),
            }
        }
        match last {
            Some(reason) if results.is_empty() => error(reason),
            Some(reason) if self.attempts > 0 => error(reason),
            _ => Ok(Value::one_of(results, most)),
        }
    }
}
