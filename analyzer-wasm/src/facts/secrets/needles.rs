//! One automaton for everything that a credential may begin with.
//!
//! It runs over the raw JSON of every block, so it is a table-driven DFA: a byte costs one look-up.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::base64;
use super::shapes::{SHAPES, Shape};

/// What a needle announces.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Needle {
    /// A token of this shape.
    Shape(&'static Shape),
    /// A private key.
    Pem,
    /// A JSON Web Token.
    Jwt,
    /// A name under which an AWS secret key stands.
    AwsSecretName,
    /// A URL with user and password.
    Url,
    /// Base64 in which something may hide.
    Base64,
    /// JSON in which letters are escaped.
    Escape,
}

const AWS_SECRET_NAMES: [&str; 12] = [
    "aws_secret_access_key",
    "AWS_SECRET_ACCESS_KEY",
    "secret_access_key",
    "SECRET_ACCESS_KEY",
    "SecretAccessKey",
    "secretAccessKey",
    "secret_key",
    "SECRET_KEY",
    "secretKey",
    "SecretKey",
    "secret-key",
    "secret-access-key",
];

/// Schemes whose user part holds a password.
const SCHEMES: [&str; 14] = [
    "postgres://",
    "postgresql://",
    "mysql://",
    "mariadb://",
    "sqlserver://",
    "mongodb://",
    "mongodb+srv://",
    "redis://",
    "rediss://",
    "amqp://",
    "amqps://",
    "ldaps://",
    "https://oauth2:",
    "https://x-access-token:",
];

/// Beginnings of base64 that scripts, cloud-init files, JSON and mails have, and names of attributes that hold it.
const BASE64: [&str; 10] = [
    "IyEv",
    "I2Nsb3VkLWNvbmZpZw",
    "Q29udGVudC1UeXBl",
    "TUlNRS1WZXJzaW9u",
    "PHBvd2Vyc2hlbGw",
    "ew0K",
    "ewog",
    "_base64\":\"",
    "user_data\":\"",
    "custom_data\":\"",
];

/// What also shows when it stands in the middle of base64.
const DISGUISED: [&str; 22] = [
    "AKIA",
    "SECRET_ACCESS_KEY",
    "secret_access_key",
    "PRIVATE KEY-----",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "hvs.",
    "sk_live_",
    "AccountKey=",
    "AIza",
    ".atlasv1.",
    "dop_v1_",
    "npm_",
    "sk-ant-",
    "postgres",
    "mysql://",
    "mongodb",
];

/// Escapes of letters and digits: no encoder writes them.
const ESCAPES: [&str; 5] = ["\\u003", "\\u004", "\\u005", "\\u006", "\\u007"];

#[derive(Debug)]
pub(crate) struct Needles {
    automaton: Option<AhoCorasick>,
    kinds: Vec<Needle>,
}

pub(crate) static NEEDLES: LazyLock<Needles> = LazyLock::new(Needles::build);

impl Needles {
    fn build() -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut kinds = Vec::new();
        let mut add = |text: &str, kind: Needle| {
            texts.push(text.to_owned());
            kinds.push(kind);
        };
        for shape in &SHAPES {
            add(shape.needle, Needle::Shape(shape));
        }
        add("PRIVATE KEY-----", Needle::Pem);
        add("eyJ", Needle::Jwt);
        let names = AWS_SECRET_NAMES.iter().map(|text| (*text, Needle::AwsSecretName));
        let schemes = SCHEMES.iter().map(|text| (*text, Needle::Url));
        let markers = BASE64.iter().map(|text| (*text, Needle::Base64));
        for (text, kind) in names.chain(schemes).chain(markers) {
            add(text, kind);
        }
        for text in DISGUISED {
            for disguise in base64::disguises(text) {
                add(&disguise, Needle::Base64);
            }
        }
        // `\u003c`, `\u003e` and `\u0026` are what Go writes for `<`, `>` and `&`.
        for text in ESCAPES {
            for digit in "0123456789abdfABDF".chars() {
                add(&format!("{text}{digit}"), Needle::Escape);
            }
            if text != "\\u003" {
                for digit in "ceCE".chars() {
                    add(&format!("{text}{digit}"), Needle::Escape);
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(&texts)
            .ok();
        Self { automaton, kinds }
    }

    /// Whether anything in text is worth a look.
    pub(crate) fn any(&self, text: &str) -> bool {
        // Without an automaton nothing is known to be harmless.
        self.automaton.as_ref().is_none_or(|automaton| automaton.is_match(text))
    }

    /// Every needle in text with its place.
    pub(crate) fn find<'n>(&'n self, text: &'n str) -> impl Iterator<Item = (usize, usize, Needle)> + 'n {
        self.automaton
            .iter()
            .flat_map(move |automaton| automaton.find_overlapping_iter(text))
            .filter_map(|found| {
                let kind = self.kinds.get(found.pattern().as_usize())?;
                Some((found.start(), found.end(), *kind))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_plans_do_not_trigger() {
        assert!(NEEDLES.automaton.is_some());
        for text in [
            r#"{"policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\"}]}"}"#,
            r#"{"user_data_base64":null,"html":"\u003cb\u003e \u0026 \u003C"}"#,
            r#"{"source_code_hash":"n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=","disk-name":"task-disk-risk"}"#,
            r#"{"name":"akia","url":"https://example.com","password":null}"#,
        ] {
            assert!(!NEEDLES.any(text), "{text}");
        }
        for text in [r#"{"x":"AKIA"}"#, r#"{"x":"\u0041KIA"}"#, r#"{"x":"QUtJQVFY"}"#] {
            assert!(NEEDLES.any(text), "{text}");
        }
    }
}
