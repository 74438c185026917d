//! Public keys, in the form that `ssh-keygen` writes, and the strict check of their signatures.

use std::fmt;

use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use nhi_governance::Digest;
use ssh_key::encoding::{Decode as _, Encode as _};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, SshSig};

use crate::code::{KEY, Problem, quote};

/// The namespace of signatures: what `ssh-keygen -Y sign -n` has to be told.
pub const NAMESPACE: &str = "nhi-approval";
/// The longest public key, in bytes.
const KEY_BYTES_MAX: usize = 1024;
/// What a security key reports when somebody touched it.
const USER_PRESENT: u8 = 1;
const HELP: &str = "Write the one line of a file such as `~/.ssh/id_ed25519.pub`. `ssh-keygen -t ed25519` makes a key; \
                    `ssh-keygen -t ed25519-sk` makes one on a security key.";

/// A public Ed25519 key, on a security key or not.
#[derive(Debug, Clone)]
pub struct PublicKey {
    data: KeyData,
    point: VerifyingKey,
    /// Of a security key: what it signs for.
    application: Option<String>,
}

impl PublicKey {
    /// Parses a key as `ssh-keygen` writes it: algorithm, base64, and a comment that is ignored.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = |why: &str| Problem::new(&KEY, format!("the key {} {why}", quote(text)), HELP);
        let text = text.trim();
        if text.len() > KEY_BYTES_MAX {
            return Err(refuse("is too long to be an Ed25519 key"));
        }
        let algorithm = text.split(' ').next().unwrap_or_default();
        if text.contains("PRIVATE KEY") {
            // The text itself must not be repeated.
            return Err(Problem::new(
                &KEY,
                "a private key stands where a public key belongs",
                HELP,
            ));
        }
        if !matches!(algorithm, "ssh-ed25519" | "sk-ssh-ed25519@openssh.com") {
            return Err(refuse("is not an Ed25519 key"));
        }
        let key = ssh_key::PublicKey::from_openssh(text).map_err(|_| refuse("cannot be read"))?;
        Self::of(key.key_data().clone()).map_err(refuse)
    }

    /// The key of what a file or an agent holds.
    pub(crate) fn of(data: KeyData) -> Result<Self, &'static str> {
        let (bytes, application) = match &data {
            KeyData::Ed25519(key) => (key.0, None),
            KeyData::SkEd25519(key) => (key.public_key().0, Some(key.application().to_owned())),
            _ => return Err("is not an Ed25519 key"),
        };
        let point = VerifyingKey::from_bytes(&bytes).map_err(|_| "is not a point of the curve")?;
        // Signatures by such a key can be made without its private half.
        if point.is_weak() {
            return Err("is of small order");
        }
        if !is_reduced(&bytes) {
            return Err("is not in its shortest form");
        }
        Ok(Self {
            data,
            point,
            application,
        })
    }

    /// As `ssh-keygen -l` shows it: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        self.data.fingerprint(HashAlg::Sha256).to_string()
    }

    /// As `ssh-keygen` writes it, without a comment.
    pub fn to_openssh(&self) -> String {
        let key = ssh_key::PublicKey::from(self.data.clone());
        // INVARIANT: an Ed25519 key always has this form; without it no line equals it.
        key.to_openssh().unwrap_or_default()
    }

    pub(crate) fn data(&self) -> &KeyData {
        &self.data
    }

    /// Whether a signature of a message is by this key: the 64 bytes of Ed25519, or an SSH signature (SSHSIG).
    ///
    /// A signature that somebody else could have made out of another is refused.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        match (<&[u8; 64]>::try_from(signature), &self.application) {
            (Ok(plain), None) => self.strictly(message, plain),
            (Ok(_), Some(_)) => Err("a security key signs for an application"),
            (Err(_), _) => self.verify_sshsig(message, signature),
        }
    }

    fn verify_sshsig(&self, message: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        let sshsig = read_sshsig(signature)?;
        if sshsig.public_key() != &self.data {
            return Err("the signature is by another key");
        }
        let signed = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, message).map_err(|_| "cannot be encoded")?;
        match (sshsig.signature().algorithm(), &self.application) {
            (Algorithm::Ed25519, None) => {
                let bytes = <&[u8; 64]>::try_from(sshsig.signature_bytes()).map_err(|_| "is not 64 bytes")?;
                self.strictly(&signed, bytes)
            }
            (Algorithm::SkEd25519, Some(application)) => {
                let (bytes, rest) = sshsig
                    .signature_bytes()
                    .split_first_chunk::<64>()
                    .ok_or("is not 64 bytes")?;
                let [flags, counter @ ..] = rest else {
                    return Err("has no flags");
                };
                if flags & USER_PRESENT == 0 {
                    return Err("nobody touched the security key");
                }
                let mut challenge = Digest::of(application.as_bytes()).as_bytes().to_vec();
                challenge.push(*flags);
                challenge.extend_from_slice(counter);
                challenge.extend_from_slice(Digest::of(&signed).as_bytes());
                self.strictly(&challenge, bytes)
            }
            _ => Err("the signature is of another algorithm than the key"),
        }
    }

    fn strictly(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), &'static str> {
        let signature = Ed25519Signature::from_bytes(signature);
        self.point
            .verify_strict(message, &signature)
            .map_err(|_| "the signature does not belong to what is signed and this key")
    }
}

/// Reads an SSH signature of ours: exactly one encoding, one namespace, one hash.
pub(crate) fn read_sshsig(bytes: &[u8]) -> Result<SshSig, &'static str> {
    let mut rest = bytes;
    let sshsig = SshSig::decode(&mut rest).map_err(|_| "is neither an Ed25519 nor an SSH signature")?;
    if !rest.is_empty() || sshsig.encode_vec().ok().as_deref() != Some(bytes) {
        return Err("the SSH signature is not in its one form");
    }
    if sshsig.version() != SshSig::VERSION || !sshsig.reserved().is_empty() {
        return Err("the SSH signature is of another version");
    }
    if sshsig.namespace() != NAMESPACE {
        return Err("the SSH signature is of another namespace than `nhi-approval`");
    }
    if sshsig.hash_alg() != HashAlg::Sha512 {
        return Err("the SSH signature is of another hash than sha512");
    }
    Ok(sshsig)
}

/// Whether the coordinate is below the field's prime, 2^255 - 19: above it a point has a second spelling.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    !(last & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *first >= 0xed)
}

impl PartialEq for PublicKey {
    /// Two keys are one when they have the same point: a security key's application makes no other person.
    fn eq(&self, other: &Self) -> bool {
        self.point.as_bytes() == other.point.as_bytes()
    }
}

impl Eq for PublicKey {}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}
