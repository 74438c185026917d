//! Reads drafts out of configurations, and writes records as states: what every resource shares.

use nhi_governance::{Given, ScopeDraft, ScopeEntry};
use tfplugin::value::Value;

pub(crate) fn text(value: &Value) -> Given<String> {
    given(value, |value| value.as_str().map(str::to_owned))
}

/// A number that is no whole number of this size is read as 0, which no rule takes for one.
pub(crate) fn whole(value: &Value) -> Given<i64> {
    given(value, |value| {
        value.as_number().map(|number| number.as_i64().unwrap_or(0))
    })
}

pub(crate) fn list(value: &Value) -> Given<Vec<Given<String>>> {
    elements(value, text)
}

pub(crate) fn elements<T>(value: &Value, element: impl Fn(&Value) -> Given<T>) -> Given<Vec<Given<T>>> {
    given(value, |value| Some(value.elements()?.iter().map(element).collect()))
}

pub(crate) fn given<T>(value: &Value, read: impl FnOnce(&Value) -> Option<T>) -> Given<T> {
    match value {
        Value::Unknown(_) => Given::Unknown,
        Value::Null => Given::Absent,
        // INVARIANT: the schema has checked the type, so `read` finds what it looks for.
        value => Given::from(read(value)),
    }
}

pub(crate) fn scope(value: &Value) -> Given<Vec<Given<ScopeDraft>>> {
    elements(value, |entry| given(entry, |entry| Some(scope_entry(entry))))
}

fn scope_entry(entry: &Value) -> ScopeDraft {
    ScopeDraft {
        backend: text(entry.get("backend")),
        resource: text(entry.get("resource")),
        actions: list(entry.get("actions")),
    }
}

/// A set of texts.
pub(crate) fn texts<T: AsRef<str>>(texts: &[T]) -> Value {
    Value::set(texts.iter().map(|text| Value::from(text.as_ref())))
}

/// A set of texts that may be left out.
pub(crate) fn optional_texts<T: AsRef<str>>(list: Option<&Vec<T>>) -> Value {
    list.map_or(Value::Null, |list| texts(list))
}

pub(crate) fn scope_value(scope: &[ScopeEntry]) -> Value {
    let entries = scope.iter().map(|entry| {
        Value::object([
            ("backend", Value::from(entry.backend())),
            ("resource", entry.resource().into()),
            ("actions", texts(entry.actions())),
        ])
    });
    Value::List(entries.collect())
}
