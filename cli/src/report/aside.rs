//! Findings that are not counted, and why: listed apart, counted apart, never silent.

use super::Entry;

/// A finding that somebody has decided about, or that was there before.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    pub(crate) entry: Entry,
    pub(crate) because: Because,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Because {
    /// What the plan starts from already had it.
    Existing,
    /// It is in the baseline.
    Baseline,
    /// Somebody answers for it, until a day.
    Waived(Waived),
    /// An exception on record waives it, for this very value. It has not passed.
    Excepted(Waived),
}

/// Who waived a finding, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waived {
    pub(crate) reason: String,
    pub(crate) owner: String,
    /// As it was written.
    pub(crate) expires: String,
    /// Where it was written: a file, with the line where that is known.
    pub(crate) place: String,
}

impl Because {
    /// The words, in the order in which formats count them.
    pub(crate) const WORDS: [&'static str; 4] = ["existing", "baseline", "waived", "excepted"];

    pub(crate) fn as_str(&self) -> &'static str {
        let [existing, baseline, waived, excepted] = Self::WORDS;
        match self {
            Self::Existing => existing,
            Self::Baseline => baseline,
            Self::Waived(_) => waived,
            Self::Excepted(_) => excepted,
        }
    }

    /// One line for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Existing => "it was there before this plan".to_owned(),
            Self::Baseline => "it is in the baseline".to_owned(),
            Self::Waived(waived) => format!(
                "waived by {} until {}: {} ({})",
                waived.owner, waived.expires, waived.reason, waived.place
            ),
            Self::Excepted(waived) => format!(
                "waived by {}, accepted by {} until {}: {}",
                waived.place, waived.owner, waived.expires, waived.reason
            ),
        }
    }
}
