//! The report for people: what is wrong, where, why it matters and what to do, readable at two in the morning.
//!
//! Findings stand under their address, the worst address first; then what could not be told, what does not count,
//! what to fix first, and the verdict, next to the prompt.

use anstyle::Style;
use nhi_plan::Severity;

use super::screen::{BOLD, CYAN, DIM, GREEN, PLAIN, RED, Screen, YELLOW};
use super::story;
use crate::report::{Because, Entry, Report, Status, Verdict};

/// How many addresses the ranking names.
const FIX_FIRST: usize = 3;
/// How many findings that do not count are spelled out; the rest are counted.
const ASIDES_SHOWN: usize = 20;

/// The whole report.
pub(crate) fn render(report: &Report, width: usize) -> String {
    let mut screen = Screen::new(width);
    for entry in report.with(Status::Undecided) {
        undecided(&mut screen, entry);
    }
    let violations = grouped(report, Status::Violation);
    for group in &violations {
        block(&mut screen, group);
    }
    unverified(&mut screen, report);
    asides(&mut screen, report);
    // What never fails a check can wait.
    let counting = |group: &&Vec<&Entry>| group.iter().any(|entry| !entry.is_advisory());
    let counting: Vec<Vec<&Entry>> = violations.iter().filter(counting).cloned().collect();
    fix_first(&mut screen, &counting);
    conclusion(&mut screen, report);
    screen.into_text()
}

/// Only what the report comes to.
pub(crate) fn summary(report: &Report, width: usize) -> String {
    let mut screen = Screen::new(width);
    for entry in report.with(Status::Undecided) {
        undecided(&mut screen, entry);
    }
    conclusion(&mut screen, report);
    screen.into_text()
}

fn undecided(screen: &mut Screen, entry: &Entry) {
    screen.line(&[
        (RED, "undecided"),
        (PLAIN, "  "),
        (BOLD, &entry.code),
        (PLAIN, " "),
        (PLAIN, &entry.name),
    ]);
    match entry.byte_offset {
        Some(offset) => screen.field(2, "at  ", PLAIN, &format!("{}, byte {offset}", entry.address)),
        None => screen.field(2, "at  ", PLAIN, &entry.address),
    }
    details(screen, entry, 2);
    screen.blank();
}

