//! Where a codec stands: the path for its errors, and the budgets for depth and number of values.

use super::{CodecError, VALUE_DEPTH_MAX, VALUES_MAX};
use crate::value::{AttributePath, Step};

#[derive(Debug, Default)]
pub(super) struct Place {
    path: AttributePath,
    /// Apart from the path, which has no step for elements of sets and dynamically typed values.
    depth: usize,
    values: usize,
}

impl Place {
    /// Runs `inside` one step further down.
    pub(super) fn below<T>(
        &mut self,
        step: Option<Step>,
        inside: impl FnOnce(&mut Place) -> Result<T, CodecError>,
    ) -> Result<T, CodecError> {
        if self.depth >= VALUE_DEPTH_MAX {
            return Err(self.fail(format!("values may not nest deeper than {VALUE_DEPTH_MAX}")));
        }
        let stepped = step.is_some();
        if let Some(step) = step {
            self.path.push(step);
        }
        self.depth += 1;
        let result = inside(self)?;
        self.depth -= 1;
        if stepped {
            self.path.pop();
        }
        Ok(result)
    }

    /// Takes one value from the budget.
    pub(super) fn spend(&mut self) -> Result<(), CodecError> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(self.fail(format!("a message may not hold more than {VALUES_MAX} values")));
        }
        Ok(())
    }

    pub(super) fn fail(&self, message: impl Into<String>) -> CodecError {
        CodecError {
            path: self.path.clone(),
            message: message.into(),
        }
    }

    /// An error at an attribute or element below this place.
    pub(super) fn fail_at(&self, step: Step, message: impl Into<String>) -> CodecError {
        CodecError {
            path: self.path.with(step),
            message: message.into(),
        }
    }
}
