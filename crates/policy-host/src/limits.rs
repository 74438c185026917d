//! Every limit of the sandbox, with its name and its reason.

use std::time::Duration;

/// What a module may use. The defaults are the product's; tests tighten them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLimits {
    /// Fuel that the built-in analyzer starts with, whatever its input: about three seconds of computing, and four times
    /// what it needs where it tells a thousand credentials, whose hashes are made costly to guess.
    pub fuel_base_built_in: u64,
    /// Fuel that a session of anybody else's module starts with: about two seconds of computing.
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
    /// Locals of one function; the interpreters inside Python and JavaScript modules stay in the thousands.
    pub function_locals: usize,
    /// Blocks inside blocks; a compiled `switch` opens one for each of its cases.
    pub function_depth: usize,
    /// Targets of the branch tables of one function.
    pub function_targets: usize,
    /// Data segments of the component: what is snapshotted after its start, as Python is, has thousands.
    pub data_segments: usize,
    /// Wall clock of one run. It protects against a slow host; the verdict on a module is fuel's alone.
    pub wall: Duration,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            fuel_base_built_in: 30_000_000_000,
            fuel_base: 2_000_000_000,
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
            function_locals: 20_000,
            function_depth: 5_000,
            function_targets: 20_000,
            data_segments: 10_000,
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
/// Changes of one session where a module judges each of them alone. Sessions are cut the same way on every machine, so
/// that fuel does not depend on how many of them run at once.
pub(crate) const SHARD_CHANGES: usize = 8_192;
/// A session also ends at this many bytes of input.
pub(crate) const SHARD_BYTES: usize = 64 << 20;
/// What a change weighs beside its texts, in bytes of input.
pub(crate) const CHANGE_BYTES: usize = 128;
/// Core instances, memories and tables of a component; shared-everything linking of Python needs dozens.
pub(crate) const INSTANCES: usize = 512;
/// Sessions at once: each may take the memory of a whole run.
pub(crate) const WORKERS_MAX: usize = 4;
/// Modules at once: each may hold the memory of a session while it waits for the next blocks.
pub(crate) const TOGETHER: usize = 20;
/// Computing time of the process that compiles a module; Python's interpreter takes a third of it.
pub(crate) const COMPILE_CPU_SECONDS: u64 = 90;
/// Address space of that process.
pub(crate) const COMPILE_MEMORY_BYTES: u64 = 3 << 30;
/// How long it is waited for: on a machine that is busy with other things, its computing time takes many times as long.
pub(crate) const COMPILE_WALL: Duration = Duration::from_mins(10);
/// Machine code of one module.
pub(crate) const COMPILED_BYTES: usize = 512 << 20;
/// Compiled modules that are kept.
pub(crate) const CACHE_ENTRIES: usize = 64;
/// Components inside components.
pub(crate) const NESTED_COMPONENTS: usize = 32;
/// Canaries that a module may declare.
pub(crate) const CANARIES: usize = 64;
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
