//! Patterns of names, resources and actions: `*` is any run of characters, `?` is one.
//!
//! A policy compares patterns with patterns, because what a scope declares may itself be one. Both comparisons err on
//! the safe side: what is said to be covered is covered, and what is said not to overlap does not.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{PATTERN, Problem};
use crate::cover::covers;
use crate::text::{is_token, quote};

/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 256;

/// A pattern of printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

impl Pattern {
    /// Parses a pattern: 1 to 256 printable ASCII characters without spaces, no two `*` beside each other.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if !is_token(text, PATTERN_BYTES_MAX) || text.contains("**") {
            return Err(Problem::new(
                &PATTERN,
                format!("{} is not a pattern", quote(text)),
                format!(
                    "Write 1 to {PATTERN_BYTES_MAX} printable ASCII characters without spaces; a single `*` is any run of characters, `?` is one."
                ),
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The pattern that covers everything.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether everything that `other` can stand for is something that this pattern stands for. `other` may hold
    /// wildcards of its own.
    pub fn covers(&self, other: &str) -> bool {
        covers(&self.0, other)
    }

    /// Whether some text is one that both stand for, whatever its case.
    pub fn overlaps(&self, other: &str) -> bool {
        let other = other.as_bytes();
        // `row[j]`: the rest of this pattern and the rest of the other from `j` have a text in common.
        let mut below: Vec<bool> = vec![false; other.len() + 1];
        let mut row = ends(other);
        for &byte in self.0.as_bytes().iter().rev() {
            std::mem::swap(&mut below, &mut row);
            let mut right = byte == b'*' && below.last() == Some(&true);
            let mut next = vec![right];
            for (index, &theirs) in other.iter().enumerate().rev() {
                let beneath = below.get(index).copied().unwrap_or_default();
                let diagonal = below.get(index + 1).copied().unwrap_or_default();
                right = if byte == b'*' || theirs == b'*' {
                    beneath || right
                } else {
                    diagonal && (byte == b'?' || theirs == b'?' || byte.eq_ignore_ascii_case(&theirs))
                };
                next.push(right);
            }
            next.reverse();
            row = next;
        }
        row.first() == Some(&true)
    }
}

/// For each position, whether nothing but `*` follows.
fn ends(pattern: &[u8]) -> Vec<bool> {
    let mut ends: Vec<bool> = pattern
        .iter()
        .rev()
        .scan(true, |open, byte| {
            *open &= *byte == b'*';
            Some(*open)
        })
        .collect();
    ends.reverse();
    ends.push(true);
    ends
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Pattern {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pattern;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn covering() {
        for (wide, narrow) in [
            ("*", "anything:*"),
            ("s3:*", "s3:GetObject"),
            ("s3:*", "s3:*"),
            ("s3:*", "s3:Get*"),
            ("ci-*-prod", "ci-a-b-prod"),
            ("a?c", "abc"),
            ("a?c", "a?c"),
            ("a*", "a*b*"),
            ("*a*b", "xxaxxab"),
        ] {
            assert!(pattern(wide).covers(narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("s3:*", "*"),
            ("s3:Get*", "s3:*"),
            ("s3:Get*", "s3:get"),
            ("a?c", "a*c"),
            ("a", "ab"),
            ("ci-*-prod", "ci-prod"),
            ("a*b", "a*"),
            ("?", "*"),
        ] {
            assert!(!pattern(wide).covers(narrow), "{wide} {narrow}");
        }
    }

    #[test]
    fn overlapping() {
        for (one, other) in [
            ("iam:*", "i*:Create*"),
            ("iam:*", "IAM:createuser"),
            ("a*b", "*"),
            ("a?", "?b"),
            ("*x", "x*"),
            ("a*", "a"),
        ] {
            assert!(pattern(one).overlaps(other), "{one} {other}");
            assert!(pattern(other).overlaps(one), "{one} {other}");
        }
        for (one, other) in [
            ("iam:*", "s3:*"),
            ("a?", "a"),
            ("a*b", "a*c"),
            ("x*", "y?*"),
            ("a", "b"),
        ] {
            assert!(!pattern(one).overlaps(other), "{one} {other}");
            assert!(!pattern(other).overlaps(one), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for bad in ["", "a b", "**", "ä", "a\n", &"a".repeat(257)] {
            assert_eq!(Pattern::parse(bad).unwrap_err().code.id, "NHI-PATTERN", "{bad:?}");
        }
    }

    proptest! {
        /// By the plain definition, on a small alphabet where chance finds the corners.
        #[test]
        fn comparisons_are_sound(one in "[ab?*]{1,6}", other in "[ab?*]{1,6}", text in "[ab]{0,7}") {
            prop_assume!(!one.contains("**") && !other.contains("**"));
            let (one, other) = (pattern(&one), pattern(&other));
            let (in_one, in_other) = (naive(one.as_str().as_bytes(), text.as_bytes()), naive(other.as_str().as_bytes(), text.as_bytes()));
            prop_assert_eq!(one.covers(&text), in_one);
            if one.covers(other.as_str()) {
                prop_assert!(in_one || !in_other, "{one} covers {other} but not {text}");
                prop_assert!(one.overlaps(other.as_str()));
            }
            if in_one && in_other {
                prop_assert!(one.overlaps(other.as_str()), "{one} and {other} share {text}");
            }
            prop_assert!(one.covers(one.as_str()));
        }
    }

    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => naive(rest, text) || (!text.is_empty() && naive(pattern, &text[1..])),
            ([wanted, rest @ ..], [byte, more @ ..]) => (*wanted == b'?' || wanted == byte) && naive(rest, more),
            _ => false,
        }
    }
}
