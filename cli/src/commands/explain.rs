//! `nhi explain`: what a code means, why it matters and what to do, for rules and for everything that blocks a verdict.

use nhi_plan::RuleInfo;

use crate::codes::{self, HostCode};
use crate::commands::rules::load;
use crate::exit::{Exit, Failure};
use crate::modules::{self, Modules};
use crate::output::{BOLD, Console, DIM, PLAIN, Screen};

/// Options of `nhi explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A code or a rule's name, as a report shows it: `NHI001`, `NHI-PLAN-DUP`
    code: String,
    #[command(flatten)]
    modules: modules::Args,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let wanted = args.code.to_ascii_lowercase();
    let is_wanted = |code: &str, name: &str| code.eq_ignore_ascii_case(&wanted) || name.eq_ignore_ascii_case(&wanted);
    let host_codes = codes::all();
    if let Some(code) = host_codes
        .iter()
        .find(|known| is_wanted(known.code, &codes::name(known.code)))
    {
        console.answer(&of_host(code, console.width))?;
        return Ok(Exit::Clean);
    }
    let modules = load(&args.modules)?;
    if let Some((module, rule)) = modules.rules().find(|(_, rule)| is_wanted(&rule.code, &rule.name)) {
        console.answer(&of_rule(module, rule, console.width))?;
        return Ok(Exit::Clean);
    }
    Err(unknown(&args.code, &modules, &host_codes))
}

fn of_host(code: &HostCode, width: usize) -> String {
    let mut screen = Screen::new(width);
    screen.line(&[
        (BOLD, code.code),
        (PLAIN, " "),
        (PLAIN, &codes::name(code.code)),
        (DIM, "  blocks: no verdict"),
    ]);
    screen.blank();
    for (label, text) in [("what", code.summary), ("why ", code.why), ("fix ", code.help)] {
        screen.field(0, label, PLAIN, text);
    }
    screen.into_text()
}

fn of_rule(module: &str, rule: &RuleInfo, width: usize) -> String {
    let mut screen = Screen::new(width);
    let severity = format!("  {}, by {module}", rule.severity);
    screen.line(&[(BOLD, &rule.code), (PLAIN, " "), (PLAIN, &rule.name), (DIM, &severity)]);
    screen.blank();
    screen.field(0, "what", PLAIN, &rule.summary);
    screen.field(0, "why ", PLAIN, &rule.why);
    if !rule.controls.is_empty() {
        screen.field(0, "maps", PLAIN, &rule.controls.join(", "));
    }
    screen.blank();
    let mut is_code = false;
    for line in rule.docs.trim().lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        match line.strip_prefix('#') {
            Some(heading) if !is_code => screen.line(&[(BOLD, heading.trim_start_matches('#').trim_start())]),
            _ if is_fence => {}
            _ if line.is_empty() => screen.blank(),
            _ if is_code => screen.line(&[(PLAIN, "    "), (PLAIN, line)]),
            _ => screen.field(0, "", PLAIN, line),
        }
    }
    screen.into_text()
}

#[cold]
fn unknown(code: &str, modules: &Modules, host_codes: &[HostCode]) -> Failure {
    let rules = modules.rules().map(|(_, rule)| rule.code.as_str());
    let nearest = rules
        .chain(host_codes.iter().map(|known| known.code))
        .min_by_key(|known| distance(&known.to_ascii_uppercase(), &code.to_ascii_uppercase()));
    let failure = Failure::usage(format!("there is no code `{code}`"));
    match nearest.filter(|known| distance(known, &code.to_ascii_uppercase()) <= 3) {
        Some(known) => failure.help(format!("did you mean `{known}`? `nhi rules` lists all of them")),
        None => failure.help("run `nhi rules` for all of them; a module's rules need `--module FILE.wasm`"),
    }
}

/// How many characters two codes differ by at their positions, plus the difference of their lengths.
fn distance(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).filter(|(a, b)| a != b).count() + a.chars().count().abs_diff(b.chars().count())
}
