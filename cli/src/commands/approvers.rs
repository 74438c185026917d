//! `nhi approvers`: the trust root, its people, and the signatures by which one version comes after another.

use std::path::PathBuf;

use clap::Subcommand;
use nhi_approvals::{Person, Succession, Trust, TrustRoot, disk};
use nhi_governance::{Digest, Problem};
use serde::Serialize;

use crate::approvals::{self, Root, failure};
use crate::commands::approve::keys;
use crate::commands::request::Format;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen};

/// The code of a trust root that is not the trusted one.
const PIN: &str = "NHI-APPROVERS-PIN";

/// Options of `nhi approvers`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List who may approve, with which keys, as what; and the digest to pin
    Show(Show),
    /// Sign a new version of the trust root, as one of the people of the version before
    Sign(Sign),
    /// Follow the trust root back to the digest that is pinned: exit 0 trusted, 1 not, 3 cannot be read
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    root: Root,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct Sign {
    #[command(flatten)]
    root: Root,
    /// The version before; it is kept beside the trust root for those who verify. Not needed when it lies there already
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    previous: Option<PathBuf>,
    #[command(flatten)]
    key: keys::Args,
}

#[derive(Debug, clap::Args)]
struct Verify {
    #[command(flatten)]
    root: Root,
    /// The digest that is trusted
    #[arg(long, value_name = "DIGEST", env = "NHI_APPROVERS_DIGEST", value_parser = approvals::digest)]
    approvers_digest: Digest,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Show(show) => self::show(show, console),
        Command::Sign(sign) => self::sign(sign, console),
        Command::Verify(verify) => self::verify(verify, console),
    }
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    organisation: &'a str,
    root_version: u32,
    digest: Digest,
    previous: Option<Digest>,
    threshold: usize,
    people: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    keys: Vec<String>,
    acts_as: Vec<String>,
}

fn entries(root: &TrustRoot) -> Vec<Entry> {
    root.people()
        .map(|person| Entry {
            name: person.to_string(),
            keys: root.keys(person).iter().map(ToString::to_string).collect(),
            acts_as: root.roles(person),
        })
        .collect()
}

