//! Proofs that a value under the name of a secret is none.
//!
//! Placeholders, references to a secret that stands elsewhere, what is public or encrypted, and plain words, names,
//! paths, addresses and numbers.

use super::names;
use super::words::{FILE_ENDS, PUBLIC, REFERENCES, SETTINGS, STAND_IN_PARTS, STAND_INS};

/// Whether text only stands for a secret that somebody shall fill in.
pub(crate) fn stands_in(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let first = lower.bytes().next().unwrap_or(b' ');
    lower.is_empty()
        || STAND_INS.contains(&lower.as_str())
        || STAND_IN_PARTS.iter().any(|part| lower.contains(part))
        || lower.starts_with("todo")
        || lower.starts_with("fixme")
        || lower.starts_with("mock_")
        || lower.contains("xxxx")
        || lower.contains("****")
        || lower.contains("....")
        || lower.bytes().all(|byte| byte == first)
        || lower.starts_with('<') && lower.ends_with('>')
        || lower.starts_with("__") && lower.ends_with("__")
        || lower.starts_with("@@") && lower.ends_with("@@")
        || lower.ends_with("example")
        || lower.ends_with("examplekey")
}

/// Whether text says where a secret is, or how to compute it, instead of being one.
pub(crate) fn refers(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    REFERENCES.iter().any(|start| lower.starts_with(start))
        // Templates and shells fill these in.
        || ["${", "{{", "$(", "<%", "#{", "%{", "{%"].iter().any(|open| lower.contains(open))
        || lower.starts_with('$') && lower.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        || lower.starts_with('%') && lower.ends_with('%')
        || lower.starts_with('`') || lower.ends_with("()")
        || lower.contains("/secrets/") && lower.contains("/versions/")
        || lower.contains(".vault.azure.net/")
}

/// Whether text is public, encrypted or a digest.
pub(crate) fn is_public(text: &str) -> bool {
    PUBLIC.iter().any(|start| text.starts_with(start)) || is_uuid(text)
}

/// Eight, four, four, four and twelve hexadecimal digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether text is a setting, number, time, address, path, file, pattern, name or sentence.
pub(crate) fn is_plain(text: &str) -> bool {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    SETTINGS.contains(&lower.as_str())
        || is_number(&lower)
        || is_address(text)
        || is_path(text)
        || is_pattern(text)
        || is_sentence(text)
        || is_name(text)
}

/// Whether text says where something is: a file or a URL without a password.
pub(crate) fn is_place(text: &str) -> bool {
    let rooted = ["/", "./", "../", "~/"].iter().any(|root| text.starts_with(root)) && is_path(text);
    let lower = text.to_ascii_lowercase();
    rooted || FILE_ENDS.iter().any(|end| lower.ends_with(end)) || text.contains("://") && is_address(text)
}

fn is_number(text: &str) -> bool {
    // Numbers, versions, dates, times and durations.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits > 0
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".,:-+_tz".contains(&byte) || b"smhdwy".contains(&byte))
        && (digits < 12 || text.contains(['.', ':', '-']))
}

fn is_address(text: &str) -> bool {
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let has_user = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
        return scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+.-:".contains(&byte))
            && !has_user
            && !rest.contains("sig=");
    }
    // A host, perhaps with a port, or a mail address.
    let host = text.split_once('@').map_or(text, |(_, host)| host);
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let labels: Vec<&str> = host.split('.').collect();
    let ends = labels
        .last()
        .is_some_and(|label| label.len() >= 2 && label.bytes().all(|byte| byte.is_ascii_lowercase()));
    let is_host = labels.len() >= 2
        && ends
        && labels.iter().all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        });
    is_host && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_path(text: &str) -> bool {
    let has_no_space = !text.contains(char::is_whitespace);
    let lower = text.to_ascii_lowercase();
    has_no_space
        && (text.starts_with("./")
            || text.starts_with("../")
            || text.starts_with("~/")
            || text.starts_with("%2F")
            || lower.starts_with("c:\\")
            || FILE_ENDS.iter().any(|end| lower.ends_with(end))
            || text.starts_with('/') && text.split('/').skip(1).all(is_name_or_empty)
            || text.contains('/') && !text.contains(['+', '=']) && text.split('/').all(is_name_or_empty))
}

