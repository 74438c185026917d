//! JSON Web Tokens: parsed, not guessed.

use nhi_plan::Severity;
use nhi_plan::json::{self, Value};

use super::base64;

/// The token that begins at `at`, and how bad it is to find it at `now`.
pub(crate) fn token<'t>(text: &'t str, at: usize, now: &str) -> Option<(&'t str, Severity)> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let bytes = text.as_bytes();
    if at
        .checked_sub(1)
        .and_then(|before| bytes.get(before))
        .is_some_and(is_part)
    {
        return None;
    }
    let length = bytes.get(at..)?.iter().take_while(|byte| is_part(byte)).count();
    let token = text.get(at..at + length)?.trim_end_matches('.');
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.len() < 20 {
        return None;
    }
    let header = String::from_utf8(base64::decode(header)?).ok()?;
    let payload = String::from_utf8(base64::decode(payload)?).ok()?;
    let (header, payload) = (json::parse(&header).ok()?, json::parse(&payload).ok()?);
    let text_of =
        |value: Value<'_>, key: &str| value.get(key).and_then(Value::as_str).map(std::borrow::Cow::into_owned);
    let algorithm = text_of(header.root(), "alg")?;
    // An unsigned token proves nothing, and the anonymous role is public by design.
    if algorithm.eq_ignore_ascii_case("none") || text_of(payload.root(), "role").as_deref() == Some("anon") {
        return None;
    }
    let expiry = payload
        .root()
        .get("exp")
        .and_then(Value::number_text)
        .map(|number| number.split('.').next().unwrap_or(number));
    match (
        expiry.and_then(|seconds| seconds.parse::<i64>().ok()),
        unix_seconds(now),
    ) {
        (Some(expiry), Some(now)) if expiry <= now => None,
        (Some(_), _) => Some((token, Severity::Medium)),
        (None, _) => Some((token, Severity::High)),
    }
}

/// Seconds since 1970 of an RFC 3339 time in UTC.
pub(crate) fn unix_seconds(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    // Days of the civil calendar, with years that begin in March.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some((era * 146_097 + day_of_era - 719_468) * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time() {
        assert_eq!(unix_seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix_seconds("2026-01-01T00:00:00Z"), Some(1_767_225_600));
        assert_eq!(unix_seconds("2024-02-29T12:30:05Z"), Some(1_709_209_805));
        assert_eq!(unix_seconds("soon"), None);
    }

    #[test]
    fn tokens() {
        let now = "2026-01-01T00:00:00Z";
        let header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
        let signature = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        // {"sub":"ci"}
        let endless = format!("{header}.eyJzdWIiOiJjaSJ9.{signature}");
        assert_eq!(token(&endless, 0, now).map(|found| found.1), Some(Severity::High));
        // {"sub":"ci","exp":1999999999}
        let ending = format!("{header}.eyJzdWIiOiJjaSIsImV4cCI6MTk5OTk5OTk5OX0.{signature}");
        assert_eq!(token(&ending, 0, now).map(|found| found.1), Some(Severity::Medium));
        // {"sub":"ci","exp":1500000000}
        let over = format!("{header}.eyJzdWIiOiJjaSIsImV4cCI6MTUwMDAwMDAwMH0.{signature}");
        assert_eq!(token(&over, 0, now), None);
        // {"role":"anon"}
        let public = format!("{header}.eyJyb2xlIjoiYW5vbiJ9.{signature}");
        assert_eq!(token(&public, 0, now), None);
        for text in [
            "eyJhIjoxfQ",
            "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.short",
            "eyJhIjoxfQ.eyJhIjoxfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV",
        ] {
            assert_eq!(token(text, 0, now), None, "{text}");
        }
    }
}
