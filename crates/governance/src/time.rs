//! A moment in UTC, to the second.
//!
//! The range is the years 1 to 9999, which RFC 3339 can write; arithmetic stops at its end instead of wrapping, so
//! that a sum can only make a life shorter.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ttl::Ttl;

/// A moment in UTC, in whole seconds; written as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 time in whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time in whole seconds")]
pub struct NotATimestamp(String);

impl Timestamp {
    /// The first moment of year 1.
    pub const MIN: Self = Self(-62_135_596_800);
    /// The last moment that has a calendar date in every time zone of year 9999.
    pub const MAX: Self = Self(253_402_207_200);

    /// The moment so many seconds after 1970, moved into the range where it lies outside.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Seconds since 1970; negative before.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Parses `2026-11-22T21:34:28Z`.
    pub fn parse(text: &str) -> Result<Self, NotATimestamp> {
        let refuse = || NotATimestamp(text.chars().take(40).collect());
        let parsed: jiff::Timestamp = text.parse().map_err(|_| refuse())?;
        let in_range = (Self::MIN.0..=Self::MAX.0).contains(&parsed.as_second());
        if parsed.subsec_nanosecond() == 0 && in_range {
            Ok(Self(parsed.as_second()))
        } else {
            Err(refuse())
        }
    }

    /// The moment a time to live later, no later than [`Timestamp::MAX`].
    #[must_use]
    pub fn plus(self, ttl: &Ttl) -> Self {
        let seconds = i64::try_from(ttl.seconds()).unwrap_or(i64::MAX);
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this moment; negative when it is the later one.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(moment) => f.pad(&moment.to_string()),
            // INVARIANT: the constructors keep the range; were it broken, the number is still the truth.
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = NotATimestamp;

    fn try_from(text: String) -> Result<Self, NotATimestamp> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Timestamp;
    use crate::ttl::Ttl;

    #[test]
    fn texts() {
        assert_eq!(Timestamp::from_unix(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(
            Timestamp::parse("2026-11-22T22:34:28+01:00").unwrap().to_string(),
            "2026-11-22T21:34:28Z"
        );
        assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00Z");
        for bad in [
            "",
            "2026-11-22",
            "2026-11-22T21:34:28",
            "2026-11-22T21:34:28.5Z",
            "2026-02-30T00:00:00Z",
            "now",
        ] {
            assert!(Timestamp::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_end_of_time_shortens_a_life() {
        let century = Ttl::parse("876000h").unwrap();
        assert_eq!(Timestamp::MAX.plus(&century), Timestamp::MAX);
        assert_eq!(Timestamp::from_unix(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_unix(i64::MIN), Timestamp::MIN);
    }

    proptest! {
        #[test]
        fn round_trip(seconds in Timestamp::MIN.unix()..=Timestamp::MAX.unix()) {
            let timestamp = Timestamp::from_unix(seconds);
            prop_assert_eq!(Timestamp::parse(&timestamp.to_string()), Ok(timestamp));
        }
    }
}
