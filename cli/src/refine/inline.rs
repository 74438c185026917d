//! Comments in the configuration that waive a rule for the block they stand in or directly above.
//!
//! `# nhi:ignore NHI010 until=2027-01-31 owner=platform reason="the vendor cannot assume a role"`

mod scan;

use std::collections::BTreeMap;
use std::path::Path;

use self::scan::{Scan, scan};
use super::waivers::{Target, Waiver, end_of};
use crate::report::Waived;

const MARK: &str = "nhi:ignore";

/// What the comments of a configuration say.
#[derive(Debug, Default)]
pub(super) struct InlineWaivers {
    pub(super) waivers: Vec<Waiver>,
    mistakes: Vec<String>,
}

impl InlineWaivers {
    /// Looks through the files of a configuration.
    pub(super) fn find<'t>(files: impl Iterator<Item = (&'t str, &'t str)>) -> Self {
        let mut found = Self::default();
        for (file, text) in files {
            if text.contains(MARK) && Path::new(file).extension().is_none_or(|extension| extension != "json") {
                found.file(file, text);
            }
        }
        found
    }

    /// How many comments there are, also those that say something wrong.
    pub(super) fn count(&self) -> usize {
        self.waivers.len() + self.mistakes.len()
    }

    /// Comments that waive nothing because they are not complete.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = String> {
        self.mistakes.clone().into_iter()
    }

    fn file(&mut self, file: &str, text: &str) {
        let scanned = scan(text);
        let above = scanned.above();
        for comment in &scanned.comments {
            let Some(words) = comment.text.trim_start().strip_prefix(MARK) else {
                continue;
            };
            let place = format!("{file}:{}", comment.line);
            let around = scanned.around(comment.line);
            let Some(line) = around.or_else(|| above.get(&comment.line).copied()) else {
                self.mistakes.push(format!(
                    "the waiver at {place} stands at no block, so it waives nothing"
                ));
                continue;
            };
            match waiver(words, file, line, &place) {
                Ok(waiver) => self.waivers.push(waiver),
                Err(why) => self
                    .mistakes
                    .push(format!("the waiver at {place} waives nothing: {why}")),
            }
        }
    }
}

/// First line, last line and the closing brace's byte of each top-level block.
pub(crate) fn scan_blocks(text: &str) -> Vec<(u32, u32, usize)> {
    scan(text).blocks
}

impl Scan<'_> {
    /// First line of the block that each line of comments directly above it is about.
    fn above(&self) -> BTreeMap<u32, u32> {
        let mut above = BTreeMap::new();
        for (first, ..) in &self.blocks {
            // Comments pile up above a block; nothing else may stand in between.
            let mut line = first.saturating_sub(1);
            while self.comment_lines.contains(&line) && above.insert(line, *first).is_none() {
                line = line.saturating_sub(1);
            }
        }
        above
    }

    /// First line of the block that holds a line.
    fn around(&self, line: u32) -> Option<u32> {
        let at = self.blocks.partition_point(|(first, ..)| *first <= line);
        let (first, last, _) = self.blocks.get(at.checked_sub(1)?)?;
        (line <= *last).then_some(*first)
    }
}

fn waiver(words: &str, file: &str, line: u32, place: &str) -> Result<Waiver, &'static str> {
    let (rule, rest) = words
        .trim()
        .split_once(char::is_whitespace)
        .unwrap_or((words.trim(), ""));
    if rule.is_empty() || rule.contains('=') {
        return Err("it names no rule");
    }
    let (mut until, mut owner, mut reason) = (None, None, None);
    for (name, value) in pairs(rest)? {
        let slot = match name {
            "until" => &mut until,
            "owner" => &mut owner,
            "reason" => &mut reason,
            _ => return Err("it says something else than until, owner and reason"),
        };
        if slot.replace(value).is_some() {
            return Err("it says something twice");
        }
    }
    let said = |value: Option<&str>| value.filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let expires = said(until).ok_or("it has no `until=YYYY-MM-DD`")?;
    Ok(Waiver {
        rule: rule.to_owned(),
        target: Target::Line {
            file: file.to_owned(),
            line,
        },
        value_sha256: None,
        ends: end_of(&expires).ok_or("its `until` is not a day")?,
        waived: Waived {
            reason: said(reason).ok_or("it has no `reason=\"…\"`")?,
            owner: said(owner).ok_or("it has no `owner=…`")?,
            expires,
            place: place.to_owned(),
        },
        on_record: false,
    })
}