fn is_name_or_empty(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

fn is_pattern(text: &str) -> bool {
    [".*", ".+", "\\d", "\\w", "\\S", "[a-z", "[A-Z", "[0-9", "[^", "(?"]
        .iter()
        .any(|part| text.contains(part))
}

fn is_sentence(text: &str) -> bool {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let plain = |word: &&&str| {
        word.trim_matches(|c: char| c.is_ascii_punctuation())
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic())
    };
    words.len() >= 3 && words.iter().filter(plain).count() * 3 >= words.len() * 2
}

/// Whether text is a name made of words and small numbers: `prod-db-password-1`, `DB_PASSWORD`, `myAppSecret`.
pub(crate) fn is_name(text: &str) -> bool {
    if text.is_empty()
        || !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.: *".contains(&byte))
    {
        return false;
    }
    let separated = text.contains(['-', '_', '.', ':', ' ']);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if !separated {
        // One word in one case, or words set off by capitals.
        let lower = text.bytes().all(|byte| byte.is_ascii_lowercase());
        let upper = text.bytes().all(|byte| byte.is_ascii_uppercase());
        return digits == 0 && (text.len() <= 24 && (lower || upper) || is_camel(text));
    }
    text.split(['-', '_', '.', ':', ' ', '*']).all(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let letters = part.len() - digits;
        let trailing = part.trim_end_matches(|c: char| c.is_ascii_digit());
        part.len() <= 20
            && (letters == 0 && digits <= 4
                || digits == 0 && (is_one_case(part) || is_camel(part))
                || digits <= 2 && trailing.bytes().all(|byte| byte.is_ascii_lowercase()) && trailing.len() <= 12)
    })
}

fn is_one_case(text: &str) -> bool {
    let tail = text.get(1..).unwrap_or_default();
    tail.bytes().all(|byte| byte.is_ascii_lowercase()) || text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Words of three letters and more, each with a capital first.
fn is_camel(text: &str) -> bool {
    let words = names::words(text);
    text.bytes().all(|byte| byte.is_ascii_alphabetic())
        && words.iter().map(String::len).sum::<usize>() == text.len()
        && (words.len() * 3..=words.len() * 12).contains(&text.len())
        && words.iter().all(|word| word.len() >= 2)
        && words.len() <= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins() {
        for text in [
            "",
            "REPLACE_ME",
            "<token>",
            "xxxxxxxx",
            "TODO",
            "TODO: set",
            "your-token-here",
            "aaaaaaaa",
            "********",
            "__TOKEN__",
            "placeholder",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "(sensitive)",
            "none",
        ] {
            assert!(stands_in(text), "{text}");
        }
        for text in ["changeme", "password123", "admin", "hunter2", "Sup3rS3cret!2024"] {
            assert!(!stands_in(text), "{text}");
        }
    }

    #[test]
    fn references() {
        for text in [
            "${var.x}",
            "$DB_PASSWORD",
            "$(cat /run/secret)",
            "{{resolve:secretsmanager:x}}",
            "op://vault/item/field",
            "ssm:/app/db",
            "projects/p/secrets/s/versions/latest",
            "@Microsoft.KeyVault(SecretUri=https://x)",
            "vault:kv/app#p",
            "arn:aws:ssm:eu-west-1:111122223333:parameter/x",
            "os.environ",
            "%DB_PASSWORD%",
            "ENC[AES256_GCM,data:x]",
            "secrets.DB",
        ] {
            assert!(refers(text), "{text}");
        }
        assert!(!refers("Sup3r$3cret") && !refers("h7Kq2mZx"));
    }

    #[test]
    fn plain_text() {
        for text in [
            "true",
            "12",
            "2024-01-01",
            "30d",
            "db.internal",
            "db.internal:5432",
            "https://example.com/x",
            "ci@example.com",
            "/run/secrets/db",
            "./key.pem",
            "certs/server.key",
            "^[a-z]+$",
            "the password of the database",
            "prod-db-password",
            "DB_PASSWORD",
            "myAppSecret",
            "app/prod/db-1",
            "eu-west-1",
            "token-v2",
        ] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "Sup3rS3cret!2024",
            "hunter2",
            "q8Zk2LmX0vRtY7bN",
            "p@ssw0rd",
            "a1b2c3d4e5f60718293a4b5c6d7e8f90",
            "kJ8#mq-Lx2",
            "tr0ub4dor-and-3xyz9",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
