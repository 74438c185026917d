//! The name of a person: it stands in envelopes, in the trust root and in file names.

use std::fmt;

use nhi_governance::Name;
use serde::{Deserialize, Serialize};

use crate::code::{INVALID, Problem, quote};

/// A person, by the name that the trust root gives them: a lower-case identifier such as `alice` or `alice.smith`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Person(String);

impl Person {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match Name::parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(Problem::new(
                &INVALID,
                format!("{} is not a person's name", quote(text)),
                "Write up to 63 lower-case letters and digits, a letter first, with single `-`, `_` or `.` between them.",
            )),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Person {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Person> for String {
    fn from(person: Person) -> Self {
        person.0
    }
}
