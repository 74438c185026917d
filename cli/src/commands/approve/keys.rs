//! Which key signs, and whose it is.

use std::path::{Path, PathBuf};

use nhi_approvals::agent::Agent;
use nhi_approvals::{FileKey, KEY_FILE_BYTES_MAX, Person, PublicKey, Signer, TrustRoot, disk};

use super::passphrase;
use crate::approvals::failure;
use crate::exit::Failure;
use crate::output::Console;

/// Whose key to sign with.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// A private key of ssh-keygen; a key of the ssh agent without it
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    key: Option<PathBuf>,
    /// A file with the passphrase of the key; without it, it is asked for
    #[arg(long, value_name = "FILE", env = "NHI_PASSPHRASE_FILE", requires = "key", value_hint = clap::ValueHint::FilePath)]
    passphrase_file: Option<PathBuf>,
    /// As whom to sign, where the agent holds keys of several people
    #[arg(long, value_name = "NAME", value_parser = person)]
    pub(crate) person: Option<Person>,
}

fn person(text: &str) -> Result<Person, String> {
    Person::parse(text).map_err(|problem| format!("{}: {}", problem.message, problem.help))
}

impl Args {
    /// The key to sign with and the person whom a trust root gives it to.
    pub(crate) fn signer(&self, root: &TrustRoot, console: &Console) -> Result<(Box<dyn Signer>, Person), Failure> {
        match &self.key {
            Some(path) => self.of_file(path, root, console),
            None => self.of_agent(root),
        }
    }

    fn of_file(&self, path: &Path, root: &TrustRoot, console: &Console) -> Result<(Box<dyn Signer>, Person), Failure> {
        let read = disk::read(&resolved(path), KEY_FILE_BYTES_MAX).map_err(|problem| failure(&problem))?;
        let pem = read.ok_or_else(|| Failure::usage(format!("there is no key `{}`", path.display())))?;
        let pem = zeroize::Zeroizing::new(pem);
        let ask = || passphrase::of(path, self.passphrase_file.as_deref(), console);
        let key = FileKey::read(&pem, ask).map_err(|problem| failure(&problem))?;
        let person = self.owner(root, key.public_key())?;
        Ok((Box::new(key), person))
    }

    fn of_agent(&self, root: &TrustRoot) -> Result<(Box<dyn Signer>, Person), Failure> {
        let socket = std::env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty());
        let Some(socket) = socket else {
            return Err(Failure::usage("there is no ssh agent").help(
                "name a private key with `--key`, or start an agent with `eval $(ssh-agent)` and `ssh-add` a key",
            ));
        };
        let mut agent = Agent::connect(Path::new(&socket)).map_err(|problem| failure(&problem))?;
        let keys = agent.keys().map_err(|problem| failure(&problem))?;
        let mut known: Vec<(PublicKey, Person)> = Vec::new();
        for key in &keys {
            known.extend(root.owner_of(key).map(|person| (key.clone(), person.clone())));
        }
        if let Some(wanted) = &self.person {
            known.retain(|(_, person)| person == wanted);
        }
        let mut people: Vec<&str> = known.iter().map(|(_, person)| person.as_str()).collect();
        people.sort_unstable();
        people.dedup();
        if people.len() > 1 {
            return Err(
                Failure::usage(format!("the agent holds keys of {}", people.join(" and ")))
                    .help("say as whom to sign with `--person`"),
            );
        }
        let Some((key, person)) = known.into_iter().next() else {
            let message = format!(
                "none of the {} Ed25519 keys of the agent is in the trust root",
                keys.len()
            );
            return Err(Failure::usage(message)
                .help("`ssh-add` the key that `nhi approvers show` lists for you, or name its file with `--key`"));
        };
        Ok((Box::new(agent.signer(key)), person))
    }

    fn owner(&self, root: &TrustRoot, key: &PublicKey) -> Result<Person, Failure> {
        let Some(owner) = root.owner_of(key) else {
            return Err(Failure::usage(format!("the trust root gives the key {key} to nobody"))
                .help("`nhi approvers show` lists the keys that count"));
        };
        match &self.person {
            Some(wanted) if wanted != owner => Err(Failure::usage(format!(
                "the key {key} belongs to `{owner}`, not to `{wanted}`"
            ))),
            _ => Ok(owner.clone()),
        }
    }
}

/// A private key may well be a link of its owner's.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
