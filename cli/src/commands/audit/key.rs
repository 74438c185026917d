//! Keys of a log: Ed25519, written as the tools for signed notes write them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tlog::{Note, NoteKey};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::output::Console;
use crate::registry::{self, failure};

/// How a private key begins.
const PRIVATE: &str = "PRIVATE+KEY+";
/// The type of Ed25519 keys.
const ED25519: u8 = 1;
const KEY_BYTES_MAX: u64 = 4096;
const RANDOM: &str = "/dev/urandom";
const HELP: &str = "`nhi audit key FILE` makes a key; only its owner may be able to read the file (`chmod 600 FILE`)";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write the private key; a file that exists is left alone
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

/// Makes a key for the log of this registry, and says the public half.
pub(super) fn run(place: &registry::Args, args: &Args, console: &Console) -> Result<Exit, Failure> {
    let registry_id = place.open()?.registry_id().map_err(|error| failure(&error))?;
    let refuse = |what: &str, error: &io::Error| {
        Failure::undecided(format!("the key cannot be {what} `{}`: {error}", args.file.display()))
            .help("name a file that does not exist, in a directory that is writable")
    };
    let mut seed = Zeroizing::new([0; 32]);
    File::open(RANDOM)
        .and_then(|mut source| source.read_exact(&mut *seed))
        .map_err(|error| refuse("made for", &error))?;
    let key = LogKey::new(&format!("nhi/{registry_id}"), &seed)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&args.file)
        .map_err(|error| refuse("written to", &error))?;
    let text = key.private_text();
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| refuse("written to", &error))?;
    console.answer_raw(&format!("{}\n", key.public))?;
    Ok(Exit::Clean)
}

/// A key that signs checkpoints.
pub(super) struct LogKey {
    signing: SigningKey,
    public: NoteKey,
}

impl LogKey {
    fn new(name: &str, seed: &[u8; 32]) -> Result<Self, Failure> {
        let signing = SigningKey::from_bytes(seed);
        let public = NoteKey::new(name, signing.verifying_key().to_bytes())
            .map_err(|error| Failure::undecided(error.to_string()).help(HELP))?;
        Ok(Self { signing, public })
    }

    /// Reads a private key that nobody else can read.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let refuse =
            |why: &str| Failure::undecided(format!("the key of the log, `{}`, {why}", path.display())).help(HELP);
        let unread = |error: io::Error| refuse(&format!("cannot be read: {error}"));
        let file = File::open(path).map_err(unread)?;
        let metadata = file.metadata().map_err(unread)?;
        if !metadata.is_file() {
            return Err(refuse("is not a file"));
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(refuse("can be read or written by others"));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(unread)?;
        let no_key = || refuse("is not a private key of a log");
        let rest = text.trim().strip_prefix(PRIVATE).ok_or_else(no_key)?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(no_key());
        };
        let bytes = Zeroizing::new(STANDARD.decode(secret).map_err(|_| no_key())?);
        let seed = match bytes.split_first() {
            Some((&ED25519, seed)) => Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| no_key())?),
            _ => return Err(no_key()),
        };
        let key = Self::new(name, &seed)?;
        if key.id() == id { Ok(key) } else { Err(no_key()) }
    }

    /// What verifies its signatures.
    pub(super) fn public(&self) -> &NoteKey {
        &self.public
    }

    /// Signs a text as a note.
    pub(super) fn sign(&self, text: String) -> Result<Note, Failure> {
        Note::sign(text, &self.public, |message| Ok(self.signing.sign(message).to_bytes()))
    }

    fn private_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(33));
        bytes.push(ED25519);
        bytes.extend(self.signing.as_bytes());
        let secret = Zeroizing::new(STANDARD.encode(&*bytes));
        Zeroizing::new(format!("{PRIVATE}{}+{}+{}\n", self.public.name(), self.id(), &*secret))
    }

    /// The hash of the public key, as its text has it.
    fn id(&self) -> String {
        let text = self.public.to_string();
        text.split('+').nth(1).unwrap_or_default().to_owned()
    }
}

/// Whether a signature is this key's, and not malleable.
pub(super) fn is_signed(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    match (VerifyingKey::from_bytes(public), Signature::from_slice(signature)) {
        (Ok(key), Ok(signature)) => key.verify_strict(message, &signature).is_ok(),
        _ => false,
    }
}
