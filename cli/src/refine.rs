//! Takes out of the count what somebody has decided about, or what was there before.
//!
//! Nothing is dropped: what does not count is listed apart with its reason. What is undecided always counts.

mod baseline;
mod inline;
mod key;
mod known;
mod waivers;

use std::path::PathBuf;

use jiff::Timestamp;

use crate::codes;
use crate::examine::Examined;
use crate::exit::Failure;
use crate::report::{Because, Report};

pub(crate) use baseline::Baseline;
use inline::InlineWaivers;
pub(crate) use inline::scan_blocks;
use known::Known;
use waivers::Waivers;

/// What of the findings counts.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What counts")]
pub(crate) struct Decisions {
    /// Count only what this plan adds: findings that the world before the plan had as well do not count
    #[arg(long)]
    pub(crate) new_only: bool,
    /// Do not count what is in this baseline; `nhi baseline create` makes one
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    baseline: Option<PathBuf>,
    /// Do not count what this file waives, in HCL or JSON: rule, address, reason, owner and end; may be repeated
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    waivers: Vec<PathBuf>,
    /// Do not count what exceptions on record waive, each for one value; what cannot be read leaves the check undecided
    #[arg(long, value_name = "PATH|URL", env = "NHI_REGISTRY", hide_env_values = true, value_hint = clap::ValueHint::FilePath)]
    registry: Option<String>,
    /// Honour comments in the configuration as well: `# nhi:ignore RULE until=YYYY-MM-DD owner=… reason="…"`
    #[arg(long)]
    allow_inline_waivers: bool,
}

impl Decisions {
    /// Whether findings are compared with those of another run.
    pub(crate) fn compares(&self) -> bool {
        self.new_only || self.baseline.is_some()
    }
}

/// The decisions, read before the plan is.
#[derive(Debug)]
pub(crate) struct Decided {
    new_only: bool,
    baseline: Option<Baseline>,
    waivers: Waivers,
    allow_inline: bool,
}

impl Decided {
    /// Reads the files. One that is wrong is a wrong command line: nobody may believe that it counts.
    pub(crate) fn read(decisions: &Decisions) -> Result<Self, Failure> {
        Ok(Self {
            new_only: decisions.new_only,
            baseline: decisions.baseline.as_deref().map(Baseline::read).transpose()?,
            waivers: Waivers::read(
                decisions.registry.as_deref().filter(|registry| !registry.is_empty()),
                &decisions.waivers,
            )?,
            allow_inline: decisions.allow_inline_waivers,
        })
    }

    /// The exceptions on record that modules are told of.
    pub(crate) fn exceptions(&self) -> Vec<nhi_plan::Exception> {
        self.waivers.told(Timestamp::now())
    }

    /// Sorts the report's findings into those that count and those that do not.
    pub(crate) fn refine(self, examined: &Examined, report: &mut Report) -> Result<(), Failure> {
        // A module that could not be loaded may have had the rule.
        if report.is_complete() {
            self.waivers.check(|rule| is_known(report, rule))?;
        }
        if self.new_only {
            match &examined.before {
                Some(before) => {
                    set_aside(report, Known::of(before), &Because::Existing);
                }
                None => report
                    .notes
                    .push("what was there before could not be told, so everything counts as new".to_owned()),
            }
        }
        if let Some(baseline) = self.baseline {
            let unused = set_aside(report, baseline.known(), &Because::Baseline);
            if unused > 0 && report.is_complete() {
                report.notes.push(format!(
                    "{unused} entries of the baseline occur no more: create it anew, so that they cannot come back unseen"
                ));
            }
        }
        let now = Timestamp::now();
        let mut waivers = self.waivers;
        let inline = InlineWaivers::find(examined.sources.files());
        if self.allow_inline {
            report.notes.extend(inline.mistakes());
            waivers.extend(inline);
        } else if inline.count() > 0 {
            report.notes.push(format!(
                "{} comments `nhi:ignore` in the configuration do not count without `--allow-inline-waivers`",
                inline.count()
            ));
        }
        waivers.apply(now, report);
        Ok(())
    }
}

/// Whether this is the code or the name of a rule of a loaded module, or of what nhi itself reports.
fn is_known(report: &Report, rule: &str) -> bool {
    let is = |code: &str, name: &str| code.eq_ignore_ascii_case(rule) || name.eq_ignore_ascii_case(rule);
    let mut rules = report.modules.iter().flat_map(|module| &module.rules);
    rules.any(|known| is(&known.code, &known.name))
        || codes::all()
            .iter()
            .any(|known| is(known.code, &codes::name(known.code)))
}

/// How many of the known findings met nothing.
fn set_aside(report: &mut Report, mut known: Known, because: &Because) -> usize {
    let mut is_known = known.among(&report.entries).into_iter();
    report.set_aside(|_| is_known.next().unwrap_or_default().then(|| because.clone()));
    known.left()
}
