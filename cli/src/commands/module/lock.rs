//! `nhi module lock`: writes down which bytes exactly run, so that every machine runs the same.

use std::collections::BTreeSet;
use std::path::PathBuf;

use nhi_policy_file::{Lock, Locked, Source};
use serde::Serialize;

use super::Format;
use super::resolve::Resolver;
use crate::artefacts::RemoteArgs;
use crate::exit::{Exit, Failure};
use crate::locked::{self, Files};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen, Wrong};
use crate::policy;
use crate::report::Problem;

const AFTER_HELP: &str = "\
What is locked already stays as it is while it is what the policy file asks for; `nhi module update` moves on.
What is not in the store of this machine is fetched by its digest.

Exit codes:
  0  the lock file says what the policy file asks for
  1  with `--check`: it does not
  2  wrong usage
  3  a module cannot be locked; the lock file is as it was";

/// Options of `nhi module lock`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    #[command(flatten)]
    file: PolicyFile,
    /// Write nothing and fetch nothing: only say whether the lock file is what the policy file asks for
    #[arg(long)]
    check: bool,
    /// Write nothing: only fetch into the store what the lock file pins
    #[arg(long, conflicts_with = "check")]
    fetch: bool,
    /// Let this module go below the lowest version that was locked; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["check", "fetch"])]
    allow_lower: Vec<String>,
    #[command(flatten)]
    remote: RemoteArgs,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

/// Where the policy file is.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(super) struct PolicyFile {
    /// The policy file, beside which the lock file stands; `nhi.hcl` where none is named
    #[arg(long, value_name = "FILE", env = "NHI_POLICY", value_hint = clap::ValueHint::FilePath)]
    policy: Option<PathBuf>,
}

impl PolicyFile {
    pub(super) fn read(&self) -> Result<Files, Failure> {
        let named = self.policy.clone().filter(|path| !path.as_os_str().is_empty());
        Files::read(&named.unwrap_or_else(|| policy::FILE_DEFAULT.into()))
    }
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    lock_file: String,
    /// Whether the file was written anew.
    changed: bool,
    modules: Vec<Told>,
    problems: Vec<Wrong>,
}

/// What became of a module.
#[derive(Debug, Serialize)]
struct Told {
    name: String,
    state: &'static str,
    module_version: String,
    source: String,
    wasm: String,
    signers: Vec<String>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let files = args.file.read()?;
    let problems = stale(&files);
    if args.check || (args.fetch && !problems.is_empty()) {
        let exit = if problems.is_empty() {
            Exit::Clean
        } else {
            Exit::Findings
        };
        let modules = files.lock.as_ref().map(|lock| told(lock, lock)).unwrap_or_default();
        answer(&files, false, modules, &problems, args.format, console)?;
        return Ok(exit);
    }
    let mut resolver = Resolver::new(&files, args.remote, &args.allow_lower)?;
    let mut lock = Lock::default();
    for (name, terms) in &files.terms.modules {
        lock.modules.insert(name.clone(), resolver.keep(name, terms)?.locked);
    }
    for note in &resolver.notes {
        console.talk(&format!("note: {note}\n"));
    }
    let before = files.lock.clone().unwrap_or_default();
    let is_changed = !args.fetch && write(&files, &lock)?;
    answer(&files, is_changed, told(&before, &lock), &[], args.format, console)?;
    Ok(Exit::Clean)
}

/// Writes the lock file, as a whole or not at all; false where it says the same already.
pub(super) fn write(files: &Files, lock: &Lock) -> Result<bool, Failure> {
    if files.lock.as_ref() == Some(lock) || (files.lock.is_none() && lock.modules.is_empty()) {
        return Ok(false);
    }
    output::write_file(&files.lock_path(), &lock.to_hcl())?;
    Ok(true)
}

/// In what the lock file is not what the policy file asks for, as far as that can be told from files beside it.
fn stale(files: &Files) -> Vec<Problem> {
    let mut problems: Vec<Problem> = files.forgotten().map(locked::forgotten).collect();
    for (name, terms) in &files.terms.modules {
        let judged = files.fitting(name, terms).and_then(|locked| match locked.source {
            Source::File(_) => files.open(None, name, locked).map(drop),
            Source::Oci { .. } => Ok(()),
        });
        problems.extend(judged.err());
    }
    problems
}

fn told(before: &Lock, after: &Lock) -> Vec<Told> {
    let names: BTreeSet<&String> = before.modules.keys().chain(after.modules.keys()).collect();
    let one = |name: &&String| {
        let (old, new) = (before.modules.get(*name), after.modules.get(*name));
        let state = match (old, new) {
            (None, _) => "added",
            (_, None) => "removed",
            (old, new) if old == new => "kept",
            _ => "changed",
        };
        let locked: &Locked = new.or(old)?;
        Some(Told {
            name: (*name).clone(),
            state,
            module_version: locked.version.to_string(),
            source: locked.source.to_string(),
            wasm: locked.wasm.clone(),
            signers: locked.signers.clone(),
        })
    };
    names.iter().filter_map(one).collect()
}

fn answer(
    files: &Files,
    is_changed: bool,
    modules: Vec<Told>,
    problems: &[Problem],
    format: Format,
    console: &Console,
) -> Result<(), Failure> {
    let document = Document {
        version: 1,
        lock_file: files.lock_path().display().to_string(),
        changed: is_changed,
        modules,
        problems: problems.iter().map(Wrong::from).collect(),
    };
    match format {
        Format::Human => console.answer(&human(&document, console.width)),
        Format::Json => console.answer_raw(&output::json(&document)?),
    }
}

fn human(document: &Document, width: usize) -> String {
    let mut screen = Screen::new(width);
    output::problems(&mut screen, &document.problems);
    for module in document.modules.iter().filter(|_| document.problems.is_empty()) {
        screen.line(&[
            (PLAIN, &format!("{:<8}", module.state)),
            (BOLD, &module.name),
            (PLAIN, " "),
            (PLAIN, &module.module_version),
            (DIM, "  "),
            (DIM, &module.source),
        ]);
        if !module.signers.is_empty() {
            screen.field(8, "signed by", PLAIN, &module.signers.join(", "));
        }
    }
    let told = match (document.problems.is_empty(), document.changed) {
        (false, _) => "is not what the policy file asks for",
        (true, true) => "written: commit it",
        (true, false) => "says what the policy file asks for",
    };
    let style = if document.problems.is_empty() { GREEN } else { RED };
    screen.line(&[(PLAIN, &document.lock_file), (PLAIN, " "), (style, told)]);
    screen.into_text()
}
