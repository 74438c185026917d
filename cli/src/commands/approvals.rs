//! `nhi approvals`: whether a request has the approvals that it calls for.

use clap::Subcommand;
use nhi_approvals::{Question, Request, TrustRoot, Verdict, disk, judge};
use nhi_governance::{Digest, Policy, Timestamp};
use serde::Serialize;

use crate::approvals::{self, Place, Root, Target, failure, requirement};
use crate::commands::request::Format;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen, YELLOW};
use crate::policy;

/// By how many seconds a signer's clock may be ahead.
pub(crate) const CLOCK_SKEW_SECONDS: i64 = 60;

/// Options of `nhi approvals`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the approvals of a request, or of all: exit 0 enough, 1 something is missing, 3 cannot be decided
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// A directory of requests, the directory of one, or its digest
    #[arg(value_name = "DIRECTORY|DIGEST")]
    target: Option<Target>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    root: Root,
    #[command(flatten)]
    policy: policy::Args,
    /// The digest of a trust root that is trusted; take it from the base of a change, never from its head
    #[arg(long, value_name = "DIGEST", env = "NHI_APPROVERS_DIGEST", value_parser = approvals::digest)]
    approvers_digest: Digest,
    /// Who asks, by name or login: their own approval does not count
    #[arg(long = "requester", value_name = "NAME")]
    requesters: Vec<String>,
    /// Judge by this time instead of the clock
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    as_of: Timestamp,
    approvers_digest: Digest,
    requests: Vec<Answer<'a>>,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    digest: Digest,
    environment: Option<&'a str>,
    kind: &'a str,
    name: &'a str,
    verdict: &'static str,
    calls_for: String,
    accepted: Vec<Accepted<'a>>,
    refused: Vec<Refused<'a>>,
    missing: &'a [String],
}

#[derive(Debug, Serialize)]
struct Accepted<'a> {
    person: &'a str,
    digest: Digest,
    key: &'a str,
    expires_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Refused<'a> {
    file: &'a str,
    reason: String,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let Command::Verify(verify) = &args.command;
    let trust =
        disk::read_trust(&verify.root.approvers, verify.approvers_digest).map_err(|problem| failure(&problem))?;
    let now = verify.at.unwrap_or_else(approvals::now);
    let requests = verify.place.requests(verify.target.as_ref())?;
    if requests.is_empty() {
        return Err(approvals::none(&verify.place.approvals));
    }
    let policy = verify.policy.load()?;
    let mut judged = Vec::new();
    for (directory, request) in &requests {
        let found = disk::read_approvals(directory, request.digest()).map_err(|problem| failure(&problem))?;
        judged.push((
            request,
            verdict(&policy, request, &trust.root, now, &verify.requesters, found)?,
        ));
    }
    match verify.format {
        Format::Human => {
            let mut screen = Screen::new(console.width);
            for (request, verdict) in &judged {
                human(&mut screen, request, verdict);
            }
            console.answer(&screen.into_text())?;
        }
        Format::Json => {
            let requests = judged
                .iter()
                .map(|(request, verdict)| answer(request, verdict))
                .collect();
            let document = Document {
                version: 1,
                as_of: now,
                approvers_digest: trust.root.digest,
                requests,
            };
            console.answer_raw(&output::json(&document)?)?;
        }
    }
    let is_enough = judged.iter().all(|(_, verdict)| verdict.is_enough());
    Ok(if is_enough { Exit::Clean } else { Exit::Findings })
}

/// Judges a request by its own tier.
pub(crate) fn verdict(
    policy: &Policy,
    request: &Request,
    root: &TrustRoot,
    now: Timestamp,
    requesters: &[String],
    found: Vec<disk::Found>,
) -> Result<Verdict, Failure> {
    let question = Question {
        request,
        root,
        requirement: requirement(policy, request)?,
        now,
        clock_skew_seconds: CLOCK_SKEW_SECONDS,
        requesters,
    };
    Ok(judge(&question, found))
}

fn answer<'a>(request: &'a Request, verdict: &'a Verdict) -> Answer<'a> {
    Answer {
        digest: verdict.request_digest,
        environment: request.environment.as_ref().map(nhi_governance::Environment::as_str),
        kind: request.kind.as_str(),
        name: &request.name,
        verdict: if verdict.is_enough() { "approved" } else { "missing" },
        calls_for: verdict.requirement.to_string(),
        accepted: verdict
            .accepted
            .iter()
            .map(|accepted| Accepted {
                person: accepted.person.as_str(),
                digest: accepted.digest,
                key: &accepted.key,
                expires_at: accepted.expires_at,
            })
            .collect(),
        refused: verdict
            .refused
            .iter()
            .map(|refused| Refused {
                file: &refused.source,
                reason: refused.reason.to_string(),
            })
            .collect(),
        missing: &verdict.missing,
    }
}

/// What counts, what does not, what is missing.
pub(crate) fn human(screen: &mut Screen, request: &Request, verdict: &Verdict) {
    let (style, word) = if verdict.is_enough() {
        (GREEN, "approved")
    } else {
        (RED, "not approved")
    };
    let calls_for = verdict.requirement.to_string();
    let digest = verdict.request_digest.to_string();
    screen.line(&[
        (style, word),
        (PLAIN, ": "),
        (BOLD, &request.name),
        (DIM, ", tier "),
        (PLAIN, request.terms.tier.as_str()),
        (DIM, ", which calls for "),
        (PLAIN, &calls_for),
    ]);
    screen.line(&[(DIM, "  digest   "), (PLAIN, &digest)]);
    for accepted in &verdict.accepted {
        let until = accepted.expires_at.to_string();
        screen.line(&[
            (GREEN, "  counts   "),
            (BOLD, accepted.person.as_str()),
            (DIM, " until "),
            (PLAIN, &until),
            (DIM, " with "),
            (PLAIN, &accepted.key),
        ]);
    }
    for refused in &verdict.refused {
        let text = format!("{}: {}", refused.source, refused.reason);
        screen.line(&[(YELLOW, "  refused  "), (PLAIN, &text)]);
    }
    for missing in &verdict.missing {
        screen.line(&[(RED, "  missing  "), (PLAIN, missing)]);
    }
}
