//! Proofs for and against: checksums, encoded accounts, placeholders, examples.

/// CRC-32 as GitHub and npm put it into their tokens.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A number in base 62, padded to six digits.
pub(crate) fn base62(number: u32) -> String {
    let digit = |place: u32| {
        BASE62
            .get((number / 62_u32.pow(place) % 62) as usize)
            .copied()
            .unwrap_or(b'0')
    };
    (0..6).rev().map(|place| char::from(digit(place))).collect()
}

/// A number in base 36 with small letters, padded to seven digits.
pub(crate) fn base36(number: u32) -> String {
    let digit = |place: u32| char::from_digit(number / 36_u32.pow(place) % 36, 36).unwrap_or('0');
    (0..7).rev().map(digit).collect()
}

/// Whether the last six characters are the checksum of those before them.
pub(crate) fn has_checksum(body: &str) -> bool {
    let split = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at));
    split.is_some_and(|(random, checksum)| base62(crc32(random.as_bytes())) == checksum)
}

/// The account that an AWS key id names; `None` where the id cannot be one.
pub(crate) fn aws_account(key_id: &str) -> Option<u64> {
    let number = key_id.get(4..14)?.bytes().try_fold(0_u64, |number, byte| {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        Some(number << 5 | u64::from(digit))
    })?;
    // Ten characters are fifty bits: a marker, forty bits of account, and nine of something else.
    Some(number >> 9 & 0xff_ffff_ffff)
}

/// Whether an AWS key id can exist: those issued since 2019 name a twelve-digit account.
pub(crate) fn is_aws_key_id(key_id: &str) -> bool {
    let names_account = key_id
        .as_bytes()
        .get(4)
        .is_some_and(|byte| matches!(byte, b'Q'..=b'Z' | b'2'..=b'7'));
    aws_account(key_id).is_some_and(|account| !names_account || account <= 999_999_999_999)
}

/// Bits of information a character, from how often each occurs.
pub(crate) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|&count| f64::from(count) / length)
        .map(|share| -share * share.log2())
        .sum()
}

/// Words that people put where a secret belongs.
const PLACEHOLDERS: [&str; 24] = [
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "replace",
    "redacted",
    "dummy",
    "your_",
    "your-",
    "yourtoken",
    "yourkey",
    "xxxx",
    "****",
    "....",
    "<",
    "${",
    "{{",
    "notasecret",
    "not-a-secret",
    "todo",
    "fixme",
    "insert",
    "sample",
];

/// Whether text only stands for a secret.
pub(crate) fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| lower.contains(word)) || has_run(&lower) || is_sequence(&lower)
}

/// Six times the same character.
fn has_run(text: &str) -> bool {
    let mut length = 0;
    let mut last = None;
    text.bytes().any(|byte| {
        length = if last == Some(byte) { length + 1 } else { 1 };
        last = Some(byte);
        length >= 6
    })
}

/// `12345678`, `abcdefgh`.
fn is_sequence(text: &str) -> bool {
    let mut length = 1;
    let mut last = None;
    text.bytes().any(|byte| {
        length = if last.is_some_and(|last: u8| last.checked_add(1) == Some(byte)) {
            length + 1
        } else {
            1
        };
        last = Some(byte);
        length >= 8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(base62(0), "000000");
        assert_eq!(base62(61), "00000z");
        assert_eq!(base62(u32::MAX), "4gfFC3");
        assert_eq!(base36(0), "0000000");
        assert_eq!(base36(u32::MAX), "1z141z3");
        let body = "0123456789abcdefghijABCDEFGHIJ";
        assert!(has_checksum(&format!("{body}{}", base62(crc32(body.as_bytes())))));
        assert!(!has_checksum(&format!("{body}000000")));
    }

    #[test]
    fn accounts_in_key_ids() {
        // A published pair of id and account.
        assert_eq!(aws_account("ASIAQNZGKIQY56JQ7WML"), Some(29_608_264_753));
        assert!(is_aws_key_id("AKIAIOSFODNN7EXAMPLE"));
        assert!(!is_aws_key_id("AKIA7777777777777777"));
        assert!(!is_aws_key_id("AKIA0000000000000000"));
    }

    #[test]
    fn stand_ins() {
        for text in [
            "changeme",
            "xxxxxxxxxxxx",
            "${var.token}",
            "<your token>",
            "aaaaaaa",
            "token12345678",
            "AKIAIOSFODNN7EXAMPLE",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["q8Zk2LmX0vRt", "wJalrXUtnFEMIK7MDENGbPxRfiCYzq8Zk2LmX0vR"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn information() {
        assert!(entropy("aaaaaaaa") < 0.1);
        assert!(entropy("q8Zk2LmX0vRtY7bN") > 3.9);
    }
}
