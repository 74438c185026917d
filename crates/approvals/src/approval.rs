//! An approval: one person's signed yes, or no, to the digest of a request.

use nhi_governance::{Digest, Environment, Name, Timestamp};
use serde::{Deserialize, Serialize};

use crate::code::{INVALID, Problem, quote};
use crate::dsse::{Envelope, Signature, pae};
use crate::person::Person;
use crate::request::Request;
use crate::sign::Signer;
use crate::strict;

/// The payload type of an approval.
pub const APPROVAL_TYPE: &str = "application/vnd.nhi.approval.v1+json";
/// How long an approval is good for at most, in days.
pub const LIFE_DAYS_MAX: i64 = 7;
const SCHEMA: &str = "nhi.approval.v1";
const HELP: &str = "Sign the request anew with `nhi approve`.";

/// What the person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No: while it is there, the request is not approved, whoever else says yes.
    Reject,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    schema: String,
    /// The request it is about.
    pub request_digest: Digest,
    /// The request's organisation.
    pub organisation: Name,
    /// The request's environment.
    pub environment: Option<Environment>,
    /// Who signs.
    pub person: Person,
    /// What they say.
    pub decision: Decision,
    /// From when on it counts.
    pub issued_at: Timestamp,
    /// When it stops to.
    pub expires_at: Timestamp,
    /// Who asked, as far as the signer knows; their own approval does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<Person>,
}

/// An approval as it lies on the disk, with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub approval: Approval,
    /// What is used up when it is consumed: the digest of what was signed. The key id, white space and the signature
    /// itself are no part of it, so that nothing but another act of signing makes another approval.
    pub digest: Digest,
    pub(crate) envelope: Envelope,
}

impl Approval {
    /// What a person says of a request.
    pub fn new(
        request: &Request,
        person: Person,
        decision: Decision,
        issued_at: Timestamp,
        expires_at: Timestamp,
        requester: Option<Person>,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            request_digest: request.digest(),
            organisation: request.organisation.clone(),
            environment: request.environment.clone(),
            person,
            decision,
            issued_at,
            expires_at,
            requester,
        }
    }

    /// The bytes that a signature is made over, for `ssh-keygen -Y sign -n nhi-approval`.
    pub fn to_be_signed(&self) -> Vec<u8> {
        pae(APPROVAL_TYPE, strict::canonical(self).as_bytes())
    }

    /// Reads [`Approval::to_be_signed`] back.
    pub fn of_to_be_signed(bytes: &[u8]) -> Result<Self, Problem> {
        let head = pae(APPROVAL_TYPE, b"");
        let head = head.strip_suffix(b"0 ").unwrap_or(&head);
        let payload = bytes.strip_prefix(head).and_then(|rest| {
            let space = rest.iter().position(|byte| *byte == b' ')?;
            rest.get(space + 1..)
        });
        let read = payload
            .map(|payload| strict::read::<Self>(&INVALID, "the statement", HELP, payload))
            .transpose()?;
        match read {
            Some(approval) if approval.to_be_signed() == bytes && approval.schema == SCHEMA => Ok(approval),
            _ => Err(Problem::new(
                &INVALID,
                "the statement is not one of an approval",
                "Take the file that `nhi approve --write-statement` wrote as it is.",
            )),
        }
    }

    /// Signs it.
    pub fn sign(self, signer: &mut dyn Signer) -> Result<Signed, Problem> {
        let signature = signer.sign(&self.to_be_signed())?;
        let key_id = signer.public_key().fingerprint();
        Ok(self.with_signature(key_id, signature))
    }

    /// Takes the bytes of a signature that was made elsewhere. Whether it is good is for [`crate::judge`] to say.
    pub fn with_signature(self, key_id: String, signature: Vec<u8>) -> Signed {
        let payload = strict::canonical(&self).into_bytes();
        Signed {
            digest: Digest::of(&self.to_be_signed()),
            envelope: Envelope {
                payload_type: APPROVAL_TYPE.to_owned(),
                payload,
                signatures: vec![Signature {
                    key_id: Some(key_id),
                    bytes: signature,
                }],
            },
            approval: self,
        }
    }
}

impl Signed {
    /// Reads an approval. Nothing is known of its signature after that.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let refuse = |why: String| Problem::new(&INVALID, why, HELP);
        let envelope = Envelope::parse(bytes)?;
        let text = envelope.to_canonical_json();
        let is_canonical = bytes == text.as_bytes() || bytes.strip_suffix(b"\n") == Some(text.as_bytes());
        if !is_canonical {
            return Err(refuse(
                "the envelope is not in the one form that it is written in".to_owned(),
            ));
        }
        if envelope.payload_type != APPROVAL_TYPE {
            return Err(refuse(format!(
                "the envelope holds {}, which is not an approval",
                quote(&envelope.payload_type)
            )));
        }
        if envelope.signatures.len() != 1 {
            return Err(refuse(format!(
                "the envelope has {} signatures instead of one",
                envelope.signatures.len()
            )));
        }
        let approval: Approval = strict::read(&INVALID, "the approval", HELP, &envelope.payload)?;
        if strict::canonical(&approval).as_bytes() != envelope.payload {
            return Err(refuse("something stands after the approval".to_owned()));
        }
        if approval.schema != SCHEMA {
            return Err(refuse(format!(
                "the approval is of schema {}, and this version knows `{SCHEMA}`",
                quote(&approval.schema)
            )));
        }
        Ok(Self {
            digest: Digest::of(&pae(&envelope.payload_type, &envelope.payload)),
            approval,
            envelope,
        })
    }

    /// Its one text, with a line break at the end.
    pub fn to_text(&self) -> String {
        format!("{}\n", self.envelope.to_canonical_json())
    }

    /// The key id and the bytes of its one signature.
    pub(crate) fn signature(&self) -> Option<&Signature> {
        self.envelope.signatures.first()
    }
}
