//! The seven kinds of identity.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{KIND, Problem};
use crate::text::quote;

/// What holds an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A running service or job that a platform can attest.
    Workload,
    /// An account made for software, without a platform that attests it.
    ServiceAccount,
    /// A job of a build or deployment pipeline.
    CiPipeline,
    /// Software that decides by itself what to do next.
    AiAgent,
    /// Somebody else's software that reaches into ours.
    VendorIntegration,
    /// Software that acts in a conversation or a repository as if it were a member.
    Bot,
    /// A credential that several things share, kept until it can be replaced.
    LegacyShared,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Workload,
        Self::ServiceAccount,
        Self::CiPipeline,
        Self::AiAgent,
        Self::VendorIntegration,
        Self::Bot,
        Self::LegacyShared,
    ];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::ServiceAccount => "service_account",
            Self::CiPipeline => "ci_pipeline",
            Self::AiAgent => "ai_agent",
            Self::VendorIntegration => "vendor_integration",
            Self::Bot => "bot",
            Self::LegacyShared => "legacy_shared",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|kind| format!("`{kind}`")).collect();
            Problem::new(
                &KIND,
                format!("{} is not a kind of identity", quote(text)),
                format!("Write one of {}.", words.join(", ")),
            )
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
