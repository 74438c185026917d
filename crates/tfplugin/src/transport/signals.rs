//! The signals a provider must survive.
//!
//! Ctrl-C reaches the whole process group, provider included. The core then says `StopProvider` and lets the apply
//! finish; a provider that died of the signal itself would take the apply with it. The same goes for the hang-up of a
//! closed terminal, which kills the core but not the work in flight.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Keeps interrupts and hang-ups from ending the process. A handler once installed stays for the life of the process.
pub(super) fn outlive_the_terminal() -> io::Result<()> {
    for kind in [SignalKind::interrupt(), SignalKind::hangup()] {
        drop(signal(kind)?);
    }
    Ok(())
}

/// The system's request to end.
pub(super) fn terminations() -> io::Result<Signal> {
    signal(SignalKind::terminate())
}

/// A person's request to end, for a provider that was started by hand.
pub(super) fn interrupts() -> io::Result<Signal> {
    signal(SignalKind::interrupt())
}
