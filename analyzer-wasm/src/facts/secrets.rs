//! Credentials in values: by the provider's schema, by their structure, and last by their information.
//!
//! One pass of an automaton over the raw JSON text decides whether a block is parsed at all: of a large plan nearly
//! none is. A value is never kept and never shown: a hit is a kind, a place, a length and a hash.

mod assign;
mod base64;
mod decode;
mod der;
mod fingerprint;
mod hidden;
mod inflate;
mod jwt;
mod ledger;
pub(crate) mod lifetime;
mod named;
pub(crate) mod names;
mod needles;
mod negative;
mod pairs;
mod pem;
mod proofs;
#[cfg(test)]
mod properties;
pub(crate) mod provider;
mod rotation;
pub(crate) mod schema;
mod shapes;
mod state;
mod strength;
mod text;
mod walk;
mod words;

use nhi_plan::Severity;

pub(crate) use self::fingerprint::shown;
pub(crate) use self::ledger::{Ledger, Sighting, Told};
pub(crate) use self::negative::{refers, stands_in};
pub(crate) use self::rotation::Rotation;
pub(crate) use self::state::State;

/// A credential in clear.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// Attribute path.
    pub(crate) path: String,
    /// What it is: `GitHub token`.
    pub(crate) kind: &'static str,
    pub(crate) length: usize,
    pub(crate) severity: Severity,
    /// It was found in base64 or compressed data.
    pub(crate) encoded: bool,
    /// It was found in the expressions of the configuration.
    pub(crate) in_configuration: bool,
    /// Knows the value again.
    pub(crate) mark: fingerprint::Mark,
}

/// The checksum of a token's body, for tests that must not hold a token.
#[cfg(test)]
pub(crate) fn checksum(body: &str) -> String {
    proofs::base62(proofs::crc32(body.as_bytes()))
}

/// Text in base64, for tests.
#[cfg(test)]
pub(crate) fn encode(text: &str) -> String {
    base64::encode_padded(text)
}

/// Text compressed and in base64, for tests.
#[cfg(test)]
pub(crate) fn compress(text: &str) -> String {
    base64::encode_bytes(&inflate::gzip(text.as_bytes()))
}
