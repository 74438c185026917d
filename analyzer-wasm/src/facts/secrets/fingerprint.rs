//! Hashes by which a value is known again without being known.

use sha2::{Digest, Sha256};

/// A value's hash, for comparing values of one plan. It is never shown.
pub(crate) type Mark = [u8; 32];

/// Rounds that make a guess at a weak password cost something.
const ROUNDS: usize = 1_024;
/// Bytes that are shown: enough to tell values apart at one place.
const SHOWN: usize = 12;

/// The mark of a value.
pub(crate) fn mark(value: &[u8]) -> Mark {
    Sha256::digest(value).into()
}

/// What a finding shows of a value, for waivers: bound to rule, address and path, so that no table of hashes has it and
/// the same value elsewhere shows another.
pub(crate) fn shown(rule: &str, address: &str, path: &str, mark: &Mark) -> String {
    let mut hash: Mark = *mark;
    for round in 0..ROUNDS {
        let mut hasher = Sha256::new();
        hasher.update(hash);
        if round == 0 {
            for part in [rule, address, path] {
                hasher.update(part.len().to_be_bytes());
                hasher.update(part.as_bytes());
            }
        }
        hash = hasher.finalize().into();
    }
    hash.iter().take(SHOWN).fold(String::new(), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_to_its_place() {
        let value = mark(b"value");
        let here = shown("NHI011", "a.b", "c", &value);
        assert_eq!(here.len(), 2 * SHOWN);
        assert_eq!(here, shown("NHI011", "a.b", "c", &value));
        for other in [
            shown("NHI011", "a.b", "d", &value),
            shown("NHI011", "a.bc", "", &value),
            shown("NHI011", "a.b", "c", &mark(b"other")),
        ] {
            assert_ne!(here, other);
        }
    }
}