/// The entries of one kind under their addresses. Entries come worst first, so the worst address does too.
fn grouped(report: &Report, status: Status) -> Vec<Vec<&Entry>> {
    let mut positions = std::collections::HashMap::new();
    let mut groups: Vec<Vec<&Entry>> = Vec::new();
    for entry in report.with(status) {
        let position = *positions.entry(entry.address.as_str()).or_insert(groups.len());
        match groups.get_mut(position) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    let severity = |group: &[&Entry]| group.iter().map(|entry| entry.severity).max();
    groups.sort_by_key(|group| std::cmp::Reverse((severity(group), group.len())));
    groups
}

/// One address and everything about it.
fn block(screen: &mut Screen, group: &[&Entry]) {
    let Some(first) = group.first() else { return };
    screen.field(0, "", BOLD, &first.address);
    let facts = first.block.as_ref();
    if let Some(previous) = facts.and_then(|block| block.previous_address.as_deref()) {
        screen.field(2, "was ", PLAIN, previous);
    }
    if let Some(at) = facts.and_then(|block| block.location.as_ref()) {
        screen.field(2, "file", PLAIN, &format!("{}:{}:{}", at.file, at.line, at.column));
    }
    for entry in group {
        finding(screen, entry);
    }
    screen.blank();
}

fn finding(screen: &mut Screen, entry: &Entry) {
    let (style, word) = match entry.status {
        Status::Unverified => (CYAN, format!("{}, unverified", entry.severity)),
        _ => (severity_style(entry.severity), entry.severity.to_string()),
    };
    let word = if entry.is_advisory() {
        format!("{word}, advisory")
    } else {
        word
    };
    screen.line(&[
        (PLAIN, "  "),
        (style, &word),
        (PLAIN, "  "),
        (BOLD, &entry.code),
        (PLAIN, " "),
        (PLAIN, &entry.name),
    ]);
    if !entry.path.is_empty() {
        screen.field(4, "attr", PLAIN, &entry.path);
    }
    if let Some(at) = &entry.place {
        screen.field(4, "line", PLAIN, &format!("{}:{}:{}", at.file, at.line, at.column));
        if let Some(excerpt) = &at.excerpt {
            let number = format!("    {:>4} | ", at.line);
            screen.line(&[(DIM, &number), (PLAIN, excerpt)]);
        }
    }
    details(screen, entry, 4);
}

fn details(screen: &mut Screen, entry: &Entry, indent: usize) {
    screen.field(indent, "what", PLAIN, &entry.message);
    for (label, text) in story::details(entry) {
        screen.field(indent, &format!("{label:<4}"), PLAIN, &text);
    }
}

fn unverified(screen: &mut Screen, report: &Report) {
    let groups = grouped(report, Status::Unverified);
    if groups.is_empty() {
        return;
    }
    screen.field(
        0,
        "",
        CYAN,
        "Could not tell: a value is known only after apply. Neither passed nor failed.",
    );
    screen.blank();
    for group in &groups {
        block(screen, group);
    }
}

fn asides(screen: &mut Screen, report: &Report) {
    if report.asides.is_empty() {
        return;
    }
    screen.line(&[(BOLD, "Not counted")]);
    for aside in report.asides.iter().take(ASIDES_SHOWN) {
        let entry = &aside.entry;
        let head = format!("{} {}", entry.severity, entry.code);
        screen.field(2, "-", PLAIN, &format!("{head}  {}", story::subject(entry)));
        let style = if matches!(aside.because, Because::Waived(_) | Because::Excepted(_)) {
            PLAIN
        } else {
            DIM
        };
        screen.field(4, "", style, &aside.because.describe());
    }
    let more = report.asides.len().saturating_sub(ASIDES_SHOWN);
    if more > 0 {
        screen.field(
            2,
            "-",
            DIM,
            &format!("and {more} more; `--format json` lists all of them"),
        );
    }
    screen.blank();
}

/// The addresses whose repair gains most: the worst finding counts, then how many there are.
fn fix_first(screen: &mut Screen, groups: &[Vec<&Entry>]) {
    if groups.len() < 2 {
        return;
    }
    let shown = groups.len().min(FIX_FIRST);
    let head = if groups.len() == shown {
        "Fix first".to_owned()
    } else {
        format!("Fix first: these {shown} of {} addresses", groups.len())
    };
    screen.line(&[(BOLD, &head)]);
    for (rank, group) in groups.iter().take(FIX_FIRST).enumerate() {
        let Some(first) = group.first() else { continue };
        let mut codes: Vec<String> = group
            .iter()
            .map(|entry| format!("{} {}", entry.severity, entry.code))
            .collect();
        codes.dedup();
        let place = story::place(first)
            .map(|place| format!(" ({place})"))
            .unwrap_or_default();
        let text = format!("{}{place}: {}", first.address, codes.join(", "));
        screen.field(2, &format!("{}.", rank + 1), PLAIN, &text);
        screen.field(5, "", DIM, &first.message);
    }
    screen.blank();
}

fn conclusion(screen: &mut Screen, report: &Report) {
    for note in &report.notes {
        screen.field(0, "note:", PLAIN, note);
    }
    let style = match report.verdict() {
        Verdict::Clean => GREEN,
        Verdict::Findings | Verdict::Undecided => RED,
    };
    let word = format!("{}:", story::verdict_word(report));
    screen.line(&[(style, &word), (PLAIN, " "), (PLAIN, &story::verdict(report))]);
    screen.field(0, "", DIM, &story::checked(report));
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low => CYAN,
        Severity::Info => BOLD,
    }
}
