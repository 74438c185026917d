//! What roles of Azure allow: the actions that matter, as a table, and how patterns of a role match them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use nhi_plan::{Severity, symbol};

use crate::facts::cloud;

static ACTIONS: &str = include_str!("../../../data/azure-actions.tsv");
static ROLES: &str = include_str!("../../../data/azure-roles.tsv");

/// What an action leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Hands out roles, or changes what they allow.
    Administer,
    /// Uses a managed identity.
    Identity,
    /// Runs code where an identity is attached.
    Run,
    /// Reads data, or lets itself in.
    Data,
}

/// An action that matters.
#[derive(Debug)]
pub(crate) struct Action {
    name: String,
    data_plane: bool,
    pub(crate) id: &'static str,
    pub(crate) class: Class,
    /// On a subscription, held by a machine.
    pub(crate) severity: Severity,
    pub(crate) effect: &'static str,
}

static LIST: LazyLock<Vec<Action>> = LazyLock::new(|| cloud::rows(ACTIONS).filter_map(|row| action(&row)).collect());

fn action(row: &[&'static str]) -> Option<Action> {
    let [name, plane, class, severity, effect] = row else {
        return None;
    };
    Some(Action {
        name: name.to_ascii_lowercase(),
        data_plane: *plane == "data",
        id: name,
        class: match *class {
            "administer" => Class::Administer,
            "identity" => Class::Identity,
            "run" => Class::Run,
            "data" => Class::Data,
            _ => return None,
        },
        severity: severity.parse().ok()?,
        effect,
    })
}

/// A set of actions that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Actions(u128);

impl Actions {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'static Action> {
        LIST.iter()
            .enumerate()
            .filter(move |(index, _)| self.0 >> index & 1 == 1)
            .map(|(_, action)| action)
    }

    pub(crate) fn has_class(self, class: Class) -> bool {
        self.iter().any(|action| action.class == class)
    }

    pub(crate) fn has(self, id: &str) -> bool {
        self.iter().any(|action| action.id == id)
    }
}

/// One block of permissions: patterns that allow, and patterns that take back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Permission {
    pub(crate) actions: Vec<String>,
    pub(crate) not_actions: Vec<String>,
    pub(crate) data_actions: Vec<String>,
    pub(crate) not_data_actions: Vec<String>,
}

/// What a role allows whatever is still unknown, and what it may allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) sure: Actions,
    pub(crate) maybe: Actions,
}

impl Allowed {
    pub(crate) fn of(permissions: &[Permission]) -> Self {
        let mut allowed = Self::default();
        for permission in permissions {
            let (actions, data_actions) = (collapsed(&permission.actions), collapsed(&permission.data_actions));
            for (index, action) in LIST.iter().enumerate() {
                let (gives, takes) = if action.data_plane {
                    (&data_actions, &permission.not_data_actions)
                } else {
                    (&actions, &permission.not_actions)
                };
                let any = |patterns: &[String], wide: bool| {
                    patterns.iter().any(|pattern| covers(pattern, &action.name, wide))
                };
                // What is unknown gives nothing for sure, and may take anything.
                if any(gives, false) && !any(takes, true) {
                    allowed.sure.0 |= 1 << index;
                }
                if any(gives, true) && !any(takes, false) {
                    allowed.maybe.0 |= 1 << index;
                }
            }
        }
        allowed
    }
}

/// Patterns, and each with a star between slashes also without it: the built-in operator of identities is written so.
fn collapsed(patterns: &[String]) -> Vec<String> {
    let mut found = patterns.to_vec();
    let inner = patterns.iter().filter(|pattern| pattern.contains("/*/"));
    found.extend(inner.map(|pattern| pattern.replace("/*/", "/")));
    found
}

/// Whether a pattern covers an action in lower case; `wide` lets what is unknown be anything.
fn covers(pattern: &str, action: &str, wide: bool) -> bool {
    let mut known = String::with_capacity(pattern.len());
    for part in symbol::parts(pattern) {
        match part {
            symbol::Part::Text(text) => known.push_str(&text.to_ascii_lowercase()),
            symbol::Part::Symbol(_) if wide => known.push('*'),
            symbol::Part::Symbol(_) => return false,
        }
    }
    matches(&known, action)
}

/// Whether a text has the form of a pattern in which `*` stands for any run of characters.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        if let Some(before) = last.replace(piece) {
            let Some(found) = rest.find(before) else { return false };
            rest = rest.get(found + before.len()..).unwrap_or_default();
        }
    }
    match last {
        None => rest.is_empty(),
        Some(piece) => rest.ends_with(piece),
    }
}

/// A role that Microsoft defines.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    pub(crate) guid: &'static str,
    pub(crate) name: &'static str,
    pub(crate) allowed: Allowed,
}

