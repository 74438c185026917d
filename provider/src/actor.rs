//! Who runs the core, as the audit log names them: `user@host`.
//!
//! It is a statement taken from the surroundings and proves nothing; an approval will.

use std::os::unix::fs::MetadataExt as _;

use nhi_registry::Actor;

/// The variables that name the user, in the order they are believed.
const USER_VARIABLES: [&str; 3] = ["LOGNAME", "USER", "USERNAME"];
const HOST_FILE: &str = "/proc/sys/kernel/hostname";
/// Belongs to the user whom this process runs as; containers often name nobody.
const SELF: &str = "/proc/self";

pub(crate) fn from_surroundings() -> Actor {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let uid = || {
        std::fs::metadata(SELF)
            .ok()
            .map(|process| format!("uid-{}", process.uid()))
    };
    let user = USER_VARIABLES.iter().find_map(|name| variable(name)).or_else(uid);
    let host = std::fs::read_to_string(HOST_FILE).ok().or_else(|| variable("HOSTNAME"));
    let part = |part: Option<String>| part.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned());
    Actor::new(&format!("{}@{}", part(user), part(host)))
}
