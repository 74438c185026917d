//! Base64, read leniently: both alphabets, padding or none, line breaks inside.

/// Value of a character in either alphabet.
fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// Decodes text; `None` where it is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut buffer, mut bits, mut padding) = (0_u32, 0_u32, false);
    for byte in text.bytes() {
        match byte {
            b'\n' | b'\r' => {}
            b'=' => padding = true,
            _ if padding => return None,
            _ => {
                buffer = (buffer << 6 | sextet(byte)?) & 0xff_ffff;
                bits += 6;
                if bits >= 8 {
                    bits -= 8;
                    out.push((buffer >> bits & 0xff) as u8);
                }
            }
        }
    }
    Some(out)
}

/// Runs of text that may be base64 of something: long enough, and nothing but its characters.
pub(crate) fn runs(text: &str) -> impl Iterator<Item = &str> {
    const LENGTH_MIN: usize = 24;
    text.split(|character: char| {
        !(character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '-' | '_' | '='))
    })
    .filter(|run| run.len() >= LENGTH_MIN)
}

/// What `needle` looks like inside base64, for each of the three places it can start at.
pub(crate) fn disguises(needle: &str) -> [String; 3] {
    [0_usize, 1, 2].map(|shift| {
        let bytes: Vec<u8> = std::iter::repeat_n(0, shift).chain(needle.bytes()).collect();
        let text = encode(&bytes);
        // Characters that also carry bits of neighbours are not certain.
        let start = (shift * 8).div_ceil(6);
        let end = bytes.len() * 8 / 6;
        text.get(start..end).unwrap_or_default().to_owned()
    })
}

fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = (group >> (18 - 6 * place) & 63) as usize;
            out.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'A')));
        }
    }
    out
}

/// Text in base64 as others write it.
#[cfg(test)]
pub(super) fn encode_padded(text: &str) -> String {
    encode_bytes(text.as_bytes())
}

/// Bytes in base64 as others write it.
#[cfg(test)]
pub(super) fn encode_bytes(bytes: &[u8]) -> String {
    let mut out = encode(bytes);
    out.extend(std::iter::repeat_n('=', (4 - out.len() % 4) % 4));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["", "a", "ab", "abc", "#!/bin/sh\nexport A=1\n"] {
            assert_eq!(decode(&encode(text.as_bytes())).as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(decode("YWJj\nZGVm").as_deref(), Some(&b"abcdef"[..]));
        assert_eq!(decode("a=b"), None);
        assert_eq!(decode("not base64!"), None);
    }

    #[test]
    fn a_needle_shows_at_every_place() {
        for prefix in ["", "x", "xy", "xyz", "export "] {
            let text = encode(format!("{prefix}AKIAsomething").as_bytes());
            assert!(
                disguises("AKIA")
                    .iter()
                    .any(|disguise| text.contains(disguise.as_str())),
                "{text}"
            );
        }
    }
}
