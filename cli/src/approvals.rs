//! Requests, approvals and the trust root as commands reach them.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nhi_approvals::{Request, Requirement, TrustRoot, disk};
use nhi_governance::{Digest, Policy, Problem, Timestamp};

use crate::exit::Failure;

/// Where approvals lie.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct Place {
    /// The directory that the provider writes requests to
    #[arg(long, value_name = "DIRECTORY", env = "NHI_APPROVALS", default_value = "approvals", value_hint = clap::ValueHint::DirPath)]
    pub(crate) approvals: PathBuf,
}

/// Who may approve.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct Root {
    /// The trust root: who may approve, and with which keys
    #[arg(long, value_name = "FILE", env = "NHI_APPROVERS", default_value = "approvers.hcl", value_hint = clap::ValueHint::FilePath)]
    pub(crate) approvers: PathBuf,
}

impl Root {
    /// Reads the trust root as it lies there, without asking whether it is the one to trust.
    pub(crate) fn read(&self) -> Result<TrustRoot, Failure> {
        let bytes = disk::read_root(&self.approvers).map_err(|problem| failure(&problem))?;
        TrustRoot::parse(&bytes).map_err(|problem| failure(&problem))
    }
}

/// Which request is meant.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// The one of this digest.
    Digest(Digest),
    /// What lies there: a request, its directory, or a directory of such directories.
    Path(PathBuf),
}

impl From<&str> for Target {
    /// A digest, with `sha256:` before it or without, or else a path.
    fn from(text: &str) -> Self {
        digest(text).map_or_else(|_| Self::Path(text.into()), Self::Digest)
    }
}

/// Parses a digest.
pub(crate) fn digest(text: &str) -> Result<Digest, String> {
    Digest::parse(text.strip_prefix("sha256:").unwrap_or(text)).map_err(|error| error.to_string())
}

impl Place {
    /// The requests that are meant, each with the directory that its approvals lie under.
    pub(crate) fn requests(&self, target: Option<&Target>) -> Result<Vec<(PathBuf, Request)>, Failure> {
        let read = |path: &Path| disk::read_request(path).map_err(|problem| failure(&problem));
        match target {
            Some(Target::Digest(digest)) => {
                let path = disk::directory(&self.approvals, *digest).join(disk::REQUEST_FILE);
                Ok(vec![(self.approvals.clone(), read(&path)?)])
            }
            Some(Target::Path(path)) if path.join(disk::REQUEST_FILE).exists() => {
                let request = read(&path.join(disk::REQUEST_FILE))?;
                Ok(vec![(above(path), request)])
            }
            Some(Target::Path(path)) if path.is_dir() => all(path),
            Some(Target::Path(path)) => {
                let request = read(path)?;
                let approvals = path.parent().map_or_else(|| self.approvals.clone(), above);
                Ok(vec![(approvals, request)])
            }
            None => all(&self.approvals),
        }
    }

    /// The one request that is meant.
    pub(crate) fn request(&self, target: Option<&Target>) -> Result<(PathBuf, Request), Failure> {
        let mut requests = self.requests(target)?.into_iter();
        match (requests.next(), requests.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(none(&self.approvals)),
            (Some((_, one)), Some((_, other))) => {
                let digests: Vec<String> = [one, other]
                    .into_iter()
                    .chain(requests.map(|(_, request)| request))
                    .map(|request| format!("{} ({})", request.digest(), request.name))
                    .collect();
                Err(Failure::usage(format!("there are {} requests", digests.len()))
                    .help(format!("name one of them: {}", digests.join(", "))))
            }
        }
    }
}

fn above(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => ".".into(),
    }
}

/// Every request in a directory, in the order of their digests.
fn all(directory: &Path) -> Result<Vec<(PathBuf, Request)>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::undecided(format!("`{}` cannot be read: {error}", directory.display()))
            .help("`--approvals DIRECTORY` says where requests are")
    };
    let mut digests = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        digests.extend(name.to_str().and_then(|name| Digest::parse(name).ok()));
    }
    digests.sort_unstable();
    let mut requests = Vec::new();
    for digest in digests {
        let path = disk::directory(directory, digest).join(disk::REQUEST_FILE);
        let request = disk::read_request(&path).map_err(|problem| failure(&problem))?;
        requests.push((directory.to_owned(), request));
    }
    Ok(requests)
}

#[cold]
pub(crate) fn none(directory: &Path) -> Failure {
    Failure::undecided(format!("there is no request in `{}`", directory.display()))
        .help("a plan that lacks approvals writes one; `--approvals DIRECTORY` says where")
}

/// What a request calls for under the policy that it was judged by.
pub(crate) fn requirement(policy: &Policy, request: &Request) -> Result<Requirement, Failure> {
    match request.policy_digest {
        Some(digest) if digest != policy.digest() => Err(Failure::undecided(format!(
            "the request was judged by another policy: {digest}, not {}",
            policy.digest()
        ))
        .help("name the policy file that the provider uses with `--policy`")),
        _ => Ok(Requirement::of_request(policy, request.terms.tier, request)),
    }
}

/// The answer could not be had.
pub(crate) fn failure(problem: &Problem) -> Failure {
    Failure::undecided(format!("{}: {}", problem.code.id, problem.message)).help(problem.help.clone())
}

/// The time, to the second.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
