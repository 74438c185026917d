//! The list of rules, sorted by code; a new rule is one file beside the others and one line here.

mod administer_iam;
mod allow_everything;
mod allow_with_not_action;
mod aws_access_key;
mod azure;
mod azure_broad_data_access;
mod azure_federated_credential_wide;
mod azure_managed_identity_escalation;
mod azure_owner_or_contributor;
mod azure_public_access;
mod azure_role_escalates;
mod broad_data_access;
#[cfg(test)]
pub(crate) mod cases;
mod credential_literal;
mod cross_account_trust_without_condition;
mod default_service_account;
mod eks_cluster_admin;
mod entra_directory_role;
mod entra_machine_owner;
mod federated_trust_without_check;
mod forgotten_identity;
mod github_actions_permissions;
mod github_actions_secret_exposed;
mod github_admin_collaborator;
mod github_deploy_key_write;
mod github_oidc_subject_without_repo;
mod gitlab_job_token_scope;
mod gitlab_token_wide_scope;
mod gitlab_token_without_expiry;
mod gitlab_variable_unprotected;
mod google;
mod google_administer_iam;
mod google_basic_role;
mod google_broad_data_access;
mod google_default_service_account;
mod google_impersonate_service_account;
mod google_public_member;
mod grant;
mod graph_application_permission;
mod human_in_workload_trust;
mod identity_across_environments;
mod identity_edge;
mod interactive_machine_identity;
mod kubernetes_cluster_admin;
mod kubernetes_read_secrets;
mod kubernetes_role_escalates;
mod kubernetes_run_workloads;
mod kubernetes_service_account_token;
mod kubernetes_wide_subject;
mod kubernetes_wildcard_verbs;
mod long_lived_secret;
mod oidc_trust_wide_subject;
mod oidc_trust_without_audience;
mod oidc_trust_without_subject;
mod orphaned_identity;
mod plain_parameter;
mod plan_time_code;
mod postgresql_grant_all;
mod postgresql_role_chain;
mod postgresql_role_without_end;
mod postgresql_superuser;
mod privilege_escalation;
mod public_resource_policy;
mod pull_request_subject;
mod secret_in_output;
mod secret_in_state;
mod service_principal_without_source;
mod service_wide_wildcard;
mod shared_identity;
mod static_credential_resource;
mod unbounded_pass_role;
mod ungoverned_identity;
mod vault_administer;
mod vault_auth_role_unbound;
mod vault_dynamic_administrator;
mod vault_token_without_end;
mod vault_wildcard_path;
mod weak_machine_authentication;
mod weakened_governance;
mod webhook_without_verification;
mod wildcard_trust;
mod workload_identity_grant_wide;
mod workload_identity_pool_wide;

use crate::rule::Rule;

