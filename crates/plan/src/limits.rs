//! How much a reader may take in; everything has a limit, and every limit a name.

/// Budgets of one read. More than a limit is refused, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text.
    pub bytes: u64,
    /// JSON values and keys.
    pub nodes: u64,
    /// Containers around a value.
    pub depth: u32,
    /// Resources, variables, outputs and other entries that a plan is read into.
    pub records: u64,
}

impl Limits {
    /// 1 GiB; a plan of 100,000 resource changes has about 170 MB.
    pub const BYTES_DEFAULT: u64 = 1 << 30;
    /// Positions are 32 bits wide, so no limit reaches further than 4 GiB.
    pub const BYTES_MAX: u64 = u32::MAX as u64;
    /// 200 million; a plan of 100,000 resource changes has about 15 million.
    pub const NODES_DEFAULT: u64 = 200_000_000;
    /// 10,000; the deepest real plan seen has some twenty.
    pub const DEPTH_DEFAULT: u32 = 10_000;
    /// 2 million, which is some 700 MB; a plan of 100,000 resource changes has about 300,000.
    pub const RECORDS_DEFAULT: u64 = 2_000_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: Self::BYTES_DEFAULT,
            nodes: Self::NODES_DEFAULT,
            depth: Self::DEPTH_DEFAULT,
            records: Self::RECORDS_DEFAULT,
        }
    }
}
