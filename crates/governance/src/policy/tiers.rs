//! What each tier calls for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::shortest;
use crate::tier::RiskTier;
use crate::ttl::Ttl;

/// The rules of one tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierTerms {
    /// The lowest score of the tier.
    pub score_from: u32,
    /// Who has to approve an identity.
    pub approvals: Approvals,
    /// The longest life of an identity.
    #[serde(serialize_with = "shortest")]
    pub identity_ttl_max: Ttl,
    /// The longest life of a token.
    #[serde(serialize_with = "shortest")]
    pub token_ttl_max: Ttl,
    /// How often the access is reviewed.
    #[serde(serialize_with = "shortest")]
    pub review_every: Ttl,
    /// Whether a static secret may be held.
    pub static_secret: StaticSecret,
    /// How long at most; where nothing is said, as long as an exception may last.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "shortest_of")]
    pub static_secret_ttl_max: Option<Ttl>,
    /// How often it has to be replaced meanwhile; where nothing is said, as often as it ends.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "shortest_of")]
    pub rotate_every: Option<Ttl>,
}

#[expect(clippy::ref_option, reason = "serde hands over the field as it is")]
fn shortest_of<S: serde::Serializer>(ttl: &Option<Ttl>, serializer: S) -> Result<S::Ok, S::Error> {
    match ttl {
        Some(ttl) => shortest(ttl, serializer),
        None => serializer.serialize_none(),
    }
}

/// The approvals that a tier calls for; its text fits after "calls for".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// How many distinct persons.
    pub count: u32,
    /// Whether one of them has to be the policy owner.
    pub policy_owner: bool,
    /// Whether one more person, of security, has to approve.
    pub security: bool,
}

impl Approvals {
    /// How many distinct persons that is in all.
    pub fn persons(self) -> u32 {
        self.count.saturating_add(u32::from(self.security))
    }
}

impl fmt::Display for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = match self.count {
            0 if self.security => "1 approval, by security".to_owned(),
            0 => "no approval".to_owned(),
            1 if self.policy_owner => "1 approval, by the policy owner".to_owned(),
            1 => "1 approval".to_owned(),
            count if self.policy_owner => format!("{count} approvals, one of them by the policy owner"),
            count => format!("{count} approvals"),
        };
        if self.security && self.count > 0 {
            text.push_str(if self.policy_owner {
                ", and one by security"
            } else {
                " and one by security"
            });
        }
        f.pad(&text)
    }
}

/// Whether a static secret may be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaticSecret {
    /// While an exception holds.
    ByException,
    /// Not at all.
    Never,
}

impl StaticSecret {
    /// Both, the looser first.
    pub const ALL: [Self; 2] = [Self::ByException, Self::Never];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByException => "by_exception",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for StaticSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The rule with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaticSecretRule<'a> {
    /// While an exception holds, and never longer than this.
    ByException(&'a Ttl),
    /// Not at all.
    Never,
}

impl fmt::Display for StaticSecretRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByException(ttl) => f.pad(&format!("by exception, {ttl} at most")),
            Self::Never => f.pad("never"),
        }
    }
}

/// The rules of all tiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiers {
    /// Tier low.
    pub low: TierTerms,
    /// Tier moderate.
    pub moderate: TierTerms,
    /// Tier high.
    pub high: TierTerms,
    /// Tier critical.
    pub critical: TierTerms,
}

impl Tiers {
    /// Those of one tier.
    pub fn of(&self, tier: RiskTier) -> &TierTerms {
        match tier {
            RiskTier::Low => &self.low,
            RiskTier::Moderate => &self.moderate,
            RiskTier::High => &self.high,
            RiskTier::Critical => &self.critical,
        }
    }

    /// Those of one tier, to change them.
    pub fn of_mut(&mut self, tier: RiskTier) -> &mut TierTerms {
        match tier {
            RiskTier::Low => &mut self.low,
            RiskTier::Moderate => &mut self.moderate,
            RiskTier::High => &mut self.high,
            RiskTier::Critical => &mut self.critical,
        }
    }
}

impl Default for Tiers {
    fn default() -> Self {
        let tier = |score_from, (count, policy_owner, security), days, minutes: u64, review_days| TierTerms {
            score_from,
            approvals: Approvals {
                count,
                policy_owner,
                security,
            },
            identity_ttl_max: Ttl::from_days(days),
            token_ttl_max: Ttl::from_seconds(minutes * 60),
            review_every: Ttl::from_days(review_days),
            static_secret: StaticSecret::ByException,
            static_secret_ttl_max: None,
            rotate_every: None,
        };
        Self {
            low: tier(0, (0, false, false), 180, 60, 180),
            moderate: tier(20, (1, false, false), 90, 60, 90),
            high: TierTerms {
                static_secret_ttl_max: Some(Ttl::from_days(30)),
                ..tier(45, (2, true, false), 30, 15, 90)
            },
            critical: TierTerms {
                static_secret: StaticSecret::Never,
                ..tier(70, (2, false, true), 7, 5, 30)
            },
        }
    }
}
