//! Patterns of Kubernetes, Vault, GitHub, GitLab and PostgreSQL that good configurations are full of: nothing above
//! information may be said about any of them, a missing record apart.

use nhi_analyzer::Analyzer;
use nhi_plan::Severity;
use nhi_policy_sdk::{Tester, testing};

/// Address and planned values.
const CLEAN: &[(&str, &str)] = &[
    // Kubernetes: what people and workloads are usually given.
    (
        "kubernetes_cluster_role_binding_v1.view",
        r#"{"metadata":[{"name":"view"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"}],"subject":[{"kind":"Group","name":"developers","api_group":"rbac.authorization.k8s.io"},{"kind":"ServiceAccount","name":"dashboard","namespace":"ops"}]}"#,
    ),
    (
        "kubernetes_cluster_role_binding_v1.delegator",
        r#"{"metadata":[{"name":"metrics:system:auth-delegator"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"system:auth-delegator"}],"subject":[{"kind":"ServiceAccount","name":"metrics-server","namespace":"kube-system"}]}"#,
    ),
    (
        "kubernetes_role_v1.leader_election",
        r#"{"metadata":[{"name":"leader","namespace":"ops"}],"rule":[{"api_groups":["coordination.k8s.io"],"resources":["leases"],"verbs":["get","list","watch","create","update","patch","delete"]},{"api_groups":[""],"resources":["events"],"verbs":["create","patch"]},{"api_groups":[""],"resources":["configmaps"],"verbs":["get","update","patch","create"]}]}"#,
    ),
    (
        "kubernetes_role_binding_v1.leader_election",
        r#"{"metadata":[{"name":"leader","namespace":"ops"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"Role","name":"leader"}],"subject":[{"kind":"ServiceAccount","name":"operator","namespace":"ops"}]}"#,
    ),
    (
        "kubernetes_cluster_role_v1.external_dns",
        r#"{"metadata":[{"name":"external-dns"}],"rule":[{"api_groups":[""],"resources":["services","endpoints","pods","nodes"],"verbs":["get","watch","list"]},{"api_groups":["discovery.k8s.io"],"resources":["endpointslices"],"verbs":["get","watch","list"]},{"api_groups":["extensions","networking.k8s.io"],"resources":["ingresses"],"verbs":["get","watch","list"]}]}"#,
    ),
    (
        "kubernetes_cluster_role_binding_v1.external_dns",
        r#"{"metadata":[{"name":"external-dns"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"external-dns"}],"subject":[{"kind":"ServiceAccount","name":"external-dns","namespace":"dns"}]}"#,
    ),
    (
        "kubernetes_role_v1.webhook_certificate",
        r#"{"metadata":[{"name":"ca","namespace":"cert-manager"}],"rule":[{"api_groups":[""],"resources":["secrets"],"resource_names":["webhook-ca"],"verbs":["get","list","watch","update"]},{"api_groups":[""],"resources":["serviceaccounts/token"],"resource_names":["cert-manager"],"verbs":["create"]}]}"#,
    ),
    (
        "kubernetes_role_binding_v1.webhook_certificate",
        r#"{"metadata":[{"name":"ca","namespace":"cert-manager"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"Role","name":"ca"}],"subject":[{"kind":"ServiceAccount","name":"webhook","namespace":"cert-manager"}]}"#,
    ),
    (
        "kubernetes_cluster_role_v1.approve_issuers",
        r#"{"metadata":[{"name":"approve"}],"rule":[{"api_groups":["cert-manager.io"],"resources":["signers"],"resource_names":["issuers.cert-manager.io/*"],"verbs":["approve"]},{"api_groups":["cert-manager.io"],"resources":["*"],"verbs":["*"]}]}"#,
    ),
    (
        "kubernetes_cluster_role_binding_v1.approve_issuers",
        r#"{"metadata":[{"name":"approve"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"approve"}],"subject":[{"kind":"ServiceAccount","name":"cert-manager","namespace":"cert-manager"}]}"#,
    ),
    (
        "kubernetes_role.deploy",
        r#"{"metadata":[{"name":"deploy","namespace":"shop"}],"rule":[{"api_groups":["apps"],"resources":["deployments","replicasets"],"verbs":["get","list","watch","create","update","patch","delete"]},{"api_groups":[""],"resources":["services","configmaps"],"verbs":["get","list","create","update","patch"]},{"api_groups":[""],"resources":["pods","pods/log"],"verbs":["get","list","watch"]},{"api_groups":["networking.k8s.io"],"resources":["ingresses"],"verbs":["get","create","patch"]}]}"#,
    ),
    (
        "kubernetes_role_binding.deploy",
        r#"{"metadata":[{"name":"deploy","namespace":"shop"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"Role","name":"deploy"}],"subject":[{"kind":"ServiceAccount","name":"ci","namespace":"ci"}]}"#,
    ),
    (
        "kubernetes_cluster_role_v1.prometheus",
        r#"{"metadata":[{"name":"prometheus"}],"rule":[{"api_groups":[""],"resources":["nodes","nodes/metrics","services","endpoints","pods"],"verbs":["get","list","watch"]},{"api_groups":[""],"resources":["configmaps"],"verbs":["get"]},{"non_resource_urls":["/metrics"],"verbs":["get"]}]}"#,
    ),
    (
        "kubernetes_cluster_role_binding_v1.prometheus",
        r#"{"metadata":[{"name":"prometheus"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"prometheus"}],"subject":[{"kind":"ServiceAccount","name":"prometheus","namespace":"monitoring"}]}"#,
    ),
    (
        "kubernetes_cluster_role.autoscaler_reader",
        r#"{"metadata":[{"name":"state"}],"rule":[{"api_groups":["","apps","batch","policy","storage.k8s.io","autoscaling"],"resources":["pods","nodes","deployments","jobs","cronjobs","poddisruptionbudgets","storageclasses","horizontalpodautoscalers","persistentvolumes","namespaces"],"verbs":["list","watch"]}]}"#,
    ),
    (
        "kubernetes_cluster_role_binding.autoscaler_reader",
        r#"{"metadata":[{"name":"state"}],"role_ref":[{"api_group":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"state"}],"subject":[{"kind":"ServiceAccount","name":"kube-state-metrics","namespace":"monitoring"}]}"#,
    ),
    (
        "kubernetes_manifest.pull",
        r#"{"manifest":{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"ns-view","namespace":"shop"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"kind":"ServiceAccount","name":"probe","namespace":"shop"}]}}"#,
    ),
    (
        "kubectl_manifest.deployment",
        r#"{"yaml_body":"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      serviceAccountName: web\n"}"#,
    ),
    (
        "helm_release.ingress",
        r#"{"name":"ingress","namespace":"ingress","values":["controller:\n  replicaCount: 2\nrbac:\n  create: true\nserviceAccount:\n  create: true\n"],"set":[{"name":"rbac.create","value":"true"}]}"#,
    ),
    (
        "kubernetes_config_map_v1_data.aws_auth",
        r#"{"metadata":[{"name":"aws-auth","namespace":"kube-system"}],"data":{"mapRoles":"- rolearn: arn:aws:iam::111122223333:role/node\n  username: system:node:{{EC2PrivateDNSName}}\n  groups:\n  - system:bootstrappers\n  - system:nodes\n"}}"#,
    ),
    (
        "aws_eks_access_policy_association.view",
        r#"{"policy_arn":"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy","access_scope":[{"type":"cluster"}]}"#,
    ),
    // Vault: scoped policies and bound roles.
    (
        "vault_policy.app",
        r#"{"name":"app","policy":"path \"secret/data/{{identity.entity.metadata.app}}/*\" {\n  capabilities = [\"read\"]\n}\npath \"secret/metadata/*\" {\n  capabilities = [\"list\"]\n}\npath \"database/creds/app\" {\n  capabilities = [\"read\"]\n}\n"}"#,
    ),
    (
        "vault_policy.terraform",
        r#"{"name":"terraform","policy":"// child tokens\npath \"auth/token/create\" {\n  capabilities = [\"update\"]\n}\npath \"auth/token/lookup-self\" { capabilities = [\"read\"] }\npath \"sys/policies/acl/team-*\" { capabilities = [\"create\", \"update\", \"read\"] }\npath \"sys/mounts\" { capabilities = [\"read\"] }\n"}"#,
    ),
    (
        "vault_policy.pki",
        r#"{"name":"pki","policy":"path \"pki_int/issue/web\" { capabilities = [\"create\", \"update\"] }\npath \"transit/encrypt/app\" { capabilities = [\"update\"] }\npath \"cubbyhole/*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\"] }\n"}"#,
    ),
    (
        "vault_kubernetes_auth_backend_role.app",
        r#"{"role_name":"app","bound_service_account_names":["app"],"bound_service_account_namespaces":["shop"],"token_policies":["app"],"token_ttl":3600}"#,
    ),
    (
        "vault_jwt_auth_backend_role.ci",
        r#"{"role_name":"ci","role_type":"jwt","bound_audiences":["https://vault.example"],"bound_claims_type":"glob","bound_claims":{"sub":"repo:example/app:*"},"user_claim":"actor","token_policies":["terraform","pki"],"token_explicit_max_ttl":3600}"#,
    ),
    // GitHub and GitLab: automation that can do its task and no more.
    (
        "github_repository_deploy_key.read",
        r#"{"repository":"shop","read_only":true}"#,
    ),
    (
        "github_actions_organization_secret.some",
        r#"{"secret_name":"T","visibility":"selected","encrypted_value":"eA=="}"#,
    ),
    (
        "github_workflow_repository_permissions.read",
        r#"{"repository":"shop","default_workflow_permissions":"read","can_approve_pull_request_reviews":false}"#,
    ),
    (
        "github_actions_organization_permissions.selected",
        r#"{"allowed_actions":"selected","enabled_repositories":"all"}"#,
    ),
    (
        "github_actions_repository_oidc_subject_claim_customization_template.t",
        r#"{"repository":"shop","use_default":false,"include_claim_keys":["repo","context","job_workflow_ref"]}"#,
    ),
    (
        "github_team_repository.push",
        r#"{"team_id":"1","repository":"shop","permission":"push"}"#,
    ),
    (
        "gitlab_project_access_token.read",
        r#"{"project":"1","scopes":["read_repository"],"access_level":"reporter","expires_at":"2026-06-01"}"#,
    ),
    (
        "gitlab_project_variable.region",
        r#"{"key":"AWS_REGION","value":"eu-west-1","protected":false,"masked":false}"#,
    ),
    (
        "gitlab_project_variable.token",
        r#"{"key":"DEPLOY_TOKEN","protected":true,"masked":true}"#,
    ),
    // PostgreSQL: groups without a login, logins of the cloud, grants on what is used.
    (
        "postgresql_role.reader",
        r#"{"name":"reader","login":false,"superuser":false,"roles":[]}"#,
    ),
    (
        "postgresql_role.app",
        r#"{"name":"app","login":true,"superuser":false,"roles":["reader","rds_iam"],"valid_until":"infinity"}"#,
    ),
    (
        "postgresql_grant.reader",
        r#"{"role":"reader","database":"shop","schema":"orders","object_type":"table","objects":[],"privileges":["SELECT"],"with_grant_option":false}"#,
    ),
    (
        "postgresql_grant.revoke",
        r#"{"role":"public","database":"shop","schema":"public","object_type":"schema","privileges":[],"with_grant_option":false}"#,
    ),
];

#[test]
fn nothing_above_information() {
    let changes = CLEAN.iter().map(|(address, after)| testing::change(address, after));
    let found = Tester::<Analyzer>::new()
        .changes(changes)
        .expect("the analyzer decides");
    for finding in &found {
        assert_eq!(finding.severity, Some(Severity::Info), "{finding:#?}");
    }
}
