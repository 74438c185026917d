//! The keys that modules are signed with: Ed25519 and P-256, as OpenSSH or as PEM.

use aws_lc_rs::encoding::{AsBigEndian as _, Curve25519SeedBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use nhi_governance::{Digest, Problem};
use ssh_key::private::KeypairData;
use ssh_key::public::KeyData;
use zeroize::Zeroizing;

use crate::code::KEY;

/// The longest key that is read, in bytes.
const KEY_BYTES_MAX: usize = 64 << 10;

/// What stands before the 32 bytes of an Ed25519 key: RFC 8410, section 4.
const ED25519_HEAD: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];
/// What stands before the 65 bytes of an uncompressed P-256 point: RFC 5480, section 2.
const P256_HEAD: [u8; 26] = [
    48, 89, 48, 19, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 8, 42, 134, 72, 206, 61, 3, 1, 7, 3, 66, 0,
];

/// A public key.
#[derive(Debug, Clone)]
pub struct PublicKey {
    /// `SubjectPublicKeyInfo`.
    der: Vec<u8>,
    kind: PublicKind,
}

#[derive(Debug, Clone)]
enum PublicKind {
    Ed25519(VerifyingKey),
    P256(ParsedPublicKey),
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// Reads a line `ssh-ed25519 …`, or PEM with `PUBLIC KEY` in its first line.
    ///
    /// # Errors
    ///
    /// Keys of other kinds, keys that are no point of their curve, Ed25519 keys of small order.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            // The text itself must not be repeated.
            return Err(refuse("a private key stands where a public key belongs"));
        }
        if text.len() > KEY_BYTES_MAX {
            return Err(refuse("the key is too long"));
        }
        if text.starts_with("ssh-") || text.starts_with("sk-ssh-") || text.starts_with("ecdsa-") {
            let key = ssh_key::PublicKey::from_openssh(text).map_err(|_| refuse("the key cannot be read"))?;
            return match key.key_data() {
                KeyData::Ed25519(key) => Self::ed25519(&key.0),
                _ => Err(refuse("the key is not an Ed25519 key")),
            };
        }
        Self::of_der(&pem(text, "PUBLIC KEY").ok_or_else(|| refuse("the key cannot be read"))?)
    }

    fn of_der(der: &[u8]) -> Result<Self, Problem> {
        if let Some(bytes) = der.strip_prefix(&ED25519_HEAD) {
            let bytes = bytes.try_into().map_err(|_| refuse("the key has the wrong length"))?;
            return Self::ed25519(bytes);
        }
        let is_point = |point: &[u8]| point.len() == 65 && point.first() == Some(&4);
        if !der.strip_prefix(&P256_HEAD).is_some_and(is_point) {
            return Err(refuse("the key is neither an Ed25519 nor a P-256 key"));
        }
        // The point is looked for on the curve.
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der);
        Ok(Self {
            der: der.to_vec(),
            kind: PublicKind::P256(key.map_err(|_| refuse("the key is no point of its curve"))?),
        })
    }

    fn ed25519(bytes: &[u8; 32]) -> Result<Self, Problem> {
        let point = VerifyingKey::from_bytes(bytes).map_err(|_| refuse("the key is no point of its curve"))?;
        // Signatures by such a key can be made without its private half.
        if point.is_weak() {
            return Err(refuse("the key is of small order"));
        }
        Ok(Self {
            der: [&ED25519_HEAD[..], bytes].concat(),
            kind: PublicKind::Ed25519(point),
        })
    }

    /// SHA-256 of the key in DER: `sha256:…`.
    pub fn fingerprint(&self) -> String {
        format!("sha256:{}", Digest::of(&self.der))
    }

    /// As PEM.
    pub fn to_pem(&self) -> String {
        block("PUBLIC KEY", &STANDARD.encode(&self.der))
    }

    /// Whether a signature of a message is by this key: 64 bytes of Ed25519, or an ECDSA signature in DER over SHA-256.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            // Refuses what somebody else could have made out of another signature.
            PublicKind::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            PublicKind::P256(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

/// A private key.
pub struct SigningKey {
    kind: Kind,
    public: PublicKey,
}

enum Kind {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(Box<EcdsaKeyPair>),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &self.public.fingerprint())
            .finish_non_exhaustive()
    }
}

/// Which kind of key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// ECDSA with the curve P-256.
    P256,
}

