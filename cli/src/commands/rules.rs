//! `nhi rules`: every rule of the modules that a check would run, and every code that keeps a check from a verdict.

use serde::Serialize;

use crate::args::Format;
use crate::codes;
use crate::commands::module::refused;
use crate::exit::{Exit, Failure};
use crate::locked;
use crate::modules::{self, About, Modules};
use crate::output::{self, BOLD, Console, DIM, PLAIN, RED, Screen, Wrong};
use crate::policy;
use crate::report::Problem;

const AFTER_HELP: &str = "\
The rules of the modules that the policy file names stand beside the built-in ones, as far as the lock file pins these
modules: nothing is fetched, and what a check would refuse is not listed but told.

Exit codes:
  0  every rule is listed
  2  wrong usage
  3  a module could not be looked into; the others are listed";

/// Options of `nhi rules`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// How to write the list; `json` also holds every rule's page
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    whose: Whose,
}

/// Whose rules are meant: those of the built-in analyzer, of the policy file's modules, of the command line's.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Whose {
    #[command(flatten)]
    modules: modules::Selection,
    #[command(flatten)]
    policy: policy::Args,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    rules: Vec<Rule<'a>>,
    codes: Vec<Blocker>,
    /// Why the rules of a module are not listed.
    problems: Vec<Wrong>,
}

#[derive(Debug, Serialize)]
struct Rule<'a> {
    code: &'a str,
    name: &'a str,
    severity: &'static str,
    module: &'a str,
    module_version: &'a str,
    /// By the policy file; null where it does not name the module.
    level: Option<&'static str>,
    /// Where the module came from; null for the built-in one.
    source: Option<&'a str>,
    summary: &'a str,
    why: &'a str,
    docs: &'a str,
    controls: &'a [String],
}

#[derive(Debug, Serialize)]
struct Blocker {
    code: &'static str,
    name: String,
    summary: &'static str,
    why: &'static str,
    help: &'static str,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let (modules, problems) = args.whose.load()?;
    match args.format {
        Format::Human => console.answer(&human(&modules, console.width))?,
        Format::Json => console.answer_raw(&output::json(&document(&modules, &problems))?)?,
    }
    console.talk(&told(&problems, console.talk_width));
    Ok(exit(&problems))
}

impl Whose {
    /// Loads the modules as a check does, for a command that only asks what they are. Those that a check would refuse
    /// are problems, and nothing of them is known.
    pub(crate) fn load(&self) -> Result<(Modules, Vec<Problem>), Failure> {
        let mut problems = Vec::new();
        let pinned = match self.policy.file(None) {
            Some(path) => locked::read(&path, &mut problems)?,
            None => Vec::new(),
        };
        let modules = Modules::load(&self.modules, pinned, &mut problems).map_err(refused)?;
        Ok((modules, problems))
    }
}

/// How a command ends that had an answer, if only in part.
pub(crate) fn exit(problems: &[Problem]) -> Exit {
    if problems.is_empty() {
        Exit::Clean
    } else {
        Exit::Undecided
    }
}

/// Which modules nothing is known of, and why.
pub(crate) fn told(problems: &[Problem], width: usize) -> String {
    let mut screen = Screen::new(width);
    if !problems.is_empty() {
        screen.line(&[(RED, "What is not known, because a check would not run it")]);
        let wrong: Vec<Wrong> = problems.iter().map(Wrong::from).collect();
        output::problems(&mut screen, &wrong);
    }
    screen.into_text()
}

fn document<'a>(modules: &'a Modules, problems: &[Problem]) -> Document<'a> {
    let codes = codes::all().into_iter().map(|code| Blocker {
        code: code.code,
        name: codes::name(code.code),
        summary: code.summary,
        why: code.why,
        help: code.help,
    });
    Document {
        version: 1,
        rules: modules.about().flat_map(rules).collect(),
        codes: codes.collect(),
        problems: problems.iter().map(Wrong::from).collect(),
    }
}

fn rules(about: About<'_>) -> impl Iterator<Item = Rule<'_>> {
    about.description.rules.iter().map(move |rule| Rule {
        code: &rule.code,
        name: &rule.name,
        severity: rule.severity.as_str(),
        module: &about.description.name,
        module_version: &about.description.version,
        level: about.level.map(|level| level.as_str()),
        source: about.source,
        summary: &rule.summary,
        why: &rule.why,
        docs: &rule.docs,
        controls: &rule.controls,
    })
}

fn human(modules: &Modules, width: usize) -> String {
    let mut screen = Screen::new(width);
    for about in modules.about() {
        let description = about.description;
        let mut head = vec![
            (DIM, "Rules of "),
            (DIM, description.name.as_str()),
            (DIM, " "),
            (DIM, description.version.as_str()),
        ];
        for more in about.level.map(|level| level.as_str()).into_iter().chain(about.source) {
            head.extend([(DIM, ", "), (DIM, more)]);
        }
        screen.line(&head);
        for rule in &description.rules {
            let severity = format!("{:<8}", rule.severity);
            screen.line(&[
                (BOLD, &rule.code),
                (PLAIN, "  "),
                (PLAIN, &severity),
                (PLAIN, "  "),
                (PLAIN, &rule.name),
            ]);
            screen.field(2, "", PLAIN, &rule.summary);
        }
    }
    screen.blank();
    screen.line(&[(DIM, "What stops a run")]);
    for code in codes::all() {
        let padded = format!("{:<24}", code.code);
        screen.line(&[(BOLD, &padded), (PLAIN, " "), (PLAIN, code.summary)]);
    }
    screen.blank();
    screen.line(&[(DIM, "`nhi explain CODE` says more")]);
    screen.into_text()
}
