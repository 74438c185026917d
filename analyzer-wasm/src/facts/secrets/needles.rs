//! One automaton for everything that a credential may begin with.
//!
//! It runs over the raw JSON of every block, so it is a table-driven DFA: a byte costs one look-up. What it finds there
//! is looked at once more, cheaply, before a block is parsed: most names of secrets stand before `null`.

use std::sync::LazyLock;

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::dfa::DFA;

use super::shapes::{SHAPES, Shape};
use super::{assign, base64, named, names};

/// What a needle announces.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Needle {
    /// A token of this shape.
    Shape(&'static Shape),
    /// A private key.
    Pem,
    /// A private key of `PuTTY`.
    Putty,
    /// A JSON Web Token.
    Jwt,
    /// A name under which an AWS secret key stands.
    AwsSecretName,
    /// A name that says that its value is a secret.
    Name,
    /// A URL, perhaps with user and password.
    Url,
    /// User and password in base64.
    Basic,
    /// A bearer token.
    Bearer,
    /// User and password in a command.
    UserOption,
    /// A command that takes a password without saying so.
    Command,
    /// A line of `.pgpass`.
    PgPass,
    /// The hash of a password.
    Hash,
    /// The signature of a shared access URL.
    Signature,
    /// Base64 in which something may hide.
    Base64,
    /// Hexadecimal digits in which something may hide.
    Hex,
    /// Text in which separators are percent-encoded.
    Percent,
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

/// Beginnings of base64 that scripts, cloud-init files, JSON, mails, compressed and binary files have, and names of
/// attributes that hold it.
const BASE64: [&str; 16] = [
    "IyEv",
    "I2Nsb3VkLWNvbmZpZw",
    "Q29udGVudC1UeXBl",
    "TUlNRS1WZXJzaW9u",
    "PHBvd2Vyc2hlbGw",
    "ew0K",
    "ewog",
    "H4sI",
    "MII",
    "/u3+7Q",
    "zs7Ozg",
    "ransfer-Encoding: base64",
    "YXBpVmVyc2lvbjog",
    "_base64\":\"",
    "user_data\":\"",
    "custom_data\":\"",
];

/// What also shows when it stands in the middle of base64.
const DISGUISED: [&str; 30] = [
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
    "PASSWORD",
    "password",
    "Password",
    "_TOKEN",
    "_SECRET",
    "client_secret",
    "_token",
    "api_key",
];

/// Escapes of letters and digits: no encoder writes them.
const ESCAPES: [&str; 5] = ["\\u003", "\\u004", "\\u005", "\\u006", "\\u007"];

/// What else begins a credential.
const OTHERS: [(&str, Needle); 31] = [
    ("PRIVATE KEY-----", Needle::Pem),
    ("PuTTY-User-Key-File-", Needle::Putty),
    ("eyJ", Needle::Jwt),
    ("://", Needle::Url),
    ("Basic ", Needle::Basic),
    ("basic ", Needle::Basic),
    ("\"auth\"", Needle::Basic),
    ("\\\"auth\\\"", Needle::Basic),
    ("Bearer ", Needle::Bearer),
    (" -u ", Needle::UserOption),
    (" --user ", Needle::UserOption),
    ("sshpass -p", Needle::Command),
    ("docker login", Needle::Command),
    ("podman login", Needle::Command),
    ("helm registry login", Needle::Command),
    ("mysql -", Needle::Command),
    ("chpasswd", Needle::Command),
    (":5432:", Needle::PgPass),
    (":5433:", Needle::PgPass),
    (":$apr1$", Needle::Hash),
    (":$2y$", Needle::Hash),
    (":$2a$", Needle::Hash),
    (":$2b$", Needle::Hash),
    (":$6$", Needle::Hash),
    (":{SHA}", Needle::Hash),
    ("sig=", Needle::Signature),
    ("2d2d2d2d2d424547494e20", Needle::Hex),
    ("1f8b0800", Needle::Hex),
    ("%3A%2F%2F", Needle::Percent),
    ("%3a%2f%2f", Needle::Percent),
    ("%22%3A%22", Needle::Percent),
];

#[derive(Debug)]
pub(crate) struct Needles {
    automaton: Option<DFA>,
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
        for shape in SHAPES {
            add(shape.needle, Needle::Shape(shape));
        }
        for (text, kind) in OTHERS {
            add(text, kind);
        }
        let secrets = AWS_SECRET_NAMES.iter().map(|text| (*text, Needle::AwsSecretName));
        let markers = BASE64.iter().map(|text| (*text, Needle::Base64));
        for (text, kind) in secrets.chain(markers) {
            add(text, kind);
        }
        for name in names::ENDS {
            for spelling in spellings(name) {
                add(&spelling, Needle::Name);
            }
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
        let automaton = DFA::new(&texts).ok();
        Self { automaton, kinds }
    }

    /// Whether anything in the raw JSON of a block is worth a look.
    pub(crate) fn any(&self, json: &str) -> bool {
        // Without an automaton nothing is known to be harmless.
        self.automaton.is_none()
            || self.find(json).any(|(start, end, needle)| match needle {
                Needle::Shape(shape) => shape.may(json, start),
                Needle::Name => assign::may(json, start, end),
                Needle::Url => named::may_be_url(json, end),
                _ => true,
            })
    }

    /// Every needle in text with its place, in the order of their ends.
    pub(crate) fn find<'n>(&'n self, text: &'n str) -> impl Iterator<Item = (usize, usize, Needle)> + 'n {
        let walk = self.automaton.as_ref().and_then(|automaton| Walk::new(automaton, text));
        walk.into_iter().flatten().filter_map(|(start, end, pattern)| {
            let kind = self.kinds.get(pattern)?;
            Some((start, end, *kind))
        })
    }
}

/// A walk of the automaton over a text: the loop of the crate's own overlapping search, which is made to be taken up
/// again at any point, takes three times as long over a byte.
struct Walk<'n> {
    automaton: &'n DFA,
    text: &'n [u8],
    state: StateID,
    /// How many bytes are read.
    end: usize,
    /// How many needles that end here are yet to be told.
    left: usize,
}

