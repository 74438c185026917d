//! How the report of a registry is written. All formats render one document.

mod figures;
mod html;
mod markdown;

use clap::ValueEnum;

use crate::exit::Failure;
use crate::overview::Overview;

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OverviewFormat {
    /// One page; nothing is loaded.
    Html,
    /// For programs: `docs/schemas/overview-v1.schema.json`.
    Json,
    /// For a ticket or a wiki; long lists are cut off and counted.
    Markdown,
}

/// Renders it; the same document gives the same bytes.
pub(crate) fn render(format: OverviewFormat, overview: &Overview) -> Result<String, Failure> {
    match format {
        OverviewFormat::Html => Ok(html::render(overview)),
        OverviewFormat::Json => super::json(overview),
        OverviewFormat::Markdown => Ok(markdown::render(overview)),
    }
}

/// The day of a moment.
fn day(moment: nhi_governance::Timestamp) -> String {
    moment.to_string().chars().take(10).collect()
}

/// How far a moment is from another, in words.
fn distance(from: nhi_governance::Timestamp, to: nhi_governance::Timestamp) -> String {
    let seconds = to.seconds_since(from);
    match (seconds, seconds.abs() / 86_400) {
        (1.., 0) => format!("in {}", span(seconds)),
        (_, 0) => format!("{} ago", span(-seconds)),
        (1.., 1) => "in 1 day".to_owned(),
        (1.., days) => format!("in {days} days"),
        (_, 1) => "1 day ago".to_owned(),
        (_, days) => format!("{days} days ago"),
    }
}

/// A span in its largest unit.
fn span(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (count, unit) = units
        .into_iter()
        .find(|(size, _)| seconds >= *size)
        .map_or((0, "second"), |(size, unit)| (seconds / size, unit));
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{distance, span};
    use nhi_governance::Timestamp;

    #[test]
    fn spans_and_distances() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (3_599, "59 minutes"),
            (7_200, "2 hours"),
            (86_400, "1 day"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(seconds), text);
        }
        for (seconds, text) in [
            (0, "0 seconds ago"),
            (60, "in 1 minute"),
            (-60, "1 minute ago"),
            (86_400, "in 1 day"),
            (-86_400, "1 day ago"),
            (864_000, "in 10 days"),
            (-864_000, "10 days ago"),
        ] {
            assert_eq!(distance(Timestamp::from_unix(0), Timestamp::from_unix(seconds)), text);
        }
    }
}
