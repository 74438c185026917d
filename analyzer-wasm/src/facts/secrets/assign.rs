//! Assignments in text: `PASSWORD=…`, `password: …`, `"password": "…"`, `--password …`, `<password>…</password>`,
//! `name: DB_PASSWORD` with `value: …` behind it.

use std::ops::Range;

use super::names::{self, Class};

/// A secret's name and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) class: Class,
    /// Place of the value in the text.
    pub(crate) value: Range<usize>,
    /// It stands in a connection string.
    pub(crate) in_connection: bool,
}

const NAME_MAX: usize = 64;
const VALUE_MAX: usize = 1_024;
/// How far back a connection string is looked for.
const CONTEXT_MAX: usize = 400;

/// How far the value of a pair is looked for.
const PAIR_MAX: usize = 96;

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The assignment whose name contains the word at `start..end`.
pub(crate) fn at(text: &str, start: usize, end: usize) -> Option<Assigned> {
    let bytes = text.as_bytes();
    let before = bytes
        .get(..start)?
        .iter()
        .rev()
        .take(NAME_MAX)
        .take_while(|byte| is_name_byte(**byte))
        .count();
    let after = bytes
        .get(end..)?
        .iter()
        .take(NAME_MAX)
        .take_while(|byte| is_name_byte(**byte))
        .count();
    let (from, to) = (start - before, end + after);
    let name = text.get(from..to)?;
    let class = names::class(name)?;
    let opened = from.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let (offset, is_equals) = behind(text.get(to..)?, opened, name.starts_with('-'), is_login(text, from))?;
    let value = value(text, to + offset)?;
    Some(Assigned {
        class,
        in_connection: is_equals && is_connection(text, from),
        value,
    })
}

/// How many bytes stand between a name and its value, and whether `=` does.
fn behind(rest: &str, opened: Option<u8>, is_option: bool, is_login: bool) -> Option<(usize, bool)> {
    let unquoted = rest.trim_start_matches(['\\', '"', '\'', '`', ']']);
    let tail = unquoted.trim_start_matches([' ', '\t']);
    let at = |tail: &str| rest.len() - tail.len();
    for sign in ["=>", ":=", "=", ":"] {
        if let Some(tail) = tail.strip_prefix(sign) {
            // `a == b`, and `arn:aws:secretsmanager:x:secret:y`.
            let in_arn = sign == ":" && opened == Some(b':') && !tail.starts_with([' ', '"']);
            let compared = in_arn || tail.starts_with(['=', '~']) || tail.starts_with("//");
            return (!compared).then(|| (at(tail.trim_start_matches([' ', '\t'])), sign == "="));
        }
    }
    if opened == Some(b'<')
        && let Some(tail) = unquoted.strip_prefix('>')
    {
        return Some((at(tail), false));
    }
    if (is_option || is_login) && tail.len() < unquoted.len() && unquoted.len() == rest.len() {
        return Some((at(tail), false));
    }
    // A list of names and values.
    let tail = tail.trim_start_matches([',', ' ', '\t', '\r', '\n', '\\', '"', '\'']);
    let tail = tail.strip_prefix("value").or_else(|| tail.strip_prefix("Value"))?;
    let tail = tail
        .trim_start_matches(['\\', '"', '\'', ' '])
        .strip_prefix([':', '='])?;
    Some((at(tail.trim_start_matches([' ', '\t'])), false))
}

/// Where the value that begins at `at` stands, without its quotes.
fn value(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let escapes = rest.len() - rest.trim_start_matches('\\').len();
    let rest = rest.get(escapes..)?;
    let at = at + escapes;
    let quote = rest.chars().next()?;
    if matches!(quote, '"' | '\'' | '`') {
        let inner = rest.get(1..)?;
        let window = inner.get(..inner.floor_char_boundary(VALUE_MAX))?;
        let closing = window.find([quote, '\n'])?;
        let length = window.get(..closing)?.trim_end_matches('\\').len();
        return Some(at + 1..at + 1 + length);
    }
    let ends = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | '`' | ';' | '&' | ',' | '<' | '>' | ')' | '}' | ']' | '|' | '\\'
            )
    };
    let length = rest
        .find(ends)
        .unwrap_or(rest.len())
        .min(rest.floor_char_boundary(VALUE_MAX));
    let word = rest.get(..length)?;
    // A call or an index is code.
    (!word.contains(['(', '[']) && !word.is_empty()).then_some(at..at + length)
}

/// The line before `at`, as far as it is looked at.
fn line_before(text: &str, at: usize) -> &str {
    let from = text.floor_char_boundary(at.saturating_sub(CONTEXT_MAX));
    let near = text.get(from..at).unwrap_or_default();
    near.rsplit('\n').next().unwrap_or(near)
}

fn is_connection(text: &str, at: usize) -> bool {
    let line = line_before(text, at).to_ascii_lowercase();
    [
        "jdbc:",
        "server=",
        "data source=",
        "host=",
        "endpoint=",
        "driver=",
        "dbname=",
        "user id=",
        "uid=",
    ]
    .iter()
    .any(|part| line.contains(part))
        || line.contains("://") && line.contains(['?', ';'])
}

