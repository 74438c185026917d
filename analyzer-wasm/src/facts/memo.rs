//! What was made of a text, kept for the next who brings the same: most roles of a plan trust the same services.

use crate::facts::hash::Map;

/// Texts that are kept; what comes later is made anew.
const TEXTS_MAX: usize = 1_024;
/// The longest text that is kept.
const TEXT_BYTES_MAX: usize = 8 << 10;

/// Results by text.
#[derive(Debug)]
pub(crate) struct Memo<T>(Map<String, T>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Map::default())
    }
}

impl<T: Clone> Memo<T> {
    /// What `make` makes of a text, or made of it before.
    pub(crate) fn of(&mut self, text: &str, make: impl FnOnce(&str) -> T) -> T {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let result = make(text);
        if self.0.len() < TEXTS_MAX && text.len() <= TEXT_BYTES_MAX {
            self.0.insert(text.to_owned(), result.clone());
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once_and_no_longer_than_there_is_room() {
        let mut memo = Memo::default();
        let mut made = 0;
        let mut ask = |text: &str| {
            memo.of(text, |text| {
                made += 1;
                text.len()
            })
        };
        assert_eq!((ask("a"), ask("a"), ask("bb")), (1, 1, 2));
        let long = "c".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!((ask(&long), ask(&long)), (long.len(), long.len()));
        for number in 0..TEXTS_MAX * 2 {
            ask(&format!("text {number}"));
        }
        assert_eq!(made, 4 + TEXTS_MAX * 2);
        assert_eq!(memo.0.len(), TEXTS_MAX);
    }
}
