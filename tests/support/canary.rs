//! Secrets that are planted to see where they come out again, in every spelling that a leak could have.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// A planted secret.
#[derive(Debug, Clone)]
pub struct Canary {
    /// Where it was planted, for messages.
    pub place: String,
    /// The secret.
    pub secret: String,
}

impl Canary {
    /// A secret for a place, as long as those of AWS. Different places get different secrets, so that a leak names its
    /// source.
    pub fn new(place: &str) -> Self {
        let mut state = 0xcbf2_9ce4_8422_2325_u64;
        let mut secret = String::new();
        for byte in place.bytes().cycle().take(place.len().max(1) * 40) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            let letters = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
            let index = usize::try_from(state >> 33).unwrap_or(0) % letters.len();
            secret.push(char::from(letters.get(index).copied().unwrap_or(b'x')));
        }
        let secret = secret.chars().rev().take(40).collect();
        Self {
            place: place.to_owned(),
            secret,
        }
    }

    /// The spellings to look for.
    pub fn spellings(&self) -> Vec<(&'static str, Vec<u8>)> {
        let bytes = self.secret.as_bytes();
        let digits = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        let hex: String = bytes
            .iter()
            .flat_map(|byte| [digits(byte >> 4), digits(byte & 15)])
            .collect();
        let mut spellings = vec![
            ("raw", bytes.to_vec()),
            ("first ten", bytes.iter().take(10).copied().collect()),
            ("reversed", bytes.iter().rev().copied().collect()),
            ("hex", hex.clone().into_bytes()),
            ("upper-case hex", hex.to_uppercase().into_bytes()),
            (
                "UTF-16",
                self.secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            ),
        ];
        // Base64 looks different at each of the three offsets into a longer text; the edges depend on the neighbours.
        for (offset, name) in [(0, "base64"), (1, "base64 one on"), (2, "base64 two on")] {
            let padded: Vec<u8> = std::iter::repeat_n(b'_', offset).chain(bytes.iter().copied()).collect();
            let encoded = base64(&padded);
            spellings.push((
                name,
                encoded
                    .iter()
                    .copied()
                    .skip(4)
                    .take(encoded.len().saturating_sub(8))
                    .collect(),
            ));
        }
        spellings
    }
}

/// Plain base64 without padding.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for chunk in bytes.chunks_exact(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        for shift in [18, 12, 6, 0] {
            let index = usize::try_from((word >> shift) & 63).unwrap_or(0);
            out.push(LETTERS.get(index).copied().unwrap_or(b'='));
        }
    }
    out
}

/// Where a canary was found, and in which spelling.
pub fn sightings(canaries: &[Canary], files: &[(PathBuf, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for canary in canaries {
        for (name, needle) in canary.spellings() {
            for (path, bytes) in files {
                if contains(bytes, &needle) {
                    found.push(format!("{} ({name}) in {}", canary.place, path.display()));
                }
            }
        }
    }
    found
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|window| window == needle)
}

/// The members of a plan file, which is a ZIP archive.
pub fn unpack(archive: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let bytes = std::fs::read(archive).with_context(|| format!("read `{}`", archive.display()))?;
    let end = bytes
        .windows(4)
        .rposition(|window| window == b"PK\x05\x06")
        .context("no end of a ZIP archive")?;
    let count = number(&bytes, end + 10, 2)?;
    let mut at = number(&bytes, end + 16, 4)?;
    let mut members = Vec::new();
    for _ in 0..count {
        ensure!(slice(&bytes, at, 4)? == b"PK\x01\x02", "no entry where one should be");
        let [method, packed, name, extra, comment] =
            [(10, 2), (20, 4), (28, 2), (30, 2), (32, 2)].map(|(offset, length)| number(&bytes, at + offset, length));
        let (packed, name_length) = (packed?, name?);
        let header = number(&bytes, at + 42, 4)?;
        let name = String::from_utf8_lossy(slice(&bytes, at + 46, name_length)?).into_owned();
        let data = header + 30 + number(&bytes, header + 26, 2)? + number(&bytes, header + 28, 2)?;
        let data = slice(&bytes, data, packed)?;
        let plain = match method? {
            0 => data.to_vec(),
            8 => miniz_oxide::inflate::decompress_to_vec(data).map_err(|error| anyhow::anyhow!("{name}: {error}"))?,
            other => anyhow::bail!("{name}: method {other}"),
        };
        members.push((archive.join(name), plain));
        at += 46 + name_length + extra? + comment?;
    }
    Ok(members)
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    bytes.get(at..at + length).context("the archive is cut short")
}

/// A little-endian number.
fn number(bytes: &[u8], at: usize, length: usize) -> Result<usize> {
    Ok(slice(bytes, at, length)?
        .iter()
        .rev()
        .fold(0, |number, byte| (number << 8) | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_found_in_every_spelling() {
        let canary = Canary::new("a test");
        assert_eq!(canary.secret.len(), 40);
        assert_ne!(canary.secret, Canary::new("another test").secret);
        for (name, needle) in canary.spellings() {
            let leak = [b"before ".as_slice(), &needle, b" after"].concat();
            let found = sightings(std::slice::from_ref(&canary), &[(PathBuf::from("log"), leak)]);
            assert!(
                found.iter().any(|line| line.contains(&format!("({name})"))),
                "{name}: {found:?}"
            );
        }
        let clean = [(PathBuf::from("log"), b"nothing to see".to_vec())];
        assert!(sightings(&[canary], &clean).is_empty());
    }

    #[test]
    fn base64_is_base64() {
        assert_eq!(
            base64(b"Many hands make light work.").as_slice(),
            b"TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu".as_slice()
        );
    }
}
