//! The ends of the next days: bars for the eye, and a table that says the same.

use std::fmt::Write as _;

use nhi_governance::measure::{Day, Horizon};

use super::super::day;
use super::table::{Cell, Column, Row, Table, number, text};
use crate::overview::Overview;

const DAYS_OF_WEEK: usize = 7;
/// Identities that are named in a week of the table.
const NAMED: usize = 6;
/// The bars' drawing: a day is 10 wide.
const DAY_WIDTH: usize = 10;
const HEIGHT: usize = 120;

pub(super) const COLUMNS: &[Column] = &[
    text("Week from"),
    number("End"),
    number("High or critical"),
    text("Which"),
];

/// Writes the bars and the table.
pub(super) fn write(out: &mut String, overview: &Overview) {
    let horizon = &overview.horizon;
    let total = horizon.within(horizon.days.len());
    let past = match horizon.ended {
        0 => String::new(),
        1 => " 1 has ended already and is not revoked.".to_owned(),
        count => format!(" {count} have ended already and are not revoked."),
    };
    let later = horizon.later;
    let _ = writeln!(
        out,
        "<p class=\"lead\">{total} {} in the next {} days, {later} later.{past}</p>",
        if total == 1 { "identity ends" } else { "identities end" },
        horizon.days.len(),
    );
    if total == 0 {
        out.push_str("<p class=\"empty\">Nothing ends in that time.</p>\n");
        return;
    }
    bars(out, horizon);
    let weeks: Vec<&[Day]> = horizon.days.chunks(DAYS_OF_WEEK).collect();
    let mut names = names(overview, weeks.len());
    let table = Table {
        id: "ends",
        caption: "Ends by week",
        columns: COLUMNS,
        now: overview.as_of,
    };
    let shown: Vec<(String, usize, usize, String)> = weeks
        .iter()
        .zip(&mut names)
        .filter_map(|(week, names)| {
            let ending = week.iter().map(|day| day.ending).sum();
            let elevated = week.iter().map(|day| day.elevated).sum();
            let from = day(week.first()?.from);
            Some((from, ending, elevated, named(names, ending)))
        })
        .filter(|(_, ending, _, _)| *ending > 0)
        .collect();
    table.write(
        out,
        shown.iter().map(|(from, ending, elevated, named)| {
            Row::of(vec![
                Cell::Text(from),
                Cell::Number(*ending),
                Cell::Number(*elevated),
                Cell::Text(named),
            ])
        }),
    );
}

/// The names of those that end first in each week.
fn names(overview: &Overview, weeks: usize) -> Vec<Vec<String>> {
    let mut names = vec![Vec::new(); weeks];
    let mut ending: Vec<_> = overview
        .inventory
        .iter()
        .filter(|one| one.ends_at > overview.as_of)
        .collect();
    ending.sort_by_key(|one| (one.ends_at, one.id));
    for one in ending {
        let days = (one.ends_at.seconds_since(overview.as_of) - 1) / 86_400;
        let week = usize::try_from(days).unwrap_or(usize::MAX) / DAYS_OF_WEEK;
        // The last week is cut off where the horizon ends.
        let is_seen = usize::try_from(days).is_ok_and(|days| days < overview.horizon.days.len());
        if let Some(week) = names.get_mut(week).filter(|week| is_seen && week.len() < NAMED) {
            week.push(format!("{}/{}", one.environment, one.name));
        }
    }
    names
}

fn named(names: &[String], ending: usize) -> String {
    let more = ending.saturating_sub(names.len());
    let names = names.join(", ");
    if more > 0 {
        return format!("{names} and {more} more");
    }
    names
}

fn bars(out: &mut String, horizon: &Horizon) {
    let peak = horizon.days.iter().max_by_key(|day| day.ending);
    let Some(peak) = peak.filter(|day| day.ending > 0) else {
        return;
    };
    let scale = |count: usize| (count * HEIGHT).div_ceil(peak.ending);
    let width = horizon.days.len() * DAY_WIDTH;
    let _ = write!(
        out,
        "<figure class=\"bars\">\n<svg viewBox=\"0 0 {width} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-labelledby=\"bars-title\">\n<title id=\"bars-title\">Ends per day over the next {} days; the table below \
         says the same by week. Most end on {}: {}.</title>\n",
        horizon.days.len(),
        day(peak.from),
        peak.ending
    );
    for (number, one) in horizon.days.iter().enumerate() {
        let (x, all) = (number * DAY_WIDTH + 1, scale(one.ending));
        let mut bar = |class: &str, height: usize| {
            if height > 0 {
                let (y, width) = (HEIGHT - height, DAY_WIDTH - 2);
                let _ = writeln!(
                    out,
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"><title>{}: {}, {} \
                     of them high or critical</title></rect>",
                    day(one.from),
                    one.ending,
                    one.elevated
                );
            }
        };
        bar("bar", all);
        bar("bar elevated", scale(one.elevated));
    }
    out.push_str("</svg>\n<div class=\"axis\" aria-hidden=\"true\">");
    for at in [0, 30, 60, 89] {
        let label = if at == 0 {
            "today".to_owned()
        } else {
            format!("+{at} days")
        };
        let day = horizon.days.get(at).map(|one| day(one.from)).unwrap_or_default();
        let _ = write!(out, "<span>{label}<br/><small>{day}</small></span>");
    }
    let _ = writeln!(
        out,
        "</div>\n<figcaption><span class=\"key bar\"></span> ends per day, at most {} on {} <span class=\"key \
         elevated\"></span> of those, high or critical</figcaption>\n</figure>",
        peak.ending,
        day(peak.from)
    );
}
