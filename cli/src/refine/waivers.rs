//! Waivers: somebody accepts one rule at one address, with a reason, until a day.
//!
//! One past its end is a finding of its own, one that meets nothing a note. A file that is wrong in any part is
//! refused as a whole: nobody may believe that a waiver counts which does not.
//!
//! Exceptions on record are waivers too, by the same rules, always for one value. They come before all others, so that
//! no file and no comment outranks them; those of other configurations meet nothing here, which is no news.

mod exceptions;
mod file;

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;
use nhi_plan::Severity;

use super::inline::InlineWaivers;
use crate::codes;
use crate::exit::Failure;
use crate::report::{Because, Entry, Report, Status, Waived};

/// One waiver, wherever it was written.
#[derive(Debug, Clone)]
pub(super) struct Waiver {
    /// Code or name.
    pub(super) rule: String,
    pub(super) target: Target,
    /// Digest of the value that was accepted; another value is another question.
    pub(super) value_sha256: Option<String>,
    pub(super) waived: Waived,
    pub(super) ends: Timestamp,
    /// Whether it is an exception on record.
    pub(super) on_record: bool,
}

/// What a waiver is about.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A block, and an attribute of it if one is named.
    Address { address: String, path: Option<String> },
    /// The block that begins at this line.
    Line { file: String, line: u32 },
}

/// All waivers of a run.
#[derive(Debug, Default)]
pub(super) struct Waivers(Vec<Waiver>);

impl Waivers {
    /// Those of a registry, if one is named, and of files. What cannot be read is never taken for none.
    pub(super) fn read(registry: Option<&str>, paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut waivers = Self(registry.map(exceptions::read).transpose()?.unwrap_or_default());
        for path in paths {
            waivers.0.extend(file::read(path)?);
        }
        Ok(waivers)
    }

    pub(super) fn extend(&mut self, inline: InlineWaivers) {
        self.0.extend(inline.waivers);
    }

    /// Refuses a waiver of a rule that there is not: nobody would ever miss it.
    pub(super) fn check(&self, is_known: impl Fn(&str) -> bool) -> Result<(), Failure> {
        // An exception may waive what is no rule, such as a requirement of a tier.
        let mut of_files = self.0.iter().filter(|waiver| !waiver.on_record);
        let Some(waiver) = of_files.find(|waiver| !is_known(&waiver.rule)) else {
            return Ok(());
        };
        let message = format!("there is no such rule as `{}` ({})", waiver.rule, waiver.waived.place);
        Err(Failure::usage(message)
            .help("`nhi rules` lists codes and names; the rules of a module need its `--module FILE.wasm`"))
    }

    /// Sets aside what is waived at this time.
    pub(super) fn apply(self, now: Timestamp, report: &mut Report) {
        let (valid, expired): (Vec<Waiver>, Vec<Waiver>) = self.0.into_iter().partition(|waiver| waiver.ends > now);
        let mut is_used = vec![false; valid.len()];
        let index = Index::of(&valid);
        report.set_aside(|entry| {
            let mut candidates = index.of_entry(entry).into_iter();
            let at = candidates.find(|at| valid.get(*at).is_some_and(|waiver| waiver.meets(entry)))?;
            if let Some(flag) = is_used.get_mut(at) {
                *flag = true;
            }
            valid.get(at).map(Waiver::because)
        });
        if report.is_complete() {
            let unused = valid.iter().zip(is_used).filter(|(_, is_used)| !is_used);
            for (waiver, _) in unused.filter(|(waiver, _)| !waiver.on_record) {
                report.notes.push(format!(
                    "the waiver of {} for {} ({}) meets no finding: remove it",
                    waiver.rule,
                    waiver.target.describe(),
                    waiver.waived.place
                ));
            }
        }
        let (lapsed, expired): (Vec<Waiver>, Vec<Waiver>) = expired.into_iter().partition(|waiver| waiver.on_record);
        for waiver in lapsed {
            if report.entries.iter().any(|entry| waiver.meets(entry)) {
                report.notes.push(format!(
                    "{} of {} for {} ended {}, so the finding counts again",
                    waiver.waived.place,
                    waiver.rule,
                    waiver.target.describe(),
                    waiver.waived.expires
                ));
            }
        }
        report.add(expired.iter().map(Waiver::expired).collect());
    }

    /// What modules are told: the exceptions on record that are good at this time.
    pub(super) fn told(&self, now: Timestamp) -> Vec<nhi_plan::Exception> {
        let good = self.0.iter().filter(|waiver| waiver.on_record && waiver.ends > now);
        good.filter_map(|waiver| match &waiver.target {
            Target::Address { address, path } => Some(nhi_plan::Exception {
                rule: waiver.rule.clone(),
                address: address.clone(),
                path: path.clone().unwrap_or_default(),
                value_sha256: waiver.value_sha256.clone().unwrap_or_default(),
                expires_at: waiver.waived.expires.clone(),
                attributes: Vec::new(),
            }),
            Target::Line { .. } => None,
        })
        .collect()
    }
}

