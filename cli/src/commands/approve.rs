//! `nhi approve`: shows what a request makes possible, then signs it.

pub(crate) mod keys;
mod passphrase;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use nhi_approvals::{Approval, Decision, Person, Request, Signed, Signer, TrustRoot, disk, read_armoured};
use nhi_governance::{Policy, Timestamp, Ttl};

use crate::approvals::{self, Place, Root, Target, failure};
use crate::commands::approvals::{human, verdict};
use crate::commands::request;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, Screen};
use crate::policy;

/// Bytes of a statement or of its signature.
const STATEMENT_BYTES_MAX: usize = 64 << 10;

const EXAMPLES: &str = "\
Examples:
  nhi approve                                    the only request there is, with a key of the ssh agent
  nhi approve 5d5b… --key ~/.ssh/id_ed25519      a request by its digest, with a key file
  nhi approve 5d5b… --reject                     say no: it counts against the request while it is there

With a key that only ssh-keygen can use:
  nhi approve 5d5b… --person alice --write-statement s
  ssh-keygen -Y sign -n nhi-approval -f KEY s
  nhi approve --statement s";

/// Options of `nhi approve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file of a request, its directory, or its digest; the only request there is without it
    #[arg(value_name = "REQUEST")]
    request: Option<Target>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    root: Root,
    #[command(flatten)]
    policy: policy::Args,
    #[command(flatten)]
    key: keys::Args,
    /// Who asked, as far as you know, by name or login: their own approval does not count
    #[arg(long, value_name = "NAME")]
    requester: Option<String>,
    /// How long the approval counts, 168h at most
    #[arg(long, value_name = "DURATION", default_value = "72h", value_parser = duration)]
    valid_for: Ttl,
    /// Say no instead of yes
    #[arg(long)]
    reject: bool,
    /// Do not ask; for scripts
    #[arg(long)]
    yes: bool,
    /// Write what is to be signed to a file instead of signing it
    #[arg(long, value_name = "FILE", requires = "person", conflicts_with_all = ["key", "statement"])]
    write_statement: Option<PathBuf>,
    /// Take a statement that `ssh-keygen -Y sign` has signed, and its signature in `FILE.sig`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "person", "requester", "reject"])]
    statement: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Ttl, String> {
    let ttl = Ttl::parse(text).map_err(|problem| format!("{}: {}", problem.message, problem.help))?;
    let days_max = u64::try_from(nhi_approvals::LIFE_DAYS_MAX).unwrap_or_default();
    if ttl.seconds() > days_max * 86_400 {
        return Err(format!("an approval is good for {days_max} days at most"));
    }
    Ok(ttl)
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let root = args.root.read()?;
    let policy = args.policy.load()?;
    let statement = args.statement.as_deref().map(read_statement).transpose()?;
    let wanted = statement
        .as_ref()
        .map(|approval| Target::Digest(approval.request_digest));
    let (directory, request) = args.place.request(args.request.as_ref().or(wanted.as_ref()))?;
    if request.organisation != root.organisation {
        return Err(Failure::usage(format!(
            "the request is of organisation `{}`, and the trust root of `{}`",
            request.organisation, root.organisation
        ))
        .help("name the trust root of that organisation with `--approvers`"));
    }
    if let (Some(approval), Some(path)) = (statement, &args.statement) {
        let signed = signed_elsewhere(approval, path, &request, &root)?;
        return done(&directory, &policy, &request, &root, &signed, console);
    }
    let decision = if args.reject {
        Decision::Reject
    } else {
        Decision::Approve
    };
    let now = approvals::now();
    if let (Some(path), Some(person)) = (&args.write_statement, &args.key.person) {
        let approval = approval(args, &request, &root, person.clone(), decision, now)?;
        return write_statement(path, &approval, console);
    }
    console.talk(&request::human(&policy, &request, console.talk_width));
    let (mut key, person) = args.key.signer(&root, console)?;
    let approval = approval(args, &request, &root, person, decision, now)?;
    confirm(args, &approval, key.as_ref(), console)?;
    let signed = approval.sign(key.as_mut()).map_err(|problem| failure(&problem))?;
    done(&directory, &policy, &request, &root, &signed, console)
}

