//! `nhi adopt`: which machine identities a state or a plan creates, which of them are on record, and the HCL for the
//! rest.
//!
//! Nothing is invented: owner and task come from the resource's own tags or from the command line, and what neither
//! says is left empty, so that `validate` asks for it.

mod quarantine;
mod selector;
mod standing;
mod view;

use std::path::{Path, PathBuf};

use nhi_adopt::{Block, Found, Proposal, Taken, Terms, find, propose, write};
use nhi_governance::{Environment, Owner, Policy, Problem, QUARANTINE_DAYS_MAX, TrustDomain, Ttl};
use nhi_plan::glob_matches;
use nhi_registry::Access;

use self::selector::Selector;
use self::standing::{Known, Standing};
use crate::exit::{Exit, Failure};
use crate::input::EstateSource;
use crate::operate::Format;
use crate::operate::selection::NO_MATCH;
use crate::output::{self, Console, Progress};
use crate::policy;
use crate::registry;

/// What the file in a directory is called.
const FILE_NAME: &str = "nhi-adopted.tf";

const AFTER_HELP: &str = "\
Without --out and --record it only lists. What a resource says of itself, in tags such as `owner`, `team`,
`environment` or `policy-owner` and in its description, goes before what the options say of all.

A selector is key=value, more of them with commas in between; all of them have to be true:
  address=module.payments.*   `*` is any run of characters, `?` is one
  environment=production
  kind=ci_pipeline
  name=deploy-*
  owner=team:payments

Examples:
  nhi adopt terraform.tfstate
  tofu state pull | nhi adopt - --environment production --policy-owner team:iam --out .
  nhi adopt tfplan --type 'aws_iam_*' --selector 'name=deploy-*' --technical-owner team:build --out deploy.tf
  nhi adopt terraform.tfstate --record --deadline 336h --out .

Exit codes:
  0  everything is governed, or the HCL and the records were written
  1  something is not governed; with --record: something could not be put on record
  2  wrong usage, or a file is there already
  3  the source or the registry could not be read, or nothing could be written";

/// Options of `nhi adopt`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    source: EstateSource,
    /// Only identities of this resource type; `*` is any run of characters
    #[arg(long = "type", value_name = "TYPE", action = clap::ArgAction::Append)]
    types: Vec<String>,
    /// Only identities of which all of this is true
    #[arg(long, value_name = "KEY=VALUE,…")]
    selector: Option<Selector>,
    /// Write the HCL to this file (`.tf`, `.tofu`), to `nhi-adopted.tf` in this directory, or with `-` as the answer
    #[arg(long, short, value_name = "FILE|DIR|-", value_hint = clap::ValueHint::AnyPath)]
    out: Option<PathBuf>,
    /// Write over a file that says something else
    #[arg(long, requires = "out")]
    force: bool,
    /// Put what is complete on record, in quarantine until the deadline
    #[arg(long)]
    record: bool,
    /// How long it may stay in quarantine; 720h at most
    #[arg(long, value_name = "DURATION", value_parser = deadline, default_value = "720h")]
    deadline: Ttl,
    /// The SPIFFE trust domain of new records, as the provider has it
    #[arg(long, value_name = "DOMAIN", value_parser = domain, default_value_t = String::from(TrustDomain::default()))]
    trust_domain: String,
    /// Who runs what uses them: `team:NAME`, `user:NAME` or an e-mail address
    #[arg(long, value_name = "OWNER", value_parser = owner, help_heading = "Of all that do not say it")]
    technical_owner: Option<String>,
    /// Who answers for their rules; not the technical owner
    #[arg(long, value_name = "OWNER", value_parser = owner, help_heading = "Of all that do not say it")]
    policy_owner: Option<String>,
    /// What they do, in a sentence
    #[arg(long, value_name = "TEXT", help_heading = "Of all that do not say it")]
    summary: Option<String>,
    /// The task that needs the access
    #[arg(long, value_name = "TEXT", help_heading = "Of all that do not say it")]
    task: Option<String>,
    /// Where they are used
    #[arg(long, value_name = "NAME", value_parser = environment, help_heading = "Of all that do not say it")]
    environment: Option<String>,
    /// How long they live [default: what the policy allows their tier]
    #[arg(long, value_name = "DURATION", value_parser = ttl, help_heading = "Of all that do not say it")]
    ttl: Option<String>,
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

