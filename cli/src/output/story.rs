//! What formats say of a finding and of the verdict, so that all of them use the same words.

use std::fmt::Write as _;

use nhi_plan::Severity;

use crate::report::{Entry, Report, Status, Verdict};

/// What is wrong, and whether that is certain.
pub(super) fn claim(entry: &Entry) -> String {
    match entry.status {
        Status::Unverified => format!("could not tell: {}", entry.message),
        Status::Violation | Status::Undecided => entry.message.clone(),
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
