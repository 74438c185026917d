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
use nhi_policy_file::Level;

use super::inline::InlineWaivers;
use crate::codes;
use crate::exit::Failure;
use crate::report::{Because, Entry, ModuleRun, Problem, Report, Status, Waived};

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
            .help("`nhi rules` lists codes and names; the rules of a module need the policy file that names it, or its `--module FILE.wasm`"))
    }

    /// Sets aside what is waived at this time.
    pub(super) fn apply(self, now: Timestamp, report: &mut Report) {
        let (valid, expired): (Vec<Waiver>, Vec<Waiver>) = self.0.into_iter().partition(|waiver| waiver.ends > now);
        let (refused, valid) = without_mandatory(valid, report);
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
        let wrong = expired.iter().map(Waiver::expired).chain(refused);
        report.add(wrong.collect());
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

/// Parts the waivers that name a rule of a mandatory module, which nothing waives: what is told of each, and the rest.
///
/// An exception on record is for more than one configuration, so it is told only where it would have counted.
fn without_mandatory(waivers: Vec<Waiver>, report: &mut Report) -> (Vec<Entry>, Vec<Waiver>) {
    let (mut told, mut rest, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for waiver in waivers {
        let mandatory = |module: &&ModuleRun| module.level == Some(Level::Mandatory) && waiver.names(module);
        match report.modules.iter().find(mandatory) {
            None => rest.push(waiver),
            Some(module) if !waiver.on_record => told.push(waiver.refused(&module.name)),
            Some(module) => {
                if report.entries.iter().any(|entry| waiver.meets(entry)) {
                    let (place, name) = (&waiver.waived.place, &module.name);
                    notes.push(format!(
                        "{place} of {} for {} counts for nothing: module {name} is mandatory",
                        waiver.rule,
                        waiver.target.describe()
                    ));
                }
            }
        }
    }
    report.notes.append(&mut notes);
    (told, rest)
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
        // What is undecided is not a finding, and what is wrong with a waiver cannot be waived.
        let is_own = [codes::WAIVER_EXPIRED, codes::WAIVER_MANDATORY].contains(&entry.code.as_str());
        is_rule && is_there && is_value && entry.status != Status::Undecided && !is_own
    }

    /// Whether it names a rule of one of these modules.
    fn names(&self, module: &ModuleRun) -> bool {
        let is = |text: &str| text.eq_ignore_ascii_case(&self.rule);
        module.rules.iter().any(|rule| is(&rule.code) || is(&rule.name))
    }

    #[cold]
    fn expired(&self) -> Entry {
        let Waived {
            reason,
            owner,
            expires,
            place,
        } = &self.waived;
        self.finding(
            codes::WAIVER_EXPIRED,
            format!(
                "the waiver of {} by {owner} ended {expires} ({place}); its reason was: {reason}",
                self.rule
            ),
        )
    }

    /// Somebody believes that it counts, so it is told where the findings are.
    #[cold]
    fn refused(&self, module: &str) -> Entry {
        let message = format!(
            "the waiver of {} by {} counts for nothing ({}): module {module} is mandatory",
            self.rule, self.waived.owner, self.waived.place
        );
        self.finding(codes::WAIVER_MANDATORY, message)
    }

    /// What is wrong with a waiver, as a finding.
    fn finding(&self, code: &'static str, message: String) -> Entry {
        Entry {
            severity: Severity::Medium,
            status: Status::Violation,
            module: "nhi".to_owned(),
            controls: vec!["NHI7:2025".to_owned()],
            attributes: vec![
                ("owner".to_owned(), self.waived.owner.clone()),
                ("expires".to_owned(), self.waived.expires.clone()),
            ],
            ..Entry::from(Problem {
                code,
                subject: match &self.target {
                    Target::Address { address, .. } => address.clone(),
                    Target::Line { .. } => self.waived.place.clone(),
                },
                byte_offset: None,
                message,
                help: codes::help(code),
            })
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

    fn waiver(rule: &str, address: &str, on_record: bool) -> Waiver {
        Waiver {
            rule: rule.to_owned(),
            target: Target::Address {
                address: address.to_owned(),
                path: None,
            },
            value_sha256: None,
            waived: Waived {
                reason: "a reason".to_owned(),
                owner: "platform".to_owned(),
                expires: "2999-12-31".to_owned(),
                place: "exception 7".to_owned(),
            },
            ends: Timestamp::MAX,
            on_record,
        }
    }

    /// A report with one finding of a module at this level.
    fn report(level: Level) -> Report {
        let found = nhi_plan::Finding::new("TEAM001", "a.b");
        let mut report = Report::of_findings("TEAM001", vec![found]);
        for entry in &mut report.entries {
            entry.level = Some(level);
        }
        let rule = nhi_plan::RuleInfo {
            code: "TEAM001".to_owned(),
            name: "a-rule".to_owned(),
            ..nhi_plan::RuleInfo::default()
        };
        report.modules.push(ModuleRun {
            name: "m".to_owned(),
            version: "1.0.0".to_owned(),
            file: Some("m.wasm".to_owned()),
            sha256: None,
            abi: None,
            level: Some(level),
            sees_sensitive: false,
            rules: vec![rule],
            usage: None,
        });
        report
    }

    #[test]
    fn nothing_waives_what_is_mandatory() {
        // level, waiver, whether the finding counts, codes that are told, notes
        let table = [
            (Level::Overridable, waiver("TEAM001", "a.b", false), false, "", 0),
            (Level::Overridable, waiver("a-rule", "a.b", true), false, "", 0),
            (
                Level::Mandatory,
                waiver("TEAM001", "a.b", false),
                true,
                codes::WAIVER_MANDATORY,
                0,
            ),
            (
                Level::Mandatory,
                waiver("A-Rule", "a.b", false),
                true,
                codes::WAIVER_MANDATORY,
                0,
            ),
            // Also one that would meet nothing: somebody believes in it.
            (
                Level::Mandatory,
                waiver("team001", "c.d", false),
                true,
                codes::WAIVER_MANDATORY,
                0,
            ),
            (Level::Mandatory, waiver("TEAM002", "a.b", false), true, "", 0),
            // An exception is for more than this configuration: it is told where it would have counted.
            (Level::Mandatory, waiver("TEAM001", "a.b", true), true, "", 1),
            (Level::Mandatory, waiver("TEAM001", "c.d", true), true, "", 0),
        ];
        for (level, waiver, counts, told, notes) in table {
            let mut report = report(level);
            let what = format!("{level} {waiver:?}");
            Waivers(vec![waiver]).apply(Timestamp::UNIX_EPOCH, &mut report);
            let is = |code: &str| report.entries.iter().any(|entry| entry.code == code);
            assert_eq!(is("TEAM001"), counts, "{what}");
            assert_eq!(
                report.entries.len(),
                usize::from(counts) + usize::from(!told.is_empty()),
                "{what}"
            );
            assert!(told.is_empty() || is(told), "{what}");
            assert_eq!(report.notes.len(), notes, "{what}: {:?}", report.notes);
        }
    }

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
