//! Private keys in PEM, also with their line breaks escaped.

use super::base64;

const BEGIN: &str = "-----BEGIN ";
const LABEL_MAX: usize = 16;
/// Longer than any key in use.
const BODY_MAX: usize = 32 << 10;

/// A private key in text.
pub(crate) struct Key {
    /// Its base64 without line breaks.
    pub(crate) payload: String,
    /// Bytes of text from `PRIVATE KEY-----` to its end.
    pub(crate) span: usize,
    /// A pass phrase protects it.
    pub(crate) encrypted: bool,
}

/// The private key whose `PRIVATE KEY-----` begins at `at`.
pub(crate) fn private_key(text: &str, at: usize) -> Option<Key> {
    let (before, rest) = text.split_at_checked(at)?;
    // `RSA `, `EC `, `OPENSSH `, `ENCRYPTED ` or nothing stands between: look no further back than that.
    let near = before.get(before.floor_char_boundary(before.len().saturating_sub(LABEL_MAX + BEGIN.len()))..)?;
    let (_, label) = near.rsplit_once(BEGIN)?;
    if label.contains('-') {
        return None;
    }
    let body = rest.strip_prefix("PRIVATE KEY-----")?;
    let body = body.get(..body.floor_char_boundary(BODY_MAX))?;
    let (body, _) = body.split_once("-----END ")?;
    let span = body.len();
    let encrypted = label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED");
    let body = body.replace("\\r", "").replace("\\n", "\n");
    let payload: String = body.lines().map(str::trim).filter(|line| !line.contains(':')).collect();
    let bytes = base64::decode(&payload)?;
    let is_key =
        bytes.len() >= 32 && (bytes.first() == Some(&0x30) || bytes.starts_with(b"openssh-key-v1") || encrypted);
    is_key.then_some(Key {
        payload,
        span: span + 32,
        encrypted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<Key> {
        private_key(text, text.find("PRIVATE KEY-----")?)
    }

    const BODY: &str = "MC4CAQAwBQYDK2VwBCIEIHfsrV9Zq8Zk2LmX0vRtY7bNcWdEaGjKlPoIuYtReWqA";

    #[test]
    fn keys_and_what_is_none() {
        for text in [
            format!("-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"),
            format!("{{\"k\":\"-----BEGIN PRIVATE KEY-----\\n{BODY}\\n-----END PRIVATE KEY-----\\n\"}}"),
            format!("-----BEGIN RSA PRIVATE KEY-----\r\n{BODY}\r\n-----END RSA PRIVATE KEY-----"),
        ] {
            assert!(find(&text).is_some_and(|key| !key.encrypted), "{text}");
        }
        for text in [
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----".to_owned(),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
            "looks for the line -----BEGIN RSA PRIVATE KEY----- in files".to_owned(),
            format!("-----BEGIN PUBLIC KEY-----\n{BODY}\n-----END PUBLIC KEY-----"),
        ] {
            assert!(find(&text).is_none(), "{text}");
        }
        let locked = format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{BODY}\n-----END ENCRYPTED PRIVATE KEY-----");
        assert!(find(&locked).is_some_and(|key| key.encrypted));
    }
}
