//! Finds a key that an object holds twice, in whatever spelling.
//!
//! Go writes maps in order, so most objects prove themselves by being sorted; the others are compared pair by pair
//! while small and sorted when large. No hashing: a hostile plan cannot make it quadratic.

use std::borrow::Cow;

use super::scan::Span;
use super::text::unescape;
use crate::error::{ReadError, code};

/// Up to this many keys every pair is compared.
const PAIRWISE_MAX: usize = 16;

/// The longest key that an error message repeats.
const SHOWN_KEY_BYTES_MAX: usize = 64;

/// The keys of all objects that are open.
#[derive(Debug, Default)]
pub(crate) struct Keys(Vec<Span>);

impl Keys {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a key of the object whose keys begin at `from`; false when the object is no longer sorted.
    #[inline]
    pub(crate) fn push(&mut self, text: &str, from: usize, key: Span) -> bool {
        let follows = match self.0.get(from..).and_then(<[Span]>::last) {
            Some(last) => !last.escaped && !key.escaped && precedes(last.bytes_of(text), key.bytes_of(text)),
            None => !key.escaped,
        };
        self.0.push(key);
        follows
    }

    /// Forgets the keys of an object that is sorted.
    #[inline]
    pub(crate) fn close_sorted(&mut self, from: usize) {
        self.0.truncate(from);
    }

    /// Looks for duplicates in an object that is not sorted, then forgets its keys.
    pub(crate) fn close(&mut self, text: &str, from: usize) -> Result<(), ReadError> {
        let keys = self.0.get(from..).unwrap_or_default();
        let plain = keys.iter().all(|key| !key.escaped);
        let again = if plain && keys.len() <= PAIRWISE_MAX {
            pairwise(text, keys)
        } else {
            sorted(text, keys)
        };
        if let Some(key) = again {
            return Err(duplicate(text, key));
        }
        self.0.truncate(from);
        Ok(())
    }
}

/// Whether one key comes before another. Most differ in their first letters, which are looked at here.
#[inline]
fn precedes(one: &[u8], other: &[u8]) -> bool {
    match (one.first_chunk::<2>(), other.first_chunk::<2>()) {
        (Some(first), Some(second)) if first != second => first < second,
        _ => one < other,
    }
}

fn pairwise(text: &str, keys: &[Span]) -> Option<Span> {
    let mut earlier = keys;
    while let Some((key, rest)) = earlier.split_last() {
        if rest.iter().any(|other| other.bytes_of(text) == key.bytes_of(text)) {
            return Some(*key);
        }
        earlier = rest;
    }
    None
}

fn sorted(text: &str, keys: &[Span]) -> Option<Span> {
    let mut names: Vec<(Cow<'_, str>, Span)> = keys.iter().map(|key| (unescape(text, *key), *key)).collect();
    names.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.start.cmp(&b.1.start)));
    let pairs = names.iter().zip(names.iter().skip(1));
    pairs
        .filter(|(first, second)| first.0 == second.0)
        .map(|(_, second)| second.1)
        .min_by_key(|key| key.start)
}

#[cold]
fn duplicate(text: &str, key: Span) -> ReadError {
    let name = unescape(text, key);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(byte);
    let shown = name.len() <= SHOWN_KEY_BYTES_MAX && name.as_bytes().iter().all(plain);
    let message = if shown {
        format!("an object holds the key `{name}` twice").into()
    } else {
        Cow::Borrowed("an object holds a key twice")
    };
    let help = "find out who wrote this file: Terraform and OpenTofu never write a key twice, and readers disagree on which counts";
    ReadError::new(code::DUP, (key.start as usize).saturating_sub(1), message, help)
}
