//! What a tier calls for.

use std::fmt;

use nhi_governance::{Policy, RiskTier};

use crate::deed::{Deed, Order};
use crate::request::Request;

/// How many approvals, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// How many distinct persons.
    pub count: u32,
    /// Whether one of them has to be the policy owner.
    pub policy_owner: bool,
    /// Whether one of them has to be of security.
    pub security: bool,
    /// What is done with break-glass access, where it is that: then who asks signs as well, and only those count whom
    /// the request names.
    pub deed: Option<Deed>,
}

impl Requirement {
    /// What a tier calls for under a policy.
    pub fn of(policy: &Policy, tier: RiskTier) -> Self {
        let approvals = policy.approvals(tier);
        Self {
            count: approvals.persons(),
            policy_owner: approvals.policy_owner,
            security: approvals.security,
            deed: None,
        }
    }

    /// What a request calls for under a policy: what its deed does, or else what this tier does.
    pub fn of_request(policy: &Policy, tier: RiskTier, request: &Request) -> Self {
        Order::of(request).map_or_else(
            || Self::of(policy, tier),
            |order| Self {
                count: order.signatures,
                policy_owner: false,
                security: false,
                deed: Some(order.deed),
            },
        )
    }

    /// Whether nobody has to approve.
    pub fn is_nothing(self) -> bool {
        self.count == 0 && !self.policy_owner && !self.security && self.deed.is_none()
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.deed {
            Some(Deed::Activate | Deed::Test) => {
                return write!(f, "{} signatures of holders, among them that of who asks", self.count);
            }
            Some(Deed::Decide | Deed::Review) => return f.write_str("the signature of who reviews"),
            None => {}
        }
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