/// Whether the name stands in a line of `.netrc`.
fn is_login(text: &str, at: usize) -> bool {
    let from = text.floor_char_boundary(at.saturating_sub(CONTEXT_MAX));
    let near = text.get(from..at).unwrap_or_default();
    near.contains("machine ") && near.contains("login ")
}

/// Whether an assignment may stand behind the word that ends at `end` of raw JSON: a cheap look before a block is parsed.
pub(crate) fn may(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let Some(mut rest) = bytes.get(end..) else { return false };
    let suffix = rest.iter().take(20).take_while(|byte| is_name_byte(**byte)).count();
    if suffix > 0 {
        let name = text.get(start..end + suffix).unwrap_or_default();
        if !matches!(rest.first(), Some(b'_' | b'-' | b'0'..=b'9' | b'S' | b'B' | b'V')) || names::class(name).is_none()
        {
            return false;
        }
        rest = rest.get(suffix..).unwrap_or_default();
    }
    let skip = |rest: &[u8], set: &[u8]| rest.iter().take_while(|byte| set.contains(byte)).count();
    let is_key = rest.first() == Some(&b'"');
    let quotes = skip(rest, b"\\\"'`] ");
    let spaced = rest.first() == Some(&b' ');
    rest = rest.get(quotes..).unwrap_or_default();
    match rest.first() {
        Some(b'=' | b'>') => true,
        Some(b':') if is_key => {
            let tail = rest
                .get(1 + skip(rest.get(1..).unwrap_or_default(), b" ")..)
                .unwrap_or_default();
            matches!(tail, [b'"', other, ..] if *other != b'"') || tail.starts_with(b"[\"")
        }
        Some(b':') => start.checked_sub(1).and_then(|at| bytes.get(at)) != Some(&b':'),
        Some(b',' | b'n' | b'}') => {
            // The value of a pair stands behind its name, or before it.
            let behind = rest.get(..rest.len().min(PAIR_MAX)).unwrap_or_default();
            let before = bytes.get(start.saturating_sub(PAIR_MAX)..start).unwrap_or_default();
            [behind, before]
                .iter()
                .any(|near| near.windows(5).any(|word| word.eq_ignore_ascii_case(b"value")))
        }
        _ => {
            spaced && {
                let from = start.saturating_sub(24);
                let near = bytes.get(from..start).unwrap_or_default();
                near.windows(2).any(|pair| pair == b"--")
                    || near.windows(6).any(|word| word == b"login ")
                    || bytes
                        .get(start.saturating_sub(200)..start)
                        .is_some_and(|near| near.windows(6).any(|word| word == b"login "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<&str> {
        let lower = text.to_ascii_lowercase();
        let start = lower.find("password")?;
        at(text, start, start + 8).and_then(|found| text.get(found.value))
    }

    #[test]
    fn in_every_form() {
        for text in [
            "export DB_PASSWORD=hunter2\n",
            "DB_PASSWORD='hunter2'",
            "password: hunter2\n",
            "password: \"hunter2\"",
            r#"{"password":"hunter2"}"#,
            r#"{\"password\":\"hunter2\"}"#,
            r#""name":"DB_PASSWORD","value":"hunter2""#,
            "- name: DB_PASSWORD\n  value: hunter2\n",
            "- name: DB_PASSWORD\n  value: \"hunter2\"\n",
            "mysql --password hunter2 -h db",
            "mysql --password=hunter2 -h db",
            "<password>hunter2</password>",
            "machine db login app password hunter2",
            "config['password'] = 'hunter2'",
            "password => 'hunter2'",
            "spring.datasource.password=hunter2",
            "set password := hunter2",
        ] {
            assert_eq!(find(text), Some("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        for text in [
            "arn:aws:secretsmanager:x:password:h7Kq2mZx",
            "the password is in the vault",
            "if password == other",
            "password = get_password(x)",
            "password_policy = strict",
            "password",
            "name: password\nport: 1",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn connection_strings() {
        for text in [
            "Server=db;User Id=sa;Password=h7Kq2m;",
            "jdbc:mysql://db/app?user=a&password=h7Kq2m",
            "host=db password=h7Kq2m",
        ] {
            let start = text.to_ascii_lowercase().find("password").expect("name");
            let found = at(text, start, start + 8).expect("assignment");
            assert!(found.in_connection, "{text}");
            assert_eq!(text.get(found.value), Some("h7Kq2m"));
        }
    }

    #[test]
    fn the_cheap_look_agrees() {
        let look = |text: &str| {
            let start = text.to_ascii_lowercase().find("password").expect("name");
            may(text, start, start + 8)
        };
        for text in [
            r#"{"password":"x1"}"#,
            r#"{"a":"PASSWORD=x"}"#,
            r#"{"a":"--password x"}"#,
            r#"{"name":"PASSWORD","value":"x"}"#,
            r#"{"a":"{\"password\":\"x\"}"}"#,
            r#"{"passwords":["x"]}"#.replace("passwords", "password").as_str(),
            r#"{"password_wo":"x"}"#,
        ] {
            assert!(look(text), "{text}");
        }
        for text in [
            r#"{"password":null}"#,
            r#"{"password":""}"#,
            r#"{"password_policy":"x"}"#,
            r#"{"name":"password","port":1}"#,
            r#"{"password":true}"#,
        ] {
            assert!(!look(text), "{text}");
        }
    }
}
