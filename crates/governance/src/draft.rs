//! A draft: what a configuration says, before anything of it is checked.
//!
//! At plan some values are unknown. They are skipped by every rule and judged again at apply, when they are known.

/// A value of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Given<T> {
    /// It is known only after apply.
    Unknown,
    /// It is not set.
    #[default]
    Absent,
    /// It is this.
    Known(T),
}

impl<T> Given<T> {
    /// The value if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }

    /// Whether it is known only after apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The same presence with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Given<U> {
        match self {
            Self::Unknown => Given::Unknown,
            Self::Absent => Given::Absent,
            Self::Known(value) => Given::Known(change(value)),
        }
    }
}

impl<T> From<Option<T>> for Given<T> {
    /// `None` is [`Given::Absent`].
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Known)
    }
}

impl From<&str> for Given<String> {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

/// An identity as a configuration gives it; unset attributes are [`Given::Absent`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Declaration`"
)]
pub struct Draft {
    pub name: Given<String>,
    pub kind: Given<String>,
    pub technical_owner: Given<String>,
    pub policy_owner: Given<String>,
    pub purpose: Given<PurposeDraft>,
    pub environment: Given<String>,
    pub ttl: Given<String>,
    pub scope: Given<Vec<Given<ScopeDraft>>>,
    pub revoked_by: Given<Vec<Given<String>>>,
    pub attestation: Given<AttestationDraft>,
    pub external: Given<Vec<Given<String>>>,
    pub data_classification: Given<String>,
    pub internet_facing: Given<bool>,
    pub vendor_id: Given<String>,
    pub min_risk_tier: Given<String>,
    pub generation: Given<i64>,
    pub interactive_use: Given<bool>,
    pub desired_state: Given<String>,
}

/// A purpose as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Purpose`"
)]
pub struct PurposeDraft {
    pub summary: Given<String>,
    pub task: Given<String>,
    pub ticket: Given<String>,
}

/// An entry of the scope as a configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `ScopeEntry`"
)]
pub struct ScopeDraft {
    pub backend: Given<String>,
    pub resource: Given<String>,
    pub actions: Given<Vec<Given<String>>>,
}

/// An attestation as a configuration gives it: exactly one of `spiffe_id`, `oidc {issuer, audience, subject}` and
/// `kubernetes {cluster, namespace, service_account}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttestationDraft {
    /// A SPIFFE id.
    pub spiffe_id: Given<String>,
    /// Issuer, audience and subject.
    pub oidc: Given<[Given<String>; 3]>,
    /// Cluster, namespace and service account.
    pub kubernetes: Given<[Given<String>; 3]>,
}
