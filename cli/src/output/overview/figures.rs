//! The metrics as lines: what, how much, and what it means.

use nhi_governance::measure::{Coverage, Metrics, Share, Spread};

use super::span;

/// One metric.
pub(super) struct Figure {
    pub(super) what: &'static str,
    pub(super) value: String,
    pub(super) meaning: String,
}

fn figure(what: &'static str, value: impl Into<String>, meaning: impl Into<String>) -> Figure {
    Figure {
        what,
        value: value.into(),
        meaning: meaning.into(),
    }
}

/// A share, or that there is nothing to take it of.
pub(super) fn percent(share: Option<Share>) -> String {
    share.map_or_else(|| "–".to_owned(), Share::percent)
}

fn coverage(what: &'static str, coverage: Coverage, meaning: &str) -> Figure {
    let value = percent(coverage.share());
    figure(what, value, format!("{} of {} {meaning}", coverage.count, coverage.of))
}

fn spread(what: &'static str, spread: Option<Spread>, none: &str, meaning: &str) -> Figure {
    match spread {
        None => figure(what, "–", none),
        Some(spread) => figure(
            what,
            format!("{} / {}", span(spread.p50_seconds), span(spread.p99_seconds)),
            format!("p50 / p99 over {} {meaning}", spread.count),
        ),
    }
}

/// All of them.
pub(super) fn of(metrics: &Metrics) -> Vec<Figure> {
    let live = "live identities";
    let mut figures = vec![
        coverage(
            "Owners declared",
            metrics.owners,
            &format!("{live} name a technical and a policy owner"),
        ),
        coverage(
            "Purpose declared",
            metrics.purpose,
            &format!("{live} say what they are for"),
        ),
        coverage("End declared", metrics.ttl, &format!("{live} have a time to live")),
        coverage(
            "Attestation declared",
            metrics.attestation,
            &format!("{live} say how they prove themselves"),
        ),
        coverage(
            "Static credentials",
            metrics.static_credentials,
            &format!("{live} rest on a shared static one"),
        ),
    ];
    let rotation = metrics.rotation;
    figures.push(figure(
        "Rotation on time",
        percent(rotation.share()),
        format!(
            "{} renewed before their end, {} after it, {} past it and not renewed",
            rotation.on_time, rotation.late, rotation.overdue
        ),
    ));
    let orphans = &metrics.orphans;
    let oldest = orphans
        .oldest_seconds
        .map(|seconds| format!(", the oldest for {}", span(seconds)));
    figures.push(figure(
        "Orphans",
        orphans.now.to_string(),
        format!(
            "identities whose team has ended or that no configuration manages{}; noticed at once, as the status follows \
             from the record of the team",
            oldest.unwrap_or_default()
        ),
    ));
    figures.push(spread(
        "Time until an orphan was settled",
        orphans.settled,
        "no orphan was taken over or revoked yet",
        "that got another owner or were revoked",
    ));
    figures.extend(governance(metrics));
    figures
}

fn governance(metrics: &Metrics) -> Vec<Figure> {
    let (reviews, exceptions) = (metrics.reviews, &metrics.exceptions);
    let (glass, revocations) = (metrics.break_glass, &metrics.revocations);
    let age = exceptions
        .age
        .map(|age| format!(", half of them older than {}", span(age.p50_seconds)));
    vec![
        figure(
            "Reviews completed",
            percent(Share::of(reviews.rounds_complete, reviews.rounds_closed)),
            format!(
                "{} of {} closed rounds had an answer for every identity ({} of {} answers); {} overdue",
                reviews.rounds_complete,
                reviews.rounds_closed,
                reviews.answered.count,
                reviews.answered.of,
                reviews.overdue
            ),
        ),
        figure(
            "Exceptions",
            exceptions.active.to_string(),
            format!(
                "active{}; {} past their end, {} ended, {} prolonged",
                age.unwrap_or_default(),
                exceptions.overdue,
                exceptions.ended,
                exceptions.renewals
            ),
        ),
        figure(
            "Break-glass uses",
            glass.activations.to_string(),
            format!(
                "{} in the last 90 days; {} tests; of {} on record {} untested and {} with a review owed",
                glass.activations_recent, glass.tests, glass.on_record, glass.untested, glass.reviews_owed
            ),
        ),
        figure(
            "Revocations",
            revocations.count.to_string(),
            format!(
                "each effective when it was decided, as what verifies reads the record; {} not read back as gone",
                revocations.not_read_back
            ),
        ),
        spread(
            "Revoked until read back as gone",
            revocations.read_back,
            "nothing was read back yet",
            "revocations that backends confirmed",
        ),
    ]
}
