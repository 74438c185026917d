//! Being told to stop: a thread waits for the signal, so that nothing has to be asked again and again.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};

use crate::exit::Failure;

/// Tells whether somebody wants the process to stop.
#[derive(Debug)]
pub(super) struct Signals {
    came: Receiver<()>,
}

impl Signals {
    /// From now on SIGINT and SIGTERM do not end the process at once. Has to be called before other threads begin.
    pub(super) fn listen() -> Result<Self, Failure> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        let failed =
            |why: &dyn std::fmt::Display| Failure::undecided(format!("it cannot be waited for signals: {why}"));
        signals.thread_block().map_err(|error| failed(&error))?;
        let (tell, came) = channel();
        let wait = move || {
            let _ = signals.wait();
            let _ = tell.send(());
        };
        let waiting = thread::Builder::new().name("signals".to_owned()).spawn(wait);
        waiting.map_err(|error| failed(&error))?;
        Ok(Self { came })
    }

    /// Waits that long at most; true as soon as a signal came, or none can come any more.
    pub(super) fn came_within(&self, time: Duration) -> bool {
        !matches!(self.came.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}
