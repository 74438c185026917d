//! Credentials in values, proven by their structure.
//!
//! One pass of an automaton over the raw JSON text decides whether a block is parsed at all: of a large plan nearly
//! none is. A value is never kept and never shown: a hit is a kind, a place and a length.

mod base64;
mod jwt;
mod named;
mod needles;
mod pem;
mod proofs;
pub(crate) mod provider;
mod shapes;
mod walk;

use nhi_plan::Severity;

pub(crate) use self::walk::scan;

/// A credential in clear.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// Attribute path.
    pub(crate) path: String,
    /// What it is: `GitHub token`.
    pub(crate) kind: &'static str,
    pub(crate) length: usize,
    pub(crate) severity: Severity,
    /// It was found in base64.
    pub(crate) encoded: bool,
    /// It was found in the expressions of the configuration.
    pub(crate) in_configuration: bool,
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
