//! `nhi exceptions`: what is waived on record, by whom, since when, and what is overdue.

use clap::Subcommand;
use nhi_governance::{Exception, Owner, Policy, Record as _, RecordId, Registered, RiskTier, Subject, Timestamp};
use nhi_registry::{RecordFilter, RecordsExt as _};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::operate::{Format, outcome};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen};
use crate::policy;
use crate::registry::{self, failure};

/// Options of `nhi exceptions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, those that end first in front
    List(List),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Overdue is what is past its end and still on record: its finding counts again, and nobody has renewed or ended it.

Exit codes:
  0  nothing is overdue, or nobody asked
  1  with --overdue: something is
  3  the registry cannot be read")]
struct List {
    /// Only what is overdue
    #[arg(long)]
    overdue: bool,
    /// What has ended as well
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

/// What programs get. Members are only ever added.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    as_of: Timestamp,
    active: usize,
    overdue: usize,
    exceptions: Vec<View<'a>>,
}

#[derive(Debug, Serialize)]
struct View<'a> {
    id: RecordId,
    control: &'a str,
    subject: &'a Subject,
    reason: &'a str,
    compensating_control: &'a str,
    risk_acceptor: &'a Owner,
    risk_tier: RiskTier,
    requested_by: &'a str,
    approved_by: &'a [String],
    status: &'static str,
    status_reason: String,
    overdue: bool,
    created_at: Timestamp,
    age_days: i64,
    expires_at: Timestamp,
    renewals: u32,
    renewals_max: u32,
    revision: u64,
}

impl<'a> View<'a> {
    fn of(exception: &'a Registered<Exception>, policy: &Policy, now: Timestamp) -> Self {
        let (declared, standing) = (exception.declaration(), exception.standing(now));
        Self {
            id: exception.id(),
            control: &declared.control,
            subject: &declared.subject,
            reason: &declared.reason,
            compensating_control: &declared.compensating_control,
            risk_acceptor: &declared.risk_acceptor,
            risk_tier: declared.risk_tier.unwrap_or(RiskTier::Critical),
            requested_by: exception.requested_by(),
            approved_by: &exception.evidence().approved_by,
            status: standing.status,
            status_reason: standing.reason,
            overdue: exception.is_overdue(now),
            created_at: exception.created_at(),
            age_days: now.seconds_since(exception.created_at()).max(0) / 86_400,
            expires_at: declared.expires_at,
            renewals: exception.state().renewals,
            renewals_max: declared.renewals_max(policy),
            revision: exception.revision(),
        }
    }
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let Command::List(list) = &args.command;
    let policy = list.policy.load()?;
    let registry = list.registry.open()?;
    let filter = RecordFilter {
        with_ended: list.all,
        ..RecordFilter::default()
    };
    let read = registry.reading(|view| Ok((view.now()?, view.list::<Registered<Exception>>(&filter)?)));
    let (now, mut exceptions) = read.map_err(|error| failure(&error))?;
    exceptions.retain(|exception| !list.overdue || exception.is_overdue(now));
    exceptions.sort_by_key(|exception| (exception.declaration().expires_at, exception.id()));
    let count = |suits: &dyn Fn(&&Registered<Exception>) -> bool| exceptions.iter().filter(suits).count();
    let document = Document {
        version: 1,
        as_of: now,
        active: count(&|exception| exception.standing(now).is_good),
        overdue: count(&|exception| exception.is_overdue(now)),
        exceptions: exceptions.iter().map(|one| View::of(one, &policy, now)).collect(),
    };
    match list.format {
        Format::Human => console.answer(&human(&document, console.width))?,
        Format::Json => console.answer_raw(&output::json(&document)?)?,
    }
    Ok(if list.overdue && document.overdue > 0 {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

fn human(document: &Document<'_>, width: usize) -> String {
    let mut screen = Screen::new(width);
    if document.exceptions.is_empty() {
        screen.line(&[(PLAIN, "none")]);
        return screen.into_text();
    }
    let row = |view: &View<'_>| {
        [
            view.control.to_owned(),
            format!("{} {}", view.subject.address, view.subject.attribute),
            if view.overdue { "overdue" } else { view.status }.to_owned(),
            format!("{}d", view.age_days),
            view.expires_at.to_string(),
            format!("{} of {}", view.renewals, view.renewals_max),
            view.risk_acceptor.to_string(),
            view.id.to_string(),
        ]
    };
    let rows: Vec<[String; 8]> = document.exceptions.iter().map(row).collect();
    let headings = [
        "CONTROL",
        "WHERE",
        "STATUS",
        "AGE",
        "ENDS",
        "RENEWED",
        "ACCEPTED BY",
        "ID",
    ];
    outcome::table(&mut screen, &headings, &rows, |row, column| {
        match (column, document.exceptions.get(row)) {
            (0, _) => BOLD,
            (2, Some(view)) if view.overdue => RED,
            (2, Some(view)) if view.status == "active" => GREEN,
            _ => PLAIN,
        }
    });
    let counted = format!("{} active, {} overdue", document.active, document.overdue);
    screen.line(&[(DIM, &counted)]);
    screen.into_text()
}
