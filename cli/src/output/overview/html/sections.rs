//! The sections of the page: what each shows, and what it says where there is nothing to show.

use std::fmt::Write as _;

use nhi_governance::{RiskTier, Status};

use super::super::figures::{self, percent};
use super::columns::TABLES;
use super::table::{Cell, Row, Table};
use crate::output::xml;
use crate::overview::{OnRecord, Overview};

/// Identities that are shown in the summary.
const DECISIONS_SHOWN: usize = 100;

fn table<'a>(id: &'static str, caption: &'a str, overview: &Overview) -> Table<'a> {
    let columns = TABLES.iter().find(|(known, _)| *known == id);
    Table {
        id,
        caption,
        columns: columns.map_or(&[], |(_, columns)| *columns),
        now: overview.as_of,
    }
}

fn empty(out: &mut String, text: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "<p class=\"empty\">{}</p>", prose(text));
}

/// A text of ours, with its code spans.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    for (number, part) in text.split('`').enumerate() {
        let part = xml::escape(part);
        if number % 2 == 0 {
            out.push_str(&part);
        } else {
            let _ = write!(out, "<code>{part}</code>");
        }
    }
    out
}

fn anchor(identity: nhi_governance::RecordId) -> String {
    format!("i-{identity}")
}

fn tier(tier: RiskTier) -> Cell<'static> {
    let rank = RiskTier::ALL.iter().position(|known| *known == tier);
    Cell::Word(tier.as_str(), rank.unwrap_or_default())
}

fn status(status: Status) -> Cell<'static> {
    let rank = Status::ALL.iter().position(|known| *known == status);
    Cell::Word(status.as_str(), rank.unwrap_or_default())
}

/// The numbers that a reader looks for first, each with what it is of.
pub(super) fn key_figures(out: &mut String, overview: &Overview) {
    let counts = &overview.population;
    let of_tier = |tier: RiskTier| counts.by_risk_tier.get(tier.as_str()).copied().unwrap_or_default();
    let framework = overview.frameworks.first();
    let figures = [
        (
            "Live identities",
            counts.live.to_string(),
            format!("{} of them usable now", counts.usable),
        ),
        (
            "End within 30 days",
            overview.horizon.within(30).to_string(),
            format!("{} later than 90 days", overview.horizon.later),
        ),
        (
            "High or critical",
            (of_tier(RiskTier::High) + of_tier(RiskTier::Critical)).to_string(),
            format!("{} critical", of_tier(RiskTier::Critical)),
        ),
        (
            "Attested",
            percent(counts.attestation_coverage()),
            format!("{} of {}", counts.attested, counts.live),
        ),
        (
            "OWASP NHI controls",
            percent(framework.and_then(|framework| framework.score)),
            framework.map_or_else(String::new, |score| {
                format!("{} failed, {} excepted", score.failed, score.excepted)
            }),
        ),
    ];
    out.push_str("<dl class=\"key-figures\">\n");
    for (what, value, meaning) in figures {
        let _ = writeln!(
            out,
            "<div><dt>{what}</dt><dd>{value} <small>{meaning}</small></dd></div>"
        );
    }
    out.push_str("</dl>\n");
}

/// The identities that cannot be used, or live longer than the policy lets them: each with why.
pub(super) fn decisions(out: &mut String, overview: &Overview) {
    let is_open = |one: &&OnRecord| !one.status.is_usable() || one.status == Status::Unmanaged || one.outlives_policy;
    let open: Vec<_> = overview.inventory.iter().filter(is_open).collect();
    if open.is_empty() {
        return;
    }
    let caption = match open.len() {
        count @ 0..=DECISIONS_SHOWN => format!("Identities that need a decision ({count})"),
        count => {
            format!("The first {DECISIONS_SHOWN} of {count} identities that need a decision; the inventory has all")
        }
    };
    table("decisions", &caption, overview).write(
        out,
        open.into_iter().take(DECISIONS_SHOWN).map(|one| {
            let why = if one.status.is_usable() && one.outlives_policy {
                "it lives longer than the policy lets its tier live"
            } else {
                &one.status_reason
            };
            Row::of(vec![
                Cell::Identity(anchor(one.id), &one.name),
                Cell::Text(&one.environment),
                status(one.status),
                Cell::Text(why),
                Cell::Text(&one.technical_owner),
            ])
        }),
    );
}

