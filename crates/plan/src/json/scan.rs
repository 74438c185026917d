//! The lexical level: where a string or a number ends, and whether it is well formed.
//!
//! Strings make up most of a plan, so they are scanned eight bytes at a time; the rest is plain matching.

use crate::error::{ReadError, code};

/// Byte positions of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// A string that holds escapes.
    pub(crate) escaped: bool,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize, escaped: bool) -> Self {
        Self {
            start: narrow(start),
            end: narrow(end),
            escaped,
        }
    }

    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    pub(crate) fn len(self) -> usize {
        (self.end as usize).saturating_sub(self.start as usize)
    }

    #[inline]
    pub(crate) fn bytes_of(self, text: &str) -> &[u8] {
        text.as_bytes()
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// Positions fit in 32 bits because texts beyond `Limits::BYTES_MAX` are refused before they are scanned.
pub(crate) fn narrow(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// First position from `position` on that is a quote, a backslash, a control byte or the end.
#[inline]
fn plain_run(bytes: &[u8], mut position: usize) -> usize {
    while let Some(chunk) = bytes.get(position..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quotes = word ^ (ONES * 0x22);
        let slashes = word ^ (ONES * 0x5c);
        // A byte below n borrows from its high bit; borrows spread upwards only, so the lowest hit is exact.
        let hits = (quotes.wrapping_sub(ONES) & !quotes)
            | (slashes.wrapping_sub(ONES) & !slashes)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let hits = hits & HIGHS;
        if hits != 0 {
            return position + (hits.trailing_zeros() / 8) as usize;
        }
        position += 8;
    }
    while let Some(&byte) = bytes.get(position) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        position += 1;
    }
    position
}

/// Scans a string whose opening quote stands at `open`; the span excludes the quotes.
#[inline]
pub(crate) fn string(bytes: &[u8], open: usize) -> Result<Span, ReadError> {
    let start = open + 1;
    let mut position = plain_run(bytes, start);
    let mut escaped = false;
    loop {
        match bytes.get(position) {
            Some(b'"') => return Ok(Span::new(start, position, escaped)),
            Some(b'\\') => {
                escaped = true;
                position = plain_run(bytes, escape(bytes, position)?);
            }
            Some(_) => return Err(ReadError::syntax(position, "a control character stands in a string")),
            None => return Err(ReadError::truncated(bytes.len())),
        }
    }
}

/// Checks the escape at `position` and returns where it ends.
fn escape(bytes: &[u8], position: usize) -> Result<usize, ReadError> {
    match bytes.get(position + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(position + 2),
        Some(b'u') => {
            let unit = hex4(bytes, position + 2)?;
            match unit {
                0 => Err(ReadError::syntax(position, "a string holds the character NUL")),
                0xd800..=0xdbff => low_surrogate(bytes, position),
                0xdc00..=0xdfff => Err(lone_surrogate(position)),
                _ => Ok(position + 6),
            }
        }
        Some(_) => Err(ReadError::syntax(position, "a string holds an unknown escape")),
        None => Err(ReadError::truncated(bytes.len())),
    }
}

fn low_surrogate(bytes: &[u8], high: usize) -> Result<usize, ReadError> {
    for (offset, expected) in [(6, b'\\'), (7, b'u')] {
        match bytes.get(high + offset) {
            Some(&byte) if byte == expected => {}
            Some(_) => return Err(lone_surrogate(high)),
            None => return Err(ReadError::truncated(bytes.len())),
        }
    }
    match hex4(bytes, high + 8)? {
        0xdc00..=0xdfff => Ok(high + 12),
        _ => Err(lone_surrogate(high)),
    }
}

#[cold]
fn lone_surrogate(position: usize) -> ReadError {
    ReadError::new(
        code::UTF8,
        position,
        "a string holds half of a surrogate pair",
        "make the file again; no text contains half of a character",
    )
}

/// Four hexadecimal digits at `position`.
pub(crate) fn hex4(bytes: &[u8], position: usize) -> Result<u32, ReadError> {
    let mut unit = 0;
    for offset in position..position + 4 {
        let Some(&byte) = bytes.get(offset) else {
            return Err(ReadError::truncated(bytes.len()));
        };
        let Some(digit) = char::from(byte).to_digit(16) else {
            return Err(ReadError::syntax(
                offset,
                "`\\u` is not followed by four hexadecimal digits",
            ));
        };
        unit = unit * 16 + digit;
    }
    Ok(unit)
}

/// Scans a number that begins at `start` and returns where it ends.
#[inline]
pub(crate) fn number(bytes: &[u8], start: usize) -> Result<usize, ReadError> {
    let mut position = start + usize::from(bytes.get(start) == Some(&b'-'));
    position = match bytes.get(position) {
        Some(b'0') => position + 1,
        Some(b'1'..=b'9') => digits(bytes, position),
        None => return Err(ReadError::truncated(bytes.len())),
        Some(_) => return Err(ReadError::syntax(position, "a number has no digits")),
    };
    if bytes.get(position) == Some(&b'.') {
        position = some_digits(bytes, position + 1)?;
    }
    if matches!(bytes.get(position), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(position + 1), Some(b'+' | b'-')));
        position = some_digits(bytes, position + 1 + sign)?;
    }
    match bytes.get(position) {
        Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-' | b'_') => Err(ReadError::syntax(
            position,
            "a number is not written as JSON writes numbers",
        )),
        _ => Ok(position),
    }
}

fn digits(bytes: &[u8], mut position: usize) -> usize {
    while matches!(bytes.get(position), Some(b'0'..=b'9')) {
        position += 1;
    }
    position
}

fn some_digits(bytes: &[u8], start: usize) -> Result<usize, ReadError> {
    let end = digits(bytes, start);
    if end > start {
        return Ok(end);
    }
    if start >= bytes.len() {
        return Err(ReadError::truncated(bytes.len()));
    }
    Err(ReadError::syntax(start, "a number ends without digits"))
}

/// Checks that `word` stands at `start` and returns where it ends.
#[inline]
pub(crate) fn literal(bytes: &[u8], start: usize, word: &str) -> Result<usize, ReadError> {
    let end = start + word.len();
    let rest = bytes.get(start..).unwrap_or_default();
    if rest.starts_with(word.as_bytes()) {
        return Ok(end);
    }
    if rest.len() < word.len() && word.as_bytes().starts_with(rest) {
        return Err(ReadError::truncated(bytes.len()));
    }
    Err(ReadError::syntax(start, "a word is none of `true`, `false` and `null`"))
}
