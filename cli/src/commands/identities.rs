//! `nhi identities`: who is on record, who owns it, what task justifies it, and what revokes it.

mod show;
mod view;

pub(crate) use show::find;

use clap::{Subcommand, ValueEnum};
use nhi_governance::{Environment, Identity, Policy, Status, Timestamp, Ttl};
use nhi_registry::{RecordFilter, RecordsExt as _};
use serde::Serialize;

use crate::args::Format;
use crate::commands::identities::view::{OnRecord, View};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, PLAIN, Screen};
use crate::policy;
use crate::registry::{self, failure};

/// Options of `nhi identities`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = false, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    /// How to write the answer
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// Only identities of this environment
    #[arg(long, global = true, value_name = "NAME")]
    environment: Option<String>,
    /// Only identities of this status; implies --all where it is `revoked`
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Option<StatusWord>,
    /// Only identities of which no use is on record for so long, for example `2160h`; see `nhi used`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    unused_for: Option<Ttl>,
    /// Revoked identities as well
    #[arg(long)]
    all: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything about one identity
    Show(show::Args),
}

/// A status, as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusWord {
    /// Good.
    Active,
    /// Good and near its end.
    Expiring,
    /// Past its end.
    Expired,
    /// Of no use until it is resumed.
    Suspended,
    /// Good for a while, and managed by no configuration.
    Unmanaged,
    /// Found outside of governance, and of no use until it is approved.
    Quarantined,
    /// Ended for good.
    Revoked,
    /// Ended for good, and nothing of it is left.
    Offboarded,
}

impl StatusWord {
    fn status(self) -> Status {
        match self {
            Self::Active => Status::Active,
            Self::Expiring => Status::Expiring,
            Self::Expired => Status::Expired,
            Self::Suspended => Status::Suspended,
            Self::Unmanaged => Status::Unmanaged,
            Self::Quarantined => Status::Quarantined,
            Self::Revoked => Status::Revoked,
            Self::Offboarded => Status::Offboarded,
        }
    }
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    as_of: Timestamp,
    identities: Vec<View<'a>>,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let environment = args.environment.as_deref().map(parse_environment).transpose()?;
    let policy = args.policy.load()?;
    if let Some(Command::Show(show)) = &args.command {
        return show::run(&policy, args, show, environment, console);
    }
    let registry = args.registry.open()?;
    let with_revoked = args.all || matches!(args.status, Some(StatusWord::Revoked | StatusWord::Offboarded));
    let filter = RecordFilter {
        environment: environment.map(|environment| environment.to_string()),
        with_ended: with_revoked,
        ..RecordFilter::default()
    };
    let listed = registry.reading(|view| {
        let identities: Vec<Identity> = view.list(&filter)?;
        Ok((view.now()?, view.contexts(&identities)?, identities))
    });
    let (now, contexts, identities) = listed.map_err(|error| failure(&error))?;
    let identities = identities.into_iter().zip(contexts);
    let mut identities: Vec<OnRecord> = identities
        .map(|(identity, context)| OnRecord { identity, context, now })
        .collect();
    identities.retain(|on_record| args.status.is_none_or(|word| on_record.status() == word.status()));
    if let Some(longest) = &args.unused_for {
        identities.retain(|on_record| is_unused(&on_record.identity, now, longest));
    }
    match args.format {
        Format::Human => console.answer(&human(&policy, &identities, args, console.width))?,
        Format::Json => {
            let identities = identities
                .iter()
                .map(|on_record| View::of(&policy, on_record))
                .collect();
            console.answer_raw(&output::json(&Document {
                version: 1,
                as_of: now,
                identities,
            })?)?;
        }
    }
    Ok(Exit::Clean)
}

fn duration(text: &str) -> Result<Ttl, String> {
    Ttl::parse(text).map_err(|problem| format!("{}: {}", problem.message, problem.help))
}

/// Whether the last use that is known is so long ago; where none is known, whether it has been there for so long.
fn is_unused(identity: &Identity, now: Timestamp, longest: &Ttl) -> bool {
    let since = identity.last_used_at().unwrap_or(identity.created_at());
    since.plus(longest) <= now
}

fn parse_environment(text: &str) -> Result<Environment, Failure> {
    Environment::parse(text).map_err(|problem| Failure::usage(problem.message).help(problem.help))
}

const HEADINGS: [&str; 8] = [
    "NAME",
    "ENVIRONMENT",
    "KIND",
    "TIER",
    "STATUS",
    "EXPIRES IN",
    "OWNER",
    "ID",
];
const STATUS_COLUMN: usize = 4;

fn human(policy: &Policy, identities: &[OnRecord], args: &Args, width: usize) -> String {
    let mut screen = Screen::new(width);
    if identities.is_empty() {
        let path = args
            .registry
            .location()
            .map_or_else(|_| String::new(), |location| location.to_string());
        screen.line(&[(PLAIN, "no identity in "), (BOLD, &path), (PLAIN, " matches")]);
        if !args.all && args.status.is_none() {
            screen.line(&[(DIM, "`--all` lists revoked ones as well")]);
        }
        return screen.into_text();
    }
    let rows: Vec<[String; 8]> = identities.iter().map(|on_record| row(policy, on_record)).collect();
    let widths: Vec<usize> = HEADINGS
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.chars().count())
                .chain([heading.len()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let headings = HEADINGS.map(ToOwned::to_owned);
    draw(&mut screen, &widths, &headings, None);
    for (row, on_record) in rows.iter().zip(identities) {
        draw(&mut screen, &widths, row, Some(on_record.status()));
    }
    screen.into_text()
}

/// Draws one line of the table: a heading where there is no status.
fn draw(screen: &mut Screen, widths: &[usize], cells: &[String; 8], status: Option<Status>) {
    let last = cells.len() - 1;
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(column, (cell, width))| {
            if column == last {
                cell.clone()
            } else {
                format!("{cell:<width$}  ")
            }
        })
        .collect();
    let style = |column| match status {
        None => DIM,
        Some(status) if column == STATUS_COLUMN => view::style(status),
        Some(_) if column == 0 => BOLD,
        Some(_) => PLAIN,
    };
    let spans: Vec<_> = padded
        .iter()
        .enumerate()
        .map(|(column, cell)| (style(column), cell.as_str()))
        .collect();
    screen.line(&spans);
}

fn row(policy: &Policy, on_record: &OnRecord) -> [String; 8] {
    let identity = &on_record.identity;
    let declaration = identity.declaration();
    [
        declaration.name().to_string(),
        declaration.environment().to_string(),
        declaration.kind().to_string(),
        identity.assess(policy).tier.to_string(),
        on_record.status().to_string(),
        view::expires_in(on_record),
        declaration.technical_owner().to_string(),
        identity.id().to_string(),
    ]
}
