//! Secrets without a shape of their own, which a name or a place gives away: AWS secret keys, passwords in URLs.

use super::{negative, proofs};

/// The AWS secret key that follows the name which ends at `end`: `NAME = "…"`, `"NAME","value":"…"`.
pub(crate) fn aws_secret_after(text: &str, end: usize) -> Option<&str> {
    let rest = skip(text.get(end..)?);
    let rest = rest.strip_prefix("value").map_or(rest, skip);
    let length = rest.bytes().take_while(|byte| is_secret_byte(*byte)).count();
    rest.get(..length).filter(|secret| is_aws_secret(secret))
}

/// Passes quotes, separators and white space between a name and its value.
fn skip(text: &str) -> &str {
    text.trim_start_matches(['"', '\'', '\\', ' ', '\t', ':', '=', ',', '>'])
}

fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Whether text is as an AWS secret key is: forty characters of base64 that carry information.
pub(crate) fn is_aws_secret(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    text.len() == 40
        && text.bytes().all(is_secret_byte)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && proofs::entropy(text) > 4.0
        && !proofs::is_placeholder(text)
}

/// Whether a key or attribute of this name holds an AWS secret key.
pub(crate) fn names_aws_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.replace('-', "_");
    [
        "secret_access_key",
        "secretaccesskey",
        "secret_key",
        "secretkey",
        "aws_secret",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}

/// Runs of exactly forty characters that are AWS secret keys.
pub(crate) fn aws_secrets(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=')))
        .flat_map(|run| run.rsplit('='))
        .filter(|run| is_aws_secret(run))
}

/// The password in the URL whose `://` ends at `end`.
pub(crate) fn url_password(text: &str, end: usize) -> Option<&str> {
    let rest = text.get(end..)?;
    let length = rest
        .find(['/', '?', '#', '"', '\'', ' ', '\n', '\\', ',', '`', '<', '>'])
        .unwrap_or(rest.len());
    let (user, host) = rest.get(..length)?.rsplit_once('@')?;
    let (user, password) = user.split_once(':')?;
    let local = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|name| host.starts_with(name));
    let filled_in =
        password.contains(['$', '{', '%', '*', '<']) && !password.contains('%') || password.starts_with('%');
    let is_word = [
        "password", "passwd", "pass", "secret", "token", "user", "postgres", "guest",
    ]
    .contains(&password);
    let stands_in = filled_in
        || is_word
        || password == user
        || proofs::is_placeholder(password)
        || negative::refers(password)
        || negative::stands_in(password);
    let is_number = password.bytes().all(|byte| byte.is_ascii_digit());
    (password.len() >= 4 && !local && !host.is_empty() && !stands_in && !is_number).then_some(password)
}

/// Whether a user and a password may stand behind `://` of raw JSON: a cheap look before a block is parsed.
pub(crate) fn may_be_url(text: &str, end: usize) -> bool {
    let rest = text.as_bytes().get(end..).unwrap_or_default();
    let rest = rest.get(..rest.len().min(URL_MAX)).unwrap_or_default();
    let host = rest.iter().position(|byte| matches!(byte, b'/' | b'"' | b' ' | b'?'));
    let authority = rest.get(..host.unwrap_or(rest.len())).unwrap_or_default();
    authority.contains(&b'@') && authority.contains(&b':')
}

/// Longer than the user part of any URL.
const URL_MAX: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "q8Zk2LmX0vRtY7bNcWdEaGjK/PoIuYtReWq+1sDf";

    #[test]
    fn aws_secrets_by_name() {
        for text in [
            format!("AWS_SECRET_ACCESS_KEY={SECRET}\n"),
            format!("AWS_SECRET_ACCESS_KEY = \"{SECRET}\""),
            format!(r#"{{"AWS_SECRET_ACCESS_KEY":"{SECRET}"}}"#),
            format!(r#"{{\"AWS_SECRET_ACCESS_KEY\":\"{SECRET}\"}}"#),
            format!(r#"{{"name":"AWS_SECRET_ACCESS_KEY","value":"{SECRET}"}}"#),
        ] {
            let end = text.find("KEY").expect("name") + 3;
            assert_eq!(aws_secret_after(&text, end), Some(SECRET), "{text}");
        }
        for text in [
            "KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            "KEY=$(aws secretsmanager get-secret-value)".to_owned(),
            "KEY=0123456789abcdef0123456789abcdef01234567".to_owned(),
            format!("KEY={SECRET}A"),
            "KEY=arn:aws:secretsmanager:eu-west-1:111122223333:secret:x".to_owned(),
        ] {
            assert_eq!(aws_secret_after(&text, 3), None, "{text}");
        }
    }

    #[test]
    fn passwords_in_urls() {
        let find = |text: &'static str| {
            let end = text.find("://").expect("scheme") + 3;
            url_password(text, end)
        };
        assert_eq!(find("postgres://app:h7Kq2mZx@db.internal:5432/app"), Some("h7Kq2mZx"));
        assert_eq!(find("amqps://app:h7%4Kq2m@mq.internal"), Some("h7%4Kq2m"));
        for text in [
            "postgres://app@db.internal/app",
            "postgres://app:${var.password}@db.internal/app",
            "postgres://app:password@db.internal/app",
            "postgres://app:changeme@db.internal/app",
            "postgres://app:h7Kq2mZx@localhost/app",
            "postgres://app:%s@db.internal/app",
            "postgres://db.internal/app@x:y",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
