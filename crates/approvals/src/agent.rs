//! A small client of `ssh-agent`: lists Ed25519 keys and asks for signatures.
//!
//! Two messages of draft-ietf-sshm-ssh-agent are all that is needed: request identities (11, answered by 12) and sign
//! (13, answered by 14). What the agent answers is bounded, and its signature is checked before it is used.

use std::io::{Read, Write};

use ssh_key::encoding::{Decode as _, Encode as _};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, Signature, SshSig};

use crate::code::{AGENT, Problem};
use crate::key::{NAMESPACE, PublicKey};
use crate::sign::Signer;

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// Bytes of a message; OpenSSH's own limit.
const MESSAGE_BYTES_MAX: u32 = 256 << 10;
/// Keys that an agent may list.
const KEYS_MAX: u32 = 2048;

/// A connection to an agent.
#[derive(Debug)]
pub struct Agent<S> {
    stream: S,
}

#[cfg(unix)]
impl Agent<std::os::unix::net::UnixStream> {
    /// Connects to the socket that `SSH_AUTH_SOCK` names.
    pub fn connect(socket: &std::path::Path) -> Result<Self, Problem> {
        /// A person may have to confirm or to touch a key.
        const PATIENCE: std::time::Duration = std::time::Duration::from_mins(2);
        let connected = std::os::unix::net::UnixStream::connect(socket).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        let stream = connected.map_err(|error| {
            Problem::new(
                &AGENT,
                format!("no agent answers at `{}`: {error}", socket.display()),
                "Start one with `eval $(ssh-agent)` and add a key with `ssh-add`, or name a key file with `--key`.",
            )
        })?;
        Ok(Self::over(stream))
    }
}

impl<S: Read + Write> Agent<S> {
    /// Talks over a stream.
    pub fn over(stream: S) -> Self {
        Self { stream }
    }

    /// The Ed25519 keys that the agent holds; others are left out.
    pub fn keys(&mut self) -> Result<Vec<PublicKey>, Problem> {
        let answer = self.ask(REQUEST_IDENTITIES, &[], IDENTITIES_ANSWER)?;
        let mut rest = answer.as_slice();
        let count = u32::decode(&mut rest).map_err(|_| garbled())?;
        if count > KEYS_MAX {
            return Err(garbled());
        }
        let mut keys = Vec::new();
        for _ in 0..count {
            let blob = Vec::<u8>::decode(&mut rest).map_err(|_| garbled())?;
            let _comment = Vec::<u8>::decode(&mut rest).map_err(|_| garbled())?;
            let data = KeyData::decode(&mut blob.as_slice()).ok();
            keys.extend(data.and_then(|data| PublicKey::of(data).ok()));
        }
        Ok(keys)
    }

    /// Signs with one of its keys.
    pub fn signer(self, key: PublicKey) -> AgentKey<S> {
        AgentKey { agent: self, key }
    }

    fn ask(&mut self, message: u8, body: &[u8], expected: u8) -> Result<Vec<u8>, Problem> {
        let exchanged = self.exchange(message, body).map_err(|error| {
            Problem::new(
                &AGENT,
                format!("the agent cannot be talked to: {error}"),
                "Check it with `ssh-add -l`, or name a key file with `--key`.",
            )
        })?;
        match exchanged.split_first() {
            Some((kind, body)) if *kind == expected => Ok(body.to_vec()),
            _ => Err(Problem::new(
                &AGENT,
                "the agent refuses",
                "It may be locked, or the signature was not confirmed. Check it with `ssh-add -l`, or name a key file \
                 with `--key`.",
            )),
        }
    }

    fn exchange(&mut self, message: u8, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let too_long = || std::io::Error::other("a message is too long");
        let length = u32::try_from(body.len() + 1)
            .ok()
            .filter(|length| *length <= MESSAGE_BYTES_MAX);
        let mut out = length.ok_or_else(too_long)?.to_be_bytes().to_vec();
        out.push(message);
        out.extend_from_slice(body);
        self.stream.write_all(&out)?;
        self.stream.flush()?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > MESSAGE_BYTES_MAX {
            return Err(too_long());
        }
        let mut answer = Vec::new();
        let read = Read::by_ref(&mut self.stream)
            .take(u64::from(length))
            .read_to_end(&mut answer)?;
        if read as u64 == u64::from(length) {
            Ok(answer)
        } else {
            Err(std::io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// A key in an agent.
#[derive(Debug)]
pub struct AgentKey<S> {
    agent: Agent<S>,
    key: PublicKey,
}

impl<S: Read + Write> Signer for AgentKey<S> {
    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn sign(&mut self, message: &[u8]) -> Result<Vec<u8>, Problem> {
        let signed = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, message).map_err(|_| garbled())?;
        let mut body = Vec::new();
        let blob = self.key.data().encode_vec().map_err(|_| garbled())?;
        blob.encode(&mut body).map_err(|_| garbled())?;
        signed.encode(&mut body).map_err(|_| garbled())?;
        0_u32.encode(&mut body).map_err(|_| garbled())?;
        let answer = self.agent.ask(SIGN_REQUEST, &body, SIGN_RESPONSE)?;
        let blob = Vec::<u8>::decode(&mut answer.as_slice()).map_err(|_| garbled())?;
        let signature = Signature::decode(&mut blob.as_slice()).map_err(|_| garbled())?;
        let sshsig = SshSig::new(self.key.data().clone(), NAMESPACE, HashAlg::Sha512, signature);
        let bytes = sshsig
            .and_then(|sshsig| Ok(sshsig.encode_vec()?))
            .map_err(|_| garbled())?;
        self.key.verify(message, &bytes).map_err(|_| garbled())?;
        Ok(bytes)
    }
}

#[cold]
fn garbled() -> Problem {
    Problem::new(
        &AGENT,
        "the agent answers something that is not understood, or a signature that does not verify",
        "Check it with `ssh-add -L`, or name a key file with `--key`.",
    )
}
