//! What rules on GitLab need to know beside the values themselves: which keys name a secret, and what is far away.

/// Days of a year, a leap day included.
const YEAR_DAYS: i64 = 366;

/// Whether a day lies more than a year after another; RFC 3339 or a date alone. Text that is no date is not far.
pub(crate) fn is_far(end: &str, now: &str) -> bool {
    day(end).zip(day(now)).is_some_and(|(end, now)| end - now > YEAR_DAYS)
}

/// Days since a fixed day of the civil calendar.
fn day(text: &str) -> Option<i64> {
    let date = text.get(..10)?;
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // With years that begin in March the leap day is the last one.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    Some(year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 153 + 2) / 5 + day)
}

/// Whether the key of a variable says that its value is a secret.
pub(crate) fn names_secret(key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(['_', '-', '.']).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    // What follows says that it is about a secret and none: its name, its place, its id.
    let last = words.last().copied().unwrap_or_default();
    if [
        "ARN", "ENABLED", "EXPIRY", "FILE", "ID", "LENGTH", "NAME", "PATH", "TTL", "URL", "VERSION",
    ]
    .contains(&last)
        || has(&["PUBLIC", "PUB"])
    {
        return false;
    }
    has(&[
        "APIKEY",
        "CREDENTIAL",
        "CREDENTIALS",
        "PASS",
        "PASSPHRASE",
        "PASSWD",
        "PASSWORD",
        "PAT",
        "SECRET",
        "SECRETS",
        "TOKEN",
    ]) || last == "KEY" && has(&["ACCESS", "API", "DEPLOY", "ENCRYPTION", "PRIVATE", "SIGNING", "SSH"])
        || last == "KUBECONFIG"
}

#[cfg(test)]
mod tests {
    use super::{is_far, names_secret};

    #[test]
    fn a_year() {
        let now = "2026-02-28T12:00:00Z";
        for (end, far) in [
            ("2026-03-01", false),
            ("2027-02-28", false),
            ("2027-03-02", true),
            ("2028-02-29T00:00:00Z", true),
            ("never", false),
            ("2027-13-01", false),
        ] {
            assert_eq!(is_far(end, now), far, "{end}");
        }
    }

    #[test]
    fn keys() {
        for key in [
            "GITHUB_TOKEN",
            "db.password",
            "AWS_SECRET_ACCESS_KEY",
            "NPM_PAT",
            "SSH_PRIVATE_KEY",
            "KUBECONFIG",
        ] {
            assert!(names_secret(key), "{key}");
        }
        for key in [
            "TOKENIZER",
            "SECRET_NAME",
            "PUBLIC_KEY",
            "CACHE_KEY",
            "PASSIVE",
            "KMS_KEY_ID",
            "PASSWORD_LENGTH",
        ] {
            assert!(!names_secret(key), "{key}");
        }
    }
}
