//! Owner and expiry as people write them: tags, labels, annotations, `key=value` in a description.

use std::borrow::Cow;

use nhi_plan::json::{Kind, Value};
use nhi_plan::path::{self, Segment};

/// Whether there is an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Expiry {
    #[default]
    None,
    /// There was one.
    Passed,
    Ahead,
}

/// What the labels of a resource say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Labels {
    pub(crate) owner: bool,
    pub(crate) expiry: Expiry,
    /// They point to a record.
    pub(crate) record: bool,
}

const OWNER: [&str; 9] = [
    "owner",
    "owner_email",
    "owner_team",
    "owned_by",
    "owners",
    "policy_owner",
    "responsible",
    "team",
    "technical_owner",
];
const EXPIRY: [&str; 11] = [
    "end_date",
    "expiration",
    "expiration_date",
    "expires",
    "expires_at",
    "expires_on",
    "expiry",
    "expiry_date",
    "ttl",
    "valid_until",
    "validuntil",
];
const RECORD: [&str; 4] = ["nhi_id", "nhi_identity", "nhi_identity_id", "nhiidentity"];

/// Words that say nothing, whatever the key.
const NOTHING: [&str; 12] = [
    "-", "0", "?", "n/a", "na", "never", "nobody", "none", "null", "tbd", "todo", "unknown",
];

impl Labels {
    /// Reads a map, a list of `{key, value}` or of `key=value`, or text with such pairs.
    pub(crate) fn read(&mut self, value: Value<'_>, now: &str) {
        match value.kind() {
            Kind::Object => {
                for (key, value) in value.members() {
                    self.pair(&key, value.as_str().as_deref(), now);
                }
            }
            Kind::Array => {
                for element in value.elements() {
                    let key = element.get("key").and_then(Value::as_str);
                    match key {
                        Some(key) => self.pair(&key, element.get("value").and_then(Value::as_str).as_deref(), now),
                        None => self.text(element.as_str().as_deref().unwrap_or_default(), now),
                    }
                }
            }
            _ => self.text(value.as_str().as_deref().unwrap_or_default(), now),
        }
    }

    /// Reads the keys under `attribute` whose values are known only after apply: they are there, and say something.
    pub(crate) fn unknown(&mut self, paths: &[Cow<'_, str>], attribute: &str) {
        for path in paths
            .iter()
            .filter(|path| path.starts_with(attribute) && path.len() > attribute.len())
        {
            if let Some(Segment::Key(key)) = path::parse(path).and_then(|mut segments| segments.pop()) {
                self.pair(&key, None, "");
            }
        }
    }

    /// `owner=team-a; expires: 2026-12-31`.
    fn text(&mut self, text: &str, now: &str) {
        for part in text.split([',', ';', '\n', '|']) {
            // A sentence may precede the pair: the key is its last word.
            let separator = part.find('=').or_else(|| part.find(':'));
            let Some((before, after)) = separator.and_then(|at| part.split_at_checked(at)) else {
                continue;
            };
            let key = before.split_whitespace().next_back().unwrap_or_default();
            self.pair(key, after.get(1..), now);
        }
    }

    /// A value that is absent here is one that is known only after apply.
    fn pair(&mut self, key: &str, value: Option<&str>, now: &str) {
        if value.is_some_and(says_nothing) {
            return;
        }
        let key = normal(key);
        if OWNER.contains(&key.as_str()) {
            self.owner = true;
        } else if EXPIRY.contains(&key.as_str()) {
            let passed = value.is_some_and(|value| has_passed(value.trim(), now));
            self.expiry = self.expiry.max(if passed { Expiry::Passed } else { Expiry::Ahead });
        } else if RECORD.contains(&key.as_str()) {
            self.record = true;
        }
    }
}

/// `nhi:TechnicalOwner`, `example.com/technical-owner` and `technical_owner` are one key.
fn normal(key: &str) -> String {
    let own = key.rsplit(['/', ':']).next().unwrap_or(key);
    let mut out = String::with_capacity(own.len() + 4);
    let mut lower_before = false;
    for character in own.trim().chars() {
        if character.is_ascii_uppercase() && lower_before {
            out.push('_');
        }
        lower_before = character.is_ascii_lowercase() || character.is_ascii_digit();
        out.push(if character.is_ascii_alphanumeric() {
            character.to_ascii_lowercase()
        } else {
            '_'
        });
    }
    out
}

fn says_nothing(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || NOTHING.iter().any(|nothing| value.eq_ignore_ascii_case(nothing))
}

/// Whether an attribute holds more than an empty value.
pub(crate) fn says_something(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Null | Kind::Bool => false,
        Kind::Number => value.number_text() != Some("0"),
        Kind::String => value.as_str().is_some_and(|text| !says_nothing(&text)),
        Kind::Array | Kind::Object => !value.is_empty(),
    }
}

/// Dates of ISO 8601 compare as text; anything else is no date, and has not passed.
fn has_passed(value: &str, now: &str) -> bool {
    let day = |text: &str| -> Option<String> {
        let day = text.get(..10)?;
        let shape = |(index, byte): (usize, u8)| {
            if matches!(index, 4 | 7) {
                byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        };
        day.bytes().enumerate().all(shape).then(|| day.to_owned())
    };
    day(value).zip(day(now)).is_some_and(|(value, now)| value < now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(json: &str) -> Labels {
        let document = nhi_plan::json::parse(json).expect("test JSON");
        let mut labels = Labels::default();
        labels.read(document.root(), "2026-01-01T00:00:00Z");
        labels
    }

    #[test]
    fn pairs_in_every_shape() {
        for json in [
            r#"{"owner":"a","expires_at":"2026-06-01"}"#,
            r#"{"nhi:TechnicalOwner":"a","ExpiresAt":"2026-06-01T00:00:00Z"}"#,
            r#"{"example.com/owner":"a","example.com/valid-until":"90d"}"#,
            r#"[{"key":"Owner","value":"a"},{"key":"Expiry","value":"2026-06-01"}]"#,
            r#"["owner=a","ttl:720h"]"#,
            r#""deploys payments; owner=team-a, expires: 2026-06-01""#,
            r#"{"owner":null,"expires":null}"#,
        ] {
            let labels = labels(json);
            assert!(labels.owner && labels.expiry == Expiry::Ahead, "{json} {labels:?}");
        }
    }

    #[test]
    fn words_that_say_nothing() {
        for json in [
            r#"{"owner":"","expires":"never"}"#,
            r#"{"owner":"TBD","ttl":"0"}"#,
            r#"{"ownership":"a","expiresoon":"b"}"#,
            r#""the owner is not known""#,
            r#"{"owner_of_nothing":"a"}"#,
        ] {
            let labels = labels(json);
            assert!(!labels.owner && labels.expiry == Expiry::None, "{json} {labels:?}");
        }
        assert_eq!(labels(r#"{"expires":"2025-12-31"}"#).expiry, Expiry::Passed);
        assert!(labels(r#"{"nhi:identity":"x","nhi_id":"01J"}"#).record);
    }
}
