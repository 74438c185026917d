//! Measures the body of one function: what makes a compiler slow, counted in one pass that cannot be slow itself.

use wasmparser::{BinaryReaderError, FunctionBody, Operator};

/// How a function's body is built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) locals: usize,
    /// Blocks inside blocks, at the deepest.
    pub(super) depth: usize,
    /// Targets of all branch tables.
    pub(super) targets: usize,
}

pub(super) fn measure(body: &FunctionBody<'_>) -> Result<Shape, BinaryReaderError> {
    let mut shape = Shape::default();
    for locals in body.get_locals_reader()? {
        let (count, _) = locals?;
        shape.locals = shape.locals.saturating_add(super::count(count));
    }
    let mut depth = 0_usize;
    for operator in body.get_operators_reader()? {
        match operator? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                depth += 1;
                shape.depth = shape.depth.max(depth);
            }
            Operator::End => depth = depth.saturating_sub(1),
            Operator::BrTable { targets } => {
                shape.targets = shape.targets.saturating_add(super::count(targets.len()));
            }
            _ => {}
        }
    }
    Ok(shape)
}
