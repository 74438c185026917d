//! Risk tiers: what a score calls for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{MIN_TIER, Problem};
use crate::text::quote;
use crate::ttl::Ttl;

/// How risky an identity is; the order is the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskTier {
    /// Score 0 to 19.
    Low,
    /// Score 20 to 44.
    Moderate,
    /// Score 45 to 69.
    High,
    /// Score 70 and more.
    Critical,
}

/// The approvals that a tier calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approvals {
    /// How many distinct persons.
    pub count: u8,
    /// Who, as a phrase that fits after "calls for".
    pub text: &'static str,
}

impl RiskTier {
    /// All tiers, lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Moderate, Self::High, Self::Critical];

    /// The tier of a score.
    pub fn of_score(score: u32) -> Self {
        match score {
            0..=19 => Self::Low,
            20..=44 => Self::Moderate,
            45..=69 => Self::High,
            _ => Self::Critical,
        }
    }

    /// The longest life that an identity of this tier may be declared with.
    pub fn ttl_max(self) -> Ttl {
        Ttl::from_days(self.ttl_days_max())
    }

    /// The same ceiling, in days.
    pub fn ttl_days_max(self) -> u32 {
        match self {
            Self::Low => 180,
            Self::Moderate => 90,
            Self::High => 30,
            Self::Critical => 7,
        }
    }

    /// The approvals that it calls for.
    pub fn approvals(self) -> Approvals {
        let (count, text) = match self {
            Self::Low => (0, "no approval"),
            Self::Moderate => (1, "1 approval"),
            Self::High => (2, "2 approvals, one of them by the policy owner"),
            Self::Critical => (3, "2 approvals and one by security"),
        };
        Approvals { count, text }
    }

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text).ok_or_else(|| {
            Problem::new(
                &MIN_TIER,
                format!("{} is not a risk tier", quote(text)),
                "Write `low`, `moderate`, `high` or `critical`.",
            )
        })
    }
}

impl fmt::Display for RiskTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::RiskTier;

    #[test]
    fn bounds() {
        let cases = [
            (0, "low", "4320h"),
            (19, "low", "4320h"),
            (20, "moderate", "2160h"),
            (44, "moderate", "2160h"),
            (45, "high", "720h"),
            (69, "high", "720h"),
            (70, "critical", "168h"),
            (u32::MAX, "critical", "168h"),
        ];
        for (score, tier, ttl) in cases {
            assert_eq!(RiskTier::of_score(score).as_str(), tier, "{score}");
            assert_eq!(RiskTier::of_score(score).ttl_max().as_str(), ttl, "{score}");
        }
    }
}
