//! A time to live: a positive duration in the notation of Go, as Terraform users know it.
//!
//! It keeps the spelling (`720h` stays `720h`), because what a core gets back has to equal what was configured.
//! Calendar units do not exist on purpose: a month is not a duration.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{Problem, TTL};
use crate::text::quote;

/// Nanoseconds of each unit, in the order Go's notation lists them.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", NANOSECONDS),
    ("m", 60 * NANOSECONDS),
    ("h", 3_600 * NANOSECONDS),
];
const NANOSECONDS: u128 = 1_000_000_000;
/// Go's longest duration, about 292 years.
const NANOSECONDS_MAX: u128 = i64::MAX as u128;
/// The longest spelling, in bytes.
const TTL_BYTES_MAX: usize = 64;
/// More digits after the point than a nanosecond of an hour can have.
const FRACTION_DIGITS_MAX: usize = 18;

/// How long something lives: at least a second, with its spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ttl {
    seconds: u64,
    text: String,
}

impl Ttl {
    /// Parses `720h`, `1h30m`, `1.5h`: whole seconds, more than none.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = |message: String| {
            Problem::new(
                &TTL,
                message,
                "Write a duration of hours, minutes and seconds, for example `720h` (30 days) or `1h30m`.",
            )
        };
        let nanoseconds = nanoseconds(text).map_err(|why| refuse(format!("{} {why}", quote(text))))?;
        if nanoseconds == 0 {
            return Err(refuse(format!("{} is no time at all", quote(text))));
        }
        if nanoseconds % NANOSECONDS != 0 {
            return Err(refuse(format!("{} is not a number of whole seconds", quote(text))));
        }
        // INVARIANT: bounded by `NANOSECONDS_MAX` above, so the seconds fit.
        let seconds = u64::try_from(nanoseconds / NANOSECONDS).unwrap_or(u64::MAX);
        Ok(Self {
            seconds,
            text: text.to_owned(),
        })
    }

    /// The duration of so many seconds, at least one, in its shortest spelling.
    pub fn from_seconds(seconds: u64) -> Self {
        let seconds = seconds.clamp(1, u64::try_from(NANOSECONDS_MAX / NANOSECONDS).unwrap_or(u64::MAX));
        Self {
            seconds,
            text: spell(seconds),
        }
    }

    /// The duration of so many days.
    pub(crate) fn from_days(days: u32) -> Self {
        Self::from_seconds(u64::from(days) * 86_400)
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    /// Its length for people: `30 days`, `1 hour`, `90 minutes`.
    pub fn in_words(&self) -> String {
        let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
        let (count, unit) = units
            .into_iter()
            .find(|(seconds, _)| self.seconds.is_multiple_of(*seconds))
            .map_or((self.seconds, "second"), |(seconds, unit)| {
                (self.seconds / seconds, unit)
            });
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }

    /// The duration as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The shortest spelling: `1h30m`, never `1h30m0s`.
fn spell(seconds: u64) -> String {
    let parts = [(seconds / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s")];
    parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .fold(String::new(), |text, (count, unit)| format!("{text}{count}{unit}"))
}

/// Go's notation, in exact arithmetic; what is wrong comes back as the end of a sentence.
fn nanoseconds(text: &str) -> Result<u128, &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.len() > TTL_BYTES_MAX {
        return Err("is longer than 64 characters");
    }
    if text.starts_with('-') {
        return Err("is negative");
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    let mut total = 0u128;
    loop {
        let (amount, after) = split_while(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split_while(after, |c| !c.is_ascii_digit() && c != '.');
        total = total.saturating_add(amount_in(amount, unit)?);
        if total > NANOSECONDS_MAX {
            return Err("is longer than any duration can be");
        }
        if after.is_empty() {
            return Ok(total);
        }
        rest = after;
    }
}

/// The nanoseconds of one pair, `1.5` and `h`.
fn amount_in(amount: &str, unit: &str) -> Result<u128, &'static str> {
    if unit.is_empty() {
        return Err("has a number without a unit");
    }
    let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(match unit {
            "d" | "w" | "y" => "uses a unit that is not a fixed number of hours everywhere",
            _ => "is not a duration",
        });
    };
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err("is not a duration");
    }
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| "is longer than any duration can be")?
    };
    let fraction: String = fraction.chars().take(FRACTION_DIGITS_MAX).collect();
    let digits = u32::try_from(fraction.len()).unwrap_or(0);
    let numerator: u128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().map_err(|_| "is not a duration")?
    };
    Ok(whole
        .saturating_mul(*scale)
        .saturating_add(numerator * scale / 10u128.pow(digits)))
}

fn split_while(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at(end)
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl TryFrom<String> for Ttl {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Ttl> for String {
    fn from(ttl: Ttl) -> Self {
        ttl.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Ttl;

    #[test]
    fn texts() {
        let cases = [
            ("720h", 2_592_000),
            ("1h30m", 5_400),
            ("1.5h", 5_400),
            (".5h", 1_800),
            ("1.h", 3_600),
            ("90m", 5_400),
            ("1s", 1),
            ("+1h", 3_600),
            ("1000ms", 1),
            ("1000000us", 1),
            ("1000000µs", 1),
            ("1s1000000000ns", 2),
            ("1m1h", 3_660),
        ];
        for (text, seconds) in cases {
            let ttl = Ttl::parse(text).unwrap();
            assert_eq!((ttl.seconds(), ttl.as_str()), (seconds, text));
        }
        let bad = [
            "",
            "0",
            "0s",
            "0h0m",
            "-1h",
            "1",
            "h",
            "1d",
            "30 d",
            "1h ",
            " 1h",
            "1,5h",
            "1..5h",
            "1.5.5h",
            "1H",
            "1ms",
            "1.0000001s",
            "∞",
            "never",
            "9999999999h",
            "99999999999999999999999999999999999999999999h",
            "1e3h",
            "0x1h",
            "١h",
            "1h30",
            ".h",
            "--1h",
        ];
        for text in bad {
            let problem = Ttl::parse(text).unwrap_err();
            assert_eq!(problem.code.id, "NHI-TTL", "{text:?}");
        }
    }

    #[test]
    fn ceilings_are_spelled_shortly() {
        assert_eq!(Ttl::from_days(30).as_str(), "720h");
        assert_eq!(Ttl::from_seconds(5_400).as_str(), "1h30m");
        assert_eq!(Ttl::from_seconds(0).as_str(), "1s");
        for (text, words) in [
            ("720h", "30 days"),
            ("24h", "1 day"),
            ("25h", "25 hours"),
            ("1h", "1 hour"),
            ("90m", "90 minutes"),
            ("61s", "61 seconds"),
        ] {
            assert_eq!(Ttl::parse(text).unwrap().in_words(), words);
        }
    }

    proptest! {
        #[test]
        fn any_length_survives_its_spelling(seconds in 1u64..9_000_000_000) {
            prop_assert_eq!(Ttl::parse(Ttl::from_seconds(seconds).as_str()).unwrap().seconds(), seconds);
        }

        #[test]
        fn nothing_panics(text in ".{0,70}") {
            let _ = Ttl::parse(&text);
        }

        #[test]
        fn nothing_near_a_duration_panics(text in "[-+]?([0-9.]{0,40}(h|m|s|ms|us|µs|ns|d)){0,4}") {
            if let Ok(ttl) = Ttl::parse(&text) {
                prop_assert!(ttl.seconds() > 0);
            }
        }
    }
}