fn approval(
    args: &Args,
    request: &Request,
    root: &TrustRoot,
    person: Person,
    decision: Decision,
    now: Timestamp,
) -> Result<Approval, Failure> {
    let requester = args.requester.as_deref().map(|name| match root.person_called(name) {
        Some(person) => Ok(person.clone()),
        None => Person::parse(name).map_err(|problem| Failure::usage(problem.message).help(problem.help)),
    });
    let requester = requester.transpose()?;
    if requester.as_ref() == Some(&person) && decision == Decision::Approve {
        return Err(
            Failure::usage(format!("`{person}` asked for it, and who asks does not approve"))
                .help("let somebody else approve it"),
        );
    }
    Ok(Approval::new(
        request,
        person,
        decision,
        now,
        now.plus(&args.valid_for),
        requester,
    ))
}

/// Asks before it signs: a person who has just seen what it is about.
fn confirm(args: &Args, approval: &Approval, signer: &dyn Signer, console: &Console) -> Result<(), Failure> {
    let does = if args.reject { "reject" } else { "approve" };
    let key = signer.public_key().fingerprint();
    if args.yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage("nobody is there to confirm").help("add `--yes` in a script"));
    }
    let mut screen = Screen::new(console.talk_width);
    screen.blank();
    let question = format!(
        " this as {} with {key} until {}? Write yes: ",
        approval.person, approval.expires_at
    );
    screen.line(&[(BOLD, does), (PLAIN, &question)]);
    console.talk(&screen.into_text());
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "yes" | "y") {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Findings,
        message: "nothing was signed".to_owned(),
        help: String::new(),
    })
}

fn done(
    directory: &Path,
    policy: &Policy,
    request: &Request,
    root: &TrustRoot,
    signed: &Signed,
    console: &Console,
) -> Result<Exit, Failure> {
    let path = disk::write_approval(directory, signed).map_err(|problem| failure(&problem))?;
    let mut screen = Screen::new(console.width);
    let written = path.display().to_string();
    let word = if signed.approval.decision == Decision::Approve {
        "approved"
    } else {
        "rejected"
    };
    screen.line(&[(GREEN, word), (PLAIN, " by "), (BOLD, signed.approval.person.as_str())]);
    screen.line(&[
        (DIM, "written "),
        (PLAIN, &written),
        (DIM, ": commit it to the branch of the change"),
    ]);
    screen.blank();
    let found = disk::read_approvals(directory, request.digest()).map_err(|problem| failure(&problem))?;
    // Which policy it was judged by may not be at hand; the signature does not depend on it.
    if let Ok(verdict) = verdict(policy, request, root, approvals::now(), &[], found) {
        human(&mut screen, request, &verdict);
    }
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

fn write_statement(path: &Path, approval: &Approval, console: &Console) -> Result<Exit, Failure> {
    let bytes = approval.to_be_signed();
    // INVARIANT: what is signed is a line of text around JSON.
    let text = String::from_utf8(bytes).map_err(|_| Failure::undecided("the statement is not text"))?;
    output::write_file(path, &text)?;
    let mut screen = Screen::new(console.width);
    let shown = path.display().to_string();
    screen.line(&[(PLAIN, "written "), (BOLD, &shown), (PLAIN, "; now:")]);
    let commands = format!("  ssh-keygen -Y sign -n nhi-approval -f KEY {shown}\n  nhi approve --statement {shown}");
    screen.field(0, "", PLAIN, &commands);
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

fn read_statement(path: &Path) -> Result<Approval, Failure> {
    Approval::of_to_be_signed(&read(path)?).map_err(|problem| failure(&problem))
}

/// A statement with the signature that lies beside it.
fn signed_elsewhere(approval: Approval, path: &Path, request: &Request, root: &TrustRoot) -> Result<Signed, Failure> {
    let mut signature = path.as_os_str().to_owned();
    signature.push(".sig");
    let (key, bytes) = read_armoured(&read(Path::new(&signature))?).map_err(|problem| failure(&problem))?;
    if approval.request_digest != request.digest() {
        return Err(Failure::usage(format!(
            "the statement is about another request: {}",
            approval.request_digest
        )));
    }
    if root.owner_of(&key) != Some(&approval.person) {
        let message = format!(
            "the key {key} that signed the statement is not one of `{}`",
            approval.person
        );
        return Err(Failure::usage(message).help("sign it with a key that `nhi approvers show` lists for that person"));
    }
    if let Err(why) = key.verify(&approval.to_be_signed(), &bytes) {
        return Err(Failure::undecided(why).help("sign the statement again, and do not edit it in between"));
    }
    Ok(approval.with_signature(key.fingerprint(), bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = disk::read(path, STATEMENT_BYTES_MAX).map_err(|problem| failure(&problem))?;
    read.ok_or_else(|| Failure::undecided(format!("there is no file `{}`", path.display())))
}
