//! Counts and caps what a module's instances take from the machine.

use wasmtime::ResourceLimiter;

use crate::limits::{HostLimits, INSTANCES};

/// The state of a store: nothing but its limits, since a module imports nothing.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_bytes_max: usize,
    table_elements_max: usize,
    memory_bytes: usize,
    /// Set when something was refused: it tells running out of memory from a crash.
    pub(crate) refused: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &HostLimits) -> Self {
        Self {
            memory_bytes_max: limits.memory_bytes,
            table_elements_max: limits.table_elements,
            memory_bytes: 0,
            refused: false,
        }
    }

    /// Linear memory never shrinks: what is held now is the peak.
    pub(crate) fn memory_peak_bytes(&self) -> usize {
        self.memory_bytes
    }

    #[cold]
    fn refuse(&mut self, what: &str) -> wasmtime::Result<bool> {
        self.refused = true;
        Err(wasmtime::Error::msg(format!("the module's {what} limit is reached")))
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.memory_bytes_max {
            // An error, not a refusal that the guest could swallow: the run must not depend on how it copes.
            return self.refuse("memory");
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.table_elements_max {
            return self.refuse("table");
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        INSTANCES
    }

    fn memories(&self) -> usize {
        INSTANCES
    }
}
