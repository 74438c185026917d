//! The envelope around what is signed: DSSE, version 1 of <https://github.com/secure-systems-lab/dsse>.
//!
//! The signature covers the payload's type and bytes, never a parse of them, and a key id is a hint that decides
//! nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};

use crate::code::{INVALID, Problem};
use crate::key::PublicKey;
use crate::strict;

/// Bytes of an envelope, as JSON.
pub const ENVELOPE_BYTES_MAX: usize = 64 << 10;
/// Signatures in an envelope.
const SIGNATURES_MAX: usize = 16;

pub use nhi_governance::pae;

/// A payload with signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The signatures of it.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// A hint which key it was made with.
    pub key_id: Option<String>,
    /// Its bytes: an Ed25519 signature, or an SSH signature that holds one.
    pub bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WrittenSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSignature {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

impl Envelope {
    /// Reads an envelope, in either alphabet of base64.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let refuse = |why: String| Problem::new(&INVALID, format!("the envelope {why}"), HELP);
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(refuse(format!("has more than {ENVELOPE_BYTES_MAX} bytes")));
        }
        let written: Written =
            serde_json::from_slice(bytes).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        if written.signatures.is_empty() || written.signatures.len() > SIGNATURES_MAX {
            return Err(refuse(format!("has {} signatures", written.signatures.len())));
        }
        let decode = |text: &str| {
            let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
            decoded.map_err(|_| refuse("holds text that is not base64".to_owned()))
        };
        Ok(Self {
            payload: decode(&written.payload)?,
            payload_type: written.payload_type,
            signatures: written
                .signatures
                .into_iter()
                .map(|signature| {
                    let bytes = decode(&signature.sig)?;
                    Ok(Signature {
                        key_id: signature.keyid,
                        bytes,
                    })
                })
                .collect::<Result<_, Problem>>()?,
        })
    }

    /// The one text that this project writes for an envelope, and the only one it accepts for an approval.
    pub fn to_canonical_json(&self) -> String {
        strict::canonical(&Written {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|signature| WrittenSignature {
                    keyid: signature.key_id.clone(),
                    sig: STANDARD.encode(&signature.bytes),
                })
                .collect(),
        })
    }

    /// Which of the keys have signed the payload as what the envelope says it is. No key counts twice.
    pub fn signed_by<'k>(&self, keys: &'k [PublicKey]) -> Vec<&'k PublicKey> {
        let message = pae(&self.payload_type, &self.payload);
        let has_signed = |key: &&PublicKey| {
            let mut signatures = self.signatures.iter();
            signatures.any(|signature| key.verify(&message, &signature.bytes).is_ok())
        };
        keys.iter().filter(has_signed).collect()
    }
}

const HELP: &str = "Write it with `nhi approve`; an envelope is never edited.";
