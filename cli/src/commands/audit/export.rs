//! `nhi audit export`: the log for systems that keep logs, one row a line.

use std::path::PathBuf;

use clap::ValueEnum;
use nhi_registry::{AuditRow, Registry};
use serde_json::Value;

use super::ROWS_AT_ONCE;
use crate::exit::{Exit, Failure};
use crate::output::{self, Console};
use crate::registry::{self, failure};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How to write a row
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Jsonl)]
    format: Format,
    /// The first row to write; the log begins at 1
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// Write to a file instead of standard output; it is replaced as a whole
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The row as it is chained, as JSON.
    Jsonl,
    /// OCSF API Activity, for data lakes.
    Ocsf,
}

pub(super) fn run(place: &registry::Args, args: &Args, console: &Console) -> Result<Exit, Failure> {
    let registry = place.open()?;
    let registry_id = registry.registry_id().map_err(|error| failure(&error))?;
    let line = |row: &AuditRow| match args.format {
        Format::Jsonl => output::json_line(&serde_json::from_str::<Value>(&row.document()).unwrap_or_default()),
        Format::Ocsf => output::json_line(&output::audit_event(&registry_id, row)),
    };
    let mut whole = String::new();
    each_page(&*registry, args.from, |rows| {
        let text: String = rows.iter().map(line).collect::<Result<_, _>>()?;
        match &args.output {
            Some(_) => whole.push_str(&text),
            None => console.answer_raw(&text)?,
        }
        Ok(())
    })?;
    if let Some(path) = &args.output {
        output::write_file(path, &whole)?;
    }
    Ok(Exit::Clean)
}

/// Hands over the rows from a number on, page by page. A row that the registry did not write ends it.
pub(super) fn each_page(
    registry: &dyn Registry,
    from: u64,
    mut take: impl FnMut(&[AuditRow]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut next = from;
    let mut head = None;
    loop {
        let rows = registry.audit(next, ROWS_AT_ONCE).map_err(|error| failure(&error))?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            let follows = head.is_none_or(|head| row.previous == head);
            if row.seq != next || !follows || row.expected_hash() != row.hash {
                return Err(Failure::undecided(format!(
                    "audit row {next} is missing, or is not as the registry wrote it"
                ))
                .help("`nhi audit verify` says what is wrong; restore the last copy that verifies"));
            }
            head = Some(row.hash);
            next = row.seq.saturating_add(1);
        }
        take(&rows)?;
    }
}
