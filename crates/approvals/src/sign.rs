//! Signing with the keys that people have: a file of `ssh-keygen`, encrypted or not, and what `ssh-keygen` itself signs.

use ssh_key::encoding::{DecodePem as _, Encode as _};
use ssh_key::{HashAlg, PrivateKey, SshSig};
use zeroize::Zeroizing;

use crate::code::{KEY, Problem};
use crate::key::{NAMESPACE, PublicKey, read_sshsig};

/// Bytes of a file with a private key, or with a signature.
pub const KEY_FILE_BYTES_MAX: usize = 64 << 10;

/// Makes SSH signatures (SSHSIG) in the namespace of approvals.
pub trait Signer {
    /// With which key.
    fn public_key(&self) -> &PublicKey;

    /// The signature of a message, in binary.
    fn sign(&mut self, message: &[u8]) -> Result<Vec<u8>, Problem>;
}

/// A private key out of a file.
pub struct FileKey {
    private: PrivateKey,
    public: PublicKey,
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileKey")
            .field("public", &self.public.fingerprint())
            .finish_non_exhaustive()
    }
}

impl FileKey {
    /// Reads what `ssh-keygen` wrote. The passphrase is asked for only where the key is encrypted.
    pub fn read(pem: &[u8], passphrase: impl FnOnce() -> Result<Zeroizing<String>, Problem>) -> Result<Self, Problem> {
        let refuse = |why: &str, help: &str| Problem::new(&KEY, format!("the private key {why}"), help);
        let private = PrivateKey::from_openssh(pem).map_err(|_| {
            refuse(
                "is not an Ed25519 key in the form of OpenSSH",
                "Name the private half, for example `~/.ssh/id_ed25519`. `ssh-keygen -p -f FILE` rewrites an older form, and `ssh-keygen -t ed25519` makes a new key.",
            )
        })?;
        let public = PublicKey::of(private.public_key().key_data().clone())
            .map_err(|why| refuse(why, "Use an Ed25519 key: `ssh-keygen -t ed25519` makes one."))?;
        let private = if private.is_encrypted() {
            let passphrase = passphrase()?;
            private
                .decrypt(passphrase.as_bytes())
                .map_err(|_| refuse("cannot be decrypted with this passphrase", "Try again."))?
        } else {
            private
        };
        if private.key_data().is_sk_ed25519() {
            return Err(refuse(
                "is on a security key",
                "Add it to the agent with `ssh-add`, and sign without `--key`, or with `ssh-keygen -Y sign`.",
            ));
        }
        Ok(Self { private, public })
    }
}

impl Signer for FileKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&mut self, message: &[u8]) -> Result<Vec<u8>, Problem> {
        let sshsig = self
            .private
            .sign(NAMESPACE, HashAlg::Sha512, message)
            .map_err(|_| unsigned())?;
        let bytes = sshsig.encode_vec().map_err(|_| unsigned())?;
        self.public.verify(message, &bytes).map_err(|_| unsigned())?;
        Ok(bytes)
    }
}

#[cold]
fn unsigned() -> Problem {
    Problem::new(
        &KEY,
        "the private key made no signature that its public half accepts",
        "Check the file with `ssh-keygen -y -f FILE`, or make a new key with `ssh-keygen -t ed25519`.",
    )
}

/// Reads what `ssh-keygen -Y sign -n nhi-approval` wrote: the bytes of the signature and the key that it names.
pub fn read_armoured(text: &[u8]) -> Result<(PublicKey, Vec<u8>), Problem> {
    let refuse = |why: &str| {
        Problem::new(
            &KEY,
            format!("the signature {why}"),
            "Make it with `ssh-keygen -Y sign -n nhi-approval -f KEY FILE` and an Ed25519 key.",
        )
    };
    if text.len() > KEY_FILE_BYTES_MAX {
        return Err(refuse("is too long"));
    }
    let sshsig = SshSig::decode_pem(text).map_err(|_| refuse("is not an SSH signature"))?;
    let bytes = sshsig.encode_vec().map_err(|_| refuse("cannot be read"))?;
    read_sshsig(&bytes).map_err(|why| refuse(&format!("does not count: {why}")))?;
    let key = PublicKey::of(sshsig.public_key().clone()).map_err(|why| refuse(&format!("is by a key that {why}")))?;
    Ok((key, bytes))
}