static RULES: [&Rule; 79] = [
    &allow_everything::RULE,
    &administer_iam::RULE,
    &wildcard_trust::RULE,
    &privilege_escalation::RULE,
    &service_wide_wildcard::RULE,
    &broad_data_access::RULE,
    &allow_with_not_action::RULE,
    &unbounded_pass_role::RULE,
    &aws_access_key::RULE,
    &credential_literal::RULE,
    &static_credential_resource::RULE,
    &secret_in_state::RULE,
    &secret_in_output::RULE,
    &long_lived_secret::RULE,
    &plain_parameter::RULE,
    &ungoverned_identity::RULE,
    &shared_identity::RULE,
    &identity_across_environments::RULE,
    &forgotten_identity::RULE,
    &orphaned_identity::RULE,
    &weak_machine_authentication::RULE,
    &plan_time_code::RULE,
    &interactive_machine_identity::RULE,
    &weakened_governance::RULE,
    &webhook_without_verification::RULE,
    &oidc_trust_without_subject::RULE,
    &oidc_trust_wide_subject::RULE,
    &oidc_trust_without_audience::RULE,
    &pull_request_subject::RULE,
    &cross_account_trust_without_condition::RULE,
    &human_in_workload_trust::RULE,
    &public_resource_policy::RULE,
    &service_principal_without_source::RULE,
    &federated_trust_without_check::RULE,
    &google_basic_role::RULE,
    &google_administer_iam::RULE,
    &google_impersonate_service_account::RULE,
    &google_public_member::RULE,
    &google_default_service_account::RULE,
    &google_broad_data_access::RULE,
    &workload_identity_pool_wide::RULE,
    &workload_identity_grant_wide::RULE,
    &azure_owner_or_contributor::RULE,
    &azure_role_escalates::RULE,
    &entra_directory_role::RULE,
    &graph_application_permission::RULE,
    &azure_managed_identity_escalation::RULE,
    &azure_broad_data_access::RULE,
    &entra_machine_owner::RULE,
    &azure_public_access::RULE,
    &azure_federated_credential_wide::RULE,
    &kubernetes_cluster_admin::RULE,
    &kubernetes_role_escalates::RULE,
    &kubernetes_read_secrets::RULE,
    &kubernetes_run_workloads::RULE,
    &kubernetes_wide_subject::RULE,
    &kubernetes_wildcard_verbs::RULE,
    &default_service_account::RULE,
    &eks_cluster_admin::RULE,
    &kubernetes_service_account_token::RULE,
    &vault_administer::RULE,
    &vault_wildcard_path::RULE,
    &vault_auth_role_unbound::RULE,
    &vault_token_without_end::RULE,
    &vault_dynamic_administrator::RULE,
    &github_deploy_key_write::RULE,
    &github_actions_secret_exposed::RULE,
    &github_actions_permissions::RULE,
    &github_oidc_subject_without_repo::RULE,
    &github_admin_collaborator::RULE,
    &gitlab_token_without_expiry::RULE,
    &gitlab_variable_unprotected::RULE,
    &gitlab_token_wide_scope::RULE,
    &gitlab_job_token_scope::RULE,
    &postgresql_superuser::RULE,
    &postgresql_grant_all::RULE,
    &postgresql_role_without_end::RULE,
    &postgresql_role_chain::RULE,
    &identity_edge::RULE,
];

/// Every rule, in the order of their codes.
pub fn rules() -> &'static [&'static Rule] {
    &RULES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_is_sorted_and_complete() {
        let codes: Vec<_> = rules().iter().map(|rule| rule.code).collect();
        assert!(codes.is_sorted_by(|left, right| left < right), "{codes:?}");
        let names: BTreeSet<_> = rules().iter().map(|rule| rule.name.replace('-', "_")).collect();
        assert_eq!(names.len(), rules().len(), "a name is used twice");
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules");
        let files = std::fs::read_dir(directory).expect("rules directory");
        let stems = files.map(|file| {
            file.expect("entry")
                .path()
                .file_stem()
                .expect("stem")
                .to_string_lossy()
                .into_owned()
        });
        let shared = ["azure", "cases", "google", "grant"];
        let stems: BTreeSet<_> = stems.filter(|stem| !shared.contains(&stem.as_str())).collect();
        assert_eq!(stems, names, "a rule's file is named after the rule");
    }

    #[test]
    fn every_rule_has_a_whole_page() {
        for rule in rules() {
            assert!(rule.code.starts_with("NHI") && rule.code.len() == 6, "{}", rule.code);
            assert!(
                !rule.summary.is_empty() && !rule.summary.ends_with('.'),
                "{}: summary",
                rule.code
            );
            assert!(!rule.why.is_empty() && !rule.why.ends_with('.'), "{}: why", rule.code);
            assert!(
                rule.controls.iter().any(|control| control.starts_with("NHI")),
                "{}: OWASP id",
                rule.code
            );
            assert!(
                rule.controls.iter().any(|control| control.starts_with("CWE-")),
                "{}: CWE id",
                rule.code
            );
            let headings: Vec<_> = rule.docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            assert_eq!(headings, Rule::HEADINGS, "{}", rule.code);
            let sections = rule.docs.split("## ").skip(1);
            for section in sections {
                let (heading, text) = section.split_once('\n').expect("text under a heading");
                assert!(text.trim().len() > 20, "{}: {heading} is empty", rule.code);
            }
            assert_eq!(
                rule.docs.matches("```terraform").count(),
                2,
                "{}: bad and good example",
                rule.code
            );
        }
    }
}
