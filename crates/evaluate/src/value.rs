//! Values that may be unknown in part.
//!
//! A text holds its unknown parts as symbols (`nhi_plan::symbol`); whatever else is unknown is a value of its own
//! that knows its origin. `OneOf` is a value that depends on something unknown and can be only so many things.

mod choices;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use nhi_plan::symbol;

use crate::ast::Text;
use crate::limits::{ORIGIN_BYTES_MAX, VALUE_DEPTH_MAX};
use crate::number::Number;
use crate::shared_text::SharedText;

pub(crate) use choices::{collapsed, combinations};

/// A value and whether it is sensitive as a whole; parts may be sensitive by themselves.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) data: Data,
    pub(crate) sensitive: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    Number(Number),
    /// May hold symbols.
    Text(SharedText),
    List(Arc<Items<Vec<Value>>>),
    Set(Arc<Items<Vec<Value>>>),
    Map(Arc<Items<BTreeMap<Text, Value>>>),
    /// Known after apply only, or not to us; the text is its origin.
    Unknown(Text),
    /// One of these, none of which is a choice itself.
    OneOf(Arc<Items<Vec<Value>>>),
    /// A resource instance, looked into when an attribute is wanted.
    Resource(u32),
    /// A module instance, looked into when an output is wanted.
    Module(u32),
}

/// A collection and what is true of anything in it.
#[derive(Debug)]
pub(crate) struct Items<T> {
    pub(crate) items: T,
    pub(crate) traits: Traits,
}

/// What is true of a value or of anything in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traits {
    pub(crate) unknown: bool,
    pub(crate) choice: bool,
    pub(crate) sensitive: bool,
    pub(crate) depth: u32,
    /// How long it takes to go through all of it, in steps.
    pub(crate) weight: u64,
}

impl Traits {
    fn of<'v>(values: impl Iterator<Item = &'v Value>) -> Self {
        let mut all = Self::default();
        for value in values {
            let one = value.traits();
            all.unknown |= one.unknown;
            all.choice |= one.choice;
            all.sensitive |= one.sensitive;
            all.depth = all.depth.max(one.depth);
            all.weight = all.weight.saturating_add(one.weight);
        }
        all.depth += 1;
        all.weight = all.weight.saturating_add(1);
        all
    }
}

/// Steps that it takes to go through a text.
pub(crate) fn text_weight(bytes: usize) -> u64 {
    1 + u64::try_from(bytes / 64).unwrap_or(u64::MAX)
}

/// The name of a symbol, cut to a length that a reader can take in.
pub(crate) fn origin(text: &str) -> Text {
    if text.len() <= ORIGIN_BYTES_MAX {
        return Text::from(text);
    }
    let mut end = ORIGIN_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Text::from(format!("{}…", text.get(..end).unwrap_or_default()))
}

impl From<Data> for Value {
    fn from(data: Data) -> Self {
        Self { data, sensitive: false }
    }
}

impl Value {
    pub(crate) fn null() -> Self {
        Data::Null.into()
    }

    pub(crate) fn bool(value: bool) -> Self {
        Data::Bool(value).into()
    }

    pub(crate) fn number(value: Number) -> Self {
        Data::Number(value).into()
    }

    pub(crate) fn text(text: impl Into<SharedText>) -> Self {
        Data::Text(text.into()).into()
    }

    pub(crate) fn unknown(text: &str) -> Self {
        Data::Unknown(origin(text)).into()
    }

    fn too_deep() -> Self {
        Self::unknown("a value that is nested too deeply")
    }

    pub(crate) fn list(items: Vec<Self>) -> Self {
        let traits = Traits::of(items.iter());
        if traits.depth > VALUE_DEPTH_MAX {
            return Self::too_deep();
        }
        Data::List(Arc::new(Items { items, traits })).into()
    }

    pub(crate) fn map(items: BTreeMap<Text, Self>) -> Self {
        let traits = Traits::of(items.values());
        if traits.depth > VALUE_DEPTH_MAX {
            return Self::too_deep();
        }
        Data::Map(Arc::new(Items { items, traits })).into()
    }

