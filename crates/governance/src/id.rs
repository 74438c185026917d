//! The id of a record: a ULID, never used twice.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The id of an identity or of another record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordId(ulid::Ulid);

/// The text is not a record's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: it is 26 characters such as `01ARZ3NDEKTSV4RRFFQ69G5FAV`")]
pub struct NotAnId(String);

impl RecordId {
    /// Makes an id from the time and a random number, of which the lower 80 bits count.
    pub fn new(now: Timestamp, random: u128) -> Self {
        let milliseconds = u64::try_from(now.unix()).unwrap_or(0).saturating_mul(1000);
        Self(ulid::Ulid::from_parts(milliseconds, random))
    }

    /// Parses the canonical spelling: 26 upper-case characters of Crockford's base 32.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        let refuse = || NotAnId(text.chars().take(40).filter(char::is_ascii_graphic).collect());
        let id = ulid::Ulid::from_string(text).map(Self).map_err(|_| refuse())?;
        // One id has one spelling: other cases and look-alikes would be other keys in logs and states.
        if id.to_string() == text { Ok(id) } else { Err(refuse()) }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; ulid::ULID_LEN];
        f.pad(self.0.array_to_str(&mut buffer))
    }
}

impl TryFrom<String> for RecordId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        Self::parse(&text)
    }
}

impl From<RecordId> for String {
    fn from(id: RecordId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::RecordId;
    use crate::time::Timestamp;

    #[test]
    fn spelling() {
        let id = RecordId::new(Timestamp::from_unix(1_800_000_000), u128::MAX);
        assert_eq!(RecordId::parse(&id.to_string()), Ok(id));
        assert_eq!(id.to_string().len(), 26);
        for bad in [
            "",
            "x",
            "01arz3ndektsv4rrffq69g5fav",
            "O1ARZ3NDEKTSV4RRFFQ69G5FAV",
            "81ARZ3NDEKTSV4RRFFQ69G5FAV",
            "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
        ] {
            assert!(RecordId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn odd_clocks_still_make_ids() {
        for moment in [Timestamp::MIN, Timestamp::from_unix(-1), Timestamp::MAX] {
            let id = RecordId::new(moment, 7);
            assert_eq!(RecordId::parse(&id.to_string()), Ok(id));
        }
    }
}
