//! Owners: who answers for an identity.
//!
//! An owner is a team, a person or a mailbox. Two owners are the same when a person would say so: case, the separator
//! in a name, and the tag of a mailbox (`alice+ci@…`) make no difference.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::code::{OWNER, Problem};
use crate::text::quote;

/// The longest owner, in bytes.
const OWNER_BYTES_MAX: usize = 254;

/// An accountable team or person: `team:payments`, `user:alice` or `alice@example.com`.
///
/// Equality is that of the normalised form; the spelling is kept for display.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner {
    text: String,
    key: String,
}

impl Owner {
    /// Parses `team:<name>`, `user:<name>` or an e-mail address, which may also stand after `user:`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = || {
            Problem::new(
                &OWNER,
                format!("{} is not an owner", quote(text)),
                "Write `team:payments`, `user:alice` or an e-mail address such as `alice@example.com`.",
            )
        };
        if text.len() > OWNER_BYTES_MAX || !text.is_ascii() {
            return Err(refuse());
        }
        let lower = text.to_ascii_lowercase();
        let key = match lower.split_once(':') {
            Some(("team", name)) => name_key(name).map(|name| format!("team:{name}")),
            Some(("user", name)) if name.contains('@') => email_key(name),
            Some(("user", name)) => name_key(name).map(|name| format!("user:{name}")),
            Some(_) => None,
            None => email_key(&lower),
        };
        key.map(|key| Self {
            text: text.to_owned(),
            key,
        })
        .ok_or_else(refuse)
    }

    /// The owner as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a team and not a person.
    pub fn is_team(&self) -> bool {
        self.key.starts_with("team:")
    }

    /// The normalised form: two owners are the same when it is.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The normalised name, without `team:` or `user:`.
    pub(crate) fn name_key(&self) -> &str {
        self.key.split_once(':').map_or(self.key.as_str(), |(_, name)| name)
    }
}

/// Normalises `org/payments-api`: words of letters and digits, `-`, `_` and `.` alike, `/` between levels.
fn name_key(name: &str) -> Option<String> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.split(['/', '-', '_', '.'])
        .all(is_word)
        .then(|| name.replace(['_', '.'], "-"))
}

/// Normalises a mailbox: without the tag after `+`.
fn email_key(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let mailbox = local.split('+').next()?;
    let is_local = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let tag_is_printable = local
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b',' | b';' | b'`'));
    let whole =
        tag_is_printable && mailbox.split('.').all(is_local) && domain.contains('.') && domain.split('.').all(is_label);
    whole.then(|| format!("{mailbox}@{domain}"))
}

impl PartialEq for Owner {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Owner {}

impl Hash for Owner {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl AsRef<str> for Owner {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl TryFrom<String> for Owner {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.text
    }
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn forms() {
        for good in [
            "team:payments",
            "Team:Payments",
            "team:org/pay-ments",
            "user:alice",
            "a.b+ci@example.co.uk",
            "user:a@b.io",
        ] {
            assert_eq!(Owner::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "payments",
            "team:",
            "team: payments",
            "team:pay ments",
            "team:a//b",
            "group:x",
            "user:",
            "a@b",
            "a@b.",
            "@b.c",
            "a@@b.c",
            "a@-b.c",
            "team:*",
            "team:pаyments",
            "alice <a@b.c>",
            "+x@b.c",
            "a..b@c.d",
            "team:x\n",
        ] {
            assert_eq!(Owner::parse(bad).unwrap_err().code.id, "NHI-OWNER", "{bad:?}");
        }
    }

    #[test]
    fn sameness() {
        let same = |left: &str, right: &str| Owner::parse(left).unwrap() == Owner::parse(right).unwrap();
        assert!(same("team:payments", "TEAM:Payments"));
        assert!(same("team:pay-ments", "team:pay_ments"));
        assert!(same("alice@example.com", "user:Alice+nhi@Example.com"));
        assert!(!same("team:payments", "user:payments"));
        assert!(!same("team:payments", "team:payments2"));
        assert!(!same("team:a/b", "team:a-b"));
        assert!(!same("alice@example.com", "alice@example.org"));
    }
}
