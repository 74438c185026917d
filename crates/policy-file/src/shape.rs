//! The description of a file: its blocks, their attributes, what each may hold.
//!
//! The reader, the JSON Schema and the reference all come from it, so that none of them can say something else.

/// A block, or the whole file.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) name: &'static str,
    pub(crate) repeat: Repeat,
    pub(crate) doc: &'static str,
    pub(crate) attributes: &'static [Attribute],
    pub(crate) blocks: &'static [&'static Block],
}

/// How often a block may stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Once.
    Once,
    /// Any number of times, without a label.
    Often,
    /// Once for each label.
    OncePer(Label),
    /// Any number of times for each label.
    OftenPer(Label),
}

/// What a label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// A risk tier.
    Tier,
    /// An environment.
    Environment,
    /// A backend.
    Backend,
    /// A title for people.
    Title,
    /// A name that the file gives: of a module, of a signer.
    Name,
    /// A pattern of sources of modules.
    Sources,
}

impl Label {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Tier => "tier",
            Self::Environment => "environment",
            Self::Backend => "backend",
            Self::Title => "title",
            Self::Name => "name",
            Self::Sources => "sources",
        }
    }
}

/// An attribute.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    pub(crate) required: bool,
    pub(crate) doc: &'static str,
}

/// What an attribute may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// `true` or `false`.
    Flag,
    /// A whole number in a range.
    Count(u32, u32),
    /// A whole number.
    Whole,
    /// A duration such as `720h`.
    Duration,
    /// One of some words.
    Word(&'static [&'static str]),
    /// The name of an organisation.
    Organisation,
    /// Any text; null stands for none.
    Text,
    /// A list of words.
    Words(&'static [&'static str]),
    /// A list of environments.
    Environments,
    /// A list of patterns.
    Patterns,
    /// A list of any texts; null stands for none.
    Texts,
    /// A list of names that the file gives.
    Names,
    /// An object with whatever somebody else's schema says.
    Object,
    /// Where a module comes from.
    Source,
    /// A version of a module.
    Version,
    /// Which versions of a module are meant.
    Versions,
    /// A digest, `sha256:` and 64 digits.
    Digest,
}

impl Holds {
    /// In words, with an example, for a message.
    pub(crate) fn wanted(self) -> String {
        match self {
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Count(min, max) => format!("a whole number from {min} to {max}"),
            Self::Whole => "a whole number".to_owned(),
            Self::Duration => "a duration in quotes, for example `\"720h\"`".to_owned(),
            Self::Word(words) => format!("one of {}", listing(words)),
            Self::Organisation => "a name in quotes, for example `\"example\"`".to_owned(),
            Self::Text => "a text in quotes".to_owned(),
            Self::Words(words) => format!("a list of {}", listing(words)),
            Self::Environments => "a list of environments, for example `[\"production\"]`".to_owned(),
            Self::Patterns => "a list of patterns, for example `[\"ci-*\"]`".to_owned(),
            Self::Texts => "a list of texts, for example `[\"ttl\"]`".to_owned(),
            Self::Names => "a list of names, for example `[\"platform\"]`".to_owned(),
            Self::Object => "an object, for example `{ days = 30 }`".to_owned(),
            Self::Source => "a source, for example `\"oci://registry.example/team/rules\"`".to_owned(),
            Self::Version => "a version, for example `\"1.2.3\"`".to_owned(),
            Self::Versions => "a version constraint, for example `\"~> 1.2\"`".to_owned(),
            Self::Digest => "a digest, for example `\"sha256:…\"`".to_owned(),
        }
    }
}

fn listing(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
    words.join(", ")
}

impl Attribute {
    pub(crate) const fn optional(name: &'static str, holds: Holds, doc: &'static str) -> Self {
        Self {
            name,
            holds,
            required: false,
            doc,
        }
    }

    pub(crate) const fn required(name: &'static str, holds: Holds, doc: &'static str) -> Self {
        Self {
            name,
            holds,
            required: true,
            doc,
        }
    }
}

/// The name that was most likely meant, if one is near.
pub(crate) fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Longer than any name and its misspellings.
    if wrong.len() > 64 {
        return None;
    }
    let limit = (wrong.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// How many characters have to be added, dropped or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, c) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        let mut next = vec![left];
        for (position, wanted) in other.iter().enumerate() {
            let above = row.get(position + 1).copied().unwrap_or(usize::MAX - 1);
            left = (left + 1).min(above + 1).min(diagonal + usize::from(c != *wanted));
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn the_nearest_name() {
        for (one, other, far) in [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("flaw", "lawn", 2)] {
            assert_eq!((distance(one, other), distance(other, one)), (far, far));
        }
        let names = ["identity_ttl_max", "token_ttl_max", "score_from"];
        assert_eq!(nearest("identity_ttl", names), None);
        assert_eq!(nearest("identity_ttlmax", names), Some("identity_ttl_max"));
        assert_eq!(nearest("score_form", names), Some("score_from"));
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest(&"x".repeat(10_000), names), None);
    }
}
