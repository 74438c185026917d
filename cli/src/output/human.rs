//! The report for people: what is wrong, where, why it matters and what to do, readable at two in the morning.
//!
//! Violations come first, then what could not be told, then what to fix first and the verdict, next to the prompt.

use anstyle::Style;
use nhi_plan::Severity;

use super::screen::{BOLD, CYAN, DIM, GREEN, PLAIN, RED, Screen, YELLOW};
use crate::report::{Entry, Report, Status, Verdict};

/// How many addresses the ranking names.
const FIX_FIRST: usize = 5;

/// The whole report.
pub(crate) fn render(report: &Report, width: usize) -> String {
    let mut screen = Screen::new(width);
    for entry in report.with(Status::Undecided) {
        undecided(&mut screen, entry);
    }
    for entry in report.with(Status::Violation) {
        violation(&mut screen, entry);
    }
    unverified(&mut screen, report);
    fix_first(&mut screen, report);
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
    details(screen, entry);
}

fn violation(screen: &mut Screen, entry: &Entry) {
    let word = entry.severity.as_str();
    let style = severity_style(entry.severity);
    screen.line(&[
        (style, word),
        (PLAIN, "  "),
        (BOLD, &entry.code),
        (PLAIN, " "),
        (PLAIN, &entry.name),
    ]);
    place(screen, entry);
    details(screen, entry);
}

fn place(screen: &mut Screen, entry: &Entry) {
    screen.field(2, "at  ", BOLD, &entry.address);
    if let Some(previous) = entry.block.as_ref().and_then(|block| block.previous_address.as_deref()) {
        screen.field(2, "was ", PLAIN, previous);
    }
    if let Some((file, line, column)) = entry.block.as_ref().and_then(|block| block.location.as_ref()) {
        screen.field(2, "file", PLAIN, &format!("{file}:{line}:{column}"));
    }
    if !entry.path.is_empty() {
        screen.field(2, "attr", PLAIN, &entry.path);
    }
}

fn details(screen: &mut Screen, entry: &Entry) {
    let evidence = match entry.evidence.as_str() {
        "planned" => "the planned values",
        "configuration" => "the configuration; the planned value is known only after apply",
        "references" => "what the attribute refers to",
        other => other,
    };
    let patch = entry
        .patch
        .as_ref()
        .map(|patch| format!("{} = {}", patch.path, patch.replacement));
    let rows = [
        ("what", entry.message.as_str()),
        ("why ", &entry.why),
        ("fix ", &entry.help),
        ("set ", patch.as_deref().unwrap_or_default()),
        ("from", evidence),
    ];
    for (label, text) in rows {
        if !text.is_empty() {
            screen.field(2, label, PLAIN, text);
        }
    }
    screen.blank();
}

fn unverified(screen: &mut Screen, report: &Report) {
    let mut entries = report.with(Status::Unverified).peekable();
    if entries.peek().is_none() {
        return;
    }
    screen.field(
        0,
        "",
        CYAN,
        "Could not tell: a value is known only after apply. Neither passed nor failed.",
    );
    screen.blank();
    for entry in entries {
        let word = format!("{}, unverified", entry.severity);
        screen.line(&[
            (CYAN, &word),
            (PLAIN, "  "),
            (BOLD, &entry.code),
            (PLAIN, " "),
            (PLAIN, &entry.name),
        ]);
        place(screen, entry);
        details(screen, entry);
    }
}

/// Ranks addresses by their worst finding, then by how many they have.
fn fix_first(screen: &mut Screen, report: &Report) {
    let mut addresses: Vec<(&str, Vec<&Entry>)> = Vec::new();
    for entry in report.with(Status::Violation) {
        match addresses.iter_mut().find(|(address, _)| *address == entry.address) {
            Some((_, entries)) => entries.push(entry),
            None => addresses.push((&entry.address, vec![entry])),
        }
        // The entries come worst first: what is beyond a few dozen addresses cannot lead the ranking.
        if addresses.len() > 64 {
            break;
        }
    }
    if addresses.len() < 2 {
        return;
    }
    addresses.sort_by_key(|(address, entries)| {
        let worst = entries.iter().map(|entry| entry.severity).max();
        (std::cmp::Reverse((worst, entries.len())), *address)
    });
    screen.line(&[(BOLD, "Fix first")]);
    for (rank, (address, entries)) in addresses.iter().take(FIX_FIRST).enumerate() {
        let mut codes: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {}", entry.severity, entry.code))
            .collect();
        codes.dedup();
        screen.field(
            2,
            &format!("{}.", rank + 1),
            PLAIN,
            &format!("{address}: {}", codes.join(", ")),
        );
    }
    screen.blank();
}

fn conclusion(screen: &mut Screen, report: &Report) {
    for note in &report.notes {
        screen.field(0, "note:", PLAIN, note);
    }
    let (style, word, text) = match report.verdict() {
        Verdict::Clean => (GREEN, "passed:", clean(report)),
        Verdict::Findings => (RED, "blocked:", counts(report)),
        Verdict::Undecided => (RED, "undecided:", "no verdict, which blocks like a finding".to_owned()),
    };
    let unverified = report.with(Status::Unverified).count();
    let text = match unverified {
        0 => text,
        1 => format!("{text}; 1 finding could not be verified"),
        count => format!("{text}; {count} findings could not be verified"),
    };
    screen.line(&[(style, word), (PLAIN, " "), (PLAIN, &text)]);
    screen.field(0, "", DIM, &checked(report));
}

fn clean(report: &Report) -> String {
    let fail_on = report.threshold.fail_on;
    let below = violations(report, |_| true);
    if below.is_empty() {
        return "nothing found".to_owned();
    }
    format!("nothing at or above {fail_on}; below it {below}")
}

fn counts(report: &Report) -> String {
    let fail_on = report.threshold.fail_on;
    let above = violations(report, |severity| severity >= fail_on);
    let below = violations(report, |severity| severity < fail_on);
    let above = if above.is_empty() {
        "unverified findings count (`--fail-on-unverified`)"
    } else {
        &above
    };
    if below.is_empty() {
        format!("{above} (threshold {fail_on})")
    } else {
        format!("{above} (threshold {fail_on}); below it {below}")
    }
}

fn violations(report: &Report, wanted: impl Fn(Severity) -> bool) -> String {
    let words: Vec<String> = report
        .violations()
        .filter(|(severity, count)| *count > 0 && wanted(*severity))
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    words.join(", ")
}

/// What was looked at: the reader of a clean report must be able to see that it was the right thing.
fn checked(report: &Report) -> String {
    let blocks: Vec<String> = report
        .blocks
        .named()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let blocks = match report.blocks.total() {
        0 => "no blocks".to_owned(),
        1 => format!("1 block ({})", blocks.join(", ")),
        total => format!("{total} blocks ({})", blocks.join(", ")),
    };
    let modules: Vec<String> = report
        .modules
        .iter()
        .filter(|module| module.usage.is_some())
        .map(|module| format!("{} {}", module.name, module.version))
        .collect();
    let rules: usize = report
        .modules
        .iter()
        .filter(|module| module.usage.is_some())
        .map(|module| module.rules.len())
        .sum();
    let plan = match &report.plan.terraform_version {
        Some(version) => format!("{} (planned by version {version})", report.plan.source),
        None => report.plan.source.clone(),
    };
    if modules.is_empty() {
        return format!("checked nothing of {plan}");
    }
    let plural = if rules == 1 { "" } else { "s" };
    format!(
        "checked {blocks} of {plan} against {rules} rule{plural} of {}",
        modules.join(", ")
    )
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low => CYAN,
        Severity::Info => BOLD,
    }
}
