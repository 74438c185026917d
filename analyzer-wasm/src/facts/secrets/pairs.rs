//! Passwords beside a user's name: in headers, registries' files, password files, options of commands, signatures.

use nhi_plan::Severity;

use super::names::Class;
use super::strength::{self, Trust};
use super::{base64, negative, proofs};

/// A secret in text: where it ends is where its slice ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair<'t> {
    pub(crate) secret: &'t str,
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
}

fn word(text: &str, is_part: fn(u8) -> bool) -> &str {
    let length = text.bytes().take_while(|byte| is_part(*byte)).count();
    text.get(..length).unwrap_or_default()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// The user and password behind `Basic ` or in `auth`, in base64.
pub(crate) fn encoded(text: &str, end: usize) -> Option<Pair<'_>> {
    let rest = text.get(end..)?.trim_start_matches(['\\', '"', '\'', ':', '=', ' ']);
    let secret = word(rest, is_base64);
    let plain = String::from_utf8(base64::decode(secret)?).ok()?;
    let (user, password) = plain.split_once(':')?;
    let prints = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let holds = !user.is_empty() && password.len() >= 4 && prints(user) && prints(password);
    (holds && strength::judge(Class::Password, password, Trust::Context).is_some()).then_some(Pair {
        secret,
        kind: "user and password",
        severity: Severity::High,
    })
}

/// The token behind `Bearer `.
pub(crate) fn bearer(text: &str, end: usize) -> Option<Pair<'_>> {
    let secret = word(text.get(end..)?, |byte| is_base64(byte) || matches!(byte, b'.' | b'~'));
    let is_token = secret.len() >= 20 && strength::judge(Class::Token, secret, Trust::Name).is_some();
    // A web token is judged by itself.
    (is_token && !secret.starts_with("eyJ")).then_some(Pair {
        secret,
        kind: "bearer token",
        severity: Severity::High,
    })
}

/// The password in `-u user:password`.
pub(crate) fn option(text: &str, end: usize) -> Option<Pair<'_>> {
    let rest = text.get(end..)?.trim_start_matches([' ', '"', '\'', '\\']);
    let (user, secret) = word(rest, |byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\')
    })
    .split_once(':')?;
    let holds = !user.is_empty()
        && !negative::refers(user)
        && secret.len() >= 4
        && secret.bytes().any(|byte| byte.is_ascii_alphabetic())
        && strength::judge(Class::Password, secret, Trust::Name).is_some();
    holds.then_some(Pair {
        secret,
        kind: "password in a command",
        severity: Severity::High,
    })
}

/// The password in a command at `start..end` that takes one as `-p`, or as `user:password` on its input.
pub(crate) fn command(text: &str, start: usize, end: usize) -> Option<Pair<'_>> {
    let name = text.get(start..end)?;
    let secret = if name == "chpasswd" {
        let before = text.get(text.floor_char_boundary(start.saturating_sub(200))..start)?;
        let before = before
            .rsplit('\n')
            .next()?
            .trim_end_matches([' ', '|', '<', '"', '\'', '\\']);
        let pair = before.rsplit([' ', '"', '\'']).next()?;
        pair.split_once(':')?.1
    } else {
        let rest = text.get(end..)?.lines().next()?;
        // `-p secret`, and `-psecret` of MySQL; `sshpass -p` stands in the needle already.
        let after = match name {
            "sshpass -p" => rest,
            "mysql -" => rest.strip_prefix('p').or_else(|| Some(rest.split_once(" -p")?.1))?,
            _ => rest.split_once(" -p ")?.1,
        };
        let after = after
            .strip_prefix([' ', '\'', '"', '\\'])
            .unwrap_or(after)
            .trim_start_matches(['\'', '"', '\\']);
        word(after, |byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b'|' | b';')
        })
    };
    let holds = secret.len() >= 4 && strength::judge(Class::Password, secret, Trust::Name).is_some();
    holds.then_some(Pair {
        secret,
        kind: "password in a command",
        severity: Severity::High,
    })
}

