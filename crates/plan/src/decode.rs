//! Bytes to text: what shells and wrappers make of a plan on its way here.
//!
//! PowerShell writes UTF-16 with a byte order mark, CI wrappers put a line before the output. Both are undone and
//! said in a note; anything else that is not UTF-8 is refused, never repaired.

use std::borrow::Cow;

use crate::error::{ReadError, code};
use crate::limits::Limits;
use crate::plan::Plan;

/// How far into the text the JSON may begin.
const PREAMBLE_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
}

/// The text of a plan, and what was done to get it.
#[derive(Debug, Clone)]
pub struct Decoded<'b> {
    /// The JSON text.
    pub text: Cow<'b, str>,
    /// What was undone on the way, for the reader of the report.
    pub notes: Vec<String>,
    encoding: Encoding,
    /// Bytes of the input before the text, or, for UTF-16, before its first line.
    mark: usize,
    /// The lines before the JSON; only their length in the input counts.
    preamble: String,
}

/// Turns bytes into text.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, ReadError> {
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return decode_utf16(rest, false);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return decode_utf16(rest, true);
    }
    let (rest, mark) = match bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        Some(rest) => (rest, 3),
        None => (bytes, 0),
    };
    if rest.starts_with(b"PK\x03\x04") {
        return Err(ReadError::format(
            0,
            "this is a plan file, not its JSON",
            "pass the output of `tofu show -json tfplan` or `terraform show -json tfplan`",
        ));
    }
    let text =
        std::str::from_utf8(rest).map_err(|error| invalid_utf8(mark + error.valid_up_to(), error.error_len()))?;
    let skipped = preamble(text);
    let (before, text) = text.split_at_checked(skipped).unwrap_or(("", text));
    let mut notes = Vec::new();
    if mark > 0 {
        notes.push("the input begins with a byte order mark, which was skipped".to_owned());
    }
    note_preamble(&mut notes, before);
    Ok(Decoded {
        text: Cow::Borrowed(text),
        notes,
        encoding: Encoding::Utf8,
        mark,
        preamble: before.to_owned(),
    })
}

#[cold]
fn invalid_utf8(offset: usize, length: Option<usize>) -> ReadError {
    if length.is_none() {
        return ReadError::truncated(offset);
    }
    ReadError::new(
        code::UTF8,
        offset,
        "the text is not UTF-8",
        "make the file again with `show -json` and store it without converting it",
    )
}

fn decode_utf16(bytes: &[u8], big_endian: bool) -> Result<Decoded<'_>, ReadError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| {
        if big_endian {
            u16::from_be_bytes(*pair)
        } else {
            u16::from_le_bytes(*pair)
        }
    });
    let mut text = String::with_capacity(pairs.len());
    let mut read = 0;
    for decoded in char::decode_utf16(units) {
        let Ok(character) = decoded else {
            let help = "make the file again with `show -json`, in PowerShell with `| Out-File -Encoding utf8`";
            return Err(ReadError::new(
                code::UTF8,
                2 + read * 2,
                "the text is not UTF-16 as its mark says",
                help,
            ));
        };
        text.push(character);
        read += character.len_utf16();
    }
    if !odd.is_empty() {
        return Err(ReadError::truncated(2 + bytes.len()));
    }
    let mut notes = vec!["the input is UTF-16, which was converted".to_owned()];
    let before: String = text.drain(..preamble(&text)).collect();
    note_preamble(&mut notes, &before);
    Ok(Decoded {
        text: Cow::Owned(text),
        notes,
        encoding: Encoding::Utf16 { big_endian },
        mark: 2,
        preamble: before,
    })
}

/// Length of the lines before the one that begins with `{`; 0 where there is none.
fn preamble(text: &str) -> usize {
    let mut skipped = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('{') {
            return skipped;
        }
        skipped += line.len();
        if skipped > PREAMBLE_BYTES_MAX {
            break;
        }
    }
    0
}

fn note_preamble(notes: &mut Vec<String>, before: &str) {
    let lines = before.lines().filter(|line| !line.trim().is_empty()).count();
    match lines {
        0 => {}
        1 => notes.push("a line before the JSON was skipped; a wrapper may have printed it".to_owned()),
        _ => notes.push(format!(
            "{lines} lines before the JSON were skipped; a wrapper may have printed them"
        )),
    }
}

impl Decoded<'_> {
    /// Reads the plan; offsets of errors are those of the input, and the notes are handed on.
    pub fn read(&self, limits: &Limits) -> Result<Plan<'_>, ReadError> {
        let mut plan = crate::plan::read(&self.text, limits).map_err(|error| self.relocate(error))?;
        plan.notes.splice(0..0, self.notes.iter().cloned());
        Ok(plan)
    }

    /// Makes an offset into the text one into the input.
    pub fn relocate(&self, mut error: ReadError) -> ReadError {
        let offset = usize::try_from(error.offset).unwrap_or(usize::MAX);
        let input = match self.encoding {
            Encoding::Utf8 => self.mark + self.preamble.len() + offset,
            Encoding::Utf16 { .. } => {
                let before = self.text.char_indices().take_while(|(position, _)| *position < offset);
                let units = before.map(|(_, character)| character.len_utf16()).sum::<usize>();
                self.mark + 2 * (self.preamble.encode_utf16().count() + units)
            }
        };
        error.offset = u64::try_from(input).unwrap_or(u64::MAX);
        error
    }
}
