//! `nhi module test`: a module's cases, run in the sandbox as a check runs them.
//!
//! A module that asks for the graph is handed what the built-in analyzer makes of the case. Every case is run twice, with another number of sessions at once: a module whose answers differ is not fit to decide.

mod cases;
mod told;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nhi_plan::{Context, Description, Finding, Limits};
use nhi_policy_host::{Host, HostLimits, Report};
use serde::Serialize;

use self::cases::{Case, Expect, Plan};
use super::{Format, refused};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::modules;
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen, YELLOW};
use crate::sandbox::{self, LoadedFile};

/// Bytes of a file of cases, and of a plan.
const FILE_BYTES_MAX: u64 = 4 << 20;
const PLAN_BYTES_MAX: u64 = 256 << 20;

/// Options of `nhi module test`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The module's folder: its cases are `tests/*.hcl`
    #[arg(value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    directory: PathBuf,
    /// The component [default: the newest target/*.wasm in the module's folder]
    #[arg(long, value_name = "FILE.wasm", value_hint = clap::ValueHint::FilePath)]
    module: Option<PathBuf>,
    /// Write what golden cases find into their files, instead of comparing
    #[arg(long)]
    bless: bool,
    /// Fail also if a rule lacks a case that it flags or a near miss: the same as `--coverage-min 100`
    #[arg(long)]
    strict: bool,
    /// Fail also if fewer than this many of a hundred rules have a case that they flag and a near miss
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100), conflicts_with = "strict")]
    coverage_min: Option<u8>,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    module: String,
    sha256: String,
    passed: usize,
    failed: usize,
    /// Of a hundred rules, how many have a case that they flag and a near miss.
    coverage_percent: usize,
    /// How many of them have to.
    coverage_min: u8,
    uncovered: Vec<String>,
    rules: Vec<Covered>,
    cases: Vec<Ran>,
}

/// How many cases show what of a rule.
#[derive(Debug, Serialize)]
struct Covered {
    code: String,
    flagged: usize,
    near_misses: usize,
}

#[derive(Debug, Serialize)]
struct Ran {
    file: String,
    case: String,
    passed: bool,
    findings: usize,
    fuel: u64,
    differences: Vec<String>,
}

/// What the cases showed of each rule.
#[derive(Debug)]
struct Coverage(Vec<Covered>);

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let file = match &args.module {
        Some(file) => file.clone(),
        None => newest(&args.directory)?,
    };
    let mut notes = Vec::new();
    let host = |workers: usize, notes: &mut Vec<String>| {
        sandbox::host(HostLimits::default(), notes)
            .map(|host| host.workers(workers))
            .map_err(|error| refused(sandbox::problem("(sandbox)", error)))
    };
    let runs = [host(1, &mut notes)?, host(3, &mut notes)?];
    let loaded = runs
        .iter()
        .map(|host| sandbox::load(host, &file, &mut notes).map_err(refused))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(LoadedFile { module, sha256 }) = loaded.first() else {
        return Err(Failure::undecided("no module was loaded"));
    };
    let description = module.description();
    let (mut ran, mut coverage) = (Vec::new(), Coverage::of(description));
    for file in files(&args.directory)? {
        for case in read(&file)? {
            let report = judge(&runs, &loaded, &case)?;
            let mut differences = compare(&case, description, report.as_ref());
            if let Ok(report) = &report {
                coverage.add(&case, report);
                golden(&file, &case, report, args.bless, &mut differences)?;
            }
            ran.push(Ran {
                file: file.display().to_string(),
                case: case.title,
                passed: differences.is_empty(),
                findings: report.as_ref().map_or(0, |report| report.findings.len()),
                fuel: report.as_ref().map_or(0, |report| report.usage.fuel),
                differences,
            });
        }
    }
    let failed = ran.iter().filter(|ran| !ran.passed).count();
    let document = Document {
        version: 1,
        module: file.display().to_string(),
        sha256: sha256.clone(),
        passed: ran.len() - failed,
        failed,
        coverage_percent: coverage.percent(),
        coverage_min: args.coverage_min.unwrap_or(if args.strict { 100 } else { 0 }),
        uncovered: coverage.gaps(),
        rules: coverage.0,
        cases: ran,
    };
    match args.format {
        Format::Human => console.answer(&human(&document, console.width))?,
        Format::Json => console.answer_raw(&output::json(&document)?)?,
    }
    let is_clean = failed == 0 && document.is_covered();
    Ok(if is_clean { Exit::Clean } else { Exit::Findings })
}