impl SigningKey {
    /// Makes a key, as PEM.
    ///
    /// # Errors
    ///
    /// The machine has no randomness to give.
    pub fn generate(kind: KeyKind) -> Result<Zeroizing<String>, Problem> {
        let random = SystemRandom::new();
        let made = match kind {
            // The older form, which every version of openssl reads.
            KeyKind::Ed25519 => Ed25519KeyPair::generate_pkcs8v1(&random),
            KeyKind::P256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random),
        };
        let made = made.map_err(|_| refuse("no key could be made"))?;
        let text = Zeroizing::new(STANDARD.encode(made.as_ref()));
        Ok(Zeroizing::new(block("PRIVATE KEY", &text)))
    }

    /// Reads what `ssh-keygen -t ed25519` or `openssl genpkey` wrote. The passphrase is asked for only where an OpenSSH
    /// key is encrypted.
    pub fn read(
        bytes: &[u8],
        passphrase: impl FnOnce() -> Result<Zeroizing<String>, Problem>,
    ) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|_| refuse("the private key cannot be read"))?;
        if text.len() > KEY_BYTES_MAX {
            return Err(refuse("the private key is too long"));
        }
        if text.contains("BEGIN OPENSSH PRIVATE KEY") {
            return Self::openssh(bytes, passphrase);
        }
        if text.contains("ENCRYPTED") {
            return Err(refuse("the private key is encrypted in a form that is not read here"));
        }
        let der = pem(text, "PRIVATE KEY").ok_or_else(|| refuse("the private key cannot be read"))?;
        let der = Zeroizing::new(der);
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der) {
            let public = PublicKey::of_der(&[&P256_HEAD[..], pair.public_key().as_ref()].concat())?;
            return Ok(Self {
                kind: Kind::P256(Box::new(pair)),
                public,
            });
        }
        // The form that openssl writes, version 1, holds no public half.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map_err(|_| refuse("the private key is neither an Ed25519 nor a P-256 key"))
            .and_then(|pair| {
                let seed = pair.seed().map_err(|_| refuse("the private key cannot be read"))?;
                let raw: Curve25519SeedBin<'_> = seed
                    .as_be_bytes()
                    .map_err(|_| refuse("the private key cannot be read"))?;
                Self::seed(raw.as_ref())
            })
    }

    fn openssh(bytes: &[u8], passphrase: impl FnOnce() -> Result<Zeroizing<String>, Problem>) -> Result<Self, Problem> {
        let key = ssh_key::PrivateKey::from_openssh(bytes).map_err(|_| refuse("the private key cannot be read"))?;
        let key = if key.is_encrypted() {
            let passphrase = passphrase()?;
            key.decrypt(passphrase.as_bytes())
                .map_err(|_| refuse("the private key cannot be decrypted with this passphrase"))?
        } else {
            key
        };
        match key.key_data() {
            KeypairData::Ed25519(pair) => Self::seed(&pair.private.to_bytes()),
            KeypairData::SkEd25519(_) => Err(refuse(
                "the private key is on a security key, which signs in another form",
            )),
            _ => Err(refuse("the private key is not an Ed25519 key")),
        }
    }

    fn seed(seed: &[u8]) -> Result<Self, Problem> {
        let seed: Zeroizing<[u8; 32]> = match seed.try_into() {
            Ok(seed) => Zeroizing::new(seed),
            Err(_) => return Err(refuse("the private key has the wrong length")),
        };
        let key = ed25519_dalek::SigningKey::from_bytes(&seed);
        let public = PublicKey::ed25519(key.verifying_key().as_bytes())?;
        Ok(Self {
            kind: Kind::Ed25519(Box::new(key)),
            public,
        })
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Problem> {
        match &self.kind {
            Kind::Ed25519(key) => Ok(ed25519_dalek::Signer::sign(key.as_ref(), message).to_bytes().to_vec()),
            Kind::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                let signature = signature.map_err(|_| refuse("the private key made no signature"))?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

/// In the place of a passphrase, where nobody can be asked for one.
///
/// # Errors
///
/// Always.
pub fn no_passphrase() -> Result<Zeroizing<String>, Problem> {
    Err(refuse(
        "the private key is encrypted, and nobody is asked for its passphrase here",
    ))
}

#[cold]
pub(crate) fn refuse(message: &str) -> Problem {
    let help =
        "`nhi module keygen` makes a key; `openssl genpkey -algorithm ed25519` and `ssh-keygen -t ed25519` do, too.";
    Problem::new(&KEY, message, help)
}

/// Base64 as a block of PEM, whose lines end at 64 characters.
fn block(label: &str, text: &str) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (position, c) in text.chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str("\n-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}

/// The bytes between the two lines of PEM, of exactly one block.
fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let head = format!("-----BEGIN {label}-----");
    let tail = format!("-----END {label}-----");
    let inner = text.trim().strip_prefix(&head)?.strip_suffix(&tail)?;
    let inner: Zeroizing<String> = Zeroizing::new(inner.split_ascii_whitespace().collect());
    STANDARD.decode(inner.as_bytes()).ok()
}