    /// Each value once; texts and numbers in their order, as Terraform goes through sets.
    pub(crate) fn set(items: Vec<Self>) -> Self {
        let sensitive = items.iter().any(Self::any_sensitive);
        let mut unique: Vec<Self> = Vec::with_capacity(items.len());
        let scalars = items.iter().all(Self::is_scalar);
        if scalars {
            unique = items;
            unique.sort_by(order);
            unique.dedup_by(|a, b| order(a, b) == Ordering::Equal && a.same_kind(b));
        } else {
            for item in items {
                if !unique.iter().any(|known| known.is_same(&item)) {
                    unique.push(item);
                }
            }
        }
        let traits = Traits::of(unique.iter());
        if traits.depth > VALUE_DEPTH_MAX {
            return Self::too_deep();
        }
        Self {
            data: Data::Set(Arc::new(Items { items: unique, traits })),
            // Which of the elements is sensitive would not survive the sorting.
            sensitive,
        }
    }

    /// One of these values; more than `most` are an unknown.
    pub(crate) fn one_of(values: Vec<Self>, most: usize) -> Self {
        let mut unique: Vec<Self> = Vec::new();
        let mut add = |value: Self| {
            if unique.len() <= most && !unique.iter().any(|known| known.is_same(&value)) {
                unique.push(value);
            }
        };
        for value in values {
            match &value.data {
                Data::OneOf(inner) => inner
                    .items
                    .iter()
                    .for_each(|inner| add(inner.clone().marked(value.sensitive))),
                _ => add(value),
            }
        }
        if unique.len() > most {
            let sensitive = unique.iter().any(Self::any_sensitive);
            return Self::unknown(&format!("one of more than {most} values")).marked(sensitive);
        }
        if unique.len() == 1
            && let Some(only) = unique.pop()
        {
            return only;
        }
        let mut traits = Traits::of(unique.iter());
        traits.choice = true;
        traits.unknown = true;
        Data::OneOf(Arc::new(Items { items: unique, traits })).into()
    }

    /// The value, sensitive if it was or if `sensitive` says so.
    #[must_use]
    pub(crate) fn marked(mut self, sensitive: bool) -> Self {
        self.sensitive |= sensitive;
        self
    }

    pub(crate) fn traits(&self) -> Traits {
        let one = Traits {
            weight: 1,
            ..Traits::default()
        };
        let mut traits = match &self.data {
            Data::List(items) | Data::Set(items) | Data::OneOf(items) => items.traits,
            Data::Map(items) => items.traits,
            Data::Text(text) => Traits {
                unknown: text.has_symbols(),
                weight: text_weight(text.len()),
                ..one
            },
            Data::Unknown(_) | Data::Resource(_) | Data::Module(_) => Traits { unknown: true, ..one },
            Data::Null | Data::Bool(_) | Data::Number(_) => one,
        };
        traits.sensitive |= self.sensitive;
        traits
    }

    pub(crate) fn any_sensitive(&self) -> bool {
        self.traits().sensitive
    }

    pub(crate) fn is_choice(&self) -> bool {
        match &self.data {
            Data::List(items) | Data::Set(items) | Data::OneOf(items) => items.traits.choice,
            Data::Map(items) => items.traits.choice,
            _ => false,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// A text, a number or a bool.
    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self.data, Data::Text(_) | Data::Number(_) | Data::Bool(_))
    }

