//! A declaration: what HCL asks for, with every field parsed and every rule kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::attestation::Attestation;
use crate::canonical::{Digest, canonical_json};
use crate::code::{CLASSIFICATION, Problem, STATE};
use crate::kind::Kind;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::revocation::RevokedBySet;
use crate::scope::ScopeEntry;
use crate::score::{Assessment, Facts};
use crate::text::{Environment, Name, quote};
use crate::tier::RiskTier;
use crate::ttl::Ttl;

/// The class of the data that an identity can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// Anyone may see it.
    Public,
    /// The organisation may see it.
    Internal,
    /// Some of the organisation may see it.
    Confidential,
    /// Named persons may see it; raises the score.
    Restricted,
}

impl Classification {
    /// All classes, least protected first.
    pub const ALL: [Self; 4] = [Self::Public, Self::Internal, Self::Confidential, Self::Restricted];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| {
                let message = format!("{} is not a data classification", quote(text));
                Problem::new(
                    &CLASSIFICATION,
                    message,
                    "Write `public`, `internal`, `confidential` or `restricted`.",
                )
            })
    }
}

impl fmt::Display for Classification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a configuration wants an identity to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DesiredState {
    /// Good for use.
    Active,
    /// On record, and of no use until it is wanted active again.
    Suspended,
}

impl DesiredState {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| {
                let message = format!("{} is not a state to want", quote(text));
                Problem::new(&STATE, message, "Write `active` or `suspended`.")
            })
    }
}

impl fmt::Display for DesiredState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is asked for. Only [`crate::Draft::check`] makes one, or the reading of a record that it once made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    pub(crate) technical_owner: Owner,
    pub(crate) policy_owner: Owner,
    pub(crate) purpose: Purpose,
    pub(crate) environment: Environment,
    pub(crate) ttl: Ttl,
    pub(crate) scope: Vec<ScopeEntry>,
    pub(crate) revoked_by: RevokedBySet,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attestation: Option<Attestation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data_classification: Option<Classification>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) internet_facing: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vendor_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min_risk_tier: Option<RiskTier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) interactive_use: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) desired_state: Option<DesiredState>,
}

impl Declaration {
    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// What holds it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Who runs what uses it.
    pub fn technical_owner(&self) -> &Owner {
        &self.technical_owner
    }

    /// Who answers for the rules it lives under; never the technical owner.
    pub fn policy_owner(&self) -> &Owner {
        &self.policy_owner
    }

    /// Why it exists.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Where it is used.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// How long it lives.
    pub fn ttl(&self) -> &Ttl {
        &self.ttl
    }

    /// What it may be granted at most.
    pub fn scope(&self) -> &[ScopeEntry] {
        &self.scope
    }

    /// What ends it.
    pub fn revoked_by(&self) -> &RevokedBySet {
        &self.revoked_by
    }

    /// How it proves that it is itself.
    pub fn attestation(&self) -> Option<&Attestation> {
        self.attestation.as_ref()
    }

    /// The ids of identities that other providers create and this record governs.
    pub fn external(&self) -> Option<&[String]> {
        self.external.as_deref()
    }

    /// The class of the data it can reach.
    pub fn data_classification(&self) -> Option<Classification> {
        self.data_classification
    }

    /// Whether what holds it can be reached from the internet.
    pub fn internet_facing(&self) -> Option<bool> {
        self.internet_facing
    }

    /// The vendor it belongs to.
    pub fn vendor_id(&self) -> Option<&str> {
        self.vendor_id.as_deref()
    }

    /// The declared lowest tier.
    pub fn min_risk_tier(&self) -> Option<RiskTier> {
        self.min_risk_tier
    }

    /// The declared generation; a bump asks for renewal.
    pub fn generation(&self) -> Option<u32> {
        self.generation
    }

    /// Whether a person may use it in a session; where nothing is declared, nobody may.
    pub fn interactive_use(&self) -> Option<bool> {
        self.interactive_use
    }

    /// The declared state.
    pub fn desired_state(&self) -> Option<DesiredState> {
        self.desired_state
    }

    /// Whether it is wanted suspended.
    pub fn wants_suspension(&self) -> bool {
        self.desired_state == Some(DesiredState::Suspended)
    }

    /// Its score and tier under a policy.
    pub fn assess(&self, policy: &Policy) -> Assessment {
        let facts = Facts {
            kind: Some(self.kind),
            scope: self.scope.iter().collect(),
            environment: Some(&self.environment),
            internet_facing: self.internet_facing == Some(true),
            has_vendor: self.vendor_id.is_some(),
            classification: self.data_classification,
            lacks_attestation: self.attestation.is_none(),
            min_tier: self.min_risk_tier,
            is_final: true,
        };
        facts.assess(policy)
    }

    /// The digest of everything that is declared: two declarations are identical when it is the same.
    pub fn digest(&self) -> Digest {
        Digest::of(canonical_json(&self.to_json()).as_bytes())
    }

    /// The declaration as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        // INVARIANT: the types serialise to strings, lists and objects with string keys, which cannot fail; were it
        // to, `null` could never equal another declaration's JSON that adoption compares it with.
        serde_json::to_value(self).unwrap_or_default()
    }
}