static BUILT_IN: LazyLock<Vec<BuiltIn>> =
    LazyLock::new(|| cloud::rows(ROLES).filter_map(|row| built_in(&row)).collect());

static BY_NAME: LazyLock<BTreeMap<String, usize>> = LazyLock::new(|| {
    BUILT_IN
        .iter()
        .enumerate()
        .map(|(index, role)| (role.name.to_ascii_lowercase(), index))
        .collect()
});

fn built_in(row: &[&'static str]) -> Option<BuiltIn> {
    let [guid, name, actions, not_actions, data_actions] = row else {
        return None;
    };
    let list = |text: &str| -> Vec<String> {
        text.split(';')
            .filter(|pattern| !pattern.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let permission = Permission {
        actions: list(actions),
        not_actions: list(not_actions),
        data_actions: list(data_actions),
        not_data_actions: Vec::new(),
    };
    Some(BuiltIn {
        guid,
        name,
        allowed: Allowed::of(&[permission]),
    })
}

/// The built-in role of this name or identifier, where it matters.
pub(crate) fn find(text: &str) -> Option<&'static BuiltIn> {
    let text = text.split('|').next().unwrap_or(text);
    let last = text.rsplit('/').next().unwrap_or(text).to_ascii_lowercase();
    let by_guid = BUILT_IN.binary_search_by(|role| role.guid.cmp(&last)).ok();
    let index = by_guid.or_else(|| BY_NAME.get(&text.to_ascii_lowercase()).copied())?;
    BUILT_IN.get(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_whole() {
        let names: Vec<_> = cloud::rows(ACTIONS).map(|row| row[0].to_ascii_lowercase()).collect();
        assert!(names.is_sorted_by(|left, right| left < right));
        assert_eq!(names.len(), LIST.len(), "a row is broken");
        assert!(LIST.len() <= 128);
        let guids: Vec<_> = cloud::rows(ROLES).map(|row| row[0]).collect();
        assert!(guids.is_sorted_by(|left, right| left < right));
        assert_eq!(guids.len(), BUILT_IN.len(), "a row is broken");
        assert_eq!(BY_NAME.len(), BUILT_IN.len(), "a name is used twice");
        for role in BUILT_IN.iter() {
            assert_eq!(role.guid.len(), 36);
            assert!(
                role.allowed.sure != Actions::NONE,
                "{} serves no purpose here",
                role.name
            );
        }
    }

    #[test]
    fn patterns() {
        let cases = [
            ("*", "a/b", true),
            ("a/*/write", "a/b/c/write", true),
            ("a/*", "a/", true),
            ("a/*/read", "a/b/write", false),
            ("a/b", "a/b/c", false),
            ("*/write", "a/write", true),
            ("a*a", "a", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "ac", false),
        ];
        for (pattern, text, wanted) in cases {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }

    /// A slow matcher, to compare with: tries every length for every star.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skip| slow(rest, &text[skip..])),
            Some((first, rest)) => text
                .split_first()
                .is_some_and(|(other, tail)| first == other && slow(rest, tail)),
        }
    }

    #[test]
    fn the_matcher_agrees_with_a_slow_one() {
        let words = |letters: &[char], length: usize| -> Vec<String> {
            (0..length).fold(vec![String::new()], |words, _| {
                words
                    .iter()
                    .flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")))
                    .collect()
            })
        };
        for pattern in (0..=5).flat_map(|length| words(&['a', 'b', '*'], length)) {
            for text in (0..=4).flat_map(|length| words(&['a', 'b'], length)) {
                assert_eq!(
                    matches(&pattern, &text),
                    slow(pattern.as_bytes(), text.as_bytes()),
                    "{pattern} {text}"
                );
            }
        }
    }

    #[test]
    fn what_is_unknown_decides_nothing() {
        let open = symbol::symbol("local.more");
        let permission = |actions: &[&str], not_actions: &[&str]| {
            let own = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
            Allowed::of(&[Permission {
                actions: own(actions),
                not_actions: own(not_actions),
                ..Permission::default()
            }])
        };
        let write = "Microsoft.Authorization/roleAssignments/write";
        let known = permission(&["Microsoft.Authorization/*"], &[]);
        assert!(known.sure.has(write) && known.maybe.has(write));
        let given = permission(&[&open], &[]);
        assert!(!given.sure.has(write) && given.maybe.has(write));
        let taken = permission(&["*"], &[&open]);
        assert!(!taken.sure.has(write) && taken.maybe.has(write));
        let contributor = find("Contributor").expect("a role").allowed.sure;
        assert!(!contributor.has(write) && contributor.has_class(Class::Run));
        assert_eq!(
            find("/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635").map(|role| role.name),
            Some("Owner")
        );
        assert!(find("Reader").is_none());
    }
}
