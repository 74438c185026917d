//! The elements of a set, kept in one order so that two sets with the same elements are the same.
//!
//! Elements that hold something unknown are never merged: two of them may still turn out to differ, and the cores
//! count them.

use super::Value;

/// A set of values in canonical order, without duplicates among what is wholly known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueSet(Vec<Value>);

impl ValueSet {
    /// The elements in canonical order.
    pub fn as_slice(&self) -> &[Value] {
        &self.0
    }

    /// Iterates in canonical order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.0.iter()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an element equal to `value` is in the set.
    pub fn contains(&self, value: &Value) -> bool {
        self.0.binary_search(value).is_ok()
    }
}

impl FromIterator<Value> for ValueSet {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> ValueSet {
        let mut elements: Vec<Value> = elements.into_iter().collect();
        elements.sort();
        elements.dedup_by(|next, kept| next == kept && kept.is_wholly_known());
        ValueSet(elements)
    }
}

impl<'a> IntoIterator for &'a ValueSet {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
