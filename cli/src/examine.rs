//! From the command line to a judged plan: gather what there is to read, then let the modules judge it.
//!
//! Whatever goes wrong on the way becomes an entry of the report and keeps the verdict from being clean.

mod evidence;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nhi_evaluate::{Evaluation, Sources, evaluate};
use nhi_plan::error::code;
use nhi_plan::{Context, Plan, ReadError};

use crate::codes;
use crate::exit::Failure;
use crate::input::{Gathered, Source, SourceFiles, with_digest};
use crate::locked;
use crate::modules::{self, Modules, World};
use crate::output::Progress;
use crate::policy;
use crate::report::{Entry, Place, Problem, Report};
use crate::settings::Settings;

pub(crate) use evidence::{Evidence, Known};

/// A plan of this size takes long enough to say so beforehand.
const LARGE_BYTES: usize = 16 << 20;

/// What is examined, and by whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Inputs {
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    modules: modules::Selection,
    /// Settings for a module: `NAME=JSON`, or a file with an object of settings per module name; may be repeated
    #[arg(long, value_name = "FILE|NAME=JSON")]
    module_settings: Vec<String>,
    #[command(flatten)]
    policy: policy::Args,
}

/// What a command wants beside the findings.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    /// Judge also what the plan starts from.
    pub(crate) before: bool,
    /// Tell what the principals of findings are known by.
    pub(crate) principals: bool,
    /// Let the built-in analyzer report who can become whom.
    pub(crate) graph: bool,
    /// Say of this address what was worked out, and what was not.
    pub(crate) explain: Option<String>,
    /// Exceptions on record, for modules to know of.
    pub(crate) exceptions: Vec<nhi_plan::Exception>,
}

/// What an examination leaves beside the report.
#[derive(Debug)]
pub(crate) struct Examined {
    /// What the modules say of the world before the plan; `None` if that was not asked for or could not be judged.
    pub(crate) before: Option<Vec<Entry>>,
    /// The configuration; empty where none is at hand.
    pub(crate) sources: Sources,
    /// What is known of the address that was asked for; `None` if the plan has no such address.
    pub(crate) evidence: Option<Evidence>,
    pub(crate) clock: Clock,
}

/// What ends the examination early.
#[derive(Debug)]
enum Stop {
    /// The plan cannot be judged, which the report says.
    Undecided(Problem),
    /// The command line is wrong: there is no report.
    Usage(Failure),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Undecided(problem)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Usage(failure)
    }
}

impl Inputs {
    /// The policy file: the one that is named, or one beside the plan, or one where we are.
    fn policy_file(&self) -> Option<PathBuf> {
        self.policy.file(self.source.folder())
    }

    /// The organisation's policy as modules are told it: its text, if it is one that can be used.
    fn policy_text(&self) -> Result<Option<String>, Failure> {
        let Some(path) = self.policy_file() else {
            return Ok(None);
        };
        policy::load(&path)?;
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::undecided(format!("the policy file `{}` cannot be read: {error}", path.display()))
        })?;
        Ok(Some(text))
    }

    /// Fills the report. A failure is a wrong command line; all else is in the report.
    pub(crate) fn examine(&self, wish: &Wish, report: &mut Report) -> Result<Examined, Failure> {
        self.source.check()?;
        let mut settings = Settings::parse(&self.module_settings)?;
        if wish.graph {
            settings.ask_for_graph()?;
        }
        report.plan.source = self.source.name();
        let mut examined = Examined {
            before: None,
            sources: Sources::default(),
            evidence: None,
            clock: Clock::new(),
        };
        match self.judge(wish, &settings, report, &mut examined) {
            Ok(()) => {}
            Err(Stop::Undecided(problem)) => report.entries.push(problem.into()),
            Err(Stop::Usage(failure)) => return Err(failure),
        }
        report.finish();
        Ok(examined)
    }

    fn judge(
        &self,
        wish: &Wish,
        settings: &Settings,
        report: &mut Report,
        examined: &mut Examined,
    ) -> Result<(), Stop> {
        let mut problems = Vec::new();
        let pinned = match self.policy_file() {
            Some(path) if !wish.graph => locked::read(&path, &mut problems)?,
            _ => Vec::new(),
        };
        let modules = Modules::load(&self.modules, pinned, &mut problems)?;
        if problems.is_empty() {
            modules.check_settings(settings, &self.modules.granted)?;
        }
        report.entries.extend(problems.into_iter().map(Into::into));
        modules.enrol(report);
        let clock = &mut examined.clock;
        clock.lap("modules loaded");
        let mut progress = Progress::new();
        let Gathered { json, sources } = self.source.gather(&mut report.plan, &mut report.notes)?;
        clock.lap("plan read");
        if json.len() > LARGE_BYTES {
            progress.announce(&format!("reading a plan of {} MiB", json.len() >> 20));
        }
        let decoded = nhi_plan::decode(&json);
        let plan = decoded
            .as_ref()
            .map_err(ReadError::clone)
            .and_then(|decoded| decoded.read(&self.source.limits()));
        clock.lap("plan parsed");
        // Reading takes all the threads there are: its digest is worked out while the modules run.
        let (digest, done) = with_digest(&json, report.plan.sha256.clone(), || {
            let plan = plan.map_err(|error| unreadable(&report.plan.source, error))?;
            let done = self.weigh(
                wish,
                settings,
                (&modules, &mut progress),
                (&plan, sources),
                report,
                examined,
            );
            // The program is about to end, and taking a large plan apart would only keep its user waiting.
            std::mem::forget(plan);
            done
        });
        report.plan.sha256 = Some(digest);
        done
    }

    /// Lets the modules judge what was read.
    fn weigh(
        &self,
        wish: &Wish,
        settings: &Settings,
        (modules, progress): (&Modules, &mut Progress),
        (plan, sources): (&Plan<'_>, SourceFiles),
        report: &mut Report,
        examined: &mut Examined,
    ) -> Result<(), Stop> {
        let clock = &mut examined.clock;
        if wish.before && plan.source == nhi_plan::plan::Source::State {
            let failure = Failure::usage("a state adds nothing, so with `--new-only` it would always pass");
            return Err(failure.help("hand over a plan, or leave `--new-only` out").into());
        }
        let context = Context {
            exceptions: wish.exceptions.clone(),
            policy: self.policy_text()?,
            ..introduce(plan, report)
        };
        examined.sources = Sources::new(sources.files.into_iter());
        let evaluation = work_out(&examined.sources, plan, report);
        if evaluation.is_some() {
            clock.lap("configuration worked out");
        }
        if let Some(address) = &wish.explain {
            examined.evidence = Evidence::of(plan, evaluation.as_ref(), address);
        }
        let now = World {
            is_before: false,
            evaluation: evaluation.as_ref(),
            principals: wish.principals,
        };
        modules.run(plan, now, &context, settings, report, progress)?;
        if report.blocks.total() == 0 {
            report
                .notes
                .push("the plan holds no blocks, so there was nothing to judge".to_owned());
        }
        clock.lap("modules run");
        if wish.before {
            let mut before = Report::new(report.threshold);
            modules.enrol(&mut before);
            let then = World { is_before: true, ..now };
            modules.run(plan, then, &context, settings, &mut before, progress)?;
            before.finish();
            if before.is_complete() {
                examined.before = Some(before.entries);
            } else {
                report.entries.extend(before.undecided());
            }
            clock.lap("the world before judged");
        }
        point(&examined.sources, report);
        Ok(())
    }
}

