//! Judges a value by the name it stands under: entropy comes last, and never alone.

use nhi_plan::{Severity, symbol};

use super::names::{self, Class};
use super::{base64, negative, proofs};

/// What a value under a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    /// It is a secret once its base64 is taken off.
    pub(crate) encoded: bool,
}

/// How sure it is that a secret belongs here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The name says so.
    Name,
    /// The text around it says so too: a connection string.
    Context,
    /// The provider's schema says so.
    Schema,
}

/// Longer values are files.
const LENGTH_MAX: usize = 4_096;

/// Defaults that everybody tries first.
const WEAK: [&str; 22] = [
    "123456",
    "12345678",
    "123456789",
    "1234567890",
    "abc123",
    "admin",
    "admin123",
    "changeit",
    "changeme",
    "change_me",
    "change-me",
    "default",
    "letmein",
    "master",
    "p@ssw0rd",
    "passw0rd",
    "password",
    "password1",
    "password123",
    "qwerty",
    "root",
    "secret",
];

/// Whether text is one of the passwords that everybody tries first.
pub(crate) fn is_weak(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    WEAK.contains(&lower.as_str()) || WEAK.contains(&lower.trim_end_matches(['!', '1', '2', '3']))
}

/// Judges `text` under a name of this class.
pub(crate) fn judge(class: Class, text: &str, trust: Trust) -> Option<Judged> {
    let text = text.trim();
    if text.len() > LENGTH_MAX || symbol::has_symbols(text) {
        return None;
    }
    // Base64 of plain text is judged as that text.
    if text.len() >= 8
        && text.len().is_multiple_of(4)
        && let Some(plain) = printable(text)
    {
        return one(class, &plain, trust).map(|judged| Judged {
            encoded: true,
            ..judged
        });
    }
    one(class, text, trust)
}

fn one(class: Class, text: &str, trust: Trust) -> Option<Judged> {
    let text = text.trim();
    if negative::stands_in(text) || negative::refers(text) || text.contains('\n') {
        return None;
    }
    let (kind, severity) = match class {
        Class::Password if trust == Trust::Schema && is_weak(text) => ("well-known default password", Severity::High),
        Class::Password => ("password", Severity::High),
        Class::Token => (
            "secret",
            if trust == Trust::Schema {
                Severity::High
            } else {
                Severity::Medium
            },
        ),
    };
    let holds = match (trust, class) {
        (Trust::Schema, _) => text.len() >= 3 && !is_public_text(text) && !is_switch(text) && !negative::is_place(text),
        (Trust::Context, _) => text.len() >= 4 && !negative::is_public(text) && !is_local(text),
        (Trust::Name, Class::Password) => {
            text.len() >= 6
                && !negative::is_public(text)
                && (!negative::is_plain(text) && looks_chosen(text) || is_phrase(text))
        }
        (Trust::Name, Class::Token) => !negative::is_public(text) && !negative::is_plain(text) && looks_made(text),
    };
    holds.then_some(Judged {
        kind,
        severity,
        encoded: false,
    })
}

fn is_switch(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// A UUID may well be a token where the schema says that one stands.
fn is_public_text(text: &str) -> bool {
    negative::is_public(text) && !negative::is_uuid(text)
}

/// Words under `password` in the examples of every driver.
fn is_local(text: &str) -> bool {
    [
        "password", "passwd", "pass", "secret", "token", "user", "postgres", "root", "mysql", "guest", "test",
        "changeme",
    ]
    .iter()
    .any(|word| text.eq_ignore_ascii_case(word))
}

/// Digits, signs or capitals that no plain word has.
fn looks_chosen(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    let sign = text
        .bytes()
        .any(|byte| byte.is_ascii_punctuation() && !b"-_./:,".contains(&byte));
    !text.contains(char::is_whitespace)
        && (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
            || sign && has(u8::is_ascii_alphabetic) && proofs::entropy(text) > 2.0
            || text.len() >= 16
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_lowercase)
                && proofs::entropy(text) > 3.5)
}

/// What people make of the word itself: `supersecret`, `letmein`.
fn is_phrase(text: &str) -> bool {
    const PARTS: [&str; 9] = [
        "secretpass",
        "letme",
        "qwerty",
        "welcome",
        "iloveyou",
        "trustno",
        "supersecret",
        "topsecret",
        "mysecret",
    ];
    let lower = text.to_ascii_lowercase();
    text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && PARTS.iter().any(|part| lower.contains(part))
}

