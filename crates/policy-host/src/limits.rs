//! Every limit of the sandbox, with its name and its reason.

use std::time::Duration;

/// What a module may use. The defaults are the product's; tests tighten them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLimits {
    /// Fuel that a run starts with, whatever its input: about three seconds of computing, and four times what the
    /// built-in analyzer needs where it tells a thousand credentials, whose hashes are made costly to guess.
    pub fuel_base: u64,
    /// Fuel that each byte of input adds: four times what the built-in analyzer was measured to burn on the costliest
    /// plans of `cli/tests/it/scaling`, chains of roles. The tests there fail where more than half of the fuel is used.
    pub fuel_per_byte: u64,
    /// Linear memory of a run, over all memories of the component.
    pub memory_bytes: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// Findings of one run.
    pub findings: usize,
    /// Any one text of a finding.
    pub text_bytes: usize,
    /// All texts of all findings of one run.
    pub output_bytes: usize,
    /// What the host copies out of the sandbox in one call.
    pub call_output_bytes: usize,
    /// The component's binary.
    pub module_bytes: usize,
    /// Functions of the component: what compile time grows with.
    pub module_functions: usize,
    /// One function's body: register allocation grows faster than its input.
    pub function_bytes: usize,
    /// Wall clock of one run. It protects against a slow host; the verdict on a module is fuel's alone.
    pub wall: Duration,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            fuel_base: 30_000_000_000,
            fuel_per_byte: 3_200,
            memory_bytes: 256 << 20,
            table_elements: 1 << 20,
            findings: 10_000,
            text_bytes: 4 << 10,
            output_bytes: 16 << 20,
            call_output_bytes: 8 << 20,
            module_bytes: 32 << 20,
            module_functions: 20_000,
            function_bytes: 1 << 20,
            wall: Duration::from_mins(2),
        }
    }
}

/// Changes handed over in one call: few enough that their texts are still near the processor when the module reads
/// them, and when it gives their memory to those of the next call.
pub(crate) const BATCH_CHANGES: usize = 64;
/// A batch is also closed at this size, so that a few huge values do not fill the guest's memory at once.
pub(crate) const BATCH_BYTES: usize = 4 << 20;
/// Batches that wait for the module while it works on one: enough that neither side stands still.
pub(crate) const BATCHES_AHEAD: usize = 16;
/// What a change weighs beside its texts, in bytes of input.
pub(crate) const CHANGE_BYTES: usize = 128;
/// Core instances, memories and tables of a component; shared-everything linking of Python needs dozens.
pub(crate) const INSTANCES: usize = 512;
/// Native stack that a guest may use.
pub(crate) const STACK_BYTES: usize = 512 << 10;

/// Rules that a module may have.
pub(crate) const RULES: usize = 1_000;
/// Interests that a module may declare.
pub(crate) const INTERESTS: usize = 256;
/// Words of one interest, controls of a rule, attributes of a finding or a description.
pub(crate) const WORDS: usize = 512;
/// A name, a version, a rule's code, a glob.
pub(crate) const NAME_BYTES: usize = 256;
/// A rule's page, a settings schema.
pub(crate) const PAGE_BYTES: usize = 64 << 10;
/// What is quoted of a module's own error text.
pub(crate) const QUOTE_BYTES: usize = 1 << 10;
