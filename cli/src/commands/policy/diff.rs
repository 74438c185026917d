//! `nhi policy diff`: in what one policy is looser than another.
//!
//! A pipeline runs it on the policy of a pull request's base and head; loosening is a request of tier critical.

use std::path::{Path, PathBuf};

use nhi_approvals::{Request, disk};
use nhi_governance::{Digest, Loosening, Name, Policy, RiskTier};
use nhi_policy_file::LOCK_FILE;
use serde::Serialize;

use super::{Format, adopt};
use crate::approvals;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, Screen, YELLOW};
use crate::policy;
use crate::registry;

/// Stands for the policy in force of the registry where a file could be named.
const IN_FORCE: &str = "in-force";

/// Options of `nhi policy diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The policy before the change; `default` is the built-in one, `in-force` that of the registry
    #[arg(value_name = "BASE", value_hint = clap::ValueHint::FilePath)]
    base: PathBuf,
    /// The policy after it
    #[arg(value_name = "HEAD", value_hint = clap::ValueHint::FilePath)]
    head: PathBuf,
    /// The lock file of modules before the change; the one beside BASE where that stands in another directory than HEAD
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    base_lock: Option<PathBuf>,
    /// The lock file after it; the one beside HEAD where none is named
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    head_lock: Option<PathBuf>,
    /// Write the request that a loosening needs into this directory, for `nhi approve`
    #[arg(long, value_name = "DIRECTORY", value_hint = clap::ValueHint::DirPath)]
    request: Option<PathBuf>,
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    base_digest: String,
    head_digest: String,
    changed: bool,
    loosened: Vec<Loosening>,
    /// The same of the lock files of modules, which no request is about.
    lock_loosened: Vec<Loosening>,
    /// The tier of the request that the change needs, by the rules of the base.
    tier: Option<RiskTier>,
    approvals: Option<String>,
    /// The digest of the request that was written.
    request: Option<Digest>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let base = match args.base.as_os_str() {
        base if base == IN_FORCE => adopt::in_force(&args.registry)?,
        _ => super::of(&args.base)?,
    };
    let head = super::of(&args.head)?;
    let loosened = head.loosened_from(&base);
    let unlocked = args.locks()?;
    let exit = if loosened.is_empty() && unlocked.is_empty() {
        Exit::Clean
    } else {
        Exit::Findings
    };
    let approvals = base.approvals(RiskTier::Critical).to_string();
    let request = match &args.request {
        Some(directory) if !loosened.is_empty() => Some(write_request(directory, &base, &head)?),
        _ => None,
    };
    match args.format {
        Format::Human => {
            let mut text = human(&base, &head, (&loosened, &unlocked), &approvals, console.width);
            if let Some((digest, path)) = &request {
                let mut screen = Screen::new(console.width);
                screen.line(&[(DIM, &format!("request {digest}"))]);
                screen.line(&[(DIM, "written "), (PLAIN, path)]);
                text.push_str(&screen.into_text());
            }
            console.answer(&text)?;
        }
        Format::Json => {
            let is_looser = !loosened.is_empty();
            console.answer_raw(&output::json(&Document {
                version: 1,
                base_digest: base.digest().to_string(),
                head_digest: head.digest().to_string(),
                changed: base != head,
                loosened,
                lock_loosened: unlocked,
                tier: is_looser.then_some(RiskTier::Critical),
                approvals: is_looser.then_some(approvals),
                request: request.map(|(digest, _)| digest),
            })?)?;
        }
    }
    Ok(exit)
}

impl Args {
    /// In what the lock file of modules is looser. One that is not there pins nothing, which no check accepts.
    fn locks(&self) -> Result<Vec<Loosening>, Failure> {
        let beside = |path: &Path| path.with_file_name(LOCK_FILE);
        let folder = |path: &Path| path.parent().map(|folder| folder.join(".").canonicalize().ok());
        let is_file = self.base.as_os_str() != IN_FORCE && self.base.as_os_str() != super::BUILT_IN;
        let is_apart = is_file && folder(&self.base) != folder(&self.head);
        let base = self.base_lock.clone().or_else(|| is_apart.then(|| beside(&self.base)));
        let Some(base) = base else { return Ok(Vec::new()) };
        let head = self.head_lock.clone().unwrap_or_else(|| beside(&self.head));
        let load = |path: &Path| nhi_policy_file::load_lock(path).map_err(|error| policy::failure(&error));
        Ok(match (load(&base)?, load(&head)?) {
            (Some(base), Some(head)) => head.loosened_from(&base),
            _ => Vec::new(),
        })
    }
}

/// Writes the request of a loosening: by the rules of the base, of which approvers see every point.
fn write_request(directory: &Path, base: &Policy, head: &Policy) -> Result<(Digest, String), Failure> {
    let organisation = base.organisation().or(head.organisation()).ok_or_else(|| {
        Failure::usage("the policy names no organisation to bind approvals to")
            .help("write `organisation = \"…\"` into the policy file")
    })?;
    let organisation =
        Name::parse(organisation.as_str()).map_err(|problem| Failure::undecided(problem.message).help(problem.help))?;
    let request = Request::for_policy(&organisation, base, head);
    let path = disk::write_request(directory, &request).map_err(|problem| approvals::failure(&problem))?;
    Ok((request.digest(), path.display().to_string()))
}

fn human(
    base: &Policy,
    head: &Policy,
    (loosened, unlocked): (&[Loosening], &[Loosening]),
    approvals: &str,
    width: usize,
) -> String {
    let mut screen = Screen::new(width);
    for loosening in loosened.iter().chain(unlocked) {
        screen.line(&[
            (YELLOW, "looser"),
            (PLAIN, "  "),
            (BOLD, &loosening.place),
            (PLAIN, "  "),
            (PLAIN, loosening.what),
        ]);
        screen.field(8, "from", PLAIN, &loosening.from);
        screen.field(8, "to  ", PLAIN, &loosening.to);
    }
    if loosened.is_empty() && unlocked.is_empty() {
        let told = if base == head {
            "both say the same"
        } else {
            "nothing is looser"
        };
        screen.line(&[(GREEN, told)]);
    } else if !loosened.is_empty() {
        // Those whom the change would spare are not the ones to decide it.
        let told = format!("a request of tier critical: by the rules of the base it calls for {approvals}");
        screen.blank();
        screen.line(&[(PLAIN, &told)]);
    }
    screen.line(&[(DIM, &format!("base {}", base.digest()))]);
    screen.line(&[(DIM, &format!("head {}", head.digest()))]);
    screen.into_text()
}
