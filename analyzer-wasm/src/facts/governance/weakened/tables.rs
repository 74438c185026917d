//! Which resources are guards, and which attributes make one looser.

use nhi_plan::Severity;

/// A resource type that is a guard as a whole.
pub(super) struct Guard {
    pub(super) resource_type: &'static str,
    /// Guards of one family take over from each other.
    pub(super) family: &'static str,
    pub(super) severity: Severity,
}

const fn guard(resource_type: &'static str, family: &'static str, severity: Severity) -> Guard {
    Guard {
        resource_type,
        family,
        severity,
    }
}

/// Sorted by type.
pub(super) static GUARDS: [Guard; 23] = [
    guard("aws_accessanalyzer_analyzer", "an access analyzer", Severity::Low),
    guard("aws_cloudtrail", "an audit trail", Severity::Medium),
    guard("aws_guardduty_detector", "a threat detector", Severity::Medium),
    guard(
        "aws_organizations_policy",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard(
        "aws_organizations_policy_attachment",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard(
        "azuread_conditional_access_policy",
        "a conditional access policy",
        Severity::Medium,
    ),
    guard(
        "azurerm_management_group_policy_assignment",
        "a policy assignment",
        Severity::Medium,
    ),
    guard(
        "azurerm_resource_group_policy_assignment",
        "a policy assignment",
        Severity::Low,
    ),
    guard(
        "azurerm_subscription_policy_assignment",
        "a policy assignment",
        Severity::Medium,
    ),
    guard("github_branch_protection", "a branch protection", Severity::Medium),
    guard("github_branch_protection_v3", "a branch protection", Severity::Medium),
    guard("github_organization_ruleset", "a branch protection", Severity::Medium),
    guard("github_repository_ruleset", "a branch protection", Severity::Medium),
    guard("gitlab_branch_protection", "a branch protection", Severity::Medium),
    guard("gitlab_project_approval_rule", "an approval rule", Severity::Medium),
    guard("google_folder_iam_audit_config", "an audit log", Severity::Medium),
    guard("google_iam_deny_policy", "a deny policy", Severity::Medium),
    guard(
        "google_org_policy_policy",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard("google_organization_iam_audit_config", "an audit log", Severity::Medium),
    guard(
        "google_organization_policy",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard("google_project_iam_audit_config", "an audit log", Severity::Medium),
    guard(
        "google_project_organization_policy",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard("vault_audit", "an audit log", Severity::Medium),
];

/// What makes a changed attribute looser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looser {
    /// It said something, and says nothing any more.
    Gone,
    /// `true` became `false`.
    Off,
    /// The number, the duration or the tier fell.
    Less,
    /// The number or the duration rose.
    More,
}

/// Resource type, path, what is looser, words, severity.
pub(super) type Knob = (&'static str, &'static str, Looser, &'static str, Severity);

pub(super) static KNOBS: [Knob; 18] = [
    (
        "aws_cloudtrail",
        "enable_logging",
        Looser::Off,
        "the audit trail is switched off",
        Severity::Medium,
    ),
    (
        "aws_iam_role",
        "permissions_boundary",
        Looser::Gone,
        "the role loses its permissions boundary",
        Severity::Medium,
    ),
    (
        "aws_iam_user",
        "permissions_boundary",
        Looser::Gone,
        "the user loses its permissions boundary",
        Severity::Medium,
    ),
    (
        "azuread_conditional_access_policy",
        "state",
        Looser::Off,
        "the policy is not enforced any more",
        Severity::Medium,
    ),
    (
        "azurerm_management_group_policy_assignment",
        "enforce",
        Looser::Off,
        "the policy is not enforced any more",
        Severity::Medium,
    ),
    (
        "azurerm_subscription_policy_assignment",
        "enforce",
        Looser::Off,
        "the policy is not enforced any more",
        Severity::Medium,
    ),
    (
        "github_branch_protection",
        "enforce_admins",
        Looser::Off,
        "administrators may pass by the branch protection",
        Severity::Low,
    ),
    (
        "github_branch_protection",
        "required_pull_request_reviews",
        Looser::Gone,
        "changes need no review any more",
        Severity::Medium,
    ),
    (
        "github_branch_protection",
        "required_pull_request_reviews[0].required_approving_review_count",
        Looser::Less,
        "changes need fewer reviews",
        Severity::Medium,
    ),
    (
        "github_repository_environment",
        "reviewers",
        Looser::Gone,
        "deployments need no reviewer any more",
        Severity::Medium,
    ),
    (
        "github_repository_ruleset",
        "enforcement",
        Looser::Off,
        "the ruleset is not enforced any more",
        Severity::Medium,
    ),
    (
        "gitlab_project_approval_rule",
        "approvals_required",
        Looser::Less,
        "changes need fewer approvals",
        Severity::Medium,
    ),
    (
        "google_org_policy_policy",
        "spec[0].rules[0].enforce",
        Looser::Off,
        "the policy is not enforced any more",
        Severity::Medium,
    ),
    (
        "google_organization_policy",
        "boolean_policy[0].enforced",
        Looser::Off,
        "the policy is not enforced any more",
        Severity::Medium,
    ),
    (
        "google_project_organization_policy",
        "boolean_policy[0].enforced",
        Looser::Off,
        "the policy is not enforced any more",
        Severity::Medium,
    ),
    (
        "nhi_identity",
        "min_risk_tier",
        Looser::Less,
        "the least risk tier of the record falls",
        Severity::Low,
    ),
    (
        "nhi_identity",
        "min_risk_tier",
        Looser::Gone,
        "the record loses its least risk tier",
        Severity::Low,
    ),
    (
        "nhi_identity",
        "ttl",
        Looser::More,
        "the identity lives longer than before",
        Severity::Low,
    ),
];

/// Resource types of which it matters what they were before.
pub(crate) const WITH_BEFORE: [&str; 17] = [
    "aws_cloudtrail",
    "aws_iam_role",
    "aws_iam_user",
    "aws_organizations_*",
    "azuread_conditional_access_policy",
    "azurerm_*_policy_assignment",
    "github_*_ruleset",
    "github_branch_protection*",
    "github_repository",
    "github_repository_environment",
    "gitlab_branch_protection",
    "gitlab_project",
    "gitlab_project_approval_rule",
    "google_org_policy_policy",
    "google_organization_policy",
    "google_project*",
    "nhi_identity",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(GUARDS.is_sorted_by(|left, right| left.resource_type < right.resource_type));
        assert!(KNOBS.is_sorted_by_key(|knob| knob.0));
    }
}