fn show(args: &Show, console: &Console) -> Result<Exit, Failure> {
    let root = args.root.read()?;
    if args.format == Format::Json {
        let document = Document {
            version: 1,
            organisation: root.organisation.as_str(),
            root_version: root.version,
            digest: root.digest,
            previous: root.previous,
            threshold: root.threshold,
            people: entries(&root),
        };
        console.answer_raw(&output::json(&document)?)?;
        return Ok(Exit::Clean);
    }
    let mut screen = Screen::new(console.width);
    let (version, digest) = (root.version.to_string(), root.digest.to_string());
    let threshold = format!("{} of its people sign the next version", root.threshold);
    screen.line(&[
        (BOLD, root.organisation.as_str()),
        (DIM, ", version "),
        (PLAIN, &version),
        (DIM, ": "),
        (PLAIN, &threshold),
    ]);
    screen.line(&[(DIM, "digest "), (PLAIN, &digest)]);
    for entry in entries(&root) {
        screen.blank();
        screen.line(&[(BOLD, &entry.name), (DIM, "  "), (PLAIN, &entry.acts_as.join(", "))]);
        for key in &entry.keys {
            screen.line(&[(DIM, "  "), (PLAIN, key)]);
        }
    }
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

fn sign(args: &Sign, console: &Console) -> Result<Exit, Failure> {
    let path = &args.root.approvers;
    let root = args.root.read()?;
    let previous = previous(args, &root)?;
    let (mut signer, person) = args.key.signer(&previous, console)?;
    let succession = Succession::new(&root, person.clone(), approvals::now()).map_err(|problem| failure(&problem))?;
    let text = succession.sign(signer.as_mut()).map_err(|problem| failure(&problem))?;
    let written = disk::write_succession(path, root.digest, &person, &text).map_err(|problem| failure(&problem))?;
    let mut screen = Screen::new(console.width);
    let (version, written) = (root.version.to_string(), written.display().to_string());
    screen.line(&[
        (GREEN, "signed"),
        (PLAIN, ": version "),
        (BOLD, &version),
        (PLAIN, " by "),
        (BOLD, person.as_str()),
    ]);
    screen.line(&[(DIM, "written "), (PLAIN, &written)]);
    match disk::read_trust(path, previous.digest) {
        Ok(_) => screen.line(&[(DIM, "that is enough: it counts wherever the version before is trusted")]),
        Err(problem) => screen.line(&[(DIM, &problem.message)]),
    }
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

/// The version before, which has to be the one that the new version names.
fn previous(args: &Sign, root: &TrustRoot) -> Result<TrustRoot, Failure> {
    let path = &args.root.approvers;
    let Some(digest) = root.previous else {
        return Err(Failure::usage("the first version of a trust root is not signed")
            .help("it counts because its digest is pinned: `nhi approvers show` tells it"));
    };
    let kept = disk::chain_directory(path).join(format!("{digest}.hcl"));
    let bytes = disk::read_root(args.previous.as_ref().unwrap_or(&kept)).map_err(|problem| failure(&problem))?;
    if Digest::of(&bytes) != digest {
        let message = format!(
            "the version before has the digest {}, and the new one names {digest}",
            Digest::of(&bytes)
        );
        return Err(
            Failure::usage(message).help("write that digest as `previous`, or name another file with `--previous`")
        );
    }
    let previous = TrustRoot::parse(&bytes).map_err(|problem| failure(&problem))?;
    if args.previous.is_some() {
        disk::keep_root(path, &bytes).map_err(|problem| failure(&problem))?;
    }
    Ok(previous)
}

#[derive(Debug, Serialize)]
struct Outcome<'a> {
    version: u32,
    verdict: &'static str,
    digest: Digest,
    root_version: Option<u32>,
    steps: Vec<Step<'a>>,
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Step<'a> {
    root_version: u32,
    digest: Digest,
    signed_by: Vec<&'a str>,
}

fn verify(args: &Verify, console: &Console) -> Result<Exit, Failure> {
    let bytes = disk::read_root(&args.root.approvers).map_err(|problem| failure(&problem))?;
    let trusted = match disk::read_trust(&args.root.approvers, args.approvers_digest) {
        Err(problem) if problem.code.id != PIN => return Err(failure(&problem)),
        trusted => trusted,
    };
    match args.format {
        Format::Json => {
            let outcome = Outcome {
                version: 1,
                verdict: if trusted.is_ok() { "trusted" } else { "not trusted" },
                digest: Digest::of(&bytes),
                root_version: trusted.as_ref().ok().map(|trust| trust.root.version),
                steps: trusted
                    .as_ref()
                    .map(|trust| trust.steps.iter().map(step).collect())
                    .unwrap_or_default(),
                reason: trusted.as_ref().err().map(|problem| problem.message.as_str()),
            };
            console.answer_raw(&output::json(&outcome)?)?;
        }
        Format::Human => console.answer(&human(&trusted, console.width))?,
    }
    Ok(if trusted.is_ok() { Exit::Clean } else { Exit::Findings })
}

fn step(step: &nhi_approvals::Step) -> Step<'_> {
    Step {
        root_version: step.version,
        digest: step.digest,
        signed_by: step.signed_by.iter().map(Person::as_str).collect(),
    }
}

fn human(trusted: &Result<Trust, Problem>, width: usize) -> String {
    let mut screen = Screen::new(width);
    match trusted {
        Ok(trust) => {
            let version = trust.root.version.to_string();
            screen.line(&[(GREEN, "trusted"), (PLAIN, ": version "), (BOLD, &version)]);
            for step in &trust.steps {
                let names: Vec<&str> = step.signed_by.iter().map(Person::as_str).collect();
                let text = format!("  version {} is signed by {}", step.version, names.join(", "));
                screen.line(&[(PLAIN, &text)]);
            }
        }
        Err(problem) => {
            screen.line(&[(RED, "not trusted"), (PLAIN, ": "), (BOLD, &problem.message)]);
            screen.field(2, "", PLAIN, &problem.help);
        }
    }
    screen.into_text()
}