/// The password in a line of `.pgpass` whose `:5432:` begins at `at`.
pub(crate) fn pgpass(text: &str, at: usize) -> Option<Pair<'_>> {
    let rest = text.get(at + 1..)?;
    let line = rest.lines().next()?;
    let mut fields = line.splitn(4, ':');
    let (_, _, user, secret) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let secret = word(secret, |byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\''));
    let holds = !user.is_empty() && !user.contains(['/', ' ']);
    (holds && strength::judge(Class::Password, secret, Trust::Context).is_some()).then_some(Pair {
        secret,
        kind: "password in a password file",
        severity: Severity::High,
    })
}

/// The hash of a password whose `:$apr1$` or the like begins at `at`.
pub(crate) fn hash(text: &str, at: usize) -> Option<Pair<'_>> {
    let before = text.get(..at)?.bytes().next_back()?;
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'.' | b'/' | b'+' | b'=' | b'{' | b'}');
    let secret = word(text.get(at + 1..)?, is_part);
    let (min, severity) = match secret.get(..4)? {
        "$apr" => (30, Severity::Medium),
        "{SHA" => (33, Severity::Medium),
        "$2y$" | "$2a$" | "$2b$" => (60, Severity::Low),
        _ => (80, Severity::Low),
    };
    let holds = secret.len() >= min && (before.is_ascii_alphanumeric() || matches!(before, b'_' | b'-' | b'.'));
    (holds && proofs::entropy(secret) > 3.5).then_some(Pair {
        secret,
        kind: "hash of a password",
        severity,
    })
}

/// The signature of a shared access URL of Azure whose `sig=` ends at `end`; one that has ended at `now` is none.
pub(crate) fn signature<'t>(text: &'t str, end: usize, now: &str) -> Option<Pair<'t>> {
    let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b'<' | b'>' | b'`');
    let back = text
        .get(..end)?
        .bytes()
        .rev()
        .take(1_000)
        .take_while(|byte| is_part(*byte))
        .count();
    let query = word(text.get(end - back..)?, is_part);
    let secret = word(text.get(end..)?, |byte| is_base64(byte) || byte == b'%');
    let plain = secret
        .replace("%2B", "+")
        .replace("%2b", "+")
        .replace("%2F", "/")
        .replace("%2f", "/");
    let plain = plain.replace("%3D", "=").replace("%3d", "=");
    let is_shared = query.contains("sv=") || query.contains("se=") && query.contains("sr=");
    let is_signature = base64::decode(plain.trim_end_matches('=')).is_some_and(|bytes| bytes.len() == 32);
    if !is_shared || !is_signature || proofs::is_placeholder(&plain) {
        return None;
    }
    let until = query.split(['&', '?', ';']).find_map(|part| part.strip_prefix("se="));
    // Times of one form compare as text.
    let day = |text: &str| text.get(..10).map(str::to_owned);
    let severity = match until.and_then(day) {
        Some(until) if until.starts_with('2') && Some(&until) < day(now).as_ref() => return None,
        Some(_) => Severity::Medium,
        None => Severity::High,
    };
    Some(Pair {
        secret,
        kind: "Azure shared access signature",
        severity,
    })
}

