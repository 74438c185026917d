//! Which resource types hold principals, policies, attachments and memberships, and where.
//!
//! A table, so that a provider's new resource is a row and not a branch.

use crate::facts::iam::access::PrincipalKind::{self, Group, PermissionSet, Role, User};

/// What a resource type holds; in a path `[*]` is any element.
#[derive(Debug)]
pub(super) struct Row {
    resource_type: &'static str,
    /// The block is a principal of this kind.
    pub(super) owner: Option<PrincipalKind>,
    /// Its name, where the attribute is not `name`.
    pub(super) name: &'static str,
    /// The document of a managed policy.
    pub(super) managed: Option<&'static str>,
    /// Inline documents.
    pub(super) documents: &'static [&'static str],
    /// Managed policies that are given, by ARN or name.
    pub(super) policies: &'static [&'static str],
    /// To whom, where the block is not the principal itself.
    pub(super) targets: &'static [(PrincipalKind, &'static str)],
    /// The permissions boundary, of the principal or of the first target.
    pub(super) boundary: Option<&'static str>,
    /// Users (empty: the block itself) and the groups they are in.
    pub(super) members: Option<(&'static str, &'static str)>,
}

const NONE: Row = Row {
    resource_type: "",
    owner: None,
    name: "name",
    managed: None,
    documents: &[],
    policies: &[],
    targets: &[],
    boundary: None,
    members: None,
};

type Targets = &'static [(PrincipalKind, &'static str)];

const fn inline(resource_type: &'static str, documents: &'static [&'static str], targets: Targets) -> Row {
    Row {
        resource_type,
        documents,
        targets,
        ..NONE
    }
}

const fn attachment(resource_type: &'static str, policies: &'static [&'static str], targets: Targets) -> Row {
    Row {
        resource_type,
        policies,
        targets,
        ..NONE
    }
}

const POLICY_ARN: &[&str] = &["policy_arn"];
const POLICY_ARNS: &[&str] = &["policy_arns[*]"];
const MANAGED_ARNS: &[&str] = &["managed_policy_arns[*]"];
const DOCUMENT: &[&str] = &["policy_document"];
const DOCUMENTS: &[&str] = &["policies[*].policy_document"];
const EVERYBODY: Targets = &[(Role, "roles[*]"), (User, "users[*]"), (Group, "groups[*]")];
const SET: Targets = &[(PermissionSet, "permission_set_arn")];

/// Every resource type that matters, sorted.
static ROWS: [Row; 29] = [
    Row {
        resource_type: "aws_iam_group",
        owner: Some(Group),
        ..NONE
    },
    Row {
        resource_type: "aws_iam_group_membership",
        members: Some(("users[*]", "group")),
        ..NONE
    },
    inline("aws_iam_group_policy", &["policy"], &[(Group, "group")]),
    attachment("aws_iam_group_policy_attachment", POLICY_ARN, &[(Group, "group")]),
    attachment(
        "aws_iam_group_policy_attachments_exclusive",
        POLICY_ARNS,
        &[(Group, "group_name")],
    ),
    Row {
        resource_type: "aws_iam_policy",
        managed: Some("policy"),
        ..NONE
    },
    attachment("aws_iam_policy_attachment", POLICY_ARN, EVERYBODY),
    Row {
        resource_type: "aws_iam_role",
        owner: Some(Role),
        documents: &["inline_policy[*].policy"],
        policies: MANAGED_ARNS,
        boundary: Some("permissions_boundary"),
        ..NONE
    },
    inline("aws_iam_role_policy", &["policy"], &[(Role, "role")]),
    attachment("aws_iam_role_policy_attachment", POLICY_ARN, &[(Role, "role")]),
    attachment(
        "aws_iam_role_policy_attachments_exclusive",
        POLICY_ARNS,
        &[(Role, "role_name")],
    ),
    Row {
        resource_type: "aws_iam_user",
        owner: Some(User),
        boundary: Some("permissions_boundary"),
        ..NONE
    },
    Row {
        resource_type: "aws_iam_user_group_membership",
        members: Some(("user", "groups[*]")),
        ..NONE
    },
    inline("aws_iam_user_policy", &["policy"], &[(User, "user")]),
    attachment("aws_iam_user_policy_attachment", POLICY_ARN, &[(User, "user")]),
    attachment(
        "aws_iam_user_policy_attachments_exclusive",
        POLICY_ARNS,
        &[(User, "user_name")],
    ),
    attachment(
        "aws_ssoadmin_customer_managed_policy_attachment",
        &["customer_managed_policy_reference[*].name"],
        SET,
    ),
    attachment("aws_ssoadmin_managed_policy_attachment", &["managed_policy_arn"], SET),
    Row {
        resource_type: "aws_ssoadmin_permission_set",
        owner: Some(PermissionSet),
        ..NONE
    },
    inline("aws_ssoadmin_permission_set_inline_policy", &["inline_policy"], SET),
    Row {
        resource_type: "aws_ssoadmin_permissions_boundary_attachment",
        targets: SET,
        boundary: Some("permissions_boundary[*].managed_policy_arn"),
        ..NONE
    },
    Row {
        resource_type: "awscc_iam_group",
        owner: Some(Group),
        name: "group_name",
        documents: DOCUMENTS,
        policies: MANAGED_ARNS,
        ..NONE
    },
    inline("awscc_iam_group_policy", DOCUMENT, &[(Group, "group_name")]),
    Row {
        resource_type: "awscc_iam_managed_policy",
        managed: Some("policy_document"),
        targets: EVERYBODY,
        ..NONE
    },
    Row {
        resource_type: "awscc_iam_role",
        owner: Some(Role),
        name: "role_name",
        documents: DOCUMENTS,
        policies: MANAGED_ARNS,
        boundary: Some("permissions_boundary"),
        ..NONE
    },
    inline("awscc_iam_role_policy", DOCUMENT, &[(Role, "role_name")]),
    Row {
        resource_type: "awscc_iam_user",
        owner: Some(User),
        name: "user_name",
        documents: DOCUMENTS,
        policies: MANAGED_ARNS,
        boundary: Some("permissions_boundary"),
        members: Some(("", "groups[*]")),
        ..NONE
    },
    inline("awscc_iam_user_policy", DOCUMENT, &[(User, "user_name")]),
    Row {
        resource_type: "awscc_sso_permission_set",
        owner: Some(PermissionSet),
        documents: &["inline_policy"],
        policies: &["managed_policies[*]", "customer_managed_policy_references[*].name"],
        boundary: Some("permissions_boundary.managed_policy_arn"),
        ..NONE
    },
];

/// What the analyzer reads of a resource type.
pub(super) fn row(resource_type: &str) -> Option<&'static Row> {
    let is_aws = ["aws_iam_", "aws_sso", "awscc_"]
        .iter()
        .any(|start| resource_type.starts_with(start));
    if !is_aws {
        return None;
    }
    let found = ROWS.binary_search_by(|row| row.resource_type.cmp(resource_type)).ok()?;
    ROWS.get(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted() {
        assert!(ROWS.is_sorted_by(|left, right| left.resource_type < right.resource_type));
    }
}
