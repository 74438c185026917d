//! What the fuzz targets share: a mutator that splices text where its format has seams.
//!
//! Bytes alone rarely get past a parser. Here pieces of the input are dropped, doubled and replaced by snippets that
//! mean something in its language; every third time libFuzzer has its own way.

use std::sync::LazyLock;

use nhi_analyzer::Analyzer;
use nhi_plan::{Change, Context, Description, Finding};
use nhi_policy_sdk::{Findings, PolicyModule};

/// The bytes at which a piece of text may begin or end.
const SEAMS: &[u8] = b"\n,:;{}[]()\"=. /";

/// A small generator: the fuzzer's seed alone decides what happens, so that a run can be repeated.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn new(seed: u32) -> Self {
        Self(u64::from(seed) | 1 << 32)
    }

    /// A number below `limit`; 0 if that is 0.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or(0)
    }
}

/// Changes the first `size` bytes of `data` and returns how many they are now, at most `size_max`.
pub fn splice(data: &mut [u8], size: usize, size_max: usize, seed: u32, snippets: &[&str]) -> usize {
    let mut dice = Dice::new(seed);
    if dice.below(4) == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, size_max);
    }
    let text = data.get(..size).unwrap_or_default();
    let snippet = snippets
        .get(dice.below(snippets.len()))
        .map_or(b"" as &[u8], |text| text.as_bytes());
    let made = match dice.below(8) {
        0 => covered(text, snippet, &mut dice),
        1..4 => torn(text, snippet, &mut dice),
        _ => replaced(text, snippet, &mut dice),
    };
    let length = made.len().min(size_max).min(data.len());
    data[..length].copy_from_slice(&made[..length]);
    length
}

/// With one value in the place of another, or with one more: what was well-formed mostly stays so.
fn replaced(text: &[u8], snippet: &[u8], dice: &mut Dice) -> Vec<u8> {
    let values: Vec<(usize, usize)> = seams(text)
        .into_iter()
        .filter_map(|start| Some((start, start + value(&text[start..])?)))
        .collect();
    let Some(&(start, end)) = values.get(dice.below(values.len())) else {
        return [text, snippet].concat();
    };
    let other = values[dice.below(values.len())];
    let is_value = value(snippet) == Some(snippet.len());
    // Half of the time a string takes the place of a string, and a bracket that of a bracket of its kind.
    let alike = |(start, _): &&(usize, usize)| text.get(*start) == snippet.first();
    let alike: Vec<&(usize, usize)> = values.iter().filter(alike).collect();
    let (start, end) = match alike.get(dice.below(alike.len())) {
        Some(&&place) if is_value && dice.below(2) == 0 => place,
        _ => (start, end),
    };
    match dice.below(4) {
        0 => [&text[..start], &text[other.0..other.1], &text[end..]].concat(),
        1 | 2 if is_value => [&text[..start], snippet, &text[end..]].concat(),
        3 => [&text[..start], snippet, b"," as &[u8], &text[start..]].concat(),
        _ => {
            let opened = values.iter().filter(|(start, _)| matches!(text[*start], b'[' | b'{'));
            let opened: Vec<usize> = opened.map(|(start, _)| start + 1).collect();
            let at = opened.get(dice.below(opened.len())).copied().unwrap_or(start);
            [&text[..at], snippet, b"," as &[u8], &text[at..]].concat()
        }
    }
}

/// With a snippet over what stands there: where a format counts its bytes, as archives do, it stays whole.
fn covered(text: &[u8], snippet: &[u8], dice: &mut Dice) -> Vec<u8> {
    let seams = seams(text);
    let start = seams[dice.below(seams.len())];
    let end = (start + snippet.len()).min(text.len());
    [&text[..start], snippet, &text[end..]].concat()
}

/// With a piece dropped, doubled or replaced, wherever that tears the text.
fn torn(text: &[u8], snippet: &[u8], dice: &mut Dice) -> Vec<u8> {
    let (start, end) = piece(text, dice);
    let (before, rest) = text.split_at(start);
    let (piece, after) = rest.split_at(end - start);
    match dice.below(6) {
        0 => [before, after].concat(),
        1 => [before, piece, piece, after].concat(),
        2 | 3 => [before, snippet, piece, after].concat(),
        _ => [before, snippet, after].concat(),
    }
}

/// Where pieces of a text may begin or end.
fn seams(text: &[u8]) -> Vec<usize> {
    let mut seams = vec![0];
    for (at, byte) in text.iter().enumerate() {
        if SEAMS.contains(byte) {
            seams.extend([at, at + 1]);
        }
    }
    seams.push(text.len());
    seams.dedup();
    seams
}

/// The length of the string, bracket or word that `text` begins with.
fn value(text: &[u8]) -> Option<usize> {
    let word = text.iter().take_while(|byte| !SEAMS.contains(byte)).count();
    if word > 0 { Some(word) } else { closed(text) }
}

/// A piece between two seams: a whole string or bracket, or from one seam to another that is often near.
fn piece(text: &[u8], dice: &mut Dice) -> (usize, usize) {
    let seams = seams(text);
    let first = dice.below(seams.len());
    let start = seams[first];
    if dice.below(2) == 0
        && let Some(length) = closed(&text[start..])
    {
        return (start, start + length);
    }
    let reach = if dice.below(4) == 0 { seams.len() } else { 6 };
    let last = (first + dice.below(reach)).min(seams.len() - 1);
    (start, seams[last])
}

/// The length of the string or bracket that `text` begins with.
fn closed(text: &[u8]) -> Option<usize> {
    let open = *text.first()?;
    let close = match open {
        b'"' => return Some(text.iter().skip(1).position(|byte| *byte == b'"')? + 2),
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        _ => return None,
    };
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        depth += usize::from(*byte == open);
        if *byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    None
}

/// What the analyzer says about one change.
///
/// As [`nhi_policy_sdk::Tester`] does it, but without describing all rules again each time, which takes longer.
pub fn judge(mut change: Change<'_>) -> Result<Vec<Finding>, String> {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(Analyzer::describe);
    let context = Context {
        now: String::from("2026-01-01T00:00:00Z"),
        format_version: String::from("1.2"),
        terraform_version: String::from("1.11.4"),
        ..Context::default()
    };
    let mut analyzer = Analyzer::open("{}", &context)?;
    let mut findings = Findings::default();
    let needs = DESCRIPTION.needs(change.mode, &change.resource_type);
    if needs.is_some_and(|needs| needs.deliver(&mut change)) {
        analyzer.check(&change, &mut findings)?;
    }
    analyzer.finish(&mut findings)?;
    Ok(findings.into_vec())
}
