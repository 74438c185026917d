//! Access policies of EKS: rights in a cluster that IAM identities have without any RBAC object.

use nhi_plan::json::Value;
use nhi_plan::symbol;

use super::read;
use crate::facts::Block;

/// A policy of EKS that gives more than work in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// `AmazonEKSClusterAdminPolicy`
    ClusterAdmin,
    /// `AmazonEKSAdminPolicy`
    Admin,
}

/// A policy that an IAM identity gets.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) address: String,
    /// `None` where it is known only after apply.
    pub(crate) policy: Option<Policy>,
    /// In the whole cluster and not in some namespaces.
    pub(crate) cluster: bool,
}

pub(super) fn read(block: &Block<'_>) -> Option<Access> {
    let policy = match block.string("policy_arn") {
        Some(arn) if symbol::has_symbols(&arn) && !arn.contains("Policy") => None,
        Some(arn) => match arn.rsplit('/').next()? {
            "AmazonEKSClusterAdminPolicy" => Some(Policy::ClusterAdmin),
            "AmazonEKSAdminPolicy" => Some(Policy::Admin),
            _ => return None,
        },
        None if block.is_unknown("policy_arn") => None,
        None => return None,
    };
    let scope = block.after().and_then(|after| after.get("access_scope")).map(read::one);
    let kind = scope.and_then(|scope| scope.get("type")).and_then(Value::as_str);
    Some(Access {
        address: block.change.address.to_string(),
        policy,
        cluster: kind.as_deref() != Some("namespace"),
    })
}
