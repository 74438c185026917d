//! A block of the plan with its values parsed, where somebody needs them.
//!
//! Most blocks of a large plan concern no rule; they are never parsed.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use nhi_plan::json::{self, Document, Value};
use nhi_plan::{Change, Mode};

/// A change, and its values once somebody asked.
#[derive(Debug)]
pub(crate) struct Block<'c> {
    pub(crate) change: &'c Change<'c>,
    /// RFC 3339, UTC.
    pub(crate) now: &'c str,
    after: OnceCell<Option<Document<'c>>>,
    configuration: OnceCell<Option<Document<'c>>>,
    /// Planned strings with escapes, by attribute: policy documents, which more than one part of the analysis reads.
    texts: RefCell<Vec<(String, String)>>,
}

impl<'c> Block<'c> {
    pub(crate) fn new(change: &'c Change<'c>, now: &'c str) -> Self {
        Self {
            change,
            now,
            after: OnceCell::new(),
            configuration: OnceCell::new(),
            texts: RefCell::default(),
        }
    }

    /// Parses what is there, so that a block that cannot be read is an error and not a block without values.
    pub(crate) fn check(&self) -> Result<(), String> {
        let parts = [
            (&self.change.after, &self.after),
            (&self.change.configuration, &self.configuration),
        ];
        for (text, cell) in parts {
            if cell.get().is_some_and(Option::is_none) && text.as_ref().is_some_and(|text| json::parse(text).is_err()) {
                return Err(format!("the values of `{}` cannot be read", self.change.address));
            }
        }
        Ok(())
    }

    /// The planned values.
    pub(crate) fn after(&self) -> Option<Value<'_>> {
        let text = self.change.after.as_deref()?;
        self.after
            .get_or_init(|| json::parse(text).ok())
            .as_ref()
            .map(Document::root)
    }

    /// The expressions of the block.
    pub(crate) fn configuration(&self) -> Option<Value<'_>> {
        let text = self.change.configuration.as_deref()?;
        self.configuration
            .get_or_init(|| json::parse(text).ok())
            .as_ref()
            .map(Document::root)
    }

    /// A planned string; `None` where it is absent, null or unknown.
    pub(crate) fn string(&self, attribute: &str) -> Option<String> {
        if let Some((_, text)) = self.texts.borrow().iter().find(|(name, _)| name == attribute) {
            return Some(text.clone());
        }
        match self.after()?.get(attribute)?.as_str()? {
            Cow::Borrowed(text) => Some(text.to_owned()),
            Cow::Owned(text) => {
                self.texts.borrow_mut().push((attribute.to_owned(), text.clone()));
                Some(text)
            }
        }
    }

    /// Whether the value at `path`, or one around it, is known only after apply.
    pub(crate) fn is_unknown(&self, path: &str) -> bool {
        let around = |unknown: &str| {
            path.strip_prefix(unknown)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.change.unknown_paths.iter().any(|unknown| around(unknown))
    }

    /// Configuration addresses that the value at `path` rests on: of the attribute itself, of one inside, or of a
    /// block around it.
    pub(crate) fn references(&self, path: &str) -> Vec<String> {
        let plain = without_indices(path);
        let first = plain.bytes().next();
        let mut found: Vec<String> = Vec::new();
        for reference in &self.change.references {
            // Most lead elsewhere, which their first letter tells.
            let begins = reference.path.bytes().next();
            if begins != first && begins != Some(b'[') {
                continue;
            }
            let other = without_indices(&reference.path);
            if is_prefix(&plain, &other) || is_prefix(&other, &plain) {
                for address in &reference.addresses {
                    if !found.iter().any(|known| known == address) {
                        found.push(address.to_string());
                    }
                }
            }
        }
        found
    }

    pub(crate) fn is_managed(&self, resource_type: &str) -> bool {
        self.change.mode == Mode::Managed && self.change.resource_type == resource_type
    }
}

fn is_prefix(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Set elements have no stable place: `inline_policy[0].policy` and `inline_policy.policy` are one attribute.
pub(crate) fn without_indices(path: &str) -> Cow<'_, str> {
    if !path.contains('[') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, bracket)) = rest.split_once('[') {
        out.push_str(before);
        match bracket.split_once(']') {
            Some((_, after)) => rest = after,
            None => return Cow::Owned(out),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}
