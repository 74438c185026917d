//! What the answer to a question about a permission consists of.

use crate::facts::iam::condition::Narrowing;

/// Three-valued: a plan does not know everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Verdict {
    /// Whatever the unknown values turn out to be: not allowed.
    No,
    /// It depends on a value that is known only after apply, or that is not in the plan.
    Unknown,
    /// Whatever the unknown values turn out to be: allowed.
    Yes,
}

impl Verdict {
    pub(crate) fn from_bool(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either.
    pub(crate) fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The opposite.
    pub(crate) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

/// A statement of a policy that reaches a principal; [`super::Principal::place`] says where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StatementRef {
    /// Index into [`super::Principal::grants`].
    pub(crate) grant: usize,
    /// Index into the alternatives of that grant.
    pub(crate) alternative: usize,
    /// Index into the statements of that document.
    pub(crate) statement: usize,
}

/// What keeps an answer from being yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Doubt {
    /// A part of this `Allow` that matters is not known yet.
    Allow(StatementRef),
    /// Whether this `Deny` applies cannot be decided.
    Deny(StatementRef),
    /// There is a permissions boundary whose content is not in the plan, or not known.
    Boundary,
    /// This policy (index into [`super::Principal::grants`]) cannot be read at all.
    Unread(usize),
}

/// How a permissions boundary weighs on a permission that the policies give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Bound {
    /// There is none, or it lets the permission through.
    Free,
    /// There is one, and whether it lets the permission through cannot be told.
    Unknown,
    /// It holds the permission back.
    Held,
}

/// The answer to one [`super::Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Allow − Deny, ∩ boundary.
    pub(crate) verdict: Verdict,
    /// Allow − Deny, as if there were no boundary.
    pub(crate) granted: Verdict,
    /// What the boundary does to it.
    pub(crate) bound: Bound,
    /// The least that the conditions of the granting statements take away: `None` or `Weak` (circumstances such as
    /// a network, a second factor or a time). A condition that takes away the privilege itself does not grant.
    pub(crate) narrowing: Narrowing,
    /// The statements that grant it, the least narrowed first: the root cause.
    pub(crate) because: Vec<StatementRef>,
    /// Statements that would grant it but for a condition on the privilege itself ([`super::Request::with`] can
    /// satisfy it).
    pub(crate) narrowed: Vec<StatementRef>,
    /// `Deny` statements that hold only under circumstances, so that they take nothing back for certain.
    pub(crate) despite: Vec<StatementRef>,
    /// Why the verdict is [`Verdict::Unknown`].
    pub(crate) doubts: Vec<Doubt>,
}

impl Answer {
    pub(crate) fn is_yes(&self) -> bool {
        self.verdict == Verdict::Yes
    }

    /// Whether the only doubt is about policies that cannot be read at all, which one rule tells for all.
    pub(crate) fn is_only_unread(&self) -> bool {
        self.verdict == Verdict::Unknown && self.doubts.iter().all(|doubt| matches!(doubt, Doubt::Unread(_)))
    }

    /// Whether it holds only under circumstances: from a network, with a second factor, for a time.
    pub(crate) fn is_weak(&self) -> bool {
        self.narrowing == Narrowing::Weak
    }
}
