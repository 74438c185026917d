//! `nhi explain`: what a code means, why it matters and what to do, for rules and for everything that blocks a verdict.
//!
//! What is not a module's is explained without one. A module's rule is explained by what the module says of itself, once
//! everything holds that a check would ask of it.

mod page;
mod settings;

use nhi_plan::RuleInfo;

use self::page::page;
use crate::codes::{self, HostCode};
use crate::commands::module::refused;
use crate::commands::rules::{self, Whose};
use crate::exit::{Exit, Failure};
use crate::modules::{About, Modules, Selection};
use crate::output::{self, BOLD, Console, DIM, PLAIN, Screen};

const AFTER_HELP: &str = "\
Rules of the modules that the policy file names are known as far as the lock file pins these modules; nothing is fetched.

Exit codes:
  0  explained
  2  there is no such code
  3  a module could not be looked into, and it may be one of its codes";

/// Options of `nhi explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// A code or a rule's name, as a report shows it: `NHI001`, `NHI-PLAN-DUP`
    code: String,
    #[command(flatten)]
    whose: Whose,
}

/// Whether a code, or the name that goes with it, is the one that was asked for.
fn is_wanted(wanted: &str, code: &str, name: &str) -> bool {
    code.eq_ignore_ascii_case(wanted) || name.eq_ignore_ascii_case(wanted)
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let host_codes = codes::all();
    let known = |code: &&HostCode| is_wanted(&args.code, code.code, &codes::name(code.code));
    if let Some(code) = host_codes.iter().find(known) {
        console.answer(&of_host(code, console.width))?;
        return Ok(Exit::Clean);
    }
    let own = Modules::load(&Selection::default(), Vec::new(), &mut Vec::new()).map_err(refused)?;
    let texts = of_rules(&own, &args.code, console.width);
    if !texts.is_empty() {
        console.answer(&texts)?;
        return Ok(Exit::Clean);
    }
    let (modules, problems) = args.whose.load()?;
    let texts = of_rules(&modules, &args.code, console.width);
    if texts.is_empty() {
        console.talk(&rules::told(&problems, console.talk_width));
        return Err(unknown(&args.code, &modules, &host_codes, problems.len()));
    }
    console.answer(&texts)?;
    console.talk(&rules::told(&problems, console.talk_width));
    Ok(rules::exit(&problems))
}

fn of_host(code: &HostCode, width: usize) -> String {
    let mut screen = Screen::new(width);
    screen.line(&[
        (BOLD, code.code),
        (PLAIN, " "),
        (PLAIN, &codes::name(code.code)),
        (DIM, "  not a rule: nhi itself reports it"),
    ]);
    screen.blank();
    for (label, text) in [("what", code.summary), ("why ", code.why), ("fix ", code.help)] {
        screen.field(0, label, PLAIN, text);
    }
    screen.into_text()
}

/// The rule with this code; or all with this name, which is not one module's alone.
fn of_rules(modules: &Modules, wanted: &str, width: usize) -> String {
    let mut screen = Screen::new(width);
    let rules = modules.about().flat_map(|about| {
        let rules = about.description.rules.iter();
        rules.map(move |rule| (about, rule))
    });
    let all: Vec<_> = rules
        .filter(|(_, rule)| is_wanted(wanted, &rule.code, &rule.name))
        .collect();
    for (position, (about, rule)) in all.iter().enumerate() {
        if position > 0 {
            screen.blank();
        }
        of_rule(&mut screen, *about, rule);
    }
    screen.into_text()
}

fn of_rule(screen: &mut Screen, about: About<'_>, rule: &RuleInfo) {
    let module = about.description;
    let by = format!("  {}, by {} {}", rule.severity, module.name, module.version);
    screen.line(&[(BOLD, &rule.code), (PLAIN, " "), (PLAIN, &rule.name), (DIM, &by)]);
    screen.blank();
    screen.field(0, "what", PLAIN, &rule.summary);
    screen.field(0, "why ", PLAIN, &rule.why);
    if !rule.controls.is_empty() {
        screen.field(0, "maps", PLAIN, &rule.controls.join(", "));
    }
    if let Some(source) = about.source {
        let held = match about.level {
            Some(_) => "as the lock file pins it",
            None => "named on the command line",
        };
        screen.field(0, "from", PLAIN, &format!("{source}, {held}"));
    }
    if let Some(level) = about.level {
        screen.field(0, "rank", PLAIN, output::level_meaning(level));
    }
    if about.source.is_some() {
        settings::show(screen, about);
    }
    screen.blank();
    if rule.docs.trim().is_empty() {
        screen.field(
            0,
            "fix ",
            PLAIN,
            "the module has no page for this rule; its findings say what to do",
        );
    } else {
        page(screen, &rule.docs);
    }
}

#[cold]
fn unknown(code: &str, modules: &Modules, host_codes: &[HostCode], problems: usize) -> Failure {
    // It may be a rule of what nobody could look into.
    if problems > 0 {
        return Failure::undecided(format!(
            "no code `{code}` is known, and {problems} of the modules could not be looked into"
        ))
        .help("do what is said above: `nhi check` would give no verdict either");
    }
    let wanted = padded(&code.to_ascii_uppercase());
    let rules = modules.about().flat_map(|about| &about.description.rules);
    let nearest = rules
        .map(|rule| rule.code.as_str())
        .chain(host_codes.iter().map(|known| known.code))
        .min_by_key(|known| distance(&known.to_ascii_uppercase(), &wanted));
    let failure = Failure::usage(format!("there is no code `{code}`"));
    match nearest.filter(|known| distance(known, &wanted) <= 3) {
        Some(known) => failure.help(format!("did you mean `{known}`? `nhi rules` lists all of them")),
        None => failure.help(
            "run `nhi rules` for all of them; a module's rules need its policy file, `--policy nhi.hcl`, or \
             `--module FILE.wasm`",
        ),
    }
}

/// A code with its number in three digits, as the codes of rules have it: `NHI4` as `NHI004`.
fn padded(code: &str) -> String {
    let letters = code.trim_end_matches(|c: char| c.is_ascii_digit());
    match code.strip_prefix(letters) {
        Some(number) if !number.is_empty() => format!("{letters}{number:0>3}"),
        _ => code.to_owned(),
    }
}

/// How many characters two codes differ by at their positions, plus the difference of their lengths.
fn distance(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).filter(|(a, b)| a != b).count() + a.chars().count().abs_diff(b.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded() {
        for (code, whole) in [
            ("NHI4", "NHI004"),
            ("NHI04", "NHI004"),
            ("NHI0004", "NHI0004"),
            ("NHI-PLAN-DUP", "NHI-PLAN-DUP"),
            ("", ""),
        ] {
            assert_eq!(padded(code), whole);
        }
    }

    #[test]
    fn near_codes_are_near() {
        assert_eq!(distance("NHI001", "NHI001"), 0);
        assert_eq!(distance("NHI001", "NHI010"), 2);
        assert_eq!(distance("NHI001", "NHI"), 3);
    }
}
