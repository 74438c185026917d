//! What a campaign takes from the machine, measured on this process and those that it started.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// By how much memory may seem to grow: what an allocator keeps, not what a module leaves behind.
const GROWTH_MAX_KIB: u64 = 64 << 10;
/// What is kept on purpose, to see that it is noticed.
const PLANTED_BYTES: usize = 96 << 20;

/// The processor's time that was taken: unlike the wall clock it does not count what others do.
pub(super) fn computed() -> Duration {
    [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN]
        .into_iter()
        .filter_map(|who| getrusage(who).ok())
        .map(|usage| of(usage.user_time()) + of(usage.system_time()))
        .sum()
}

fn of(time: nix::sys::time::TimeVal) -> Duration {
    let (seconds, micros) = (u64::try_from(time.tv_sec()), u64::try_from(time.tv_usec()));
    Duration::from_secs(seconds.unwrap_or(0)) + Duration::from_micros(micros.unwrap_or(0))
}

/// Memory of this process in KiB; nothing where the system does not tell.
pub(super) fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Whether memory stayed where it was.
pub(super) fn is_flat(before: u64, after: u64) -> bool {
    after < before.saturating_add(GROWTH_MAX_KIB)
}

/// Whether memory that is kept would be noticed. `None` where nothing can be measured.
pub(super) fn notices_a_leak() -> Option<bool> {
    let before = memory()?;
    let kept = vec![1_u8; PLANTED_BYTES];
    let after = memory()?;
    // Looked at, so that it is there.
    let is_there = kept.iter().step_by(4_096).all(|byte| *byte == 1);
    Some(is_there && !is_flat(before, after))
}
