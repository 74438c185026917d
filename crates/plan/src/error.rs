//! Why a text could not be read: a stable code, the place, what is wrong and what to do.
//!
//! A plan that cannot be read is a blocking finding, so the error carries everything a finding needs.

use std::borrow::Cow;
use std::fmt;

/// The codes of [`ReadError`]; they never change meaning.
pub mod code {
    /// The input is empty.
    pub const EMPTY: &str = "NHI-PLAN-EMPTY";
    /// The text is not JSON.
    pub const SYNTAX: &str = "NHI-PLAN-SYNTAX";
    /// The text ends too early.
    pub const TRUNCATED: &str = "NHI-PLAN-TRUNCATED";
    /// An object holds one key twice.
    pub const DUP: &str = "NHI-PLAN-DUP";
    /// The text is not Unicode.
    pub const UTF8: &str = "NHI-PLAN-UTF8";
    /// The text is nested too deeply.
    pub const DEPTH: &str = "NHI-PLAN-DEPTH";
    /// The text is larger than its budget.
    pub const BUDGET: &str = "NHI-PLAN-BUDGET";
    /// Something follows the JSON value.
    pub const TRAILING: &str = "NHI-PLAN-TRAILING";
    /// The plan says of itself that planning failed.
    pub const ERRORED: &str = "NHI-PLAN-ERRORED";
    /// JSON, but not a plan that this version understands.
    pub const FORMAT: &str = "NHI-PLAN-FORMAT";
    /// Every code, sorted.
    pub const ALL: [&str; 10] = [
        BUDGET, DEPTH, DUP, EMPTY, ERRORED, FORMAT, SYNTAX, TRAILING, TRUNCATED, UTF8,
    ];
}

/// The input cannot be read; nothing of it may be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// One of [`code::ALL`].
    pub code: &'static str,
    /// Byte offset into the input.
    pub offset: u64,
    /// What is wrong; never holds a value from the plan.
    pub message: Cow<'static, str>,
    /// A command to the reader.
    pub help: Cow<'static, str>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for ReadError {}

impl ReadError {
    #[cold]
    pub(crate) fn new(
        code: &'static str,
        offset: usize,
        message: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code,
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
            message: message.into(),
            help: help.into(),
        }
    }

    #[cold]
    pub(crate) fn syntax(offset: usize, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            code::SYNTAX,
            offset,
            message,
            "make the file again with `tofu show -json` or `terraform show -json`",
        )
    }

    #[cold]
    pub(crate) fn truncated(offset: usize) -> Self {
        Self::new(
            code::TRUNCATED,
            offset,
            "the text ends inside a value",
            "make the file again; the disk may have been full or the command interrupted",
        )
    }

    #[cold]
    pub(crate) fn format(
        offset: usize,
        message: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(code::FORMAT, offset, message, help)
    }

    #[cold]
    pub(crate) fn budget(offset: usize, what: &'static str, limit: u64) -> Self {
        Self::new(
            code::BUDGET,
            offset,
            format!("the text has more than {limit} {what}"),
            format!("raise the limit of {what} if the plan is yours and really that large"),
        )
    }
}