/// Waivers by what they are about.
#[derive(Debug, Default)]
struct Index<'w> {
    addresses: HashMap<&'w str, Vec<usize>>,
    lines: HashMap<(&'w str, u32), Vec<usize>>,
}

impl<'w> Index<'w> {
    fn of(waivers: &'w [Waiver]) -> Self {
        let mut index = Self::default();
        for (at, waiver) in waivers.iter().enumerate() {
            match &waiver.target {
                Target::Address { address, .. } => index.addresses.entry(address).or_default().push(at),
                Target::Line { file, line } => index.lines.entry((file, *line)).or_default().push(at),
            }
        }
        index
    }

    fn of_entry(&self, entry: &Entry) -> Vec<usize> {
        let place = entry.block.as_ref().and_then(|block| block.location.as_ref());
        let lines = place.and_then(|at| self.lines.get(&(at.file.as_str(), at.line)));
        let addresses = self.addresses.get(entry.address.as_str());
        addresses.into_iter().chain(lines).flatten().copied().collect()
    }
}

impl Target {
    fn describe(&self) -> String {
        match self {
            Self::Address { address, path: None } => address.clone(),
            Self::Address {
                address,
                path: Some(path),
            } => format!("{address}, attribute {path}"),
            Self::Line { file, line } => format!("the block at {file}:{line}"),
        }
    }
}

impl Waiver {
    fn because(&self) -> Because {
        if self.on_record {
            Because::Excepted(self.waived.clone())
        } else {
            Because::Waived(self.waived.clone())
        }
    }

    fn meets(&self, entry: &Entry) -> bool {
        let is_rule = entry.code.eq_ignore_ascii_case(&self.rule) || entry.name.eq_ignore_ascii_case(&self.rule);
        let is_there = match &self.target {
            Target::Address { address, path } => {
                entry.address == *address && path.as_ref().is_none_or(|path| entry.path == *path)
            }
            Target::Line { file, line } => {
                let at = entry.block.as_ref().and_then(|block| block.location.as_ref());
                at.is_some_and(|at| at.file == *file && at.line == *line)
            }
        };
        let is_value = self.value_sha256.is_none() || self.value_sha256 == entry.value_sha256;
        // What is undecided is not a finding, and the end of a waiver cannot be waived.
        is_rule && is_there && is_value && entry.status != Status::Undecided && entry.code != codes::WAIVER_EXPIRED
    }

    #[cold]
    fn expired(&self) -> Entry {
        let Waived {
            reason,
            owner,
            expires,
            place,
        } = &self.waived;
        Entry {
            status: Status::Violation,
            severity: Severity::Medium,
            code: codes::WAIVER_EXPIRED.to_owned(),
            name: codes::name(codes::WAIVER_EXPIRED),
            module: "nhi".to_owned(),
            address: match &self.target {
                Target::Address { address, .. } => address.clone(),
                Target::Line { .. } => place.clone(),
            },
            block: None,
            principal: None,
            place: None,
            path: String::new(),
            byte_offset: None,
            message: format!(
                "the waiver of {} by {owner} ended {expires} ({place}); its reason was: {reason}",
                self.rule
            ),
            why: codes::find(codes::WAIVER_EXPIRED)
                .map(|code| code.why)
                .unwrap_or_default()
                .to_owned(),
            help: codes::help(codes::WAIVER_EXPIRED),
            evidence: String::new(),
            controls: vec!["NHI7:2025".to_owned()],
            patch: None,
            attributes: vec![
                ("owner".to_owned(), owner.clone()),
                ("expires".to_owned(), expires.clone()),
            ],
            value_sha256: None,
            fingerprint: String::new(),
        }
    }
}

/// When a day, or a point in time, is over.
pub(super) fn end_of(text: &str) -> Option<Timestamp> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        // A waiver holds all of its last day, wherever in the world that day ends last.
        let next = date.tomorrow().ok()?;
        return Some(next.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_its_end() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(end_of("2027-01-31"), Some(at("2027-02-01T00:00:00Z")));
        assert_eq!(end_of("2027-01-31T12:00:00Z"), Some(at("2027-01-31T12:00:00Z")));
        for text in ["", "soon", "2027-02-30", "2027-1-1", "31.01.2027", "2027-01-31 12:00"] {
            assert_eq!(end_of(text), None, "{text}");
        }
    }
}