impl Document {
    fn is_covered(&self) -> bool {
        self.coverage_percent >= usize::from(self.coverage_min)
    }
}

/// The component that was built last.
fn newest(directory: &Path) -> Result<PathBuf, Failure> {
    let target = directory.join("target");
    let entries = fs::read_dir(&target).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wasm"))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .max()
        .map(|(_, path)| path)
        .ok_or_else(|| {
            Failure::usage(format!("there is no component in `{}`", target.display()))
                .help("build one with `nhi module build`, or name it with `--module`")
        })
}

/// The files with cases, sorted; none is a mistake, because a run without a case proves nothing.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let tests = directory.join("tests");
    let entries = fs::read_dir(&tests).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "hcl"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(
            Failure::undecided(format!("there is no file `*.hcl` in `{}`", tests.display()))
                .help("write cases there: `nhi module new` shows how"),
        );
    }
    Ok(files)
}

fn read(file: &Path) -> Result<Vec<Case>, Failure> {
    let text = text(file, FILE_BYTES_MAX)?;
    cases::read(file, &text).map_err(|why| Failure::usage(format!("`{}` {why}", file.display())))
}

fn text(file: &Path, bytes_max: u64) -> Result<String, Failure> {
    let wrong = |why: String| Failure::undecided(format!("`{}` {why}", file.display()));
    let bytes = input::read_file(file, bytes_max)
        .map_err(|error| wrong(format!("cannot be read: {error}")))?
        .ok_or_else(|| wrong(format!("has more than {bytes_max} bytes")))?;
    String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8".to_owned()))
}

/// Runs a case on every host. The inner error is what the module's failure says.
fn judge(hosts: &[Host], loaded: &[LoadedFile], case: &Case) -> Result<Result<Report, String>, Failure> {
    let plan = match &case.plan {
        Plan::Text(text) => text.clone(),
        Plan::File(file) => text(file, PLAN_BYTES_MAX)?,
    };
    let plan = nhi_plan::read(&plan, &Limits::default())
        .map_err(|error| Failure::usage(format!("the plan of case `{}` cannot be read: {error}", case.title)))?;
    let context = Context {
        policy: case
            .policy
            .as_deref()
            .map(|file| text(file, FILE_BYTES_MAX))
            .transpose()?,
        exceptions: case.exceptions.clone(),
        now: case.now.clone(),
        format_version: plan.format_version.to_string(),
        terraform_version: plan.terraform_version.to_string(),
        ..Context::default()
    };
    let is_wanted = loaded.iter().any(|loaded| loaded.module.description().needs_graph());
    let graph = match hosts.first().filter(|_| is_wanted) {
        Some(host) => Some(modules::graph(host, &plan, &context)?),
        None => None,
    };
    let context = Context { graph, ..context };
    let mut reports = hosts.iter().zip(loaded).map(|(host, loaded)| {
        host.run(&loaded.module, &case.settings, &context, plan.blocks())
            .map_err(|error| format!("{}: {}", error.code(), error.message))
    });
    let Some(first) = reports.next() else {
        return Ok(Err("nothing was run".to_owned()));
    };
    Ok(if reports.all(|other| other == first) {
        first
    } else {
        Err("two runs of the same case differ: the module is not deterministic".to_owned())
    })
}

/// What was found and not expected, and what was expected and not found.
fn compare(case: &Case, description: &Description, report: Result<&Report, &String>) -> Vec<String> {
    let report = match report {
        Ok(report) => report,
        Err(why) => return vec![why.clone()],
    };
    let mut differences = Vec::new();
    let mut open: Vec<&Expect> = case.expects.iter().collect();
    for expect in &open {
        if !description.rules.iter().any(|rule| rule.code == expect.rule) {
            differences.push(format!("the module has no rule `{}`", expect.rule));
        }
    }
    // A golden file says for itself what is to be found.
    for finding in report
        .findings
        .iter()
        .filter(|_| !case.is_golden || !case.expects.is_empty())
    {
        match open.iter().position(|expect| fits(expect, finding)) {
            Some(position) => drop(open.remove(position)),
            None => differences.push(format!("found, and not expected: {}", sentence(finding))),
        }
    }
    differences.extend(open.into_iter().map(|expect| {
        let at = expect.address.as_deref().unwrap_or("any address");
        format!("expected, and not found: {} of {} at {at}", expect.outcome, expect.rule)
    }));
    differences
}

