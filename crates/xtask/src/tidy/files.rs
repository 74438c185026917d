//! What every Rust file must hold to: it says what it is for, stays readable in one go, and leaves nothing for later.

use std::path::Path;

use super::{Complaint, Source};

/// More lines than this are two concerns.
const LINES_MAX: usize = 500;

/// Files that may be longer, each with its reason.
const LONG: [(&str, &str); 1] = [("crates/tfplugin/src/gen/", "generated from the protocol's files")];

/// Files that cannot open with `//!`, each with its reason.
const INCLUDED: [(&str, &str); 2] = [
    (
        "crates/policy-sdk/tests/guests/canary.rs",
        "two guests include its text, after their own first line",
    ),
    (
        "crates/policy-sdk/tests/guests/echo.rs",
        "two guests include its text, after their own first line",
    ),
];

/// Text that has no place here, and what to do instead. Spelled in two halves, so that this file passes.
const BANNED: [(&str, &str); 4] = [
    (concat!("#[ig", "nore"), "make the test run, or delete it"),
    (concat!("tod", "o!("), "write it, or leave it out"),
    (concat!("unimplem", "ented!("), "write it, or leave it out"),
    (concat!("thread::sl", "eep("), "wait for the event itself, with a limit"),
];

/// Files that may hold a banned text, each with its reason.
const EXCUSED: [(&str, &str, &str); 5] = [
    (
        "crates/registry/src/postgres/link.rs",
        concat!("thread::sl", "eep("),
        "a server that restarts is asked again until it has, with a limit",
    ),
    (
        "crates/registry/src/sqlite/open.rs",
        concat!("thread::sl", "eep("),
        "SQLite's own waiting does not cover a change of the journal mode; tried a few times",
    ),
    (
        "crates/xtask/src/bench/identities.rs",
        concat!("thread::sl", "eep("),
        "a core that is measured is looked at until it ends or its time is up: waiting for a child has no limit",
    ),
    (
        "provider/src/failpoint.rs",
        concat!("thread::sl", "eep("),
        "a fail point of debug builds waits for a file, with a limit",
    ),
    (
        "provider/src/governed.rs",
        concat!("thread::sl", "eep("),
        "an apply looks again until the provider of a killed one has ended, with a limit",
    ),
];

pub(super) fn check(sources: &[Source]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| is_rust(&source.path)) {
        let generated = LONG.iter().any(|(prefix, _)| source.path.starts_with(prefix));
        let included = INCLUDED.iter().any(|(path, _)| source.path == *path);
        if !generated && !included && !source.text.starts_with("//! ") {
            complaints.push(format!(
                "{}: open it with `//!` and a sentence that says what it is for",
                source.path
            ));
        }
        let lines = source.text.lines().count();
        if !generated && lines > LINES_MAX {
            complaints.push(format!(
                "{}: {lines} lines; split it, {LINES_MAX} is the limit",
                source.path
            ));
        }
        for (number, line) in source.text.lines().enumerate() {
            for (text, advice) in BANNED {
                let excused = EXCUSED
                    .iter()
                    .any(|(path, allowed, _)| *path == source.path && *allowed == text);
                if line.contains(text) && !excused {
                    complaints.push(format!("{}:{}: `{text}`: {advice}", source.path, number + 1));
                }
            }
        }
    }
    complaints
}

/// Only the spelling that cargo knows.
fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<Complaint> {
        check(&fake(&[(path, text)]))
    }

    #[test]
    fn a_tidy_file_passes() {
        assert_eq!(complaints("a.rs", "//! For a.\nfn a() {}\n"), Vec::<String>::new());
        assert_eq!(complaints("a.md", "anything"), Vec::<String>::new());
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        for text in ["fn a() {}\n", "", "// For a.\n", "\n//! Late.\n", "//!\n"] {
            assert_eq!(complaints("a.rs", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn a_file_has_an_end() {
        let text = |lines: usize| format!("//! For a.\n{}", "x\n".repeat(lines - 1));
        assert!(complaints("a.rs", &text(LINES_MAX)).is_empty());
        assert_eq!(complaints("a.rs", &text(LINES_MAX + 1)).len(), 1);
        assert!(complaints("crates/tfplugin/src/gen/a.rs", &text(LINES_MAX + 1)).is_empty());
    }

    #[test]
    fn nothing_is_left_for_later() {
        for (banned, _) in BANNED {
            let found = complaints("a.rs", &format!("//! For a.\n    {banned}\n"));
            assert_eq!(found.len(), 1, "{banned}");
            assert!(found[0].starts_with("a.rs:2: "), "{found:?}");
        }
        assert!(complaints("a.rs", "//! Not ignored, no to-do.\n").is_empty());
    }
}