pub(super) fn owners(out: &mut String, overview: &Overview) {
    if overview.owners.is_empty() {
        return empty(out, "No identity is on record, so nobody owns one.");
    }
    let orphans = &overview.orphans;
    let lead = match (orphans.teams_on_record, orphans.identities.len()) {
        (0, 0) => "No team is on record (`nhi_team`), so nobody can tell which owners are gone.".to_owned(),
        (_, 0) => "Every identity has owners that exist.".to_owned(),
        (_, 1) => "1 identity has nobody who answers for it.".to_owned(),
        (_, count) => format!("{count} identities have nobody who answers for them."),
    };
    let _ = writeln!(out, "<p class=\"lead\">{}</p>", prose(&lead));
    if !orphans.identities.is_empty() {
        let rows = orphans.identities.iter().map(|orphan| {
            Row::of(vec![
                Cell::Identity(anchor(orphan.id), &orphan.name),
                Cell::Text(&orphan.environment),
                Cell::Text(orphan.owner.as_deref().unwrap_or_default()),
                Cell::Text(orphan.why),
                Cell::When(orphan.since),
            ])
        });
        table("orphans", "Orphans", overview).write(out, rows);
    }
    let rows = overview.owners.iter().map(|holding| {
        let exists = match holding.exists {
            None => Cell::Text("cannot tell"),
            Some(true) => Cell::Text("yes"),
            Some(false) => Cell::Word("gone", 0),
        };
        Row::of(vec![
            Cell::Text(&holding.owner),
            exists,
            Cell::Number(holding.runs),
            Cell::Number(holding.usable),
            Cell::Number(holding.elevated),
            Cell::Number(holding.answers_for),
            Cell::When(holding.next_end),
        ])
    });
    table("owners", "Owners, by how much they run", overview).write(out, rows);
}

pub(super) fn findings(out: &mut String, overview: &Overview) {
    let Some(judged) = &overview.findings else {
        return empty(
            out,
            "No plan was given, so nothing is said of one. Run `nhi report --findings tfplan`, or give the JSON that `nhi \
             check` wrote.",
        );
    };
    let blocking = judged.findings.iter().filter(|found| found.blocking).count();
    let verdict = match judged.verdict.as_str() {
        "undecided" => "The plan could not be judged as a whole, which blocks it.".to_owned(),
        _ if judged.findings.is_empty() => "Nothing was found.".to_owned(),
        _ => format!("{} found, {blocking} blocking.", judged.findings.len()),
    };
    let _ = writeln!(
        out,
        "<p class=\"lead\">{verdict} <span class=\"dim\">Plan <code>{}</code>; {} not counted.</span></p>",
        xml::escape(&judged.plan.source),
        judged.not_counted
    );
    if judged.findings.is_empty() {
        return;
    }
    let severities = ["info", "low", "medium", "high", "critical"];
    let rows = judged.findings.iter().map(|found| {
        let rank = severities.iter().position(|known| *known == found.severity);
        let (word, rank) = match found.outcome.as_str() {
            "violation" => (found.severity.as_str(), rank.unwrap_or_default()),
            other => (other, 0),
        };
        Row::of(vec![
            Cell::Two(&found.code, &found.name),
            Cell::Word(word, rank),
            Cell::Two(&found.address, &found.attribute),
            Cell::Text(&found.message),
            Cell::Text(&found.help),
        ])
    });
    table("findings", "Findings of the plan", overview).write(out, rows);
}

