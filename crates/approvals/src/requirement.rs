//! What a tier calls for.

use std::fmt;

use nhi_governance::{Policy, RiskTier};

/// How many approvals, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// How many distinct persons.
    pub count: u32,
    /// Whether one of them has to be the policy owner.
    pub policy_owner: bool,
    /// Whether one of them has to be of security.
    pub security: bool,
}

impl Requirement {
    /// What a tier calls for under a policy.
    pub fn of(policy: &Policy, tier: RiskTier) -> Self {
        let approvals = policy.approvals(tier);
        Self {
            count: approvals.persons(),
            policy_owner: approvals.policy_owner,
            security: approvals.security,
        }
    }

    /// Whether nobody has to approve.
    pub fn is_nothing(self) -> bool {
        self.count == 0 && !self.policy_owner && !self.security
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            0 if self.is_nothing() => return f.write_str("no approval"),
            0 | 1 => f.write_str("1 approval")?,
            count => write!(f, "{count} approvals")?,
        }
        f.write_str(match (self.policy_owner, self.security) {
            (false, false) => "",
            (true, false) => ", one of them by the policy owner",
            (false, true) => ", one of them by security",
            (true, true) => ", among them the policy owner's and one by security",
        })
    }
}
