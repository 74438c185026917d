//! Versions of modules and the constraints on them, in the notation of Terraform.

use std::fmt;

use nhi_governance::Problem;
pub use semver::Version;
use semver::{Comparator, Op, Prerelease, VersionReq};

use crate::code::{VALUE, quote};

/// The most that a constraint may say.
const PARTS_MAX: usize = 10;

const HELP: &str = "Write a constraint such as `~> 1.2`, `>= 1.2.0, < 2.0.0` or `1.2.3`.";

/// Which versions are meant: `~> 1.2`, `>= 1.2.0, < 2.0.0`, `1.2.3`.
///
/// As in Terraform a version alone is that version, and a pre-release is only meant where it is named with `=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    text: String,
    allowed: VersionReq,
}

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    ///
    /// A text that is none, and operators without a meaning here: `!=`, `^`, and `~>` with one number, which would have
    /// no upper end.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::new(&VALUE, format!("{} is not a version constraint", quote(text)), HELP);
        if text.len() > 200 || text.split(',').count() > PARTS_MAX {
            return Err(wrong());
        }
        let mut comparators = Vec::new();
        for part in text.split(',') {
            comparators.extend(comparators_of(part.trim()).ok_or_else(wrong)?);
        }
        Ok(Self {
            text: text.trim().to_owned(),
            allowed: VersionReq { comparators },
        })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a version is meant.
    pub fn allows(&self, version: &Version) -> bool {
        self.allowed.matches(version)
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn comparators_of(part: &str) -> Option<Vec<Comparator>> {
    let operators = [
        ("~>", None),
        (">=", Some(Op::GreaterEq)),
        ("<=", Some(Op::LessEq)),
        (">", Some(Op::Greater)),
        ("<", Some(Op::Less)),
        ("=", Some(Op::Exact)),
        ("", Some(Op::Exact)),
    ];
    let (rest, op) = operators
        .into_iter()
        .find_map(|(sign, op)| part.strip_prefix(sign).map(|rest| (rest.trim(), op)))?;
    let (numbers, pre) = rest.split_once('-').unwrap_or((rest, ""));
    let numbers: Vec<u64> = numbers.split('.').map(number).collect::<Option<_>>()?;
    let &[major, ref lesser @ ..] = numbers.as_slice() else {
        return None;
    };
    let (minor, patch) = match *lesser {
        [] => (None, None),
        [minor] => (Some(minor), None),
        [minor, patch] => (Some(minor), Some(patch)),
        _ => return None,
    };
    let pre = match (pre, patch) {
        ("", _) if !rest.contains('-') => Prerelease::EMPTY,
        (pre, Some(_)) => Prerelease::new(pre).ok().filter(|pre| !pre.is_empty())?,
        _ => return None,
    };
    let at = |op, major, minor, patch, pre| Comparator {
        op,
        major,
        minor: Some(minor),
        patch: Some(patch),
        pre,
    };
    let lowest = |op| at(op, major, minor.unwrap_or(0), patch.unwrap_or(0), pre.clone());
    match op {
        Some(op) => Some(vec![lowest(op)]),
        // The last number that is written may grow, those before it not.
        None => {
            let (next_major, next_minor) = match (minor?, patch) {
                (_, None) => (major.checked_add(1)?, 0),
                (minor, Some(_)) => (major, minor.checked_add(1)?),
            };
            let end = at(Op::Less, next_major, next_minor, 0, Prerelease::EMPTY);
            Some(vec![lowest(Op::GreaterEq), end])
        }
    }
}

/// A number without a sign or leading zeros.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

/// Reads a version.
pub(crate) fn version(text: &str) -> Result<Version, Problem> {
    let read = (text.len() <= 100).then(|| Version::parse(text).ok()).flatten();
    // Tags of a registry cannot hold a `+`, so what comes after it could not be told apart there.
    read.filter(|version| version.build.is_empty()).ok_or_else(|| {
        let help = "Write major, minor and patch, for example `1.2.3`.";
        Problem::new(&VALUE, format!("{} is not a version", quote(text)), help)
    })
}

#[cfg(test)]
mod tests {
    use super::{Constraint, Version, version};

    #[test]
    fn constraints_mean_what_terraform_means() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("1.2.3", &["1.2.3"], &["1.2.4", "1.2.2", "1.2.3-rc.1"]),
            ("= 1.2", &["1.2.0"], &["1.2.1", "1.3.0"]),
            (
                "~> 1.2",
                &["1.2.0", "1.9.9"],
                &["1.1.9", "2.0.0", "2.0.0-rc.1", "1.3.0-rc.1"],
            ),
            ("~> 1.2.3", &["1.2.3", "1.2.99"], &["1.2.2", "1.3.0"]),
            ("~> 0.4", &["0.4.0", "0.9.0"], &["0.3.9", "1.0.0"]),
            (">= 1.2.0, < 2.0.0", &["1.2.0", "1.99.0"], &["2.0.0", "1.1.0"]),
            (">1.2.0,<=1.4", &["1.2.1", "1.4.0"], &["1.2.0", "1.4.1"]),
            ("= 1.2.3-rc.1", &["1.2.3-rc.1"], &["1.2.3", "1.2.3-rc.2"]),
            ("~> 18446744073709551615.0", &[], &[]),
        ];
        for (text, allowed, refused) in table {
            let Ok(constraint) = Constraint::parse(text) else {
                assert!(allowed.is_empty(), "{text}");
                continue;
            };
            for (versions, expected) in [(allowed, true), (refused, false)] {
                for version in *versions {
                    let version = Version::parse(version).unwrap();
                    assert_eq!(constraint.allows(&version), expected, "{text} {version}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_constraint_is_refused() {
        for text in [
            "",
            "latest",
            "~> 1",
            "^1.2",
            "!= 1.2.3",
            "1.x",
            "*",
            "1.2.3.4",
            "01.2",
            "-1",
            "1.2-rc.1",
            "1.2.3-",
            ">= ",
            "1.2.3,",
            "=> 1.2",
            "1..2",
            "1.2.3 || 2",
            "٣.1.0",
        ] {
            assert!(Constraint::parse(text).is_err(), "{text}");
        }
        assert!(Constraint::parse(&"1.2.3,".repeat(50)).is_err());
        for text in ["1.2", "v1.2.3", "1.2.3+build", ""] {
            assert!(version(text).is_err(), "{text}");
        }
        assert_eq!(version("1.2.3-rc.1").unwrap().to_string(), "1.2.3-rc.1");
    }
}
