//! The values of a provider block, made of the constants in its expressions.
//!
//! A plan holds no values of providers: what is a constant in the configuration is known, the rest is not.

use std::borrow::Cow;

use crate::expressions::{Expression, Visitor, visit};
use crate::json::{self, quote_into};

/// Bytes of attribute paths made for one block; beyond it the whole block counts as unknown.
const PATHS_BYTES_MAX: usize = 8 << 20;

/// Parts of attribute names that hold a secret in the provider blocks of the clouds, forges and vaults.
const SECRET_WORDS: [&str; 10] = [
    "_key",
    "apikey",
    "auth",
    "cert",
    "credential",
    "header",
    "pass",
    "private",
    "secret",
    "token",
];

/// What is known of a provider block.
#[derive(Debug, Default)]
pub(crate) struct Constants<'a> {
    /// The JSON object of all constants; `None` where the expressions cannot be read.
    pub(crate) json: Option<String>,
    /// Paths of what is no constant.
    pub(crate) unknown: Vec<Cow<'a, str>>,
    /// Paths of constants whose name says that they are secret: a plan holds no schema that would.
    pub(crate) sensitive: Vec<Cow<'a, str>>,
}

/// The constants in the expressions of a provider block.
pub(crate) fn constants<'a>(expressions: &str) -> Constants<'a> {
    let object = json::parse(expressions)
        .ok()
        .filter(|document| document.root().kind() == json::Kind::Object);
    let Some(document) = object else {
        return Constants {
            unknown: vec![Cow::Borrowed("")],
            ..Constants::default()
        };
    };
    let mut writer = Writer::default();
    visit(&document, &mut writer);
    Constants {
        json: Some(writer.out),
        unknown: writer.unknown,
        sensitive: writer.sensitive,
    }
}

fn names_a_secret(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| path.contains(word))
}

#[derive(Default)]
struct Writer<'a> {
    out: String,
    unknown: Vec<Cow<'a, str>>,
    sensitive: Vec<Cow<'a, str>>,
    bytes: usize,
}

impl Writer<'_> {
    fn begin(&mut self, key: Option<&str>) {
        if !self.out.is_empty() && !self.out.ends_with(['{', '[']) {
            self.out.push(',');
        }
        if let Some(key) = key {
            quote_into(&mut self.out, key);
            self.out.push(':');
        }
    }
}

impl<'d> Visitor<'d> for Writer<'_> {
    fn expression(&mut self, path: &str, key: Option<&str>, expression: Expression<'d>) {
        match expression.constant {
            Some(constant) => {
                self.begin(key);
                self.out.push_str(constant.raw());
                if self.bytes > PATHS_BYTES_MAX {
                    self.sensitive = vec![Cow::Borrowed("")];
                } else if names_a_secret(path) {
                    self.bytes += path.len();
                    self.sensitive.push(Cow::Owned(path.to_owned()));
                }
            }
            None if self.bytes > PATHS_BYTES_MAX => self.unknown = vec![Cow::Borrowed("")],
            None => {
                self.bytes += path.len();
                self.unknown.push(Cow::Owned(path.to_owned()));
            }
        }
    }

    fn open(&mut self, key: Option<&str>, object: bool) {
        self.begin(key);
        self.out.push(if object { '{' } else { '[' });
    }

    fn close(&mut self, object: bool) {
        self.out.push(if object { '}' } else { ']' });
    }
}

#[test]
fn what_is_no_object_is_unknown_as_a_whole() {
    for expressions in ["\"text\"", "[]", "[{\"a\":{\"constant_value\":1}}]", "1", "true", "{"] {
        let known = constants(expressions);
        assert_eq!(known.json, None, "{expressions}");
        assert_eq!(known.unknown, [""], "{expressions}");
    }
    let known = constants(r#"{"region":{"constant_value":"eu"},"token":{"references":["var.t"]}}"#);
    assert_eq!(known.json.as_deref(), Some(r#"{"region":"eu"}"#));
    assert_eq!(known.unknown, ["token"]);
    for expressions in [
        "{}",
        r#"{"a":{}}"#,
        r#"{"a":[{"b":{}}]}"#,
        r#"{"a":[]}"#,
        r#"{"a":"b"}"#,
        r#"{"a":[1]}"#,
    ] {
        let known = constants(expressions);
        assert!(
            known.json.is_some_and(|json| json::parse(&json).is_ok()),
            "{expressions}"
        );
    }
}
