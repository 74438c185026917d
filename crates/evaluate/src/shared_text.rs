//! Text that values share, with what has to be asked of it often.

use std::cmp::Ordering;
use std::ops::Deref;

use nhi_plan::symbol;

use crate::ast::Text;

/// A text of a value; whether it holds symbols was found out when it was made.
#[derive(Debug, Clone)]
pub(crate) struct SharedText {
    text: Text,
    symbols: bool,
}

impl SharedText {
    /// Whether anything in it is unknown.
    pub(crate) fn has_symbols(&self) -> bool {
        self.symbols
    }
}

impl<T: Into<Text>> From<T> for SharedText {
    fn from(text: T) -> Self {
        let text = text.into();
        let symbols = symbol::has_symbols(&text);
        Self { text, symbols }
    }
}

impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for SharedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self)
    }
}

impl PartialEq for SharedText {
    fn eq(&self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&self.text, &other.text) || self.text == other.text
    }
}

impl Eq for SharedText {}

impl PartialOrd for SharedText {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SharedText {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
