//! Points at which a test can stop this process around the registry's commit. Debug builds only.
//!
//! `NHI_FAILPOINT` names the point, at the first creation, update or revocation of the process:
//!
//! | value | what happens |
//! |---|---|
//! | `before-commit` | the process kills itself (SIGKILL) with everything written and nothing committed |
//! | `after-commit` | the process kills itself after the commit and before the answer |
//! | `hang-before-commit` | it waits there |
//! | `hang-after-commit` | it waits there |
//!
//! A wait ends when the file named by `NHI_FAILPOINT_RELEASE` appears, or after 30 s. When a point is reached, the file
//! named by `NHI_FAILPOINT_REACHED` is created, so that a test need not guess.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};

use nhi_registry::Point;

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

/// Told by the registry at each point of a write.
pub(crate) fn probe(point: Point) {
    static ONCE: Once = Once::new();
    if !ARMED.get() {
        return;
    }
    let Ok(wanted) = std::env::var("NHI_FAILPOINT") else {
        return;
    };
    let act: fn() = match (wanted.as_str(), point) {
        ("before-commit", Point::Committing) | ("after-commit", Point::Committed) => kill,
        ("hang-before-commit", Point::Committing) | ("hang-after-commit", Point::Committed) => wait,
        _ => return,
    };
    ONCE.call_once(|| {
        if let Some(reached) = path("NHI_FAILPOINT_REACHED") {
            let _ = std::fs::write(reached, "");
        }
        act();
    });
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