impl<'n> Walk<'n> {
    fn new(automaton: &'n DFA, text: &'n str) -> Option<Self> {
        let state = automaton.start_state(Anchored::No).ok()?;
        Some(Self {
            automaton,
            text: text.as_bytes(),
            state,
            end: 0,
            left: 0,
        })
    }

    /// Goes on to the next end of a needle.
    fn advance(&mut self) -> Option<()> {
        let mut state = self.state;
        for (read, byte) in self.text.get(self.end..)?.iter().enumerate() {
            state = self.automaton.next_state(Anchored::No, state, *byte);
            if self.automaton.is_special(state) && self.automaton.is_match(state) {
                self.state = state;
                self.end += read + 1;
                self.left = self.automaton.match_len(state);
                return Some(());
            }
        }
        self.end = self.text.len();
        None
    }
}

impl Iterator for Walk<'_> {
    /// Where a needle begins and ends, and which it is.
    type Item = (usize, usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            self.advance()?;
        }
        let index = self.automaton.match_len(self.state).checked_sub(self.left)?;
        self.left = self.left.checked_sub(1)?;
        let pattern = self.automaton.match_pattern(self.state, index);
        let start = self.end.checked_sub(self.automaton.pattern_len(pattern))?;
        Some((start, self.end, pattern.as_usize()))
    }
}

/// A name in small letters, in capitals, and as code writes it.
fn spellings(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split(['_', '-']).filter(|word| !word.is_empty()).collect();
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{rest}", first.to_ascii_uppercase())
    };
    let pascal: String = words.iter().map(|word| capital(word)).collect();
    let pascal = match pascal.strip_prefix('"') {
        Some(word) => format!("\"{}", capital(word)),
        None => pascal,
    };
    let mut all = vec![name.to_owned(), name.to_ascii_uppercase(), pascal];
    if let [first, rest @ ..] = words.as_slice()
        && !rest.is_empty()
    {
        let tail: String = rest.iter().map(|word| capital(word)).collect();
        all.push(format!("{first}{tail}"));
    }
    all.dedup();
    all
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
            r#"{"metadata_options":[{"http_tokens":"required"}],"get_password_data":false,"token":"","secret":null}"#,
            r#"{"policy":"{\"Action\":\"secretsmanager:GetSecretValue\",\"Resource\":\"arn:aws:secretsmanager:x:secret:db\"}"}"#,
            r#"{"condition":"token.actions.githubusercontent.com:sub","password_policy":[{"minimum_length":12}]}"#,
        ] {
            assert!(!NEEDLES.any(text), "{text}");
        }
        for text in [
            r#"{"x":"AKIA0000000000000000"}"#,
            r#"{"x":"\u0041KIA"}"#,
            r#"{"x":"QUtJQVFY"}"#,
            r#"{"DB_PASSWORD":"x1"}"#,
            r#"{"x":"postgres://a:b@c/"}"#,
            r#"{"name":"API_KEY","type":"PLAINTEXT","value":"x"}"#,
        ] {
            assert!(NEEDLES.any(text), "{text}");
        }
    }
    #[test]
    fn the_walk_finds_what_the_crate_finds() {
        let needles = ["he", "she", "hers", "his", "s", "\"h"];
        let (own, other) = (
            DFA::new(needles).expect("automaton"),
            aho_corasick::AhoCorasick::new(needles).expect("automaton"),
        );
        for text in ["", "s", "ushers", "hishe\"hershesss", "nobody", "s\u{e4}she"] {
            let walked: Vec<_> = Walk::new(&own, text).expect("start").collect();
            let found = other.find_overlapping_iter(text);
            let expected: Vec<_> = found
                .map(|found| (found.start(), found.end(), found.pattern().as_usize()))
                .collect();
            assert_eq!(walked, expected, "{text}");
        }
    }
}