    /// Unknown as a whole.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.data, Data::Unknown(_) | Data::Resource(_) | Data::Module(_))
    }

    /// The text, where it is known to its end.
    pub(crate) fn known_text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) if !text.has_symbols() => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&SharedText> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn elements(&self) -> Option<&[Self]> {
        match &self.data {
            Data::List(items) | Data::Set(items) => Some(&items.items),
            _ => None,
        }
    }

    pub(crate) fn members(&self) -> Option<&BTreeMap<Text, Self>> {
        match &self.data {
            Data::Map(items) => Some(&items.items),
            _ => None,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null => "null",
            Data::Bool(_) => "a bool",
            Data::Number(_) => "a number",
            Data::Text(_) => "a string",
            Data::List(_) => "a list",
            Data::Set(_) => "a set",
            Data::Map(_) => "an object",
            Data::Unknown(_) | Data::OneOf(_) => "an unknown value",
            Data::Resource(_) => "a resource",
            Data::Module(_) => "a module",
        }
    }

    fn same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.data) == std::mem::discriminant(&other.data)
    }

    /// Whether both are written the same, symbols included; this says nothing of what unknown parts will be.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        if self.sensitive != other.sensitive {
            return false;
        }
        match (&self.data, &other.data) {
            (Data::Null, Data::Null) => true,
            (Data::Bool(a), Data::Bool(b)) => a == b,
            (Data::Number(a), Data::Number(b)) => a == b,
            (Data::Text(a), Data::Text(b)) => a == b,
            (Data::Unknown(a), Data::Unknown(b)) => a == b,
            (Data::Resource(a), Data::Resource(b)) | (Data::Module(a), Data::Module(b)) => a == b,
            (Data::List(a), Data::List(b)) | (Data::Set(a), Data::Set(b)) | (Data::OneOf(a), Data::OneOf(b)) => {
                Arc::ptr_eq(a, b)
                    || (a.items.len() == b.items.len() && a.items.iter().zip(&b.items).all(|(a, b)| a.is_same(b)))
            }
            (Data::Map(a), Data::Map(b)) => {
                Arc::ptr_eq(a, b)
                    || (a.items.len() == b.items.len()
                        && a.items
                            .iter()
                            .zip(&b.items)
                            .all(|((k, a), (l, b))| k == l && a.is_same(b)))
            }
            _ => false,
        }
    }

    /// Whether both are equal as Terraform sees it; `None` where that is not known.
    pub(crate) fn equals(&self, other: &Self) -> Option<bool> {
        match (&self.data, &other.data) {
            (Data::Resource(_) | Data::Module(_), Data::Null) | (Data::Null, Data::Resource(_) | Data::Module(_)) => {
                Some(false)
            }
            (Data::Unknown(_) | Data::OneOf(_) | Data::Resource(_) | Data::Module(_), _)
            | (_, Data::Unknown(_) | Data::OneOf(_) | Data::Resource(_) | Data::Module(_)) => None,
            (Data::Text(a), Data::Text(b)) => texts_equal(a, b),
            (Data::List(a), Data::List(b)) | (Data::Set(a), Data::Set(b)) => {
                if a.items.len() != b.items.len() {
                    let countable = matches!(self.data, Data::List(_)) || !(a.traits.unknown || b.traits.unknown);
                    return countable.then_some(false);
                }
                all_equal(a.items.iter().zip(&b.items))
            }
            (Data::Map(a), Data::Map(b)) => {
                if !a.items.keys().eq(b.items.keys()) {
                    return Some(false);
                }
                all_equal(a.items.values().zip(b.items.values()))
            }
            _ => Some(self.is_same_unmarked(other)),
        }
    }

    fn is_same_unmarked(&self, other: &Self) -> bool {
        let plain = |value: &Self| Self {
            data: value.data.clone(),
            sensitive: false,
        };
        plain(self).is_same(&plain(other))
    }
}

fn all_equal<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Option<bool> {
    let mut known = Some(true);
    for (a, b) in pairs {
        match a.equals(b) {
            Some(false) => return Some(false),
            None => known = None,
            Some(true) => {}
        }
    }
    known
}

/// Texts with symbols differ for sure only where a known beginning or end does.
fn texts_equal(a: &str, b: &str) -> Option<bool> {
    if !symbol::has_symbols(a) && !symbol::has_symbols(b) {
        return Some(a == b);
    }
    let ends = |text: &str| {
        let first = text
            .find(|c| matches!(c, '\u{FDD0}'..='\u{FDD4}'))
            .unwrap_or(text.len());
        let last = text
            .rfind(|c| matches!(c, '\u{FDD0}'..='\u{FDD4}'))
            .map_or(0, |at| at + 3);
        (
            text.get(..first).unwrap_or_default().to_owned(),
            text.get(last..).unwrap_or_default().to_owned(),
        )
    };
    let ((a_start, a_end), (b_start, b_end)) = (ends(a), ends(b));
    let apart = |a: &str, b: &str| !a.starts_with(b) && !b.starts_with(a);
    let apart_back = |a: &str, b: &str| !a.ends_with(b) && !b.ends_with(a);
    (apart(&a_start, &b_start) || apart_back(&a_end, &b_end)).then_some(false)
}

/// The order in which sets are gone through.
pub(crate) fn order(a: &Value, b: &Value) -> Ordering {
    match (&a.data, &b.data) {
        (Data::Text(a), Data::Text(b)) => a.cmp(b),
        (Data::Number(a), Data::Number(b)) => a.cmp(b),
        (Data::Bool(a), Data::Bool(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