fn fits(expect: &Expect, finding: &Finding) -> bool {
    let same = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
    expect.rule == finding.rule
        && expect.outcome == finding.outcome.as_str()
        && same(&expect.address, &finding.address)
        && same(&expect.path, &finding.path)
        && same(&expect.message, &finding.message)
}

fn sentence(finding: &Finding) -> String {
    let Finding {
        rule,
        address,
        path,
        message,
        ..
    } = finding;
    format!("{} of {rule} at {address} {path}: {message}", finding.outcome.as_str())
}

/// Compares what a golden case finds with its file, or writes it.
fn golden(
    file: &Path,
    case: &Case,
    report: &Report,
    is_blessed: bool,
    differences: &mut Vec<String>,
) -> Result<(), Failure> {
    if !case.is_golden {
        return Ok(());
    }
    let slug: String = case
        .title
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let path = file.with_file_name("golden").join(format!("{stem}-{slug}.txt"));
    let shown = path.display();
    let lines = |finding: &Finding| format!("{}\n    {}\n", sentence(finding), finding.remediation);
    let told: String = report.findings.iter().map(lines).collect();
    if is_blessed {
        let folder = path.parent().unwrap_or(Path::new(""));
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &told));
        return written.map_err(|error| Failure::undecided(format!("`{shown}` cannot be written: {error}")));
    }
    match fs::read_to_string(&path) {
        Ok(known) if known == told => {}
        Ok(_) => differences.push(format!("differs from `{shown}`; `--bless` writes what is found now")),
        Err(error) => differences.push(format!("`{shown}` cannot be read: {error}; `--bless` writes it")),
    }
    Ok(())
}

impl Coverage {
    fn of(description: &Description) -> Self {
        let rules = description.rules.iter().map(|rule| Covered {
            code: rule.code.clone(),
            flagged: 0,
            near_misses: 0,
        });
        Self(rules.collect())
    }

    fn add(&mut self, case: &Case, report: &Report) {
        let found: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
        for rule in &mut self.0 {
            let is_expected = case.is_golden || case.expects.iter().any(|expect| expect.rule == rule.code);
            if found.contains(rule.code.as_str()) && is_expected {
                rule.flagged += 1;
            } else if report.usage.changes > 0 {
                rule.near_misses += 1;
            }
        }
    }

    /// Rounded down: a hundred means all of them.
    fn percent(&self) -> usize {
        let covered = self.0.iter().filter(|rule| rule.flagged > 0 && rule.near_misses > 0);
        (covered.count() * 100).checked_div(self.0.len()).unwrap_or(100)
    }

    fn gaps(&self) -> Vec<String> {
        let lacks = |is_gap: fn(&Covered) -> bool, what: &'static str| {
            let lacking = self.0.iter().filter(move |rule| is_gap(rule));
            lacking.map(move |rule| format!("{} has no case {what}", rule.code))
        };
        lacks(|rule| rule.flagged == 0, "that it flags")
            .chain(lacks(
                |rule| rule.near_misses == 0,
                "in which it sees a block and does not flag it",
            ))
            .collect()
    }
}

fn human(document: &Document, width: usize) -> String {
    let mut screen = Screen::new(width);
    for ran in &document.cases {
        let (style, word) = if ran.passed { (GREEN, "ok    ") } else { (RED, "FAILED") };
        let cost = format!("  {} findings, {} fuel", ran.findings, ran.fuel);
        screen.line(&[(style, word), (PLAIN, "  "), (BOLD, &ran.case), (DIM, &cost)]);
        for difference in &ran.differences {
            screen.field(8, "", PLAIN, difference);
        }
    }
    for gap in &document.uncovered {
        screen.line(&[(YELLOW, "gap   "), (PLAIN, "  "), (PLAIN, gap)]);
    }
    screen.blank();
    let Document {
        passed,
        failed,
        coverage_percent,
        coverage_min,
        ..
    } = document;
    let asked_for = if document.is_covered() {
        String::new()
    } else {
        format!(", {coverage_min} % are asked for")
    };
    let told = format!("{passed} passed, {failed} failed, {coverage_percent} % of the rules covered{asked_for}");
    let is_clean = document.failed == 0 && document.is_covered();
    screen.line(&[(if is_clean { GREEN } else { RED }, &told)]);
    screen.into_text()
}
