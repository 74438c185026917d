//! What a resource says, by the names of the attributes that are asked for. What is marked as sensitive is not there.

use std::borrow::Cow;

use nhi_plan::json::{self, Document, Kind, Value};

use crate::source::{Resource, Sensitive};

/// The longest text that is looked at: a policy of AWS has 10,240 characters at most.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// The attributes of a resource.
#[derive(Debug)]
pub(crate) struct Attributes<'r> {
    document: Document<'r>,
    sensitive: &'r Sensitive,
}

impl<'r> Attributes<'r> {
    /// `None` where they cannot be read.
    pub(crate) fn of(resource: &'r Resource<'_>) -> Option<Self> {
        Some(Self {
            document: json::parse(resource.values).ok()?,
            sensitive: &resource.sensitive,
        })
    }

    /// A value; blocks that stand in a list count with the first of it.
    pub(crate) fn value(&self, place: &[&str]) -> Option<Value<'_>> {
        let (first, rest) = place.split_first()?;
        let is_sensitive = match self.sensitive {
            Sensitive::All => true,
            Sensitive::Names(names) => names.iter().any(|name| name == first),
        };
        if is_sensitive {
            return None;
        }
        let value = self.document.root().get(first)?;
        rest.iter()
            .try_fold(value, |value, name| value.index(0).unwrap_or(value).get(name))
    }

    /// A text that says something.
    pub(crate) fn text(&self, place: &[&str]) -> Option<Cow<'_, str>> {
        self.value(place).and_then(text)
    }

    /// The texts of a list, or the one text.
    pub(crate) fn texts(&self, place: &[&str]) -> Vec<String> {
        self.value(place).map(texts).unwrap_or_default()
    }

    pub(crate) fn flag(&self, place: &[&str]) -> bool {
        self.value(place).and_then(Value::as_bool) == Some(true)
    }
}

/// The text of a value that says something.
pub(crate) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    if value.raw().len() > TEXT_BYTES_MAX {
        return None;
    }
    value.as_str().filter(|text| !text.is_empty())
}

/// The texts of a list, or the one text.
pub(crate) fn texts(value: Value<'_>) -> Vec<String> {
    match value.kind() {
        Kind::Array => value.elements().filter_map(text).map(Cow::into_owned).collect(),
        _ => text(value).map(Cow::into_owned).into_iter().collect(),
    }
}
