//! SPIFFE ids: the name under which other systems know an identity.
//!
//! The grammar is that of the SPIFFE specification: `spiffe://`, a trust domain of at most 255 bytes, a path whose
//! segments are letters, digits, `.`, `-` and `_`, none of them empty, `.` or `..`, and 2,048 bytes in all.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{ATTESTATION, Problem};
use crate::text::{Environment, Name, quote};

const SCHEME: &str = "spiffe://";
const TRUST_DOMAIN_BYTES_MAX: usize = 255;
const ID_BYTES_MAX: usize = 2048;

/// The trust domain that an organisation's identities live in, for example `example.org`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrustDomain(String);

impl TrustDomain {
    /// Parses lower-case letters, digits, `.`, `-` and `_`, up to 255 bytes.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let is_char =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
        if text.is_empty() || text.len() > TRUST_DOMAIN_BYTES_MAX || !text.bytes().all(is_char) {
            let message = format!("{} is not a trust domain", quote(text));
            return Err(Problem::new(
                &ATTESTATION,
                message,
                "Write a domain of the organisation in lower case, for example `example.org`.",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TrustDomain {
    /// `nhi.internal`, in the top-level domain that is reserved for private use.
    fn default() -> Self {
        Self("nhi.internal".to_owned())
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for TrustDomain {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<TrustDomain> for String {
    fn from(trust_domain: TrustDomain) -> Self {
        trust_domain.0
    }
}

/// `spiffe://<trust domain>/<path>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpiffeId(String);

impl SpiffeId {
    /// The id of an identity: `spiffe://<trust domain>/<environment>/<name>`.
    ///
    /// It cannot fail: names and environments are a subset of what a segment may be, and all three are short.
    pub fn of(trust_domain: &TrustDomain, environment: &Environment, name: &Name) -> Self {
        Self(format!("{SCHEME}{trust_domain}/{environment}/{name}"))
    }

    /// Parses an id with a path, as one workload has it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = || {
            Problem::new(
                &ATTESTATION,
                format!("{} is not the SPIFFE id of a workload", quote(text)),
                "Write `spiffe://<trust domain>/<path>`: a lower-case domain and segments of letters, digits, `.`, `-` and `_`.",
            )
        };
        let is_segment = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        };
        let (domain, path) = text
            .strip_prefix(SCHEME)
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(refuse)?;
        if text.len() > ID_BYTES_MAX || TrustDomain::parse(domain).is_err() || !path.split('/').all(is_segment) {
            return Err(refuse());
        }
        Ok(Self(text.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for SpiffeId {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<SpiffeId> for String {
    fn from(id: SpiffeId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::{SpiffeId, TrustDomain};
    use crate::text::{Environment, Name};

    #[test]
    fn ids() {
        for good in [
            "spiffe://example.org/a",
            "spiffe://nhi.internal/prod/Api_v1.2-x",
            "spiffe://e_x/a/...",
        ] {
            assert_eq!(SpiffeId::parse(good).unwrap().as_str(), good);
        }
        let long = format!("spiffe://a/{}", "b".repeat(2048));
        let bad = [
            "",
            "spiffe://",
            "spiffe://a",
            "spiffe://a/",
            "spiffe://a//b",
            "spiffe://a/./b",
            "spiffe://a/../b",
            "spiffe://A/b",
            "SPIFFE://a/b",
            "spiffe://a:80/b",
            "spiffe://u@a/b",
            "spiffe://a/b?q",
            "spiffe://a/b#f",
            "spiffe://a/%41",
            "spiffe:///b",
            "https://a/b",
            "spiffe://a/b/",
            "spiffe://a/ä",
            &long,
        ];
        for text in bad {
            assert!(SpiffeId::parse(text).is_err(), "{text:?}");
        }
        let domain = "d".repeat(255);
        let id = SpiffeId::of(
            &TrustDomain::parse(&domain).unwrap(),
            &Environment::parse("staging").unwrap(),
            &Name::parse("deployer").unwrap(),
        );
        assert_eq!(SpiffeId::parse(id.as_str()).unwrap(), id);
        assert!(TrustDomain::parse(&"d".repeat(256)).is_err());
    }
}