/// The private part of a key file of `PuTTY` whose header begins at `at`.
pub(crate) fn putty(text: &str, at: usize) -> Option<Pair<'_>> {
    let file = text.get(at..)?;
    let file = file.get(..file.floor_char_boundary(16 << 10))?;
    let (header, private) = file.split_once("Private-Lines:")?;
    let count = private
        .lines()
        .skip(1)
        .take_while(|line| line.len() >= 4 && line.bytes().all(is_base64))
        .count();
    let is_open = header.contains("Encryption: none");
    (count > 0).then_some(Pair {
        secret: private,
        kind: if is_open {
            "private key"
        } else {
            "encrypted private key"
        },
        severity: if is_open { Severity::High } else { Severity::Medium },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::secrets::encode;

    #[test]
    fn users_and_passwords() {
        let basic = format!("Authorization: Basic {}", encode("app:h7Kq2mZxP9"));
        assert!(encoded(&basic, basic.find("Basic ").expect("word") + 6).is_some());
        let docker = format!(r#"{{"auths":{{"r.io":{{"auth":"{}"}}}}}}"#, encode("robot:h7Kq2mZxP9"));
        assert!(encoded(&docker, docker.find("auth\"").expect("word") + 5).is_some());
        for plain in ["app:", "no colon here", "app:${TOKEN}"] {
            assert!(encoded(&encode(plain), 0).is_none(), "{plain}");
        }
        assert!(option("app:h7Kq2mZxP9 https://x", 0).is_some());
        for text in ["1000:1000 x", "$USER:$PASS x", "root:root x", "app x"] {
            assert!(option(text, 0).is_none(), "{text}");
        }
        assert!(pgpass("db:5432:app:owner:h7Kq2mZxP9\n", 2).is_some());
        for text in ["db:5432:app:owner:${PW}\n", "tcp:5432: listening", "db:5432:/data:ro"] {
            assert!(pgpass(text, text.find(":5432:").expect("port")).is_none(), "{text}");
        }
        assert!(bearer("q8Zk2LmX0vRtY7bNcWdE99", 0).is_some());
        assert!(bearer("token-that-is-a-name", 0).is_none() && bearer("${TOKEN}", 0).is_none());
    }

    #[test]
    fn commands() {
        let find = |text: &'static str| {
            let name = ["sshpass -p", "docker login", "mysql -", "chpasswd"]
                .into_iter()
                .find(|name| text.contains(name))?;
            let start = text.find(name)?;
            command(text, start, start + name.len()).map(|found| found.secret)
        };
        for text in [
            "sshpass -p 'h7Kq2mZxP9' ssh app@db",
            "sshpass -ph7Kq2mZxP9 ssh app@db",
            "docker login -u app -p h7Kq2mZxP9 registry.internal\nnext",
            "mysql -u root -ph7Kq2mZxP9 app",
            "mysql -ph7Kq2mZxP9 app",
            "echo 'root:h7Kq2mZxP9' | chpasswd",
            "echo root:h7Kq2mZxP9|chpasswd",
        ] {
            assert_eq!(find(text), Some("h7Kq2mZxP9"), "{text}");
        }
        for text in [
            "sshpass -p \"$PASSWORD\" ssh app@db",
            "docker login -u app --password-stdin registry.internal",
            "docker login -u app -p ${TOKEN} registry.internal",
            "mysql -u root -p app",
            "echo \"root:$PASSWORD\" | chpasswd",
            "man chpasswd",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn hashes_and_signatures() {
        let random = "q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdF";
        let bcrypt = format!("app:$2y$10${}", random.split_at(53).0);
        assert!(hash(&bcrypt, 3).is_some_and(|found| found.severity == Severity::Low));
        let apr = format!("app:$apr1$q8Zk2LmX${}", random.split_at(30).0.split_at(8).1);
        assert!(hash(&apr, 3).is_some_and(|found| found.severity == Severity::Medium));
        assert!(hash("app:$2y$10$short", 3).is_none());
        let sig = "q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3%3D";
        let now = "2026-01-01T00:00:00Z";
        let url = |until: &str| format!("https://a.blob.core.windows.net/c?sv=2022-11-02&sr=c&{until}sig={sig}");
        let find = |text: &str| signature(text, text.find("sig=").expect("sig") + 4, now).map(|found| found.severity);
        assert_eq!(find(&url("se=2030-01-01&")), Some(Severity::Medium));
        assert_eq!(find(&url("")), Some(Severity::High));
        assert_eq!(find(&url("se=2024-01-01&")), None);
        assert_eq!(find(&format!("https://x/?sig={sig}")), None);
        assert_eq!(find("https://x/?sv=1&sig=short"), None);
    }

    #[test]
    fn putty_files() {
        let file = |encryption: &str| {
            format!(
                "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: {encryption}\nPublic-Lines: 1\nAAAAC3Nza\nPrivate-Lines: 1\nAAAAIHfsrV9Z\nPrivate-MAC: 00\n"
            )
        };
        assert!(putty(&file("none"), 0).is_some_and(|found| found.severity == Severity::High));
        assert!(putty(&file("aes256-cbc"), 0).is_some_and(|found| found.severity == Severity::Medium));
        assert!(putty("PuTTY-User-Key-File-3: ssh-ed25519\n", 0).is_none());
    }
}