pub(super) fn exceptions(out: &mut String, overview: &Overview) {
    if overview.exceptions.is_empty() {
        return empty(out, "No control is waived.");
    }
    let rows = overview.exceptions.iter().map(|waiver| {
        Row::of(vec![
            Cell::Code(&waiver.control),
            Cell::Word(waiver.status, usize::from(waiver.status != "active")),
            Cell::Two(&waiver.address, &waiver.attribute),
            Cell::Text(&waiver.reason),
            Cell::Text(&waiver.compensating_control),
            Cell::Text(&waiver.risk_acceptor),
            Cell::Number(usize::try_from(waiver.age_days).unwrap_or_default()),
            Cell::When(Some(waiver.expires_at)),
        ])
    });
    table("exceptions", "Exceptions that have not been ended", overview).write(out, rows);
}

pub(super) fn break_glass(out: &mut String, overview: &Overview) {
    if overview.break_glass.is_empty() {
        return empty(
            out,
            "No break-glass access is on record: in an emergency, there is no way in that is governed.",
        );
    }
    let rows = overview.break_glass.iter().map(|glass| {
        Row::of(vec![
            Cell::Text(&glass.name),
            Cell::Text(&glass.environment),
            Cell::Word(glass.status, usize::from(glass.status != "sealed")),
            Cell::Text(&glass.status_reason),
            Cell::Number(glass.activations),
            Cell::When(glass.last_activated_at),
            Cell::When(glass.last_tested_at),
            Cell::When(Some(glass.test_due_at)),
        ])
    });
    table("break-glass", "Break-glass access: uses and tests", overview).write(out, rows);
}

pub(super) fn reviews(out: &mut String, overview: &Overview) {
    if overview.reviews.is_empty() {
        return empty(
            out,
            "No access review is declared, so nobody is asked whether an identity is still needed.",
        );
    }
    let rows = overview.reviews.iter().map(|review| {
        Row::of(vec![
            Cell::Text(&review.name),
            Cell::Word(review.status, usize::from(review.status != "closed")),
            Cell::Text(&review.selector),
            Cell::Text(&review.every),
            Cell::Number(review.items),
            Cell::Number(review.kept),
            Cell::Number(review.revoked),
            Cell::Number(review.unanswered),
            Cell::When(review.due_at),
        ])
    });
    table(
        "reviews",
        "Access reviews: the present round, or the last one",
        overview,
    )
    .write(out, rows);
}

pub(super) fn compliance(out: &mut String, overview: &Overview) {
    out.push_str(
        "<p class=\"lead\">Passed of applicable, of the controls that records can show. What an exception waives has not \
         passed: it is counted apart. What only a backend, a plan or a person can tell is not in it.</p>\n",
    );
    for score in &overview.frameworks {
        let (passed, excepted, failed) = (score.passed, score.excepted, score.failed);
        let _ = writeln!(
            out,
            "<details>\n<summary><span class=\"score\">{}</span> <strong>{}</strong> <span class=\"dim\">{passed} passed, \
             {excepted} excepted, {failed} failed</span>",
            percent(score.score),
            xml::escape(score.title)
        );
        meter(out, [(passed, "passed"), (excepted, "excepted"), (failed, "failed")]);
        out.push_str("</summary>\n");
        let rows = score.controls.iter().map(|control| {
            Row::of(vec![
                Cell::Text(control.control),
                Cell::Text(&control.title),
                Cell::Number(control.passed),
                Cell::Number(control.excepted),
                Cell::Number(control.failed),
            ])
        });
        let caption = format!("Controls of {}", score.title);
        table("controls", &caption, overview).write_as(out, score.framework, rows);
        out.push_str("</details>\n");
    }
}

/// The parts of a whole as one bar; the text beside it says the same.
fn meter(out: &mut String, parts: [(usize, &str); 3]) {
    const WIDTH: usize = 1000;
    let whole: usize = parts.iter().map(|(part, _)| part).sum();
    out.push_str("<svg class=\"meter\" viewBox=\"0 0 1000 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    let mut before = 0;
    for (part, class) in parts {
        let at = |count: usize| count.saturating_mul(WIDTH).checked_div(whole).unwrap_or_default();
        let (x, end) = (at(before), at(before + part));
        before += part;
        if end > x {
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x}\" y=\"0\" width=\"{}\" height=\"8\"/>",
                end - x
            );
        }
    }
    out.push_str("</svg>");
}