/// Works out from the configuration what the plan does not know, where there is a configuration.
fn work_out(sources: &Sources, plan: &Plan<'_>, report: &mut Report) -> Option<Evaluation> {
    if sources.is_empty() {
        return None;
    }
    let evaluation = evaluate(sources, plan, &nhi_evaluate::Limits::default());
    report.notes.extend(evaluation.notes().iter().cloned());
    Some(evaluation)
}

/// Characters of a line of source that are shown.
const EXCERPT_CHARS: usize = 90;

/// Gives each finding the place of its attribute, and what stands there unless that could be a credential.
fn point(sources: &Sources, report: &mut Report) {
    if sources.is_empty() {
        return;
    }
    let texts: HashMap<&str, &str> = sources.files().collect();
    let mut secret_lines = HashSet::new();
    // The instances of one block share its places.
    let mut known = HashMap::new();
    for entry in &mut report.entries {
        let Some(block) = &entry.block else { continue };
        let key = (block.config_address.clone(), entry.path.clone());
        let found = known
            .entry(key)
            .or_insert_with_key(|(address, path)| sources.attribute(address, path));
        let Some(at) = found else { continue };
        let whole = texts.get(at.file).and_then(|text| text.get(at.attribute.clone()));
        let excerpt = whole.and_then(|text| text.lines().next()).map(shortened);
        if entry.is_credential() || block.is_sensitive(&entry.path) {
            secret_lines.insert((at.file, at.line));
        }
        entry.place = Some(Place {
            file: at.file.to_owned(),
            line: at.line,
            column: at.column,
            excerpt,
        });
    }
    // One line may hold more than one attribute, and a credential in any of them hides all.
    for place in report.entries.iter_mut().filter_map(|entry| entry.place.as_mut()) {
        if secret_lines.contains(&(place.file.as_str(), place.line)) {
            place.excerpt = None;
        }
    }
}

fn shortened(line: &str) -> String {
    if line.chars().count() <= EXCERPT_CHARS {
        return line.to_owned();
    }
    let head: String = line.chars().take(EXCERPT_CHARS).collect();
    format!("{head}…")
}

/// Enters what is known of the plan into the report, and tells the modules as much.
fn introduce(plan: &Plan<'_>, report: &mut Report) -> Context {
    report.notes.extend(plan.notes.iter().cloned());
    report.plan.format_version = Some(plan.format_version.to_string());
    report.plan.terraform_version = Some(plan.terraform_version.to_string()).filter(|version| !version.is_empty());
    let now = jiff::Timestamp::now();
    let made_at = plan
        .timestamp
        .as_deref()
        .and_then(|at| at.parse::<jiff::Timestamp>().ok());
    report.plan.made_at_ms = made_at.unwrap_or(now).as_millisecond();
    Context {
        now: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        format_version: plan.format_version.to_string(),
        terraform_version: plan.terraform_version.to_string(),
        ..Context::default()
    }
}

#[cold]
fn unreadable(subject: &str, error: ReadError) -> Problem {
    Problem {
        code: error.code,
        subject: subject.to_owned(),
        byte_offset: Some(error.offset),
        message: error.message.into_owned(),
        // The reader knows no options; what is told here names them.
        help: match error.code {
            code::BUDGET | code::DEPTH => codes::help(error.code),
            _ => error.help.into_owned(),
        },
    }
}

/// Wall time between the steps.
#[derive(Debug)]
pub(crate) struct Clock {
    last: Instant,
    pub(crate) laps: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn new() -> Self {
        Self {
            last: Instant::now(),
            laps: Vec::new(),
        }
    }

    fn lap(&mut self, what: &'static str) {
        self.laps.push((what, self.last.elapsed()));
        self.last = Instant::now();
    }
}
