//! What formats say of a finding and of the verdict, so that all of them use the same words.

use std::fmt::Write as _;

use nhi_policy_file::Level;

use crate::report::{Entry, Report, Status, Verdict};

/// What is wrong, and whether that is certain.
pub(super) fn claim(entry: &Entry) -> String {
    let advisory = if entry.is_advisory() { "advisory: " } else { "" };
    match entry.status {
        Status::Unverified => format!("{advisory}could not tell: {}", entry.message),
        Status::Violation | Status::Undecided => format!("{advisory}{}", entry.message),
    }
}

/// The address and, where there is one, the attribute.
pub(super) fn subject(entry: &Entry) -> String {
    match entry.path.as_str() {
        "" => entry.address.clone(),
        path => format!("{}, attribute {path}", entry.address),
    }
}

/// What a finding rests on, as a person reads it.
pub(super) fn evidence(entry: &Entry) -> &str {
    match entry.evidence.as_str() {
        "planned" => "the planned values",
        // What is declared there is there, before an apply and after it.
        "configuration" if is_declared(&entry.address) => "the configuration",
        "configuration" => "the configuration; the planned value is known only after apply",
        "references" => "what the attribute refers to",
        other => other,
    }
}

/// Whether an address is that of a variable or of a provider block.
fn is_declared(address: &str) -> bool {
    let local = address.rsplit_once("module.").map_or(address, |(_, rest)| rest);
    let local = local.rsplit_once("].").map_or(local, |(_, rest)| rest);
    let mut names = local.split('.');
    let (first, second) = (names.next(), names.next());
    matches!(first, Some("var" | "provider")) || local != address && second == Some("var")
}

/// What a patch does, as a person reads it.
pub(super) fn patch(entry: &Entry) -> Option<String> {
    entry.patch.as_ref().map(|patch| match patch.replacement.as_str() {
        "" => format!("remove {}", patch.path),
        replacement => format!("{} = {replacement}", patch.path),
    })
}

/// What the policy file says of how much a finding counts.
pub(super) fn level(entry: &Entry) -> Option<&'static str> {
    let level = entry.level.filter(|_| entry.status != Status::Undecided)?;
    Some(meaning(level))
}

/// What a level makes of a finding.
pub(crate) fn meaning(level: Level) -> &'static str {
    match level {
        Level::Advisory => "advisory, it never fails a check",
        Level::Overridable => "overridable, a waiver takes it out of the count",
        Level::Mandatory => "mandatory, nothing takes it out of the count",
    }
}

/// `file:line:column`, where the source is at hand.
pub(super) fn place(entry: &Entry) -> Option<String> {
    let at = entry.location()?;
    Some(format!("{}:{}:{}", at.file, at.line, at.column))
}

/// The parts of a finding that explain it, each with its label; empty ones are left out.
pub(super) fn details(entry: &Entry) -> Vec<(&'static str, String)> {
    let rows = [
        ("who", entry.fact("principal").unwrap_or_default().to_owned()),
        ("why", entry.why.clone()),
        ("fix", entry.help.clone()),
        ("set", patch(entry).unwrap_or_default()),
        ("from", evidence(entry).to_owned()),
        ("rank", level(entry).unwrap_or_default().to_owned()),
    ];
    rows.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// The verdict in one line without its word: `2 critical, 1 high (threshold high); 1 could not be verified`.
pub(super) fn verdict(report: &Report) -> String {
    let mut text = match report.verdict() {
        Verdict::Clean => clean(report),
        Verdict::Findings => counts(report),
        Verdict::Undecided => "no verdict, which blocks like a finding".to_owned(),
    };
    // Writing to a `String` cannot fail.
    match report.with(Status::Unverified).count() {
        0 => {}
        1 => text.push_str("; 1 finding could not be verified"),
        count => {
            let _ = write!(text, "; {count} findings could not be verified");
        }
    }
    let aside: Vec<String> = report
        .aside_counts()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| match word {
            "existing" => format!("{count} there before"),
            "baseline" => format!("{count} in the baseline"),
            "excepted" => format!("{count} waived by exceptions on record"),
            other => format!("{count} {other}"),
        })
        .collect();
    if !aside.is_empty() {
        let _ = write!(text, "; not counted: {}", aside.join(", "));
    }
    text
}

/// The word for the verdict.
pub(super) fn verdict_word(report: &Report) -> &'static str {
    match report.verdict() {
        Verdict::Clean => "passed",
        Verdict::Findings => "blocked",
        Verdict::Undecided => "undecided",
    }
}

fn clean(report: &Report) -> String {
    let fail_on = report.threshold.fail_on;
    let below = violations(report, |entry| !entry.is_advisory());
    let mut text = match below.as_str() {
        "" if report.with(Status::Violation).next().is_none() => return "nothing found".to_owned(),
        "" => "nothing that counts".to_owned(),
        _ => format!("nothing at or above {fail_on}; below it {below}"),
    };
    text.push_str(&advisory(report));
    text
}

fn counts(report: &Report) -> String {
    let fail_on = report.threshold.fail_on;
    let above = violations(report, |entry| report.blocks(entry));
    let below = violations(report, |entry| !report.blocks(entry) && !entry.is_advisory());
    let above = if above.is_empty() {
        "unverified findings count (`--fail-on-unverified`)"
    } else {
        &above
    };
    let advisory = advisory(report);
    if below.is_empty() {
        format!("{above} (threshold {fail_on}){advisory}")
    } else {
        format!("{above} (threshold {fail_on}); below it {below}{advisory}")
    }
}

fn advisory(report: &Report) -> String {
    match violations(report, Entry::is_advisory).as_str() {
        "" => String::new(),
        counts => format!("; advisory {counts}"),
    }
}

fn violations(report: &Report, wanted: impl Fn(&Entry) -> bool) -> String {
    let words: Vec<String> = report
        .violations(wanted)
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    words.join(", ")
}

/// What was looked at: the reader of a clean report must be able to see that it was the right thing.
pub(super) fn checked(report: &Report) -> String {
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
    let finished = || report.modules.iter().filter(|module| module.usage.is_some());
    let modules: Vec<String> = finished()
        .map(|module| format!("{} {}", module.name, module.version))
        .collect();
    let rules: usize = finished().map(|module| module.rules.len()).sum();
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

#[cfg(test)]
mod tests {
    use super::is_declared;

    #[test]
    fn what_is_declared_waits_for_no_apply() {
        for address in [
            "var.a",
            "provider.aws",
            "module.m.var.a",
            r#"module.m["x.y"].var.a"#,
            "module.a.module.b[0].var.c",
        ] {
            assert!(is_declared(address), "{address}");
        }
        for address in [
            "aws_instance.var",
            "output.a",
            "module.m.aws_instance.i",
            r#"aws_x.y["var.a"]"#,
        ] {
            assert!(!is_declared(address), "{address}");
        }
    }
}
