//! How a run ends: the exit code, and the failure that explains it.
//!
//! Nothing but a decided, clean verdict may end in 0, so that a pipeline never passes by accident.

use std::process::ExitCode;

/// The exit codes, which are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; for `check`: nothing at or above the threshold.
    Clean = 0,
    /// Findings at or above the threshold.
    Findings = 1,
    /// The command line was wrong.
    Usage = 2,
    /// The question could not be decided, or the answer not delivered.
    Undecided = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command stopped before it had an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the process ends.
    pub(crate) exit: Exit,
    /// What is wrong: lower case, no full stop, user input in backticks.
    pub(crate) message: String,
    /// What to do; may be empty.
    pub(crate) help: String,
}

impl Failure {
    /// The command line asks for something impossible.
    #[cold]
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            message: message.into(),
            help: String::new(),
        }
    }

    /// The world did not let us answer.
    #[cold]
    pub(crate) fn undecided(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Undecided,
            message: message.into(),
            help: String::new(),
        }
    }

    /// Adds what the reader should do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}
