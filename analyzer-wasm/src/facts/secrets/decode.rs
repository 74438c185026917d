//! Takes layers off a text: percent signs, escapes, hexadecimal digits, broken lines.

use std::borrow::Cow;

/// Whether an attribute of this name holds base64 without its text showing it.
pub(crate) fn holds_base64(path: &str) -> bool {
    ["_base64", "user_data", "custom_data", "binary"]
        .iter()
        .any(|name| path.ends_with(name))
        || path.contains("binary_data")
}

/// Whether all of a text may be base64.
pub(crate) fn is_base64(text: &str) -> bool {
    let text = text.trim_end();
    text.len() >= 24
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\n' | b'\r')
        })
}

/// Whether anything in a text is long enough to be base64 of base64 of a credential.
pub(crate) fn has_long_run(text: &str) -> bool {
    const LENGTH_MIN: usize = 40;
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_')))
        .any(|run| run.len() >= LENGTH_MIN)
}

/// Whether text in base64 is itself text in base64, or holds plain text: keys, digests and names are neither.
pub(crate) fn wraps_text(text: &str) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    super::base64::decode(text.trim_end()).is_some_and(|bytes| bytes.iter().all(is_plain))
}

/// Text with the line breaks, tabs and quotes that are escaped in it, where there are any: the letter of an escape is
/// no part of the token behind it.
pub(crate) fn unescaped(text: &str) -> Option<String> {
    const ESCAPES: [(&str, &str); 5] = [
        ("\\n", "\n"),
        ("\\r", "\r"),
        ("\\t", "\t"),
        ("\\\"", "\""),
        ("\\/", "/"),
    ];
    ESCAPES.iter().any(|(escape, _)| text.contains(escape)).then(|| {
        ESCAPES
            .iter()
            .fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
    })
}

/// Text with its `\u0041` as letters, where the text is no JSON.
pub(crate) fn letters(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some((plain, tail)) = rest.split_once("\\u00") {
        out.push_str(plain);
        let letter = tail.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match letter.filter(u8::is_ascii_graphic) {
            Some(letter) => {
                out.push(char::from(letter));
                rest = tail.get(2..).unwrap_or_default();
                changed = true;
            }
            None => {
                out.push_str("\\u00");
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Text without percent signs; `None` where it has none, or is not UTF-8 without them.
pub(crate) fn percent(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits
            .filter(|digits| *byte == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(decoded.unwrap_or(*byte));
        rest = if decoded.is_some() {
            tail.get(2..).unwrap_or_default()
        } else {
            tail
        };
    }
    let plain = String::from_utf8(out).ok()?;
    (plain != text).then_some(plain)
}

/// Runs of hexadecimal digits that are long enough to hide something.
pub(crate) fn hex_runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_hexdigit())
        .filter(|run| run.len() >= 40)
}

/// The bytes that hexadecimal digits spell.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// Blocks of lines that are nothing but base64, as mails and files break it.
pub(crate) fn broken_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut blocks = Vec::new();
    let mut start: Option<usize> = None;
    let mut lines = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let is_part = !body.starts_with("--")
            && body.len() >= if lines == 0 { 40 } else { 1 }
            && body
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'='));
        if is_part {
            start.get_or_insert(at);
            lines += 1;
        } else if let Some(from) = start.take() {
            if lines > 1 {
                blocks.extend(text.get(from..at));
            }
            lines = 0;
        }
        at += line.len();
    }
    if lines > 1 {
        blocks.extend(start.and_then(|from| text.get(from..)));
    }
    blocks.into_iter()
}

/// Text behind bytes: UTF-8, or UTF-16 as PowerShell encodes its commands. One byte of another encoding hides nothing.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    let wide = bytes.len() >= 8 && bytes.iter().skip(1).step_by(2).take(4).all(|byte| *byte == 0);
    if wide {
        let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        return Cow::Owned(String::from_utf8_lossy(&narrow).into_owned());
    }
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers() {
        assert_eq!(percent("a%3A%2F%2Fb%zz%4").as_deref(), Some("a://b%zz%4"));
        assert_eq!(percent("100"), None);
        assert_eq!(percent("%ff"), None);
        assert_eq!(letters("\\u0067hp\\u00zz").as_deref(), Some("ghp\\u00zz"));
        assert_eq!(letters("plain"), None);
        assert_eq!(hex("2d2D41").as_deref(), Some(&b"--A"[..]));
        assert_eq!(unescaped(r"a\nb\/").as_deref(), Some("a\nb/"));
        assert_eq!(lossy(b"a\0b\0c\0d\0"), "abcd");
        let line = "QUJD".repeat(19);
        let text = format!("Header: x\n\n{line}\n{line}\nQUI=\n--end\n{line}\n");
        let found: Vec<_> = broken_lines(&text).collect();
        assert_eq!(found, [format!("{line}\n{line}\nQUI=\n")]);
    }
}
