//! The kinds of values that can be set.
//!
//! A mistake names what stands there by its kind, never by its value: settings may hold what is nobody's business.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Deref;

use nhi_plan::json::{self, Kind, Value};

use super::{Reader, Setting};

/// Writes a text as JSON.
pub fn quote(out: &mut String, text: &str) {
    out.push_str(&json::quote(text));
}

/// What stands there, where something else was wanted.
pub(super) fn wrong(value: Value<'_>) -> &'static str {
    match value.kind() {
        Kind::Null => "is null",
        Kind::Bool => "is true or false",
        Kind::Number => "is a number",
        Kind::String => "is a text",
        Kind::Object => "is an object",
        Kind::Array => "is a list",
    }
}

/// Names as a reader lists them: "`a`, `b` or `c`".
pub(super) fn listed(names: &[&str]) -> String {
    let mut out = String::new();
    for (number, name) in names.iter().enumerate() {
        if number > 0 {
            out.push_str(if number + 1 == names.len() { " or " } else { ", " });
        }
        out.push('`');
        out.push_str(name);
        out.push('`');
    }
    out
}

/// A module that can be set nothing.
impl Setting for () {
    fn schema(out: &mut String) {
        super::Schema::new(out).end();
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        super::Members::of(value, &[], reader).map(drop)
    }

    fn write(&self, out: &mut String) {
        out.push_str("{}");
    }
}

impl Setting for bool {
    fn schema(out: &mut String) {
        out.push_str(r#""type":"boolean""#);
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value
            .as_bool()
            .or_else(|| reader.mistake(wrong(value), "write true or false"))
    }

    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Setting for String {
    fn schema(out: &mut String) {
        out.push_str(r#""type":"string""#);
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let text = value.as_str().map(std::borrow::Cow::into_owned);
        text.or_else(|| reader.mistake(wrong(value), "write a text, in quotes"))
    }

    fn write(&self, out: &mut String) {
        quote(out, self);
    }
}

/// A whole number within bounds, however it is spelt: JSON takes `10`, `10.0` and `1e1` for the same.
fn whole(value: Value<'_>, least: i64, most: i64, reader: &mut Reader) -> Option<i64> {
    let write = || format!("write a whole number from {least} to {most}");
    let Some(text) = value.number_text() else {
        return reader.mistake(wrong(value), &write());
    };
    let Some(number) = text.parse().ok().or_else(|| spelt_otherwise(text)) else {
        return reader.mistake("is no whole number, or too large", &write());
    };
    if (least..=most).contains(&number) {
        Some(number)
    } else {
        reader.mistake("is out of range", &write())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "whole, and within what a float holds exactly"
)]
fn spelt_otherwise(text: &str) -> Option<i64> {
    /// Up to here a float holds every whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number: f64 = text.parse().ok()?;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

fn whole_schema(out: &mut String, least: i64, most: i64) {
    // Writing to a String cannot fail.
    let _ = write!(out, r#""type":"integer","minimum":{least},"maximum":{most}"#);
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            fn schema(out: &mut String) {
                whole_schema(out, <$type>::MIN.into(), <$type>::MAX.into());
            }

            fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
                whole(value, <$type>::MIN.into(), <$type>::MAX.into(), reader)?.try_into().ok()
            }

            fn write(&self, out: &mut String) {
                let _ = write!(out, "{self}");
            }
        }
    )*};
}

whole_numbers!(u8, u16, u32, i32, i64);

/// A whole number from `LEAST` to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole<const LEAST: i64, const MOST: i64>(pub i64);

impl<const LEAST: i64, const MOST: i64> Deref for Whole<LEAST, MOST> {
    type Target = i64;

    fn deref(&self) -> &i64 {
        &self.0
    }
}

impl<const LEAST: i64, const MOST: i64> Setting for Whole<LEAST, MOST> {
    fn schema(out: &mut String) {
        whole_schema(out, LEAST, MOST);
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        whole(value, LEAST, MOST, reader).map(Self)
    }

    fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}

impl Setting for f64 {
    fn schema(out: &mut String) {
        out.push_str(r#""type":"number""#);
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let number = value.number_text().and_then(|text| text.parse().ok());
        number
            .filter(|number: &f64| number.is_finite())
            .or_else(|| reader.mistake(wrong(value), "write a number of ordinary size"))
    }

    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl<T: Setting> Setting for Option<T> {
    fn schema(out: &mut String) {
        out.push_str(r#""anyOf":[{"type":"null"},{"#);
        T::schema(out);
        out.push_str("}]");
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        if value.is_null() {
            return Some(None);
        }
        T::read(value, reader).map(Some)
    }

    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn schema(out: &mut String) {
        out.push_str(r#""type":"array","items":{"#);
        T::schema(out);
        out.push('}');
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        if value.kind() != Kind::Array {
            return reader.mistake(wrong(value), "write a list, such as `[]`");
        }
        // All of them, so that every mistake is told.
        let read: Self = value
            .elements()
            .enumerate()
            .filter_map(|(index, element)| reader.element(index, |reader| T::read(element, reader)))
            .collect();
        (read.len() == value.len()).then_some(read)
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        for (number, value) in self.iter().enumerate() {
            if number > 0 {
                out.push(',');
            }
            value.write(out);
        }
        out.push(']');
    }
}

impl<T: Setting> Setting for BTreeMap<String, T> {
    fn schema(out: &mut String) {
        out.push_str(r#""type":"object","additionalProperties":{"#);
        T::schema(out);
        out.push('}');
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        if value.kind() != Kind::Object {
            return reader.mistake(wrong(value), "write an object, such as `{}`");
        }
        let read: Self = value
            .members()
            .filter_map(|(key, value)| {
                let value = reader.member(&key, |reader| T::read(value, reader))?;
                Some((key.into_owned(), value))
            })
            .collect();
        (read.len() == value.len()).then_some(read)
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        for (number, (key, value)) in self.iter().enumerate() {
            if number > 0 {
                out.push(',');
            }
            quote(out, key);
            out.push(':');
            value.write(out);
        }
        out.push('}');
    }
}

/// A text or a list that is not empty; a text of nothing but spaces is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NonEmpty<T>(pub T);

impl<T> Deref for NonEmpty<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Setting for NonEmpty<String> {
    fn schema(out: &mut String) {
        out.push_str(r#""type":"string","pattern":"\\S""#);
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let text = String::read(value, reader)?;
        if text.trim().is_empty() {
            return reader.mistake("is empty", "write a text with something in it");
        }
        Some(Self(text))
    }

    fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}

impl<T: Setting> Setting for NonEmpty<Vec<T>> {
    fn schema(out: &mut String) {
        out.push_str(r#""minItems":1,"#);
        Vec::<T>::schema(out);
    }

    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let list = Vec::read(value, reader)?;
        if list.is_empty() {
            return reader.mistake("is empty", "write at least one");
        }
        Some(Self(list))
    }

    fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}
