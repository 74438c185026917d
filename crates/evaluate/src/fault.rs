//! Why an expression has no value.

/// An expression that fails, or that costs too much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Terraform would report an error here; `try` and `can` catch it.
    Error(String),
    /// A budget is used up; nothing catches it but the place where the value is wanted.
    Limit(&'static str),
}

impl Fault {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Error(reason) => reason,
            Self::Limit(what) => what,
        }
    }
}

/// A failure with a reason.
#[cold]
pub(crate) fn error<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Error(reason.into()))
}
