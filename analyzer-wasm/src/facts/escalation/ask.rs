//! Questions of the catalogue to a principal's permissions, and what is kept of an answer.

use crate::facts::graph::Certainty;
use crate::facts::iam::access::{Answer, Bound, Doubt, Principal, Request, Resource, StatementRef, Verdict};

/// A permission that is there, or may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) certainty: Certainty,
    /// Only from a network, with a second factor, for a time.
    pub(crate) weak: bool,
    /// A permissions boundary, whose content is not in the plan, may hold it back.
    pub(crate) bounded: bool,
    /// The statement that grants it.
    pub(crate) cause: Option<StatementRef>,
}

impl Reply {
    /// Something that takes no permission.
    pub(crate) const FREE: Self = Self {
        certainty: Certainty::Yes,
        weak: false,
        bounded: false,
        cause: None,
    };

    /// Both are needed; the cause is that of the first.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            certainty: self.certainty.min(other.certainty),
            weak: self.weak || other.weak,
            bounded: self.bounded || other.bounded,
            cause: self.cause.or(other.cause),
        }
    }

    /// The larger, the better for whoever wants to climb.
    pub(crate) fn rank(&self) -> (Certainty, bool, bool) {
        (self.certainty, !self.bounded, !self.weak)
    }

    /// The same, if what it rests on is not known.
    pub(crate) fn possibly(self) -> Self {
        Self {
            certainty: Certainty::Possibly,
            ..self
        }
    }
}

/// Of several ways the best one.
pub(crate) fn best(replies: impl IntoIterator<Item = Reply>) -> Option<Reply> {
    replies
        .into_iter()
        .reduce(|best, other| if other.rank() > best.rank() { other } else { best })
}

/// Asks for an action on a resource; `None` where it is not allowed, or where all doubt is about policies that
/// cannot be read at all, which are told elsewhere.
pub(crate) fn ask(principal: &Principal, action: &str, on: Resource<'_>, context: &[(&str, &[&str])]) -> Option<Reply> {
    reply(&principal.may(&Request::new(action).on(on).with(context)))
}

fn reply(answer: &Answer) -> Option<Reply> {
    let doubted = answer.doubts.iter().find_map(|doubt| match doubt {
        Doubt::Allow(at) => Some(*at),
        _ => None,
    });
    let cause = answer.because.first().copied().or(doubted);
    let weak = answer.is_weak();
    match answer.verdict {
        Verdict::No => None,
        Verdict::Yes => Some(Reply {
            certainty: Certainty::Yes,
            weak,
            bounded: false,
            cause,
        }),
        Verdict::Unknown if answer.is_only_unread() => None,
        Verdict::Unknown if answer.granted == Verdict::Yes && answer.bound == Bound::Unknown => Some(Reply {
            certainty: Certainty::Yes,
            weak,
            bounded: true,
            cause,
        }),
        Verdict::Unknown => Some(Reply {
            certainty: Certainty::Possibly,
            weak,
            bounded: false,
            cause,
        }),
    }
}
