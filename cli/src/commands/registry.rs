//! `nhi registry`: where the registry is and how it is, and the ways in which all of it goes from one place to another.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use nhi_registry::{Access, Copied, Location, Options, Stillness, copy};
use serde::Serialize;

use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen};
use crate::registry::{self, failure, location};

/// Options of `nhi registry`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy the registry to a new file, of one moment, while others go on writing
    Backup(Backup),
    /// Create the registry, or bring the schema of an older one up to date
    Init,
    /// Copy the registry to a place of either kind, while writers wait, and verify the copy
    Migrate(Migrate),
    /// Copy a backup to a place where there is no registry
    Restore(Restore),
    /// Say which registry it is, how far its log goes, and whether it is intact: exit 0 intact, 1 tampered with
    Status,
}

#[derive(Debug, clap::Args)]
struct Backup {
    /// The file to write, which must not exist yet
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    to: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Migrate {
    /// Where the registry is: a file, or `postgres://user@host/database`
    #[arg(long, value_name = "PATH|URL")]
    from: String,
    /// Where it goes, a place where there is none
    #[arg(long, value_name = "PATH|URL")]
    to: String,
}

#[derive(Debug, clap::Args)]
struct Restore {
    /// The file that `nhi registry backup` wrote
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    from: PathBuf,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Backup(backup) => {
            refuse_existing(&backup.to)?;
            let to = Location::file(&backup.to);
            move_all(args, &args.registry.location()?, &to, Stillness::Snapshot, console)
        }
        Command::Init => {
            drop(args.registry.open_for(Access::Create)?);
            status(args, console)
        }
        Command::Migrate(migrate) => {
            let (from, to) = (location(&migrate.from)?, location(&migrate.to)?);
            move_all(args, &from, &to, Stillness::Held, console)
        }
        Command::Restore(restore) => {
            let from = Location::file(&restore.from);
            move_all(args, &from, &args.registry.location()?, Stillness::Snapshot, console)
        }
        Command::Status => status(args, console),
    }
}

/// A backup is a new file, also where the old one was never finished.
fn refuse_existing(file: &Path) -> Result<(), Failure> {
    if file.try_exists().unwrap_or(true) {
        let message = format!("`{}` exists already", file.display());
        return Err(Failure::usage(message).help("name a new file, with the day in its name for example"));
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct Moved {
    version: u32,
    from: String,
    to: String,
    registry_id: String,
    rows: u64,
    records: u64,
    approvals: u64,
    head: String,
}

fn move_all(
    args: &Args,
    from: &Location,
    to: &Location,
    stillness: Stillness,
    console: &Console,
) -> Result<Exit, Failure> {
    let copied = copy(from, to, stillness, &Options::default()).map_err(|error| failure(&error))?;
    let Copied {
        registry_id,
        rows,
        records,
        approvals,
        head,
    } = copied;
    let moved = Moved {
        version: 1,
        from: from.to_string(),
        to: to.to_string(),
        registry_id,
        rows,
        records,
        approvals,
        head: head.to_string(),
    };
    match args.format {
        Format::Human => console.answer(&human_moved(&moved, console.width))?,
        Format::Json => console.answer_raw(&output::json(&moved)?)?,
    }
    Ok(Exit::Clean)
}

fn human_moved(moved: &Moved, width: usize) -> String {
    let mut screen = Screen::new(width);
    let counts = format!(
        ": {} audit rows, {} records, {} used approvals",
        moved.rows, moved.records, moved.approvals
    );
    screen.line(&[(GREEN, "copied and verified"), (PLAIN, &counts)]);
    screen.line(&[(DIM, "from "), (PLAIN, &moved.from)]);
    screen.line(&[(DIM, "to   "), (BOLD, &moved.to)]);
    screen.line(&[(DIM, "head "), (PLAIN, &moved.head)]);
    screen.into_text()
}

#[derive(Debug, Serialize)]
struct Status {
    version: u32,
    registry: String,
    registry_id: String,
    verdict: &'static str,
    rows: u64,
    records: u64,
    identities: u64,
    head: String,
}

fn status(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let registry = args.registry.open()?;
    let verification = registry.verify().map_err(|error| failure(&error))?;
    let is_intact = verification.tampering.is_none();
    let status = Status {
        version: 1,
        registry: registry.place(),
        registry_id: verification.registry_id,
        verdict: if is_intact { "intact" } else { "tampered" },
        rows: verification.rows,
        records: verification.records,
        identities: verification.identities,
        head: verification.head.to_string(),
    };
    match args.format {
        Format::Human => console.answer(&human_status(&status, is_intact, console.width))?,
        Format::Json => console.answer_raw(&output::json(&status)?)?,
    }
    Ok(if is_intact { Exit::Clean } else { Exit::Findings })
}

fn human_status(status: &Status, is_intact: bool, width: usize) -> String {
    let mut screen = Screen::new(width);
    let counts = format!(
        ": {} audit rows, {} records, {} of them identities",
        status.rows, status.records, status.identities
    );
    let verdict = if is_intact {
        (GREEN, "intact")
    } else {
        (RED, "tampered with, see `nhi audit verify`")
    };
    screen.line(&[verdict, (PLAIN, &counts)]);
    screen.line(&[(DIM, "registry "), (BOLD, &status.registry)]);
    screen.line(&[(DIM, "id       "), (PLAIN, &status.registry_id)]);
    screen.line(&[(DIM, "head     "), (PLAIN, &status.head)]);
    screen.into_text()
}
