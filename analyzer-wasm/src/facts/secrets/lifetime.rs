//! Credentials that a resource creates, and how long they last.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use nhi_plan::json::Value;
use nhi_plan::{Mode, Severity};

use super::jwt::unix_seconds;
use crate::facts::Block;

const TABLE: &str = include_str!("../../../data/static-credentials.tsv");

/// How an attribute says when something ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Date,
    Duration,
    Seconds,
    Hours,
    Days,
}

impl Unit {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "date" => Self::Date,
            "duration" => Self::Duration,
            "seconds" => Self::Seconds,
            "hours" => Self::Hours,
            "days" => Self::Days,
            _ => return None,
        })
    }
}

/// A type of the table.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) noun: &'static str,
    /// Severity without an end; `None` where creating it is no finding.
    pub(crate) severity: Option<Severity>,
    ends: Vec<(&'static str, Unit)>,
    /// Days that are long enough.
    pub(crate) days_max: Option<i64>,
    /// Days without an attribute that ends it; `None` where there is no end.
    days_default: Option<i64>,
    /// What to do instead; empty where there is nothing better than an end.
    pub(crate) instead: &'static str,
}

/// When a credential ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    /// After so many days, as the attribute says.
    Days(i64),
    /// After so many days, as no attribute says otherwise.
    Default(i64),
    /// Something else of the plan says when, such as a rotation.
    Rotated,
    /// Known only after apply.
    Unknown,
}

static ROWS: LazyLock<BTreeMap<&'static str, Credential>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(read).collect()
});

fn read(line: &'static str) -> Option<(&'static str, Credential)> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [name, noun, severity, ends, max, default, instead] = cells.as_slice() else {
        return None;
    };
    let ends = ends.split(',').filter_map(|end| {
        let (path, unit) = end.split_once(':')?;
        Some((path, Unit::from_word(unit)?))
    });
    let credential = Credential {
        noun,
        severity: severity.parse().ok(),
        ends: ends.collect(),
        days_max: max.parse().ok(),
        days_default: default.parse().ok(),
        instead: if *instead == "-" { "" } else { instead },
    };
    Some((name, credential))
}

/// The row of a block's type.
pub(crate) fn credential(block: &Block<'_>) -> Option<&'static Credential> {
    let name = block.change.resource_type.as_ref();
    match block.change.mode {
        Mode::Managed => ROWS.get(name),
        Mode::Data => ROWS.get(format!("data.{name}").as_str()),
        _ => None,
    }
}

impl Credential {
    /// Whether an attribute can end it.
    pub(crate) fn can_end(&self) -> bool {
        !self.ends.is_empty()
    }

    /// The attribute that ends it.
    pub(crate) fn attribute(&self) -> &'static str {
        self.ends.first().map(|end| end.0).unwrap_or_default()
    }

    /// When the one of this block ends.
    pub(crate) fn end(&self, block: &Block<'_>) -> End {
        for (path, unit) in &self.ends {
            let value = block.after().and_then(|after| after.at(path));
            if let Some(days) = value.and_then(|value| days(value, *unit, block.now)) {
                return if days < 0 { End::Never } else { End::Days(days) };
            }
            let is_time = |address: &String| address.rsplit('.').nth(1).is_some_and(|kind| kind.starts_with("time_"));
            if block.references(path).iter().any(is_time) {
                return End::Rotated;
            }
            if block.is_unknown(path) && !block.references(path).is_empty() {
                return End::Unknown;
            }
        }
        // What the provider fills in by itself is unknown too.
        self.days_default.map_or(End::Never, End::Default)
    }

    /// Whether that is too long.
    pub(crate) fn is_too_long(&self, end: End) -> bool {
        match end {
            End::Never => true,
            End::Days(days) | End::Default(days) => self.days_max.is_some_and(|max| days > max),
            End::Rotated | End::Unknown => false,
        }
    }
}

const DAY: i64 = 86_400;

/// Days until the end that a value names; a negative number is one that never comes.
fn days(value: Value<'_>, unit: Unit, now: &str) -> Option<i64> {
    let text = value.as_str();
    let text = text.as_deref().or_else(|| value.number_text())?.trim();
    if text.is_empty() {
        return None;
    }
    let number = || text.parse::<f64>().ok().filter(|number| number.abs() < 1e15);
    // Zero is for ever where an attribute takes seconds or days.
    let whole = |divisor: f64| {
        number().map(|number| {
            if number <= 0.0 {
                return -1;
            }
            #[expect(clippy::cast_possible_truncation, reason = "below 1e15")]
            let days = (number / divisor).ceil() as i64;
            days
        })
    };
    match unit {
        Unit::Days => whole(1.0),
        Unit::Hours => whole(24.0),
        Unit::Seconds => whole(86_400.0),
        Unit::Date => {
            let until = unix_seconds(text).or_else(|| unix_seconds(&format!("{}T00:00:00Z", text.get(..10)?)))?;
            Some((until - unix_seconds(now)?).max(0) / DAY)
        }
        Unit::Duration if matches!(text, "forever" | "non-expiring") => Some(-1),
        Unit::Duration => Some(duration(text)? / DAY),
    }
}

/// Seconds of `8760h`, `90d`, `1h30m`, `P90D` or a plain number of seconds.
fn duration(text: &str) -> Option<i64> {
    let text = text.strip_prefix('P').unwrap_or(text);
    let (mut total, mut number) = (0_i64, String::new());
    for character in text.chars() {
        if character.is_ascii_digit() {
            number.push(character);
            continue;
        }
        let unit = match character.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => DAY,
            'w' => 7 * DAY,
            'y' => 365 * DAY,
            't' if number.is_empty() => continue,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    if number.is_empty() {
        Some(total)
    } else {
        total.checked_add(number.parse().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_whole_and_is_sorted() {
        let lines: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted_by(|left, right| left.split('\t').next() < right.split('\t').next()));
        assert_eq!(ROWS.len(), lines.len());
        for (name, row) in ROWS.iter() {
            let line = lines
                .iter()
                .find(|line| line.starts_with(&format!("{name}\t")))
                .expect("line");
            let cells: Vec<_> = line.split('\t').collect();
            assert_eq!(row.severity.is_none(), cells[2] == "-", "{name}");
            assert_eq!(
                row.ends.len(),
                if cells[3] == "-" {
                    0
                } else {
                    cells[3].split(',').count()
                },
                "{name}"
            );
            assert_eq!(row.can_end(), row.days_max.is_some(), "{name}");
        }
    }

    #[test]
    fn durations() {
        for (text, days) in [
            ("8760h", 365),
            ("90d", 90),
            ("P90D", 90),
            ("24h0m0s", 1),
            ("86400", 1),
            ("1y", 365),
        ] {
            assert_eq!(duration(text).map(|seconds| seconds / DAY), Some(days), "{text}");
        }
        assert_eq!(duration("soon"), None);
        assert_eq!(duration("99999999999999999999h"), None);
    }
}