/// Letters and digits without a pattern.
fn looks_made(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = text.bytes().all(|byte| byte.is_ascii_graphic());
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
        || text.len() >= 24 && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let bits = proofs::entropy(text);
    fits && mixed
        && !proofs::is_placeholder(text)
        && if hex {
            text.len() >= 16 && bits > 2.8
        } else {
            text.len() >= 12 && bits > 3.1
        }
}

/// Judges the value of an attribute that, by its schema, holds a secret; JSON is judged member by member.
pub(crate) fn by_schema(path: &str, text: &str) -> Option<Judged> {
    let class = names::class(last_name(path)).unwrap_or(Class::Password);
    judge(class, text, Trust::Schema)
}

/// Judges one entry of a map of secrets: what names a person or a place is none.
pub(crate) fn in_map(key: &str, text: &str) -> Option<Judged> {
    match names::class(key) {
        Some(class) => judge(class, text, Trust::Schema),
        None if names::identifies(key) => None,
        None => judge(Class::Password, text, Trust::Name),
    }
}

/// The innermost name of a path.
pub(crate) fn last_name(path: &str) -> &str {
    let name = path.trim_end_matches(|c: char| c == ']' || c == '[' || c == '"' || c.is_ascii_digit());
    name.rsplit(['.', '"', '[', ']']).next().unwrap_or_default()
}

/// The text behind base64, where all of it can be printed.
fn printable(text: &str) -> Option<String> {
    let decoded = String::from_utf8(base64::decode(text)?).ok()?;
    let plain = decoded.trim_end_matches(['\n', '\r']);
    let prints = plain.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    (plain.len() >= 4 && prints).then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_a_name() {
        let password = |text: &str| judge(Class::Password, text, Trust::Name).is_some();
        let token = |text: &str| judge(Class::Token, text, Trust::Name).is_some();
        for text in [
            "Sup3rS3cret!2024",
            "hunter2",
            "p@ssw0rd",
            "kJ8#mqLx2",
            "supersecret",
            "SHVudGVyMiE5eA==",
        ] {
            assert!(password(text), "{text}");
        }
        for text in [
            "password",
            "cGFzc3dvcmQ=",
            "${x}",
            "my-db-password",
            "changeme",
            "true",
            "/run/secret",
            "db.internal:5432",
            "arn:aws:x",
            "b3b7c4d2-1a2b-4c3d-8e9f-001122334455",
            "eu-west-1",
        ] {
            assert!(!password(text), "{text}");
        }
        for text in [
            "q8Zk2LmX0vRtY7bNcW",
            "9f86d081884c7d659a2feaa0c55ad015",
            "a8f5f167f44f4964e6c998dee827110c",
        ] {
            assert!(token(text), "{text}");
        }
        for text in [
            "hours",
            "my-app-token-name",
            "ssh-rsa AAAAB3NzaC1yc2E",
            "sha256:9f86d081884c7d659a2feaa0c55ad015",
            "AQICAHhxGlYZq8Zk2LmX0vRtY7bNcWdEaGjKpoIu",
            "0123456789",
            "short1",
        ] {
            assert!(!token(text), "{text}");
        }
    }

    #[test]
    fn by_the_schema() {
        for text in [
            "hunter2",
            "changeme",
            "password123",
            "admin",
            "correct horse",
            "b3b7c4d2-1a2b-4c3d-8e9f-001122334455",
        ] {
            assert!(by_schema("password", text).is_some(), "{text}");
        }
        for text in [
            "REPLACE_ME",
            "<token>",
            "xxxx",
            "TODO",
            "${var.p}",
            "",
            "arn:aws:secretsmanager:x",
            "/run/secrets/db",
            "~/.ssh/id_ed25519.pem",
            "https://vault.example.com/v1/db",
        ] {
            assert!(by_schema("password", text).is_none(), "{text}");
        }
        assert!(in_map("username", "admin1").is_none());
        assert!(in_map("password", "admin").is_some());
        assert!(in_map("tls.crt", "-----BEGIN CERTIFICATE-----").is_none());
        assert!(is_weak("changeme") && is_weak("Password123!") && !is_weak("q8Zk2LmX0vRt"));
    }

    #[test]
    fn names_of_paths() {
        assert_eq!(last_name("a.b[0].password"), "password");
        assert_eq!(last_name("passwords[1]"), "passwords");
        assert_eq!(last_name("data[\"db-password\"]"), "db-password");
    }
}
