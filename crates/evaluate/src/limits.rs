//! How much an evaluation may cost; everything has a limit, and every limit a name.

/// Budgets of one evaluation. What goes beyond one stays unknown, with the budget as its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps for one attribute and all that it leads to for the first time.
    pub steps: u64,
    /// Steps for the whole plan.
    pub steps_total: u64,
    /// Expressions within expressions, and names that lead to names.
    pub depth: u32,
    /// Bytes of one text.
    pub output_bytes: usize,
    /// Bytes of all texts that are made on the way, for the whole plan.
    pub work_bytes_total: u64,
    /// Values that one attribute may turn out to be.
    pub alternatives: usize,
}

impl Limits {
    /// 2 million; the largest document seen in the wild takes some thousands.
    pub const STEPS_DEFAULT: u64 = 2_000_000;
    /// 20 million; a plan of 3,000 documents takes 60,000.
    pub const STEPS_TOTAL_DEFAULT: u64 = 20_000_000;
    /// 200; each level costs stack.
    pub const DEPTH_DEFAULT: u32 = 200;
    /// 8 MiB; the largest policy that a cloud takes has some kilobytes.
    pub const OUTPUT_BYTES_DEFAULT: usize = 8 << 20;
    /// 512 MiB.
    pub const WORK_BYTES_TOTAL_DEFAULT: u64 = 512 << 20;
    /// 16; more than that helps nobody who reads a finding.
    pub const ALTERNATIVES_DEFAULT: usize = 16;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: Self::STEPS_DEFAULT,
            steps_total: Self::STEPS_TOTAL_DEFAULT,
            depth: Self::DEPTH_DEFAULT,
            output_bytes: Self::OUTPUT_BYTES_DEFAULT,
            work_bytes_total: Self::WORK_BYTES_TOTAL_DEFAULT,
            alternatives: Self::ALTERNATIVES_DEFAULT,
        }
    }
}

/// Bytes of one source file; a larger one is not read.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;

/// Bytes of all source files together; what comes after them is not read.
pub(crate) const SOURCE_BYTES_MAX: usize = 64 << 20;

/// Items of one object or block; the parser's time grows with their square.
pub(crate) const ITEMS_MAX: usize = 2_000;

/// Brackets within brackets in a source file.
pub(crate) const NESTING_MAX: usize = 64;

/// Modules within modules, as deep as a plan may nest them.
pub(crate) const MODULE_DEPTH_MAX: usize = 200;

/// Lists and maps within one another in a value.
pub(crate) const VALUE_DEPTH_MAX: u32 = 100;

/// Elements that one value may have on its own level.
pub(crate) const ELEMENTS_MAX: usize = 100_000;

/// Bytes of the name of a symbol.
pub(crate) const ORIGIN_BYTES_MAX: usize = 200;

/// Notes about sources that could not be read; the rest is counted.
pub(crate) const NOTES_MAX: usize = 50;
