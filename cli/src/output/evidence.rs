//! What is known of one address, for people.

use super::screen::{BOLD, CYAN, DIM, GREEN, PLAIN, Screen, YELLOW};
use crate::examine::{Evidence, Known};

pub(crate) fn render(address: &str, evidence: &Evidence, width: usize) -> String {
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
    screen.into_text()
}
