//! Who acts, as the audit log names them.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;

/// The longest actor, in characters.
const ACTOR_CHARS_MAX: usize = 200;

/// The variables that name the user, in the order they are believed.
const USER_VARIABLES: [&str; 3] = ["LOGNAME", "USER", "USERNAME"];
const HOST_FILE: &str = "/proc/sys/kernel/hostname";
/// Belongs to the user whom this process runs as; containers often name nobody.
const SELF: &str = "/proc/self";

/// Who asked for a change: a label that the caller takes from its surroundings, for example `alice@build-7`.
///
/// It is a statement, not a proof.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor(String);

impl Actor {
    /// Makes an actor of any text: what is not a printable character becomes `?`, and nothing becomes `unknown`.
    pub fn new(text: &str) -> Self {
        let is_printable = |c: char| c.is_alphanumeric() || c == ' ' || c.is_ascii_graphic();
        let label: String = text
            .trim()
            .chars()
            .take(ACTOR_CHARS_MAX)
            .map(|c| if is_printable(c) { c } else { '?' })
            .collect();
        Self(if label.is_empty() { "unknown".to_owned() } else { label })
    }

    /// Who runs this process, as its environment says: `user@host`.
    pub fn from_surroundings() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let uid = || {
            std::fs::metadata(SELF)
                .ok()
                .map(|process| format!("uid-{}", process.uid()))
        };
        let user = USER_VARIABLES.iter().find_map(|name| variable(name)).or_else(uid);
        let host = std::fs::read_to_string(HOST_FILE).ok().or_else(|| variable("HOSTNAME"));
        let part = |part: Option<String>| part.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned());
        Self::new(&format!("{}@{}", part(user), part(host)))
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Actor;

    #[test]
    fn labels() {
        assert_eq!(Actor::new(" alice@build-7\n").as_str(), "alice@build-7");
        assert_eq!(Actor::new("a\u{1b}[2J\u{202e}b").as_str(), "a?[2J?b");
        assert_eq!(Actor::new("\n").as_str(), "unknown");
        assert_eq!(Actor::new(&"x".repeat(500)).as_str().len(), 200);
    }
}
