//! Points at which a test can stop this process in the middle of a write, and a clock that a test sets. Debug builds
//! only.
//!
//! `NHI_FAILPOINT` names what happens where, at the first creation, update or revocation of the process, or, with a
//! number after it (`kill:recorded:3`), at that one:
//!
//! | value | what happens |
//! |---|---|
//! | `kill:begun` | the process kills itself (SIGKILL) with the turn to write taken |
//! | `kill:recorded` | with the record written and its audit row not |
//! | `kill:audited` | with both written |
//! | `before-commit` | with everything written and nothing committed |
//! | `after-commit` | after the commit and before the answer |
//! | `hang-before-commit` | it waits there |
//! | `hang-after-commit` | it waits there |
//!
//! A wait ends when the file named by `NHI_FAILPOINT_RELEASE` appears, or after 30 s. When a point is reached, the file
//! named by `NHI_FAILPOINT_REACHED` is created, so that a test need not guess.
//!
//! `NHI_FAILPOINT_CLOCK` is a number of seconds that the clock runs ahead of the machine's, so that a test need not wait
//! for an end.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nhi_governance::Timestamp;
use nhi_registry::{Options, Point};

const WAIT_LIMIT: Duration = Duration::from_secs(30);
const WAIT_STEP: Duration = Duration::from_millis(10);

thread_local! {
    /// Set while a call that a failpoint is for runs on this thread; confirming is not one.
    static ARMED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Runs a call of the registry in which the points count.
pub(crate) fn armed<T>(call: impl FnOnce() -> T) -> T {
    ARMED.set(true);
    let result = call();
    ARMED.set(false);
    result
}

/// The options of a registry that a test can stop and whose clock it can set.
pub(crate) fn options(options: Options) -> Options {
    let ahead = std::env::var("NHI_FAILPOINT_CLOCK").ok();
    let ahead = ahead.and_then(|text| text.parse::<i64>().ok());
    let clock = match ahead {
        None => options.clock,
        Some(seconds) => {
            let clock = options.clock;
            Arc::new(move || Timestamp::from_unix(clock().unix().saturating_add(seconds)))
        }
    };
    Options {
        clock,
        probe: Arc::new(probe),
        ..options
    }
}

/// Told by the registry at each point of a write.
fn probe(point: Point) {
    static REACHED: AtomicU32 = AtomicU32::new(0);
    if !ARMED.get() {
        return;
    }
    let Ok(wanted) = std::env::var("NHI_FAILPOINT") else {
        return;
    };
    // A number at the end says at which of them.
    let numbered = wanted
        .rsplit_once(':')
        .and_then(|(what, number)| Some((what, number.parse().ok()?)));
    let (what, number) = numbered.unwrap_or((wanted.as_str(), 1_u32));
    let act: fn() = match (what, point) {
        ("kill:begun", Point::Begun)
        | ("kill:recorded", Point::Recorded)
        | ("kill:audited", Point::Audited)
        | ("before-commit", Point::Committing)
        | ("after-commit", Point::Committed) => kill,
        ("hang-before-commit", Point::Committing) | ("hang-after-commit", Point::Committed) => wait,
        _ => return,
    };
    if REACHED.fetch_add(1, Ordering::SeqCst) + 1 == number {
        if let Some(reached) = path("NHI_FAILPOINT_REACHED") {
            let _ = std::fs::write(reached, "");
        }
        act();
    }
}

fn path(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

/// Nothing is unwound, flushed or removed: as if the machine had lost power.
fn kill() {
    let _ = Command::new("sh")
        .arg("-c")
        .arg(format!("kill -9 {}", std::process::id()))
        .status();
    std::process::abort();
}

fn wait() {
    let end = Instant::now() + WAIT_LIMIT;
    while Instant::now() < end && !path("NHI_FAILPOINT_RELEASE").is_some_and(|path| path.exists()) {
        std::thread::sleep(WAIT_STEP);
    }
}
