//! `nhi audit`: what happened, and whether anybody rewrote it.

mod export;
mod key;
mod publish;
mod published;
mod verify;

use clap::Subcommand;
use nhi_registry::{Access, Actor, AuditRow, Registry, RegistryError};
use serde::Serialize;
use serde_json::value::Value;

use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, PLAIN, Screen};
use crate::registry::{self, failure};

/// Options of `nhi audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    registry: registry::Args,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the log's chain and every record against it: exit 0 intact, 1 tampered with, 3 cannot be read
    Verify(verify::Args),
    /// List what happened, oldest first
    List(List),
    /// Write the log for systems that keep logs, one row a line
    Export(export::Args),
    /// Make a key that signs the published log, and print the public half
    Key(key::Args),
    /// Publish what is new of the log as a transparency log (C2SP tlog-tiles)
    Publish(publish::Args),
    /// Say that the clock is right although the registry has seen a later time; the act is on record
    AcceptClock(AcceptClock),
}

#[derive(Debug, clap::Args)]
struct List {
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// The first row to list; the log begins at 1
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    from: u64,
    /// How many rows to list; all of them without it
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
}

#[derive(Debug, clap::Args)]
struct AcceptClock {
    /// Why the clock was wrong before
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// How many rows are read at a time.
const ROWS_AT_ONCE: u32 = 1000;

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Verify(verify) => verify::run(&args.registry, verify, console),
        Command::List(list) => self::list(args, list, console),
        Command::Export(export) => export::run(&args.registry, export, console),
        Command::Key(key) => key::run(&args.registry, key, console),
        Command::Publish(publish) => publish::run(&args.registry, publish, console),
        Command::AcceptClock(accept) => accept_clock(args, accept, console),
    }
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    seq: u64,
    time: String,
    actor: String,
    kind: String,
    subject: String,
    payload: Value,
    hash: String,
}

impl Row {
    fn of(row: AuditRow) -> Self {
        Self {
            seq: row.seq,
            payload: serde_json::from_str(&row.payload).unwrap_or(Value::String(row.payload)),
            time: row.time,
            actor: row.actor,
            kind: row.action,
            subject: row.subject,
            hash: row.hash.to_string(),
        }
    }
}

fn list(args: &Args, list: &List, console: &Console) -> Result<Exit, Failure> {
    let rows = read(&*args.registry.open()?, list).map_err(|error| failure(&error))?;
    match list.format {
        Format::Human => console.answer(&human_rows(&rows, console.width))?,
        Format::Json => {
            let rows = rows.into_iter().map(Row::of).collect();
            console.answer_raw(&output::json(&Document { version: 1, rows })?)?;
        }
    }
    Ok(Exit::Clean)
}

fn read(registry: &dyn Registry, list: &List) -> Result<Vec<AuditRow>, RegistryError> {
    let mut rows: Vec<AuditRow> = Vec::new();
    let mut next = list.from;
    loop {
        let left = list
            .limit
            .map_or(u64::MAX, |limit| limit.saturating_sub(rows.len() as u64));
        let count = u32::try_from(left).unwrap_or(ROWS_AT_ONCE).min(ROWS_AT_ONCE);
        let more = if count == 0 {
            Vec::new()
        } else {
            registry.audit(next, count)?
        };
        let Some(newest) = more.last() else { return Ok(rows) };
        next = newest.seq.saturating_add(1);
        rows.extend(more);
    }
}

fn human_rows(rows: &[AuditRow], width: usize) -> String {
    let mut screen = Screen::new(width);
    if rows.is_empty() {
        screen.line(&[(PLAIN, "nothing has happened")]);
    }
    for row in rows {
        let (seq, kind) = (format!("{:>5}  ", row.seq), format!("  {:<18}  ", row.action));
        let name = name_of(&row.payload);
        screen.line(&[
            (DIM, &seq),
            (PLAIN, &row.time),
            (BOLD, &kind),
            (PLAIN, &row.subject),
            (PLAIN, "  "),
            (PLAIN, &name),
            (DIM, "  by "),
            (DIM, &row.actor),
        ]);
    }
    screen.into_text()
}

/// `environment/name` of the identity that a payload is about.
fn name_of(payload: &str) -> String {
    let payload: Value = serde_json::from_str(payload).unwrap_or_default();
    let text = |member: &str| {
        payload
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    match (text("environment"), text("name")) {
        (environment, name) if name.is_empty() => environment,
        (environment, name) => format!("{environment}/{name}"),
    }
}

fn accept_clock(args: &Args, accept: &AcceptClock, console: &Console) -> Result<Exit, Failure> {
    // Who accepts a clock means a registry that exists.
    let registry = args.registry.open_for(Access::Write)?;
    let before = registry.now().map_err(|error| failure(&error))?;
    let accepted = registry
        .accept_clock(&Actor::from_surroundings(), &accept.reason)
        .map_err(|error| failure(&error))?;
    let mut screen = Screen::new(console.width);
    let (before, accepted) = (before.to_string(), accepted.to_string());
    screen.line(&[
        (PLAIN, "the registry's time is "),
        (BOLD, &accepted),
        (PLAIN, ", it was "),
        (PLAIN, &before),
    ]);
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}
