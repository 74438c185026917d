//! `nhi sweep`: writes down what time has decided, so that what is over also ends on record.
//!
//! Nothing depends on when it runs: a status is computed at every read. It only ends what nothing can bring back, and
//! a second run right after it does nothing.

mod due;
mod signals;

use std::time::Duration;

use nhi_governance::{Timestamp, Ttl};
use nhi_registry::{Access, Actor};
use serde::Serialize;

use crate::commands::sweep::due::{Overdue, Swept};
use crate::commands::sweep::signals::Signals;
use crate::exit::{Exit, Failure};
use crate::operate::{Format, outcome};
use crate::output::{self, BOLD, Console, PLAIN, Screen};
use crate::policy;
use crate::registry::{self, failure};

const AFTER_HELP: &str = "\
What it ends:
  identities  suspended for more than 14 days, past their end (or that of their quarantine) for more than 7 days,
              or whose vendor's contract ended where that revokes them
  grants      of an identity that is revoked, or past their end for more than 7 days
  exceptions  past their end for more than 7 days

It suspends identities that hold a static secret while no exception for it is in force any more.

It opens the rounds of access reviews whose cadence asks for it, and closes those that are due: identities that nobody
answered for are suspended, or revoked where the review says so.

It also says what somebody owes: tests and reviews of break-glass access whose day has passed.

With --every it goes on until it is told to stop by SIGINT or SIGTERM, and writes one line of JSON for each pass.
A pass that fails is told on standard error and tried again the next time; the first one has to succeed.";

/// Options of `nhi sweep`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Go on, with so much time in between, for example `5m`
    #[arg(long, value_name = "DURATION", value_parser = every)]
    every: Option<Ttl>,
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    /// How to write the answer; always JSON with --every
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

fn every(text: &str) -> Result<Ttl, String> {
    Ttl::parse(text).map_err(|problem| format!("{}: {}", problem.message, problem.help))
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    as_of: Timestamp,
    ended: usize,
    suspended: usize,
    changes: Vec<Swept>,
    /// What somebody owes; it stays in every answer until they have done it.
    overdue: Vec<Overdue>,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let Some(every) = &args.every else {
        let document = pass(args)?;
        match args.format {
            Format::Human => console.answer(&human(&document, console.width))?,
            Format::Json => console.answer_raw(&output::json(&document)?)?,
        }
        return Ok(Exit::Clean);
    };
    // Before the first pass, so that no signal is lost in it; one that comes then ends the run after it.
    let signals = Signals::listen()?;
    console.answer_raw(&output::json_line(&pass(args)?)?)?;
    while !signals.came_within(Duration::from_secs(every.seconds())) {
        match pass(args) {
            Ok(document) => console.answer_raw(&output::json_line(&document)?)?,
            Err(failure) => console.failure(&failure),
        }
    }
    Ok(Exit::Clean)
}

/// One pass. The registry is opened for each, so that one that was moved or replaced is noticed.
fn pass(args: &Args) -> Result<Document, Failure> {
    let registry = args.registry.open_under(Access::Write, args.policy.load()?)?;
    let actor = Actor::from_surroundings();
    let changes = due::sweep_all(&*registry, &actor).map_err(|error| failure(&error))?;
    Ok(Document {
        version: 1,
        as_of: registry.now().map_err(|error| failure(&error))?,
        ended: changes.iter().filter(|swept| swept.is_end()).count(),
        suspended: changes.iter().filter(|swept| swept.is_suspension()).count(),
        changes,
        overdue: Overdue::all(&*registry).map_err(|error| failure(&error))?,
    })
}

fn human(document: &Document, width: usize) -> String {
    let mut screen = Screen::new(width);
    if document.changes.is_empty() {
        screen.line(&[(PLAIN, "nothing was due")]);
    } else {
        let rows: Vec<[String; 5]> = document.changes.iter().map(Swept::row).collect();
        table(&mut screen, &rows);
        let suspended = match document.suspended {
            0 => String::new(),
            count => format!(", {count} suspended"),
        };
        screen.line(&[(BOLD, &format!("{} ended", document.ended)), (PLAIN, &suspended)]);
    }
    if !document.overdue.is_empty() {
        screen.blank();
        let rows: Vec<[String; 5]> = document.overdue.iter().map(Overdue::row).collect();
        table(&mut screen, &rows);
        screen.line(&[(BOLD, &format!("{} overdue", document.overdue.len()))]);
    }
    screen.into_text()
}

fn table(screen: &mut Screen, rows: &[[String; 5]]) {
    let headings = ["KIND", "NAME", "ENVIRONMENT", "WHY", "ID"];
    let bold = |_, column| if column == 1 { BOLD } else { PLAIN };
    outcome::table(screen, &headings, rows, bold);
}
