//! Signed notes: a text and the signatures below it. C2SP's `signed-note`, with Ed25519 (type 1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The type of Ed25519 signatures.
const ED25519: u8 = 1;
/// The longest note, in bytes.
const NOTE_BYTES_MAX: usize = 64 * 1024;

/// A public key with the name it signs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    public: [u8; 32],
}

/// The text is not a note, or not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a signed note: {0}")]
pub struct NotANote(&'static str);

/// The note is not signed by the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// There is no signature of this key.
    #[error("it is not signed by `{0}`")]
    Unsigned(String),
    /// There is one, and it is wrong.
    #[error("its signature by `{0}` is wrong")]
    Wrong(String),
}

impl NoteKey {
    /// A key and its name, which has neither spaces nor `+`.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NotANote> {
        if is_name(name) {
            let name = name.to_owned();
            Ok(Self { name, public })
        } else {
            Err(NotANote("the name of a key has no spaces, no `+` and is not empty"))
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key, as RFC 8032 has it.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Reads `<name>+<hash>+<key>`, as other tools write it.
    pub fn parse(text: &str) -> Result<Self, NotANote> {
        let refuse = NotANote("a key is written as `name+hash+base64`");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refuse);
        };
        let bytes = STANDARD.decode(key).map_err(|_| refuse.clone())?;
        let public = match bytes.split_first() {
            Some((&ED25519, public)) => public.try_into().map_err(|_| refuse.clone())?,
            _ => return Err(NotANote("the key is not one of Ed25519")),
        };
        let key = Self::new(name, public)?;
        if id == format!("{:08x}", u32::from_be_bytes(key.id())) {
            Ok(key)
        } else {
            Err(NotANote("the hash in the key is not the key's"))
        }
    }

    fn id(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.public)
            .finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
        [a, b, c, d]
    }
}

impl std::fmt::Display for NoteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = [&[ED25519][..], &self.public].concat();
        write!(f, "{}+{id:08x}+{}", self.name, STANDARD.encode(key))
    }
}

/// A text and the signatures below it. Nothing of it is to be believed before [`Note::verified_by`] says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Note {
    /// Signs a text. `sign` makes the 64 bytes of an Ed25519 signature over it with the secret half of the key.
    pub fn sign<E>(text: String, key: &NoteKey, sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>) -> Result<Self, E> {
        let signature = Signature {
            name: key.name.clone(),
            id: key.id(),
            bytes: sign(text.as_bytes())?.to_vec(),
        };
        Ok(Self {
            text,
            signatures: vec![signature],
        })
    }

    /// Reads a note.
    pub fn parse(note: &str) -> Result<Self, NotANote> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NotANote("it is longer than 64 KiB"));
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NotANote("it has control characters"));
        }
        let no_signature = NotANote("the signatures are missing: lines that begin with `— ` after an empty one");
        let (text, signatures) = note.rsplit_once("\n\n").ok_or_else(|| no_signature.clone())?;
        let signatures = signatures.strip_suffix('\n').ok_or(no_signature)?;
        Ok(Self {
            text: format!("{text}\n"),
            signatures: signatures.split('\n').map(Signature::parse).collect::<Result<_, _>>()?,
        })
    }

    /// The text, if the key signed it. `verify` checks an Ed25519 signature: public key, message, signature.
    ///
    /// Signatures of other keys are passed over: a witness may have added its own.
    pub fn verified_by(
        &self,
        key: &NoteKey,
        verify: impl Fn(&[u8; 32], &[u8], &[u8]) -> bool,
    ) -> Result<&str, Untrusted> {
        let mut of_key = self
            .signatures
            .iter()
            .filter(|signature| signature.name == key.name && signature.id == key.id())
            .peekable();
        if of_key.peek().is_none() {
            return Err(Untrusted::Unsigned(key.name.clone()));
        }
        if of_key.all(|signature| verify(&key.public, self.text.as_bytes(), &signature.bytes)) {
            Ok(&self.text)
        } else {
            Err(Untrusted::Wrong(key.name.clone()))
        }
    }

    /// The text, whoever signed it.
    pub fn unverified_text(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| {
            let bytes = [&signature.id[..], &signature.bytes].concat();
            writeln!(f, "— {} {}", signature.name, STANDARD.encode(bytes))
        })
    }
}

impl Signature {
    fn parse(line: &str) -> Result<Self, NotANote> {
        let refuse = NotANote("a signature is written as `— name base64`");
        let (name, bytes) = line
            .strip_prefix("— ")
            .and_then(|rest| rest.split_once(' '))
            .ok_or_else(|| refuse.clone())?;
        let bytes = STANDARD.decode(bytes).map_err(|_| refuse.clone())?;
        match bytes.split_first_chunk::<4>() {
            Some((id, bytes)) if is_name(name) && !bytes.is_empty() => Ok(Self {
                name: name.to_owned(),
                id: *id,
                bytes: bytes.to_vec(),
            }),
            _ => Err(refuse),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}
