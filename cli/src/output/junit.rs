//! `JUnit` XML as Jenkins, GitLab and others read it: a test case per finding, and one per rule that found nothing.
//!
//! What blocks is a failure, what could not be decided an error. What does not block, or does not count, is skipped
//! with its reason, so that it is neither a failure nor silent. Times are zero: the same plan gives the same bytes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{story, xml};
use crate::report::{Entry, Report, Status};

/// How a test case ended.
enum End {
    Passed,
    Skipped(String),
    Failed,
    Errored,
}

struct Case {
    class: String,
    name: String,
    end: End,
    /// Kind and text of what went wrong.
    kind: String,
    message: String,
    body: String,
}

pub(crate) fn render(report: &Report) -> String {
    let cases = cases(report);
    let count = |wanted: fn(&End) -> bool| cases.iter().filter(|case| wanted(&case.end)).count();
    let failures = count(|end| matches!(end, End::Failed));
    let errors = count(|end| matches!(end, End::Errored));
    let skipped = count(|end| matches!(end, End::Skipped(_)));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "<testsuites name=\"nhi check\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" time=\"0\">",
        cases.len()
    );
    let _ = writeln!(
        out,
        "  <testsuite name=\"nhi check\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" \
         time=\"0\">",
        cases.len()
    );
    for case in &cases {
        write_case(&mut out, case);
    }
    let mut talk = vec![format!("{}: {}", story::verdict_word(report), story::verdict(report))];
    talk.push(story::checked(report));
    talk.extend(report.notes.iter().map(|note| format!("note: {note}")));
    let _ = writeln!(
        out,
        "    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>",
        xml::escape_lines(&talk.join("\n"))
    );
    out
}

fn cases(report: &Report) -> Vec<Case> {
    let mut cases: Vec<Case> = report
        .entries
        .iter()
        .map(|entry| {
            let end = match entry.status {
                Status::Undecided => End::Errored,
                _ if report.blocks(entry) => End::Failed,
                Status::Violation if entry.is_advisory() => End::Skipped(story::claim(entry)),
                Status::Violation => End::Skipped(format!("below the threshold: {}", entry.message)),
                Status::Unverified => End::Skipped(story::claim(entry)),
            };
            case(entry, end)
        })
        .collect();
    cases.extend(
        report
            .asides
            .iter()
            .map(|aside| case(&aside.entry, End::Skipped(aside.because.describe()))),
    );
    let entries = report
        .entries
        .iter()
        .chain(report.asides.iter().map(|aside| &aside.entry));
    let broken: BTreeSet<&str> = entries.map(|entry| entry.code.as_str()).collect();
    for module in report.modules.iter().filter(|module| module.usage.is_some()) {
        for rule in module.rules.iter().filter(|rule| !broken.contains(rule.code.as_str())) {
            cases.push(Case {
                class: format!("{}.{}", module.name, rule.code),
                name: rule.name.clone(),
                end: End::Passed,
                kind: String::new(),
                message: String::new(),
                body: String::new(),
            });
        }
    }
    cases
}

fn case(entry: &Entry, end: End) -> Case {
    let mut body: Vec<String> = [("at", story::subject(entry))]
        .into_iter()
        .chain(story::place(entry).map(|place| ("file", place)))
        .chain(entry.byte_offset.map(|offset| ("byte", offset.to_string())))
        .chain([("what", story::claim(entry))])
        .chain(story::details(entry))
        .map(|(label, text)| format!("{label}: {text}"))
        .collect();
    if !entry.controls.is_empty() {
        body.push(format!("maps: {}", entry.controls.join(", ")));
    }
    Case {
        class: format!("{}.{}", entry.module, entry.code),
        name: format!("{}: {}", entry.name, story::subject(entry)),
        end,
        kind: entry.severity.to_string(),
        message: story::claim(entry),
        body: body.join("\n"),
    }
}

fn write_case(out: &mut String, case: &Case) {
    let (class, name) = (xml::escape(&case.class), xml::escape(&case.name));
    let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\"");
    let (kind, message) = (xml::escape(&case.kind), xml::escape(&case.message));
    let body = xml::escape_lines(&case.body);
    let _ = match &case.end {
        End::Passed => writeln!(out, "/>"),
        End::Skipped(why) => writeln!(
            out,
            "><skipped message=\"{}\"/><system-out>{body}</system-out></testcase>",
            xml::escape(why)
        ),
        End::Failed => writeln!(
            out,
            "><failure type=\"{kind}\" message=\"{message}\">{body}</failure></testcase>"
        ),
        End::Errored => writeln!(
            out,
            "><error type=\"{kind}\" message=\"{message}\">{body}</error></testcase>"
        ),
    };
}
