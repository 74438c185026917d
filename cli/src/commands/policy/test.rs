//! `nhi policy test`: table cases, so that a policy is proven before it decides anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anstyle::Style;
use nhi_policy_file::{Case, Outcome};
use serde::Serialize;

use super::{FILE_DEFAULT, Format};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen};
use crate::policy;

/// How files with cases end.
const ENDINGS: [&str; 2] = [".nhitest.hcl", ".nhitest.json"];
/// How deep directories are looked through.
const DEPTH_MAX: usize = 16;
/// The most files of one run, and the most entries that are looked at for them.
const FILES_MAX: usize = 1_000;
const ENTRIES_MAX: usize = 100_000;

/// Options of `nhi policy test`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A directory with files `*.nhitest.hcl` or `*.nhitest.json`, in it or below it, or one such file
    #[arg(value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::AnyPath)]
    directory: PathBuf,
    /// The policy file; `nhi.hcl` of the directory where none is named
    #[arg(long, value_name = "FILE", env = "NHI_POLICY", value_hint = clap::ValueHint::FilePath)]
    policy: Option<PathBuf>,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    policy: String,
    digest: String,
    passed: usize,
    failed: usize,
    cases: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    file: &'a str,
    case: &'a str,
    passed: bool,
    tier: String,
    score: u32,
    approvals: &'a str,
    violations: Vec<&'static str>,
    differences: &'a [String],
}

/// A case, where it is from, and what came of it.
struct Ran {
    file: String,
    case: Case,
    outcome: Outcome,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let named = args.policy.clone().filter(|path| !path.as_os_str().is_empty());
    let directory = if args.directory.is_file() {
        args.directory.parent().unwrap_or(Path::new("")).to_owned()
    } else {
        args.directory.clone()
    };
    let path = named.unwrap_or_else(|| directory.join(FILE_DEFAULT));
    let policy = policy::load(&path)?;
    let mut ran = Vec::new();
    for file in files(&args.directory)? {
        let cases = nhi_policy_file::load_cases(&file).map_err(|error| policy::failure(&error))?;
        ran.extend(cases.into_iter().map(|case| Ran {
            file: file.display().to_string(),
            outcome: case.run(&policy),
            case,
        }));
    }
    let failed = ran.iter().filter(|ran| !ran.outcome.differences.is_empty()).count();
    match args.format {
        Format::Human => console.answer(&human(&ran, failed, console.width))?,
        Format::Json => console.answer_raw(&output::json(&Document {
            version: 1,
            policy: path.display().to_string(),
            digest: policy.digest().to_string(),
            passed: ran.len() - failed,
            failed,
            cases: ran.iter().map(row).collect(),
        })?)?,
    }
    Ok(if failed == 0 { Exit::Clean } else { Exit::Findings })
}

fn row(ran: &Ran) -> Row<'_> {
    Row {
        file: &ran.file,
        case: &ran.case.title,
        passed: ran.outcome.differences.is_empty(),
        tier: ran.outcome.tier.to_string(),
        score: ran.outcome.score,
        approvals: &ran.outcome.approvals,
        violations: ran.outcome.violations.iter().copied().collect(),
        differences: &ran.outcome.differences,
    }
}

fn human(ran: &[Ran], failed: usize, width: usize) -> String {
    let mut screen = Screen::new(width);
    let heading = ["", "TIER", "SCORE", "APPROVALS", "VIOLATIONS", "CASE"].map(str::to_owned);
    let rows: Vec<_> = ran
        .iter()
        .map(|ran| {
            let outcome = &ran.outcome;
            [
                if outcome.differences.is_empty() { "ok" } else { "FAILED" }.to_owned(),
                outcome.tier.to_string(),
                outcome.score.to_string(),
                outcome.approvals.clone(),
                outcome.violations.len().to_string(),
                ran.case.title.clone(),
            ]
        })
        .collect();
    table(&mut screen, &heading, &rows, |row, column| match column {
        0 if row.first().is_some_and(|word| word == "ok") => GREEN,
        0 => RED,
        5 => BOLD,
        _ => PLAIN,
    });
    for ran in ran.iter().filter(|ran| !ran.outcome.differences.is_empty()) {
        screen.blank();
        screen.line(&[
            (RED, "FAILED"),
            (PLAIN, " "),
            (BOLD, &ran.case.title),
            (DIM, " in "),
            (DIM, &ran.file),
        ]);
        for difference in &ran.outcome.differences {
            screen.field(2, "", PLAIN, difference);
        }
    }
    screen.blank();
    let told = format!("{} passed, {failed} failed", ran.len() - failed);
    screen.line(&[(if failed == 0 { GREEN } else { RED }, &told)]);
    screen.into_text()
}

/// A table whose last column is not padded.
pub(super) fn table<const N: usize>(
    screen: &mut Screen,
    heading: &[String; N],
    rows: &[[String; N]],
    style: impl Fn(&[String; N], usize) -> Style,
) {
    let cells = |column: usize| [heading].into_iter().chain(rows).filter_map(move |row| row.get(column));
    let width = |column: usize| cells(column).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut draw = |row: &[String; N], style: &dyn Fn(usize) -> Style| {
        let padded: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                if column + 1 == N {
                    cell.clone()
                } else {
                    format!("{cell:<width$}  ")
                }
            })
            .collect();
        let spans: Vec<_> = padded
            .iter()
            .enumerate()
            .map(|(column, cell)| (style(column), cell.as_str()))
            .collect();
        screen.line(&spans);
    };
    draw(heading, &|_| DIM);
    for row in rows {
        draw(row, &|column| style(row, column));
    }
}

/// The files with cases, sorted; none is a mistake, because a run without a case proves nothing.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    if directory.is_file() {
        return Ok(vec![directory.to_owned()]);
    }
    let shown = directory.display();
    let mut found = Vec::new();
    let mut entries = 0;
    let complete = collect(directory, DEPTH_MAX, &mut entries, &mut found).map_err(|error| {
        Failure::undecided(format!("the directory `{shown}` cannot be searched for cases: {error}"))
            .help("name a directory that can be read, or one file")
    })?;
    if !complete {
        return Err(
            Failure::undecided(format!("there is too much in `{shown}` to search for cases"))
                .help("name the directory that holds the cases"),
        );
    }
    if found.is_empty() {
        return Err(
            Failure::undecided(format!("there is no file `*.nhitest.hcl` in `{shown}`"))
                .help("write cases, or name the directory that holds them"),
        );
    }
    found.sort();
    Ok(found)
}

/// Whether everything was looked at. Links and hidden directories are left aside: what a checkout downloads is not its
/// own.
fn collect(directory: &Path, depth: usize, entries: &mut usize, found: &mut Vec<PathBuf>) -> io::Result<bool> {
    if depth == 0 {
        return Ok(false);
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        *entries += 1;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        let name = name.to_string_lossy();
        if kind.is_dir() && !name.starts_with('.') {
            if !collect(&entry.path(), depth - 1, entries, found)? {
                return Ok(false);
            }
        } else if kind.is_file() && ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            found.push(entry.path());
        }
        if found.len() > FILES_MAX || *entries > ENTRIES_MAX {
            return Ok(false);
        }
    }
    Ok(true)
}
