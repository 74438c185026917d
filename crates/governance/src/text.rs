//! Names, environments and the checks that all text of a declaration shares.
//!
//! Identifiers are lower-case ASCII so that no two of them look alike, differ by case only, or need escaping in a
//! SPIFFE id. Prose may be in any language but holds no control or direction character, because it ends up in logs,
//! terminals and reports.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{Code, ENVIRONMENT, NAME, ORGANISATION, Problem};

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 63;
/// The longest environment, in bytes.
const ENVIRONMENT_BYTES_MAX: usize = 32;
/// How much of a refused value an error repeats, in characters.
const QUOTE_CHARS_MAX: usize = 80;

/// The name of an identity, unique among the live ones of its environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Parses a name: 1 to 63 lower-case letters, digits and single `-`, `_` or `.` between them, a letter first.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        slug(&NAME, "a name", text, NAME_BYTES_MAX).map(|()| Self(text.to_owned()))
    }
}

/// Whose identities they are: approvals and requests are bound to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Organisation(String);

impl Organisation {
    /// Parses the name of an organisation: like a [`Name`], for example `example` or `example.org`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        slug(&ORGANISATION, "an organisation", text, NAME_BYTES_MAX).map(|()| Self(text.to_owned()))
    }
}

/// Where an identity is used, for example `staging`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Environment(String);

impl Environment {
    /// Parses an environment: like a [`Name`], up to 32 characters.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        slug(&ENVIRONMENT, "an environment", text, ENVIRONMENT_BYTES_MAX).map(|()| Self(text.to_owned()))
    }

    /// Whether the environment is production: one of its parts is `production`, `prod`, `prd` or `live`, with or
    /// without a number (`prod-eu`, `prod2`), unless the part before it says otherwise (`non-prod`, `pre-prod`; `no` is
    /// a country).
    pub fn is_production(&self) -> bool {
        let mut before = "";
        self.0.split(['-', '_', '.']).any(|part| {
            let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
            let negated = matches!(before, "non" | "not" | "pre");
            before = part;
            !negated && matches!(word, "production" | "prod" | "prd" | "live")
        })
    }
}

/// Gives a parsed string its conversions; the same for every such type.
macro_rules! text_type {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = Problem;
            fn try_from(text: String) -> Result<Self, Problem> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )*};
}
text_type!(Name, Environment, Organisation);

/// Refuses everything but lower-case identifiers.
fn slug(code: &'static Code, what: &str, text: &str, bytes_max: usize) -> Result<(), Problem> {
    let help = || {
        format!(
            "Write {what} of 1 to {bytes_max} lower-case letters and digits, a letter first, with single `-`, `_` or `.` between them."
        )
    };
    if text.is_empty() {
        return Err(Problem::new(code, format!("{what} is empty"), help()));
    }
    if text.len() > bytes_max {
        let message = format!("{} is longer than {bytes_max} characters", quote(text));
        return Err(Problem::new(code, message, help()));
    }
    if !is_slug(text) {
        return Err(Problem::new(code, format!("{} is not {what}", quote(text)), help()));
    }
    Ok(())
}

/// Whether the text is lower-case letters and digits with single separators between, a letter first.
pub(crate) fn is_slug(text: &str) -> bool {
    let parts_are_words = text.split(['-', '_', '.']).all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    parts_are_words && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Whether the text is printable ASCII without spaces, within the limit.
pub(crate) fn is_token(text: &str, bytes_max: usize) -> bool {
    !text.is_empty() && text.len() <= bytes_max && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The first character that has no place in prose: a control, a direction override, something invisible.
pub(crate) fn unprintable(text: &str) -> Option<char> {
    text.chars().find(|c| {
        c.is_control()
            || matches!(*c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    })
}

/// The text in backticks for a message: shortened, and with nothing in it that could act on a terminal.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    for (position, c) in text.chars().enumerate() {
        if position == QUOTE_CHARS_MAX {
            quoted.push('…');
            break;
        }
        match c {
            '`' => quoted.push('\''),
            c if unprintable(c.encode_utf8(&mut [0; 4])).is_some() => quoted.extend(c.escape_unicode()),
            c => quoted.push(c),
        }
    }
    quoted.push('`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{Environment, Name, quote};

    #[test]
    fn names() {
        let long = "a".repeat(63);
        for good in ["a", "deployer", "payments-api.v2_x", "a1", &long] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
        let too_long = "a".repeat(64);
        for bad in [
            "", "A", "1a", "-a", "a-", "a--b", "a..b", "a/b", "a b", "ä", "а", "a\n", "*", &too_long,
        ] {
            let problem = Name::parse(bad).unwrap_err();
            assert_eq!(problem.code.id, "NHI-NAME", "{bad:?}");
            assert!(!problem.message.contains('\n'), "{problem:?}");
        }
    }

    #[test]
    fn production_is_recognised_by_its_parts() {
        for yes in [
            "production",
            "prod",
            "prod-eu",
            "eu.prod",
            "prd",
            "live",
            "prod2",
            "no-prod",
            "payments_production1",
        ] {
            assert!(Environment::parse(yes).unwrap().is_production(), "{yes}");
        }
        for no in [
            "staging",
            "non-prod",
            "pre-prod",
            "product",
            "reproduction",
            "delivery",
            "nonprod",
            "dev",
        ] {
            assert!(!Environment::parse(no).unwrap().is_production(), "{no}");
        }
    }

    #[test]
    fn quotes_are_short_and_inert() {
        assert_eq!(quote("a`b\u{1b}[2J\u{202e}"), "`a'b\\u{1b}[2J\\u{202e}`");
        assert_eq!(quote(&"x".repeat(200)).chars().count(), 83);
    }
}
