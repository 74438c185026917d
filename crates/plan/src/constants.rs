//! The values of a provider block, made of the constants in its expressions.
//!
//! A plan holds no values of providers: what is a constant in the configuration is known, the rest is not.

use std::borrow::Cow;

use crate::expressions::{Expression, Visitor, visit};
use crate::json::{self, quote_into};

/// Bytes of attribute paths made for one block; beyond it the whole block counts as unknown.
const PATHS_BYTES_MAX: usize = 8 << 20;

/// The JSON object of all constants, and the paths of what is none.
pub(crate) fn constants<'a>(expressions: &str) -> (Option<String>, Vec<Cow<'a, str>>) {
    let Ok(document) = json::parse(expressions) else {
        return (None, vec![Cow::Borrowed("")]);
    };
    let mut writer = Writer::default();
    visit(&document, &mut writer);
    (Some(writer.out), writer.unknown)
}

#[derive(Default)]
struct Writer<'a> {
    out: String,
    unknown: Vec<Cow<'a, str>>,
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
