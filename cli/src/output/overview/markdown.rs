//! The report of a registry in Markdown, for a ticket or a wiki.
//!
//! Foreign text becomes neither a link, an image, a mention nor HTML (see `markdown::words`); in a table a bar and a
//! line break would end a cell, and no escaped text has either outside of a code span.

use std::fmt::Write as _;

use super::figures::{self, percent};
use super::{day, distance};
use crate::output::markdown::{code, words};
use crate::overview::Overview;

/// Rows of a table that are shown; what is left out is counted.
const ROWS_SHOWN: usize = 40;

pub(super) fn render(overview: &Overview) -> String {
    let mut out = String::new();
    let organisation = overview.policy.organisation.as_deref();
    let of = organisation.map_or_else(String::new, |organisation| format!(" of {}", words(organisation)));
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "# Machine identities{of}\n\nAs of {}, from {}. {} live, {} usable now. The log has {} rows, each checked.\n",
        overview.as_of,
        code(&overview.registry.location),
        overview.population.live,
        overview.population.usable,
        overview.registry.rows
    );
    attention(&mut out, overview);
    ends(&mut out, overview);
    owners(&mut out, overview);
    findings(&mut out, overview);
    records(&mut out, overview);
    scores(&mut out, overview);
    inventory(&mut out, overview);
    out
}

/// A table; foreign text comes escaped.
fn table(out: &mut String, headings: &[&str], rows: impl ExactSizeIterator<Item = Vec<String>>) {
    let count = rows.len();
    let _ = writeln!(out, "| {} |\n|{}", headings.join(" | "), "---|".repeat(headings.len()));
    for row in rows.take(ROWS_SHOWN) {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    if count > ROWS_SHOWN {
        let _ = writeln!(out, "\nand {} more", count - ROWS_SHOWN);
    }
    out.push('\n');
}

fn attention(out: &mut String, overview: &Overview) {
    if overview.attention.is_empty() {
        out.push_str("Nothing needs a decision now.\n\n");
        return;
    }
    out.push_str("## What needs attention\n\n");
    for notice in &overview.attention {
        let _ = writeln!(out, "- **{}** {}", words(&notice.text), words(notice.help));
    }
    out.push('\n');
}

fn ends(out: &mut String, overview: &Overview) {
    let horizon = &overview.horizon;
    let total = horizon.within(horizon.days.len());
    let _ = writeln!(
        out,
        "## Ends ahead\n\n{total} within {} days, {} later, {} ended and not revoked.\n",
        horizon.days.len(),
        horizon.later,
        horizon.ended
    );
    let weeks: Vec<_> = horizon
        .days
        .chunks(7)
        .filter_map(|week| {
            let ending: usize = week.iter().map(|day| day.ending).sum();
            let elevated: usize = week.iter().map(|day| day.elevated).sum();
            let from = day(week.first()?.from);
            (ending > 0).then(|| vec![from, ending.to_string(), elevated.to_string()])
        })
        .collect();
    if !weeks.is_empty() {
        table(out, &["Week from", "End", "High or critical"], weeks.into_iter());
    }
}

fn owners(out: &mut String, overview: &Overview) {
    if overview.owners.is_empty() {
        return;
    }
    out.push_str("## Who owns what\n\n");
    let orphans = overview.orphans.identities.iter().map(|orphan| {
        let owner = orphan.owner.as_deref().unwrap_or_default();
        vec![
            words(&orphan.name),
            words(&orphan.environment),
            words(owner),
            orphan.why.to_owned(),
        ]
    });
    if orphans.len() > 0 {
        out.push_str("### Orphans\n\n");
        table(out, &["Identity", "Environment", "Owner", "Why"], orphans);
    }
    let rows = overview.owners.iter().map(|holding| {
        vec![
            words(&holding.owner),
            holding.runs.to_string(),
            holding.usable.to_string(),
            holding.elevated.to_string(),
            holding.answers_for.to_string(),
        ]
    });
    table(
        out,
        &["Owner", "Runs", "Usable now", "High or critical", "Answers for"],
        rows,
    );
}

fn findings(out: &mut String, overview: &Overview) {
    let Some(judged) = &overview.findings else { return };
    let _ = writeln!(
        out,
        "## Findings\n\n{} in {}, {} not counted, verdict: {}.\n",
        judged.findings.len(),
        code(&judged.plan.source),
        judged.not_counted,
        words(&judged.verdict)
    );
    if judged.findings.is_empty() {
        return;
    }
    let rows = judged.findings.iter().map(|found| {
        vec![
            words(&found.code),
            words(&found.severity),
            code(&found.address),
            words(&found.message),
        ]
    });
    table(out, &["Code", "Severity", "Where", "What"], rows);
}

fn records(out: &mut String, overview: &Overview) {
    let exceptions = overview.exceptions.iter().map(|waiver| {
        vec![
            code(&waiver.control),
            waiver.status.to_owned(),
            code(&waiver.address),
            words(&waiver.reason),
            waiver.age_days.to_string(),
            day(waiver.expires_at),
        ]
    });
    if exceptions.len() > 0 {
        out.push_str("## Exceptions\n\n");
        let headings = ["Control", "Status", "Where", "Reason", "Age in days", "Ends"];
        table(out, &headings, exceptions);
    }
    let glasses = overview.break_glass.iter().map(|glass| {
        vec![
            words(&glass.name),
            words(&glass.environment),
            glass.status.replace('_', " "),
            glass.activations.to_string(),
            day(glass.test_due_at),
        ]
    });
    if glasses.len() > 0 {
        out.push_str("## Break-glass access\n\n");
        table(out, &["Name", "Environment", "Status", "Uses", "Test due"], glasses);
    }
    let reviews = overview.reviews.iter().map(|review| {
        vec![
            words(&review.name),
            review.status.to_owned(),
            words(&review.selector),
            format!("{} of {}", review.decided, review.items),
        ]
    });
    if reviews.len() > 0 {
        out.push_str("## Access reviews\n\n");
        table(out, &["Review", "Status", "Of", "Answered"], reviews);
    }
}

fn scores(out: &mut String, overview: &Overview) {
    out.push_str("## Compliance\n\nWhat an exception waives has not passed.\n\n");
    let rows = overview.frameworks.iter().map(|score| {
        vec![
            score.title.to_owned(),
            percent(score.score),
            score.passed.to_string(),
            score.excepted.to_string(),
            score.failed.to_string(),
        ]
    });
    table(out, &["Framework", "Score", "Passed", "Excepted", "Failed"], rows);
    out.push_str("## Metrics of the log\n\n");
    let figures = figures::of(&overview.metrics);
    let rows = figures
        .into_iter()
        .map(|figure| vec![figure.what.to_owned(), figure.value, figure.meaning]);
    table(out, &["Metric", "Value", "What it means"], rows);
    for missing in &overview.not_measured {
        let _ = writeln!(out, "- not measured: {}. {}", missing.what, missing.why);
    }
    out.push('\n');
}

fn inventory(out: &mut String, overview: &Overview) {
    if overview.inventory.is_empty() {
        out.push_str("No identity is on record.\n");
        return;
    }
    out.push_str("## Inventory\n\n");
    let rows = overview.inventory.iter().map(|one| {
        vec![
            words(&one.name),
            words(&one.environment),
            one.risk_tier.to_string(),
            one.status.to_string(),
            words(&one.technical_owner),
            format!("{} ({})", day(one.ends_at), distance(overview.as_of, one.ends_at)),
        ]
    });
    let headings = ["Identity", "Environment", "Tier", "Status", "Owner", "Ends"];
    table(out, &headings, rows);
}
