//! A change as rules read it: its planned values are parsed once, however many rules look, and what is unknown is told
//! apart from what is not there.

use std::cell::OnceCell;
use std::ops::Deref;

use nhi_plan::json::{self, Document, Kind, Value};
use nhi_plan::{Change, Finding, path, symbol};

/// What stands at a path of a block's planned values.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'b> {
    /// This value.
    Known(Value<'b>),
    /// A text of which a part is known only after apply; `symbol::parts` takes it apart.
    Partly(Value<'b>),
    /// A value that is known only after apply: a rule that needs it makes an unverified finding.
    Unknown,
    /// Nothing, or `null`.
    Absent,
}

impl<'b> Seen<'b> {
    /// The value, as far as it is known.
    pub fn value(self) -> Option<Value<'b>> {
        match self {
            Self::Known(value) | Self::Partly(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }
}

/// A change with its planned values at hand. All that a [`Change`] has is there as well.
#[derive(Debug)]
pub struct Block<'c> {
    change: &'c Change<'c>,
    after: OnceCell<Document<'c>>,
    before: OnceCell<Document<'c>>,
}

impl<'c> Deref for Block<'c> {
    type Target = Change<'c>;

    fn deref(&self) -> &Self::Target {
        self.change
    }
}

impl<'c> Block<'c> {
    /// A block over `change`.
    pub fn new(change: &'c Change<'c>) -> Self {
        Self {
            change,
            after: OnceCell::new(),
            before: OnceCell::new(),
        }
    }

    /// The planned values; `None` where the plan deletes the block. An error means that they are no JSON.
    pub fn after(&self) -> Result<Option<Value<'_>>, String> {
        self.values(&self.after, self.change.after.as_deref())
    }

    /// The values before the change, where an interest needs `before`.
    pub fn before(&self) -> Result<Option<Value<'_>>, String> {
        self.values(&self.before, self.change.before.as_deref())
    }

    fn values<'b>(&self, kept: &'b OnceCell<Document<'c>>, text: Option<&'c str>) -> Result<Option<Value<'b>>, String> {
        let Some(text) = text else { return Ok(None) };
        if kept.get().is_none() {
            let document = json::parse(text).map_err(|error| format!("`{}`: {error}", self.change.address))?;
            // It was empty a line ago.
            drop(kept.set(document));
        }
        Ok(kept.get().map(Document::root))
    }

    /// What is planned at a path such as `tags.owner`, `tags["cost-center"]` or `statement[0].actions`.
    pub fn seen(&self, at: &str) -> Result<Seen<'_>, String> {
        let value = self.after()?.and_then(|root| root.at(at));
        Ok(match value.filter(|value| !value.is_null()) {
            Some(value) if has_symbols(value) => Seen::Partly(value),
            Some(value) => Seen::Known(value),
            None if self.is_unknown(at) => Seen::Unknown,
            None => Seen::Absent,
        })
    }

    /// Whether the value at a path, something around it or something in it is known only after apply.
    pub fn is_unknown(&self, at: &str) -> bool {
        let paths = &self.change.unknown_paths;
        if paths.is_empty() {
            return false;
        }
        let Some(wanted) = path::parse(at) else { return true };
        paths.iter().any(|unknown| {
            // A path that cannot be read may mean any attribute.
            path::parse(unknown).is_none_or(|unknown| unknown.iter().zip(&wanted).all(|(one, other)| one == other))
        })
    }

    /// A finding of `code` here.
    pub fn finding(&self, code: &str) -> Finding {
        Finding::new(code, self.change.address.as_ref())
    }
}

fn has_symbols(value: Value<'_>) -> bool {
    value.kind() == Kind::String && value.as_str().is_some_and(|text| symbol::has_symbols(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn told(after: &str, unknown: &[&str], at: &str) -> String {
        let change = Change {
            unknown_paths: unknown.iter().map(|path| (*path).into()).collect(),
            ..testing::change("aws_s3_bucket.logs", after)
        };
        let block = Block::new(&change);
        match block.seen(at).unwrap() {
            Seen::Known(value) => format!("known {}", value.raw()),
            Seen::Partly(value) => format!("partly {}", symbol::readable(&value.as_str().unwrap())),
            Seen::Unknown => "unknown".into(),
            Seen::Absent => "absent".into(),
        }
    }

    #[test]
    fn what_is_unknown_is_told_from_what_is_not_there() {
        let symbol = symbol("aws_s3_bucket.a.id");
        let partly = format!(r#"{{"bucket":"x-{symbol}"}}"#);
        for (after, unknown, at, wanted) in [
            (r#"{"tags":{"a.b":"1"}}"#, &[][..], r#"tags["a.b"]"#, r#"known "1""#),
            (r#"{"tags":null}"#, &[], "tags.owner", "absent"),
            (r#"{"tags":null}"#, &[], "tags", "absent"),
            ("{}", &["tags"], "tags.owner", "unknown"),
            ("{}", &["tags.owner"], "tags", "unknown"),
            ("{}", &["tags.owner"], "tags.owner", "unknown"),
            // Near misses: another key, a longer name, and what is known beside what is not.
            ("{}", &["tags.team"], "tags.owner", "absent"),
            ("{}", &["tags_all"], "tags", "absent"),
            (
                r#"{"tags":{"owner":"a"}}"#,
                &["tags.team"],
                "tags.owner",
                r#"known "a""#,
            ),
            ("{}", &["["], "tags", "unknown"),
            (&partly, &[], "bucket", "partly x-${aws_s3_bucket.a.id}"),
        ] {
            assert_eq!(told(after, unknown, at), wanted, "`{after}` {unknown:?} `{at}`");
        }
    }

    fn symbol(origin: &str) -> String {
        symbol::symbol(origin)
    }

    #[test]
    fn values_that_are_no_json_are_an_error_with_the_address() {
        let change = testing::change("aws_s3_bucket.logs", "{");
        let error = Block::new(&change).after().unwrap_err();
        assert!(error.contains("aws_s3_bucket.logs"), "{error}");
        let gone = Change {
            after: None,
            ..testing::change("aws_s3_bucket.logs", "{}")
        };
        assert!(Block::new(&gone).after().unwrap().is_none());
        assert!(matches!(Block::new(&gone).seen("tags"), Ok(Seen::Absent)));
    }
}