/// `name=value` or `name="a value"`, one after the other.
fn pairs(text: &str) -> Result<Vec<(&str, &str)>, &'static str> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or("it holds a word without `=`")?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("a quote is not closed")?,
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        found.push((name.trim(), value));
        rest = after.trim_start();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> InlineWaivers {
        InlineWaivers::find(std::iter::once(("main.tf", text)))
    }

    const GOOD: &str = "nhi:ignore NHI010 until=2027-01-31 owner=platform reason=\"no = other way\"";

    #[test]
    fn a_comment_is_about_the_block_it_stands_at() {
        let above = format!("\n# {GOOD}\n// more\nresource \"a\" \"b\" {{\n}}\n");
        let inside = format!("resource \"a\" \"b\" {{\n  x = 1 // {GOOD}\n}}\n");
        let behind = format!("resource \"a\" \"b\" {{ # {GOOD}\n}}\n");
        let block = format!("/* {GOOD} */\nresource \"a\" \"b\" {{\n}}\n");
        for (text, wanted) in [(above, 4), (inside, 1), (behind, 1), (block, 2)] {
            let found = find(&text);
            assert_eq!(found.waivers.len(), 1, "{text}\n{:?}", found.mistakes);
            let waiver = &found.waivers[0];
            assert!(
                matches!(&waiver.target, Target::Line { line, .. } if *line == wanted),
                "{text}: {waiver:?}"
            );
            assert_eq!(waiver.waived.reason, "no = other way");
        }
    }

    #[test]
    fn text_is_not_a_comment() {
        for text in [
            format!("resource \"a\" \"b\" {{\n  x = \"# {GOOD}\"\n}}\n"),
            format!("resource \"a\" \"b\" {{\n  x = <<EOT\n# {GOOD}\nEOT\n}}\n"),
            format!("resource \"a\" \"b\" {{\n  x = <<-EOT\n  # {GOOD}\n  EOT\n}}\n"),
            format!("locals {{\n  x = \"${{\"a\"}} # {GOOD}\"\n}}\n"),
        ] {
            assert_eq!(find(&text).count(), 0, "{text}");
        }
        let after = format!("locals {{\n  x = <<EOT\n\"\nEOT\n  # {GOOD}\n}}\n");
        assert_eq!(find(&after).waivers.len(), 1);
    }

    #[test]
    fn hostile_text_costs_no_more_than_its_length() {
        let long = 200_000;
        let started = std::time::Instant::now();
        for text in [
            "/**/".repeat(long),
            "<<".repeat(long),
            "# nhi:ignore\n".repeat(long / 4) + "locals {\n}\n",
            "locals {} # nhi:ignore\n".repeat(long / 8),
            "\"${".repeat(long),
            "<<A\n".repeat(long),
        ] {
            let _ = find(&(text + "nhi:ignore"));
        }
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }

    #[test]
    fn what_is_not_complete_waives_nothing() {
        for words in [
            "",
            "until=2027-01-31 owner=a reason=b",
            "NHI010",
            "NHI010 until=2027-01-31 owner=a",
            "NHI010 until=2027-01-31 reason=a",
            "NHI010 owner=a reason=b",
            "NHI010 until=soon owner=a reason=b",
            "NHI010 until=2027-01-31 owner=a reason=\"b",
            "NHI010 until=2027-01-31 owner=a reason=\"\"",
            "NHI010 until=2027-01-31 owner=a owner=b reason=c",
            "NHI010 until=2027-01-31 owner=a reason=b severity=low",
            "NHI010 until=2027-01-31 owner=a reason=b c",
        ] {
            let found = find(&format!("# nhi:ignore {words}\nlocals {{\n}}\n"));
            assert_eq!((found.waivers.len(), found.mistakes.len()), (0, 1), "{words}");
        }
        let found = find(&format!("# {GOOD}\n\nlocals {{\n}}\n"));
        assert_eq!(
            (found.waivers.len(), found.mistakes.len()),
            (0, 1),
            "a blank line parts comment and block"
        );
    }
}
