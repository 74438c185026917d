//! Risk tiers: what a score leads to. What a tier calls for is the policy's to say.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{MIN_TIER, Problem};
use crate::text::quote;

/// How risky an identity is; the order is the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskTier {
    /// By default score 0 to 19.
    Low,
    /// By default score 20 to 44.
    Moderate,
    /// By default score 45 to 69.
    High,
    /// By default score 70 and more.
    Critical,
}

impl RiskTier {
    /// All tiers, lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Moderate, Self::High, Self::Critical];

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
