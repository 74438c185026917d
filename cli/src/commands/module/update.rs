//! `nhi module update`: moves to newer modules, after it has shown what that changes: rules, fuel, and the findings on
//! plans that somebody has kept.
//!
//! A new version that cannot judge a plan which the old one could is not locked.

mod compare;
mod show;

use std::path::PathBuf;

use nhi_policy_file::{Lock, Version};

use self::compare::{Compared, Plans};
use super::Format;
use super::lock::{self, PolicyFile};
use super::resolve::{Resolved, Resolver};
use crate::artefacts::RemoteArgs;
use crate::exit::{Exit, Failure};
use crate::output::Console;

const AFTER_HELP: &str = "\
Examples:
  nhi module update --dry-run                      what there is, and what it would change
  nhi module update naming --plan plan.json        one module, with the findings on a plan that was kept

Exit codes:
  0  done; with `--dry-run`: shown
  2  wrong usage
  3  a module cannot be locked, or a new version does not come to its end; the lock file is as it was";

/// Options of `nhi module update`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The modules to update; all of them where none is named
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    file: PolicyFile,
    /// Judge this plan, as `tofu show -json` writes it, by the old version and by the new one; may be repeated
    #[arg(long = "plan", value_name = "PLAN.json", value_hint = clap::ValueHint::FilePath)]
    plans: Vec<PathBuf>,
    /// Show what would change, and leave the lock file as it is
    #[arg(long)]
    dry_run: bool,
    /// Let this module go below the lowest version that was locked; may be repeated
    #[arg(long, value_name = "NAME")]
    allow_lower: Vec<String>,
    #[command(flatten)]
    remote: RemoteArgs,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

/// What became of one module.
struct Updated {
    name: String,
    from: Option<Version>,
    to: Version,
    signers: Vec<String>,
    /// Whether what is locked changes at all.
    is_changed: bool,
    /// `None` where the bytes stay the same, or those before are no longer at hand.
    compared: Option<Compared>,
    /// Whether there should have been something to compare with.
    is_lost: bool,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let files = args.file.read()?;
    if let Some(name) = args.names.iter().find(|name| !files.terms.modules.contains_key(*name)) {
        let known: Vec<&str> = files.terms.modules.keys().map(String::as_str).collect();
        let failure = Failure::usage(format!("the policy file names no module `{name}`"));
        return Err(failure.help(format!("it names `{}`", known.join("`, `"))));
    }
    let plans = Plans::read(&args.plans, &files.policy)?;
    let mut resolver = Resolver::new(&files, args.remote, &args.allow_lower)?;
    let (mut lock, mut updated) = (Lock::default(), Vec::new());
    for (name, terms) in &files.terms.modules {
        if !args.names.is_empty() && !args.names.contains(name) {
            // What nobody asked to move stays as it is, or has to be locked first.
            let locked = files.fitting(name, terms).map_err(super::refused)?;
            lock.modules.insert(name.clone(), locked.clone());
            continue;
        }
        let newest = resolver.newest(name, terms)?;
        lock.modules.insert(name.clone(), newest.locked.clone());
        updated.push(one(&resolver, &plans, name, terms, &newest)?);
    }
    for note in &resolver.notes {
        console.talk(&format!("note: {note}\n"));
    }
    let is_written = !args.dry_run && lock::write(&files, &lock)?;
    let shown = show::Shown {
        lock_file: files.lock_path().display().to_string(),
        is_written,
        is_dry: args.dry_run,
        updated: &updated,
    };
    match args.format {
        Format::Human => console.answer(&shown.human(console.width))?,
        Format::Json => console.answer_raw(&shown.json()?)?,
    }
    Ok(Exit::Clean)
}

fn one(
    resolver: &Resolver<'_>,
    plans: &Plans,
    name: &str,
    terms: &nhi_policy_file::ModuleTerms,
    newest: &Resolved,
) -> Result<Updated, Failure> {
    let before = resolver.files.locked(name);
    let has_new_bytes = before.is_some_and(|before| before.wasm != newest.locked.wasm);
    let old = has_new_bytes.then(|| resolver.before(name)).flatten();
    let is_lost = has_new_bytes && old.is_none();
    let (to, signers) = (newest.locked.version.clone(), newest.locked.signers.clone());
    let is_changed = before != Some(&newest.locked);
    let compared = match old {
        Some((locked, wasm)) => Some(plans.compare(name, terms, (locked, wasm), newest)?),
        None => None,
    };
    Ok(Updated {
        name: name.to_owned(),
        from: before.map(|before| before.version.clone()),
        to,
        signers,
        is_changed,
        compared,
        is_lost,
    })
}
