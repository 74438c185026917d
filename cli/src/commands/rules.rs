//! `nhi rules`: every rule of the loaded modules, and every code that keeps a check from a verdict.

use serde::Serialize;

use crate::args::Format;
use crate::codes;
use crate::exit::{Exit, Failure};
use crate::modules::{self, Modules};
use crate::output::{self, BOLD, Console, DIM, PLAIN, Screen};

/// Options of `nhi rules`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How to write the list; `json` also holds every rule's page
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    modules: modules::Selection,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    rules: Vec<Rule<'a>>,
    codes: Vec<Blocker>,
}

#[derive(Debug, Serialize)]
struct Rule<'a> {
    code: &'a str,
    name: &'a str,
    severity: &'static str,
    module: &'a str,
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
    let modules = load(&args.modules)?;
    match args.format {
        Format::Human => console.answer(&human(&modules, console.width))?,
        Format::Json => console.answer_raw(&output::json(&document(&modules))?)?,
    }
    Ok(Exit::Clean)
}

/// Loads the modules for a command that only asks what they are: one that cannot be loaded ends the command.
pub(crate) fn load(args: &modules::Selection) -> Result<Modules, Failure> {
    let mut problems = Vec::new();
    let modules = Modules::load(args, Vec::new(), &mut problems);
    let problem = match modules {
        Ok(modules) if problems.is_empty() => return Ok(modules),
        Ok(_) => problems.swap_remove(0),
        Err(problem) => problem,
    };
    let message = format!("{}: `{}`: {}", problem.code, problem.subject, problem.message);
    Err(Failure::undecided(message).help(problem.help))
}

fn document(modules: &Modules) -> Document<'_> {
    let rules = modules.rules().map(|(module, rule)| Rule {
        code: &rule.code,
        name: &rule.name,
        severity: rule.severity.as_str(),
        module,
        summary: &rule.summary,
        why: &rule.why,
        docs: &rule.docs,
        controls: &rule.controls,
    });
    let codes = codes::all().into_iter().map(|code| Blocker {
        code: code.code,
        name: codes::name(code.code),
        summary: code.summary,
        why: code.why,
        help: code.help,
    });
    Document {
        version: 1,
        rules: rules.collect(),
        codes: codes.collect(),
    }
}

fn human(modules: &Modules, width: usize) -> String {
    let mut screen = Screen::new(width);
    let mut last_module = "";
    for (module, rule) in modules.rules() {
        if module != last_module {
            screen.line(&[(DIM, "Rules of "), (DIM, module)]);
            last_module = module;
        }
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
