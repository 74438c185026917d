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
    modules: modules::Selection,
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
    let mut governed = governed_codes();
    if let Some(code) = governed.find(|known| is_wanted(known.id, &codes::name(known.id))) {
        console.answer(&of_governed(code, console.width))?;
        return Ok(Exit::Clean);
    }
    let modules = load(&args.modules)?;
    if let Some((module, rule)) = modules.rules().find(|(_, rule)| is_wanted(&rule.code, &rule.name)) {
        console.answer(&of_rule(module, rule, console.width))?;
        return Ok(Exit::Clean);
    }
    Err(unknown(&args.code, &modules, &host_codes))
}

/// The codes that the provider refuses with.
fn governed_codes() -> impl Iterator<Item = &'static &'static nhi_governance::Code> {
    let lists = [nhi_approvals::CODES, nhi_governance::CODES, nhi_registry::CODES];
    lists.into_iter().flatten()
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

fn of_governed(code: &nhi_governance::Code, width: usize) -> String {
    let mut screen = Screen::new(width);
    screen.line(&[
        (BOLD, code.id),
        (PLAIN, " "),
        (PLAIN, &codes::name(code.id)),
        (DIM, "  an error of the provider"),
    ]);
    screen.blank();
    screen.field(0, "what", PLAIN, code.title);
    screen.field(0, "why ", PLAIN, code.why);
    screen.field(
        0,
        "fix ",
        PLAIN,
        "every message with this code says what to write instead",
    );
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
    page(&mut screen, &rule.docs);
    screen.into_text()
}

/// A page of markdown, as far as rules use it: headings, lists, code and links.
fn page(screen: &mut Screen, docs: &str) {
    let mut is_code = false;
    for line in docs.trim().lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        let heading = line
            .strip_prefix('#')
            .map(|rest| rest.trim_start_matches('#').trim_start());
        match (heading, line.strip_prefix("- ")) {
            _ if is_fence => {}
            _ if is_code => screen.line(&[(PLAIN, "    "), (PLAIN, line)]),
            _ if line.is_empty() => screen.blank(),
            (Some(heading), _) => screen.line(&[(BOLD, heading)]),
            (_, Some(item)) => screen.field(0, "-", PLAIN, &without_links(item)),
            _ if line.starts_with('|') => screen.line(&[(PLAIN, &without_links(line))]),
            _ => screen.field(0, "", PLAIN, &without_links(line)),
        }
    }
}

/// `[text](target)` as `text: target`; a link to the page of a code as the code alone.
fn without_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, (text, after))) = rest
        .split_once('[')
        .and_then(|(before, link)| Some((before, link.split_once("](")?)))
    {
        let Some((target, following)) = after.split_once(')') else {
            break;
        };
        out.extend([before, text]);
        if target.strip_suffix(".md") != Some(text.trim_matches('`')) {
            out.extend([": ", target]);
        }
        rest = following;
    }
    out.push_str(rest);
    out
}

#[cold]
fn unknown(code: &str, modules: &Modules, host_codes: &[HostCode]) -> Failure {
    let wanted = padded(&code.to_ascii_uppercase());
    let rules = modules.rules().map(|(_, rule)| rule.code.as_str());
    let nearest = rules
        .chain(host_codes.iter().map(|known| known.code))
        .chain(governed_codes().map(|known| known.id))
        .min_by_key(|known| distance(&known.to_ascii_uppercase(), &wanted));
    let failure = Failure::usage(format!("there is no code `{code}`"));
    match nearest.filter(|known| distance(known, &wanted) <= 3) {
        Some(known) => failure.help(format!("did you mean `{known}`? `nhi rules` lists all of them")),
        None => failure.help("run `nhi rules` for all of them; a module's rules need `--module FILE.wasm`"),
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
    fn links_are_spelled_out() {
        let cases = [
            (
                "[OWASP](https://owasp.org) and [CWE](https://cwe.mitre.org)",
                "OWASP: https://owasp.org and CWE: https://cwe.mitre.org",
            ),
            (
                "`statement[0].actions` (see below)",
                "`statement[0].actions` (see below)",
            ),
            ("[open](https://x", "[open](https://x"),
            ("[NHI001](NHI001.md) or [`NHI002`](NHI002.md)", "NHI001 or `NHI002`"),
            ("[a guide](guide.md)", "a guide: guide.md"),
            ("", ""),
        ];
        for (line, shown) in cases {
            assert_eq!(without_links(line), shown);
        }
    }

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