fn said(problem: &Problem) -> String {
    format!("{}: {}", problem.message, problem.help)
}

fn owner(text: &str) -> Result<String, String> {
    Owner::parse(text).map(String::from).map_err(|problem| said(&problem))
}

fn environment(text: &str) -> Result<String, String> {
    Environment::parse(text)
        .map(String::from)
        .map_err(|problem| said(&problem))
}

fn ttl(text: &str) -> Result<String, String> {
    Ttl::parse(text)
        .map(|_| text.to_owned())
        .map_err(|problem| said(&problem))
}

fn domain(text: &str) -> Result<String, String> {
    TrustDomain::parse(text)
        .map(String::from)
        .map_err(|problem| said(&problem))
}

fn deadline(text: &str) -> Result<Ttl, String> {
    let deadline = Ttl::parse(text).map_err(|problem| said(&problem))?;
    if deadline.seconds() > u64::from(QUARANTINE_DAYS_MAX) * 86_400 {
        return Err(format!("a quarantine lasts {QUARANTINE_DAYS_MAX} days at most"));
    }
    Ok(deadline)
}

/// An identity of the source, and how it stands.
#[derive(Debug)]
struct Row {
    found: Found,
    standing: Standing,
    proposal: Proposal,
    /// Put on record, or put back into quarantine, by this run.
    recorded: bool,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let policy = args.policy.load()?;
    let mut progress = Progress::new();
    progress.announce("reading the source");
    let mut notes = Vec::new();
    let estate = args.source.read(&mut notes, find)?;
    let access = if args.record { Access::Create } else { Access::Read };
    let registry = standing::open(&args.registry, access, policy.clone(), &mut notes)?;
    let known = standing::known(registry.as_deref())?;
    progress.show(|| format!("comparing {} identities with the registry", estate.identities.len()));
    let total = estate.identities.len();
    let mut rows = rows(args, estate.identities, &known, &policy);
    if rows.is_empty() && total > 0 {
        return Err(no_match(total));
    }
    let mut refused = 0;
    if let (true, Some(registry)) = (args.record, registry.as_deref()) {
        refused = quarantine::record(args, registry, &mut rows, &mut progress)?;
        let known = standing::known(Some(registry))?;
        for row in &mut rows {
            row.standing = known.standing(
                &row.found,
                row.proposal.environment.as_deref(),
                args.environment.as_deref(),
            );
        }
    }
    drop(progress);
    let written = match &args.out {
        Some(out) => out_to(args, out, hcl(&rows).as_deref(), console)?,
        None => None,
    };
    let answer = view::Answer {
        form: estate.form,
        resources: estate.resources,
        rows: &rows,
        written: written.as_deref(),
        is_listing: args.out.is_none() && !args.record,
        refused,
    };
    for note in notes {
        console.talk(&format!("{note}\n"));
    }
    answer.give(args.format, args.out.as_deref() == Some(Path::new("-")), console)?;
    let is_governed = rows.iter().all(|row| row.standing.is_governed());
    let is_done = refused == 0 && (args.out.is_some() || args.record);
    Ok(if is_governed || is_done {
        Exit::Clean
    } else {
        Exit::Findings
    })
}

/// A check that looks at nothing must not pass.
#[cold]
fn no_match(total: usize) -> Failure {
    Failure {
        exit: Exit::Findings,
        message: format!("{NO_MATCH}: none of {total} identities matches `--type` and `--selector`"),
        help: "leave both out to see all of them".to_owned(),
    }
}

