//! What is known of one address, for people.

use super::screen::{BOLD, CYAN, DIM, GREEN, PLAIN, Screen, YELLOW};
use crate::examine::{Evidence, Known};
use crate::report::{Entry, Report, Status};

pub(crate) fn render(address: &str, evidence: &Evidence, report: &Report, width: usize) -> String {
    let mut screen = Screen::new(width);
    screen.line(&[(BOLD, address)]);
    if let Some(place) = &evidence.place {
        screen.field(2, "file", PLAIN, place);
    }
    if evidence.attributes.is_empty() {
        screen.field(2, "", GREEN, "the plan knows every attribute");
    }
    for attribute in &evidence.attributes {
        let (style, word) = match attribute.known {
            Known::Wholly => (GREEN, "worked out"),
            Known::Partly => (YELLOW, "worked out but for parts"),
            Known::Nothing => (CYAN, "unknown"),
        };
        let path = match attribute.path.as_str() {
            "" => "the value",
            path => path,
        };
        screen.line(&[(PLAIN, "  "), (BOLD, path), (PLAIN, ": "), (style, word)]);
        if let Some(value) = &attribute.value {
            screen.field(4, "is  ", PLAIN, value);
        }
        for reason in &attribute.reasons {
            screen.field(4, "open", DIM, reason);
        }
    }
    if !evidence.has_configuration {
        let text = "no configuration was at hand: check the plan file itself, or add `--source DIR`";
        screen.field(2, "note", PLAIN, text);
    }
    let counted = report.entries.iter().filter(|entry| entry.status != Status::Undecided);
    let all = counted.chain(report.asides.iter().map(|aside| &aside.entry));
    for entry in all.filter(|entry| entry.address == address) {
        finding(&mut screen, entry);
    }
    screen.into_text()
}

/// What an exception has to name, or why none can.
fn finding(screen: &mut Screen, entry: &Entry) {
    let at = match entry.path.as_str() {
        "" => "the block as a whole",
        path => path,
    };
    screen.line(&[(PLAIN, "  "), (BOLD, &entry.code), (PLAIN, " at "), (BOLD, at)]);
    let is_secret = entry.is_credential()
        || entry
            .block
            .as_ref()
            .is_some_and(|block| block.is_sensitive(&entry.path));
    let text = match &entry.value_sha256 {
        Some(digest) => format!("value_digest = \"{digest}\""),
        None if entry.path.is_empty() => "no exception on record can waive it: it is about no one value".to_owned(),
        None if is_secret => {
            "no exception on record can waive it: a digest of what may be a secret would let it be guessed".to_owned()
        }
        None => "no exception on record can waive it: the value is not known before the apply".to_owned(),
    };
    screen.field(4, "", DIM, &text);
}
