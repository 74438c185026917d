//! What a registry takes from its surroundings.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nhi_governance::{Policy, Timestamp};

use crate::Spool;

/// A moment of a write, for tests that kill the process there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The turn to write was taken.
    Begun,
    /// The record was written.
    Recorded,
    /// The audit row was written.
    Audited,
    /// All is written and nothing committed.
    Committing,
    /// All is durable, and the caller does not know yet.
    Committed,
}

/// What a registry takes from its surroundings.
#[derive(Clone)]
pub struct Options {
    /// The clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The organisation's policy: what approvals a change calls for, and what an audit row tells of it.
    pub policy: Arc<Policy>,
    /// Called at each [`Point`] of a write; does nothing unless a test sets it.
    pub probe: Arc<dyn Fn(Point) + Send + Sync>,
    /// Where changes wait that only take away and cannot be written.
    pub spool: Spool,
}

impl Options {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn reach(&self, point: Point) {
        (self.probe)(point);
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(system_time),
            policy: Arc::default(),
            probe: Arc::new(|_| {}),
            spool: Spool::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

/// The clock of the machine: the one place where the registry reads it.
fn system_time() -> Timestamp {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let unix = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => seconds(after),
        Err(before) => -seconds(before.duration()),
    };
    Timestamp::from_unix(unix)
}