fn rows(args: &Args, identities: Vec<Found>, known: &Known, policy: &Policy) -> Vec<Row> {
    let terms = Terms {
        technical_owner: args.technical_owner.clone(),
        policy_owner: args.policy_owner.clone(),
        summary: args.summary.clone(),
        task: args.task.clone(),
        environment: args.environment.clone(),
        ttl: args.ttl.clone(),
    };
    let mut taken = known.taken();
    // Those on record have their names already; what a filter leaves out has one too, so that it takes no other's.
    let rows = identities.into_iter().map(|found| {
        let environment = found.environment().or(args.environment.as_deref());
        let standing = known.standing(&found, environment, args.environment.as_deref());
        let mut spare = Taken::default();
        let names = if standing.is_on_record() {
            &mut spare
        } else {
            &mut taken
        };
        let mut proposal = propose(&found, &terms, policy, names);
        if let Standing::Revoked(record) = &standing {
            let id = nhi_governance::Record::id(&record.identity);
            proposal.remark(format!(
                "Record {id} of it was ended: {}. This asks for a new one.",
                record.reason
            ));
        }
        Row {
            proposal,
            standing,
            found,
            recorded: false,
        }
    });
    let is_selected = |row: &Row| {
        let is_type = args.types.is_empty() || args.types.iter().any(|glob| glob_matches(glob, &row.found.type_name));
        is_type && args.selector.as_ref().is_none_or(|selector| selector.selects(row))
    };
    rows.filter(is_selected).collect()
}

/// The blocks of what is not under management; none where there is nothing to write.
fn hcl(rows: &[Row]) -> Option<String> {
    let blocks: Vec<Block<'_>> = rows.iter().filter_map(Row::block).collect();
    (!blocks.is_empty()).then(|| write(&blocks))
}

impl Row {
    fn block(&self) -> Option<Block<'_>> {
        match &self.standing {
            Standing::New | Standing::Revoked(_) => self.proposal.is_named().then_some(Block::New(&self.proposal)),
            Standing::Waiting(on_record) => Some(Block::OnRecord {
                id: on_record.identity.id(),
                declaration: on_record.identity.declaration(),
                remarks: vec![
                    format!("{}.", self.found.address),
                    format!("On record: {}.", on_record.reason),
                ],
            }),
            Standing::Overdue(_) | Standing::Governed(_) => None,
        }
    }
}

/// Writes the HCL, and says where it is.
fn out_to(args: &Args, out: &Path, hcl: Option<&str>, console: &Console) -> Result<Option<PathBuf>, Failure> {
    let Some(hcl) = hcl else { return Ok(None) };
    if out == Path::new("-") {
        console.answer_raw(hcl)?;
        return Ok(None);
    }
    let is_file = out
        .extension()
        .is_some_and(|extension| extension == "tf" || extension == "tofu");
    let path = if is_file && !out.is_dir() {
        out.to_path_buf()
    } else {
        std::fs::create_dir_all(out)
            .map_err(|error| Failure::undecided(format!("`{}` cannot be made: {error}", out.display())))?;
        out.join(FILE_NAME)
    };
    if args.force {
        output::write_file(&path, hcl)?;
        return Ok(Some(path));
    }
    if !output::create_file(&path, hcl)? && !says(&path, hcl) {
        let message = format!("`{}` is there already and says something else", path.display());
        return Err(Failure::usage(message).help("name another file with `--out`, or add `--force` to write over it"));
    }
    Ok(Some(path))
}

/// Whether a file says exactly this.
fn says(path: &Path, text: &str) -> bool {
    let limit = u64::try_from(text.len()).unwrap_or(u64::MAX);
    crate::input::read_file(path, limit)
        .ok()
        .flatten()
        .is_some_and(|bytes| bytes == text.as_bytes())
}
