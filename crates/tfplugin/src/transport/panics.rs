//! Tells the core of a panic without telling it what was in memory.
//!
//! go-plugin recognises the prefix `panic: ` and shows the lines to the user. The message of a panic is made from
//! values, and a value may be a secret, so only messages that are literals in the source are shown.

use std::io::Write as _;
use std::panic::PanicHookInfo;

/// Installs the hook for the whole process.
pub(super) fn install() {
    std::panic::set_hook(Box::new(|info| {
        // Nobody may be reading any more.
        let _ = writeln!(std::io::stderr().lock(), "{}", describe(info));
    }));
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload().downcast_ref::<&'static str>().copied();
    let message = message.unwrap_or("the message is withheld, it may hold a secret");
    match info.location() {
        Some(place) => format!(
            "panic: {message} ({}:{}:{})",
            place.file(),
            place.line(),
            place.column()
        ),
        None => format!("panic: {message}"),
    }
}