pub(super) fn metrics(out: &mut String, overview: &Overview) {
    out.push_str(
        "<p class=\"lead\">Worked out from the audit log alone, so whoever has a copy of the log can work them out \
         again.</p>\n",
    );
    let figures = figures::of(&overview.metrics);
    let ages: Vec<String> = overview
        .metrics
        .by_age_days
        .iter()
        .map(|(bucket, count)| format!("{bucket}: {count}"))
        .collect();
    let ages = ages.join(", ");
    let rows = figures
        .iter()
        .map(|figure| (figure.what, figure.value.as_str(), figure.meaning.as_str()));
    let age = (
        "Age in days",
        ages.as_str(),
        "live identities by days since they were issued or renewed",
    );
    let age = Some(age).filter(|(_, ages, _)| !ages.is_empty());
    let missing = overview
        .not_measured
        .iter()
        .map(|one| (one.what, "not measured", one.why));
    let rows = rows.chain(age).chain(missing);
    let rows =
        rows.map(|(what, value, meaning)| Row::of(vec![Cell::Text(what), Cell::Text(value), Cell::Text(meaning)]));
    table("metrics", "Metrics", overview).write(out, rows);
}

pub(super) fn inventory(out: &mut String, overview: &Overview) {
    if overview.inventory.is_empty() {
        return empty(
            out,
            "No identity is on record. The first `nhi_identity` that is applied shows up here; `nhi adopt` finds those that \
             exist.",
        );
    }
    search(out, overview);
    let revoked = overview.metrics.revocations.count;
    let caption = match revoked {
        0 => "Identities that are not revoked".to_owned(),
        count => format!("Identities that are not revoked; {count} more are, and stay on record"),
    };
    let rows = overview.inventory.iter().map(|one| Row {
        id: Some(anchor(one.id)),
        data: vec![
            ("s", one.status.as_str()),
            ("t", one.risk_tier.as_str()),
            ("e", &one.environment),
        ],
        cells: vec![
            Cell::Text(&one.name),
            Cell::Text(&one.environment),
            Cell::Text(one.kind),
            tier(one.risk_tier),
            status(one.status),
            Cell::Two(&one.technical_owner, &one.policy_owner),
            Cell::When(Some(one.ends_at)),
            Cell::Text(&one.purpose),
        ],
    });
    table("inventory", &caption, overview).write(out, rows);
}

/// The controls of the search, which the script brings to light: without it they would do nothing.
fn search(out: &mut String, overview: &Overview) {
    let counts = &overview.population;
    out.push_str(
        "<div class=\"search\" role=\"search\" hidden=\"hidden\">\n<label>Search <input id=\"q\" type=\"search\" \
         autocomplete=\"off\" spellcheck=\"false\"/></label>\n",
    );
    let statuses = Status::ALL.iter().filter(|status| !status.is_final()).map(|status| {
        let count = counts.by_status.get(status.as_str());
        (status.as_str(), count.copied().unwrap_or_default())
    });
    let tiers = RiskTier::ALL.iter().map(|tier| {
        let count = counts.by_risk_tier.get(tier.as_str());
        (tier.as_str(), count.copied().unwrap_or_default())
    });
    let environments = counts
        .by_environment
        .iter()
        .map(|(name, count)| (name.as_str(), *count));
    for (id, label, options) in [
        ("s", "Status", statuses.collect::<Vec<_>>()),
        ("t", "Tier", tiers.collect()),
        ("e", "Environment", environments.collect()),
    ] {
        let _ = write!(
            out,
            "<label>{label} <select id=\"f-{id}\"><option value=\"\">all</option>"
        );
        for (word, count) in options.into_iter().filter(|(_, count)| *count > 0) {
            let word = xml::escape(word);
            let _ = write!(out, "<option value=\"{word}\">{word} ({count})</option>");
        }
        out.push_str("</select></label>\n");
    }
    out.push_str("<p><output id=\"shown\" for=\"q f-s f-t f-e\"></output></p>\n</div>\n");
}
