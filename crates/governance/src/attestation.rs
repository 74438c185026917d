//! Attestation: how an identity proves that it is itself.

use serde::{Deserialize, Serialize};

use crate::code::{ATTESTATION, Problem};
use crate::spiffe::SpiffeId;
use crate::text::{is_token, quote};

/// The longest issuer, audience, subject or Kubernetes name, in bytes.
const PART_BYTES_MAX: usize = 1024;

/// Exactly one way of proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Attestation {
    /// The SPIFFE id that the workload's own platform issues.
    Spiffe(SpiffeId),
    /// A token of an OpenID Connect issuer, with exactly this subject.
    Oidc {
        /// The issuer's address.
        issuer: String,
        /// Whom the token is for.
        audience: String,
        /// Whom the token is about; never a pattern.
        subject: String,
    },
    /// A service account of a cluster.
    Kubernetes {
        /// The cluster.
        cluster: String,
        /// The namespace.
        namespace: String,
        /// The service account.
        service_account: String,
    },
}

impl Attestation {
    /// Refuses an issuer that is not reached by TLS.
    pub(crate) fn parse_issuer(text: &str) -> Result<String, Problem> {
        let host = text.strip_prefix("https://").unwrap_or_default();
        if !is_token(text, PART_BYTES_MAX)
            || host.is_empty()
            || host.starts_with('/')
            || host.contains(['@', '?', '#', '*'])
        {
            let message = format!("{} is not the address of an issuer", quote(text));
            return Err(Problem::new(
                &ATTESTATION,
                message,
                "Write the issuer as its tokens name it, for example `https://token.actions.githubusercontent.com`.",
            ));
        }
        Ok(text.to_owned())
    }

    /// Refuses what could match more than one subject.
    pub(crate) fn parse_exact(text: &str) -> Result<String, Problem> {
        if !is_token(text, PART_BYTES_MAX) || text.contains(['*', '?']) {
            let message = format!("{} is not an exact value", quote(text));
            return Err(Problem::new(
                &ATTESTATION,
                message,
                "Write the one value that the proof must carry, without wildcards and spaces.",
            ));
        }
        Ok(text.to_owned())
    }

    /// Refuses a Kubernetes name that the cluster itself would refuse.
    pub(crate) fn parse_label(text: &str) -> Result<String, Problem> {
        let is_part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if text.len() > 253 || !text.split('.').all(is_part) {
            let message = format!("{} is not a Kubernetes name", quote(text));
            return Err(Problem::new(
                &ATTESTATION,
                message,
                "Write lower-case letters, digits and `-`, as in the object's metadata.",
            ));
        }
        Ok(text.to_owned())
    }

    /// The refusal of none or several ways at once.
    #[cold]
    pub(crate) fn not_one(ways: usize) -> Problem {
        let message = format!("{ways} ways of attestation are declared");
        Problem::new(
            &ATTESTATION,
            message,
            "Declare exactly one of `spiffe_id`, `oidc` and `kubernetes`, or leave `attestation` out.",
        )
    }
}
