//! A part of a whole, in whole ten-thousandths, so that it is one number on every machine.

use std::fmt;

use serde::{Serialize, Serializer};

const WHOLE: usize = 10_000;

/// From 0 to 1 in steps of 0.0001, rounded down: only the whole is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// The share of a part; none of nothing.
    pub fn of(part: usize, whole: usize) -> Option<Self> {
        let parts = part.min(whole).saturating_mul(WHOLE).checked_div(whole)?;
        u32::try_from(parts).ok().map(Self)
    }

    /// In percent, with one digit: `99.9 %` until it is all.
    pub fn percent(self) -> String {
        match (self.0 / 100, self.0 / 10 % 10) {
            (whole, 0) => format!("{whole} %"),
            (whole, tenths) => format!("{whole}.{tenths} %"),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 10_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn shares() {
        for (part, whole, text, percent) in [
            (0, 3, "0.0000", "0 %"),
            (1, 3, "0.3333", "33.3 %"),
            (1, 2, "0.5000", "50 %"),
            (9_999, 10_000, "0.9999", "99.9 %"),
            (99_999, 100_000, "0.9999", "99.9 %"),
            (7, 7, "1.0000", "100 %"),
            (8, 7, "1.0000", "100 %"),
        ] {
            let share = Share::of(part, whole).unwrap();
            assert_eq!((share.to_string().as_str(), share.percent().as_str()), (text, percent));
        }
        assert_eq!(Share::of(0, 0), None);
        assert_eq!(serde_json::to_string(&Share::of(1, 3)).unwrap(), "0.3333");
        assert_eq!(serde_json::to_string(&Share::of(0, 0)).unwrap(), "null");
    }
}
