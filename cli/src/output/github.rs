//! Workflow commands of GitHub Actions: one annotation per finding, on the line of the source where it is known.
//!
//! The runner executes what stands between `::` and `::`; foreign text only ever stands in values, where `%`, line
//! breaks, `:` and `,` are written as the runner's own escapes.

use std::fmt::Write as _;

use super::sanitise::{disarm_marker, visible};
use super::story;
use crate::report::{Entry, Report, Status};

pub(crate) fn render(report: &Report) -> String {
    let mut out = String::new();
    for entry in &report.entries {
        annotation(&mut out, command(report, entry), entry);
    }
    for aside in &report.asides {
        let entry = &aside.entry;
        let lines = [story::subject(entry), aside.because.describe()];
        write(
            &mut out,
            "notice",
            None,
            &format!("not counted: {}", entry.code),
            &lines,
        );
    }
    let mut lines = vec![format!("{}: {}", story::verdict_word(report), story::verdict(report))];
    lines.push(story::checked(report));
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    write(&mut out, "notice", None, "nhi check", &lines);
    out
}

/// What blocks is an error; what does not is a warning or, where it is uncertain, small or advisory, a notice.
fn command(report: &Report, entry: &Entry) -> &'static str {
    match entry.status {
        _ if report.blocks(entry) => "error",
        _ if entry.is_advisory() => "notice",
        Status::Violation if entry.severity >= nhi_plan::Severity::Medium => "warning",
        _ => "notice",
    }
}

fn annotation(out: &mut String, command: &str, entry: &Entry) {
    let mut lines = vec![format!("{}: {}", story::subject(entry), story::claim(entry))];
    if let Some(offset) = entry.byte_offset {
        lines.push(format!("at: byte {offset}"));
    }
    lines.extend(
        story::details(entry)
            .into_iter()
            .map(|(label, text)| format!("{label}: {text}")),
    );
    let title = format!("{} {} ({})", entry.code, entry.name, entry.severity);
    write(out, command, Some(entry), &title, &lines);
}

fn write(out: &mut String, command: &str, entry: Option<&Entry>, title: &str, lines: &[String]) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, "::{command} title={}", property(title));
    if let Some(at) = entry.and_then(Entry::location) {
        let (line, column) = (at.line.max(1), at.column.max(1));
        let _ = write!(out, ",file={},line={line},col={column}", property(&at.file));
    }
    let text: Vec<String> = lines.iter().flat_map(|line| line.lines()).map(data).collect();
    let _ = writeln!(out, "::{}", text.join("%0A"));
}

/// The value of a message: the runner unescapes `%25`, `%0D` and `%0A`.
fn data(text: &str) -> String {
    disarm_marker(&visible(text)).replace('%', "%25")
}

/// The value of a property: two more characters end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_written_in_the_runners_escapes() {
        assert_eq!(data("100% sure\r\n::error::x"), "100%25 sure\\r\\n::error::x");
        assert_eq!(property("a:b,c%0A"), "a%3Ab%2Cc%250A");
        assert_eq!(data("##[error]x"), "##\\u{5b}error]x");
    }

    proptest! {
        #[test]
        fn a_value_never_ends_its_command(text in any::<String>()) {
            let mut out = String::new();
            write(&mut out, "notice", None, &text, std::slice::from_ref(&text));
            prop_assert_eq!(out.lines().count(), 1);
            let (head, _) = out.strip_prefix("::notice title=").unwrap().split_once("::").unwrap();
            prop_assert!(!head.contains([':', ',']), "{}", head);
            prop_assert!(!out.contains("##["));
        }
    }
}
