//! Patterns that good configurations are full of: nothing worse than a missing record may be said about any of them.

use nhi_analyzer::Analyzer;
use nhi_plan::Severity;
use nhi_policy_sdk::{Tester, testing};

/// Address and planned values.
const CLEAN: &[(&str, &str)] = &[
    // Trust of services, accounts and identity providers.
    (
        "aws_iam_role.lambda",
        r#"{"assume_role_policy":"{\"Statement\":[{\"Action\":\"sts:AssumeRole\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"}}]}"}"#,
    ),
    (
        "aws_iam_role.ec2_and_ssm",
        r#"{"assume_role_policy":"{\"Statement\":{\"Action\":[\"sts:AssumeRole\",\"sts:TagSession\"],\"Effect\":\"Allow\",\"Principal\":{\"Service\":[\"ec2.amazonaws.com\",\"ssm.amazonaws.com\"]}}}"}"#,
    ),
    (
        "aws_iam_role.pods",
        r#"{"assume_role_policy":"{\"Statement\":[{\"Action\":[\"sts:AssumeRole\",\"sts:TagSession\"],\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"pods.eks.amazonaws.com\"},\"Condition\":{\"StringEquals\":{\"aws:SourceAccount\":\"111122223333\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.github",
        r#"{"assume_role_policy":"{\"Statement\":[{\"Action\":\"sts:AssumeRoleWithWebIdentity\",\"Effect\":\"Allow\",\"Principal\":{\"Federated\":\"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com\"},\"Condition\":{\"StringEquals\":{\"token.actions.githubusercontent.com:aud\":\"sts.amazonaws.com\",\"token.actions.githubusercontent.com:sub\":\"repo:example/app:environment:production\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.irsa",
        r#"{"assume_role_policy":"{\"Statement\":[{\"Action\":\"sts:AssumeRoleWithWebIdentity\",\"Effect\":\"Allow\",\"Principal\":{\"Federated\":\"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB12\"},\"Condition\":{\"StringEquals\":{\"oidc.eks.eu-west-1.amazonaws.com/id/AB12:sub\":\"system:serviceaccount:kube-system:dns\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.saml",
        r#"{"assume_role_policy":"{\"Statement\":[{\"Action\":\"sts:AssumeRoleWithSAML\",\"Effect\":\"Allow\",\"Principal\":{\"Federated\":\"arn:aws:iam::111122223333:saml-provider/idp\"},\"Condition\":{\"StringEquals\":{\"SAML:aud\":\"https://signin.aws.amazon.com/saml\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.organisation",
        r#"{"assume_role_policy":"{\"Statement\":[{\"Action\":\"sts:AssumeRole\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Condition\":{\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-a1b2c3d4e5\"},\"ArnLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::*:role/audit\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.anchored",
        r#"{"assume_role_policy":"{\"Statement\":[{\"Action\":\"sts:AssumeRole\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"rolesanywhere.amazonaws.com\"},\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a\"}}}]}"}"#,
    ),
    // What workloads need.
    (
        "aws_iam_role_policy.logs",
        r#"{"policy":"{\"Statement\":[{\"Action\":[\"logs:CreateLogGroup\",\"logs:CreateLogStream\",\"logs:PutLogEvents\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}]}"}"#,
    ),
    (
        "aws_iam_role_policy.bucket",
        r#"{"policy":"{\"Statement\":[{\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::data/*\"},{\"Action\":\"s3:ListBucket\",\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::data\"}]}"}"#,
    ),
    (
        "aws_iam_role_policy.own_bucket_all",
        r#"{"policy":"{\"Statement\":[{\"Action\":\"s3:*\",\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::data\",\"arn:aws:s3:::data/*\"]}]}"}"#,
    ),
    (
        "aws_iam_role_policy.pass_role",
        r#"{"policy":"{\"Statement\":[{\"Action\":\"iam:PassRole\",\"Effect\":\"Allow\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":\"ecs-tasks.amazonaws.com\"}}},{\"Action\":[\"ecs:UpdateService\",\"ecs:DescribeServices\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}]}"}"#,
    ),
    (
        "aws_iam_role_policy.service_linked",
        r#"{"policy":"{\"Statement\":[{\"Action\":\"iam:CreateServiceLinkedRole\",\"Effect\":\"Allow\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"iam:AWSServiceName\":\"elasticloadbalancing.amazonaws.com\"}}}]}"}"#,
    ),
    (
        "aws_iam_role_policy.audit",
        r#"{"policy":"{\"Statement\":[{\"Action\":[\"iam:Get*\",\"iam:List*\",\"iam:Generate*\",\"iam:Simulate*\",\"*:Describe*\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}]}"}"#,
    ),
    (
        "aws_iam_role_policy.deny_only",
        r#"{"policy":"{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Deny\",\"Resource\":\"*\",\"Condition\":{\"StringNotEquals\":{\"aws:RequestedRegion\":\"eu-west-1\"}}}]}"}"#,
    ),
    (
        "aws_iam_user_policy.self_service",
        r#"{"policy":"{\"Statement\":[{\"Action\":[\"iam:CreateAccessKey\",\"iam:DeleteAccessKey\",\"iam:UpdateLoginProfile\",\"iam:ChangePassword\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:iam::*:user/${aws:username}\"}]}"}"#,
    ),
    (
        "aws_iam_policy.delegated",
        r#"{"name":"delegated","policy":"{\"Statement\":[{\"Action\":[\"iam:CreateRole\",\"iam:PutRolePolicy\",\"iam:AttachRolePolicy\"],\"Effect\":\"Allow\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"iam:PermissionsBoundary\":\"arn:aws:iam::111122223333:policy/boundary\"}}}]}"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.read",
        r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.ssm",
        r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.audit",
        r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/SecurityAudit"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.view",
        r#"{"role":"v","policy_arn":"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.lambda_basic",
        r#"{"role":"l","policy_arn":"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.lambda_vpc",
        r#"{"role":"l","policy_arn":"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.ecs_execution",
        r#"{"role":"e","policy_arn":"arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.eks_cluster",
        r#"{"role":"k","policy_arn":"arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.eks_worker",
        r#"{"role":"w","policy_arn":"arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.eks_cni",
        r#"{"role":"w","policy_arn":"arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.images",
        r#"{"role":"w","policy_arn":"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.agent",
        r#"{"role":"w","policy_arn":"arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.rds_monitoring",
        r#"{"role":"m","policy_arn":"arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.disks",
        r#"{"role":"d","policy_arn":"arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"}"#,
    ),
    (
        "aws_iam_role_policy_attachment.tracing",
        r#"{"role":"t","policy_arn":"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"}"#,
    ),
    (
        "aws_iam_role_policy.secret",
        r#"{"role":"s","policy":"{\"Statement\":[{\"Action\":\"secretsmanager:GetSecretValue\",\"Effect\":\"Allow\",\"Resource\":\"arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-AbCdEf\"},{\"Action\":\"kms:Decrypt\",\"Effect\":\"Allow\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"kms:ViaService\":\"secretsmanager.eu-west-1.amazonaws.com\"}}}]}"}"#,
    ),
    (
        "aws_iam_role_policy.regions",
        r#"{"role":"g","policy":"{\"Statement\":[{\"NotAction\":[\"iam:*\",\"sts:*\"],\"Effect\":\"Deny\",\"Resource\":\"*\",\"Condition\":{\"StringNotEquals\":{\"aws:RequestedRegion\":\"eu-west-1\"}}}]}"}"#,
    ),
    (
        "aws_iam_role_policy.node_discovery",
        r#"{"role":"n","policy":"{\"Statement\":[{\"Action\":[\"ec2:DescribeInstances\",\"ec2:DescribeTags\",\"autoscaling:DescribeAutoScalingGroups\",\"ecr:GetAuthorizationToken\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}]}"}"#,
    ),
    // A boundary grants nothing, however wide it is.
    (
        "aws_iam_policy.boundary",
        r#"{"name":"boundary","policy":"{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Resource\":\"*\"},{\"Action\":\"organizations:*\",\"Effect\":\"Deny\",\"Resource\":\"*\"}]}"}"#,
    ),
    (
        "aws_iam_role.bounded",
        r#"{"name":"bounded","permissions_boundary":"arn:aws:iam::111122223333:policy/boundary"}"#,
    ),
    // Resource policies speak of a resource, not of the account.
    (
        "aws_kms_key.key",
        r#"{"policy":"{\"Statement\":[{\"Action\":\"kms:*\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:root\"},\"Resource\":\"*\"}]}"}"#,
    ),
    (
        "aws_s3_bucket_policy.tls",
        r#"{"policy":"{\"Statement\":[{\"Action\":\"s3:*\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}"}"#,
    ),
    (
        "aws_vpc_endpoint.s3",
        r#"{"policy":"{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Resource\":\"*\"}]}"}"#,
    ),
    // Google Cloud: agents, workloads with what they need, scoped impersonation, public services.
    (
        "google_project_iam_member.logs",
        r#"{"project":"p","role":"roles/logging.logWriter","member":"serviceAccount:nodes@p.iam.gserviceaccount.com","condition":[]}"#,
    ),
    (
        "google_project_iam_member.metrics",
        r#"{"project":"p","role":"roles/monitoring.metricWriter","member":"serviceAccount:nodes@p.iam.gserviceaccount.com","condition":[]}"#,
    ),
    (
        "google_project_iam_member.agent",
        r#"{"project":"p","role":"roles/container.serviceAgent","member":"serviceAccount:service-123456789012@container-engine-robot.iam.gserviceaccount.com"}"#,
    ),
    (
        "google_project_iam_member.auditor",
        r#"{"project":"p","role":"roles/iam.securityReviewer","member":"serviceAccount:audit@p.iam.gserviceaccount.com"}"#,
    ),
    (
        "google_project_iam_member.deploys_services",
        r#"{"project":"p","role":"roles/artifactregistry.writer","member":"serviceAccount:ci@p.iam.gserviceaccount.com"}"#,
    ),
    (
        "google_project_iam_member.deploys_to_run",
        r#"{"project":"p","role":"roles/run.developer","member":"serviceAccount:ci@p.iam.gserviceaccount.com"}"#,
    ),
    (
        "google_project_iam_member.builds",
        r#"{"project":"p","role":"roles/cloudbuild.builds.builder","member":"serviceAccount:build@p.iam.gserviceaccount.com"}"#,
    ),
    (
        "google_cloud_run_v2_service_iam_member.public",
        r#"{"name":"web","role":"roles/run.invoker","member":"allUsers"}"#,
    ),
    (
        "google_service_account_iam_member.runs_as",
        r#"{"service_account_id":"projects/p/serviceAccounts/app@p.iam.gserviceaccount.com","role":"roles/iam.serviceAccountUser","member":"serviceAccount:ci@p.iam.gserviceaccount.com"}"#,
    ),
    (
        "google_service_account_iam_member.github",
        r#"{"service_account_id":"projects/p/serviceAccounts/ci@p.iam.gserviceaccount.com","role":"roles/iam.workloadIdentityUser","member":"principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/g/attribute.repository/example/app"}"#,
    ),
    (
        "google_service_account_iam_binding.pods",
        r#"{"service_account_id":"projects/p/serviceAccounts/app@p.iam.gserviceaccount.com","role":"roles/iam.workloadIdentityUser","members":["serviceAccount:p.svc.id.goog[ns/app]"]}"#,
    ),
    (
        "google_secret_manager_secret_iam_member.app",
        r#"{"secret_id":"s","role":"roles/secretmanager.secretAccessor","member":"serviceAccount:app@p.iam.gserviceaccount.com"}"#,
    ),
    (
        "google_kms_crypto_key_iam_binding.storage",
        r#"{"crypto_key_id":"k","role":"roles/cloudkms.cryptoKeyEncrypterDecrypter","members":["serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"]}"#,
    ),
    (
        "google_project_iam_custom_role.reads",
        r#"{"role_id":"reads","project":"p","permissions":["compute.instances.list","storage.buckets.list"]}"#,
    ),
    (
        "google_compute_instance.vm",
        r#"{"service_account":[{"email":"app@p.iam.gserviceaccount.com","scopes":["https://www.googleapis.com/auth/cloud-platform"]}]}"#,
    ),
    // Azure and Entra: roles on one resource, reading, registries, the deployer's own vault.
    (
        "azurerm_role_assignment.pull",
        r#"{"scope":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r","role_definition_name":"AcrPull","principal_id":"x"}"#,
    ),
    (
        "azurerm_role_assignment.operator",
        r#"{"scope":"/subscriptions/s/resourceGroups/nodes","role_definition_name":"Managed Identity Operator","principal_id":"x","principal_type":"ServicePrincipal"}"#,
    ),
    (
        "azurerm_role_assignment.network",
        r#"{"scope":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v","role_definition_name":"Network Contributor","principal_id":"x","principal_type":"ServicePrincipal"}"#,
    ),
    (
        "azurerm_role_assignment.secrets",
        r#"{"scope":"/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v","role_definition_name":"Key Vault Secrets User","principal_id":"x","principal_type":"ServicePrincipal"}"#,
    ),
    (
        "azurerm_role_assignment.reads",
        r#"{"scope":"/subscriptions/s","role_definition_name":"Reader","principal_id":"x","principal_type":"ServicePrincipal"}"#,
    ),
    (
        "azurerm_role_assignment.monitors",
        r#"{"scope":"/subscriptions/s","role_definition_name":"Monitoring Reader","principal_id":"x","principal_type":"ServicePrincipal"}"#,
    ),
    (
        "azurerm_key_vault_access_policy.app",
        r#"{"object_id":"x","secret_permissions":["Get"],"key_permissions":[],"certificate_permissions":[]}"#,
    ),
    (
        "azuread_application.web",
        r#"{"display_name":"web","owners":["y"],"required_resource_access":[{"resource_app_id":"00000003-0000-0000-c000-000000000000","resource_access":[{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"}]}]}"#,
    ),
    (
        "azuread_app_role_assignment.reads",
        r#"{"app_role_id":"df021288-bdef-4463-88db-98f22de89214","principal_object_id":"x","resource_object_id":"z"}"#,
    ),
    // Trust and resource policies as vendors and modules write them.
    (
        "aws_iam_role.github_module",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRoleWithWebIdentity\", \"Principal\": {\"Federated\": \"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com\"}, \"Condition\": {\"ForAllValues:StringEquals\": {\"token.actions.githubusercontent.com:iss\": \"http://token.actions.githubusercontent.com\", \"token.actions.githubusercontent.com:aud\": \"sts.amazonaws.com\"}, \"StringLike\": {\"token.actions.githubusercontent.com:sub\": [\"repo:acme/app:ref:refs/heads/main\", \"repo:acme/app:environment:production\"]}}}]}"}"#,
    ),
    (
        "aws_iam_role.github_tags",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRoleWithWebIdentity\", \"Principal\": {\"Federated\": \"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com\"}, \"Condition\": {\"StringEquals\": {\"token.actions.githubusercontent.com:aud\": \"sts.amazonaws.com\"}, \"StringLike\": {\"token.actions.githubusercontent.com:sub\": \"repo:acme/app:ref:refs/tags/v*\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.gitlab",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRoleWithWebIdentity\", \"Principal\": {\"Federated\": \"arn:aws:iam::111122223333:oidc-provider/gitlab.com\"}, \"Condition\": {\"StringEquals\": {\"gitlab.com:aud\": \"https://gitlab.com\", \"gitlab.com:sub\": \"project_path:acme/app:ref_type:branch:ref:main\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.terraform",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRoleWithWebIdentity\", \"Principal\": {\"Federated\": \"arn:aws:iam::111122223333:oidc-provider/app.terraform.io\"}, \"Condition\": {\"StringEquals\": {\"app.terraform.io:aud\": \"aws.workload.identity\"}, \"StringLike\": {\"app.terraform.io:sub\": \"organization:acme:project:p:workspace:w:run_phase:*\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.circleci",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRoleWithWebIdentity\", \"Principal\": {\"Federated\": \"arn:aws:iam::111122223333:oidc-provider/oidc.circleci.com/org/1b2c\"}, \"Condition\": {\"StringEquals\": {\"oidc.circleci.com/org/1b2c:aud\": \"1b2c\"}, \"StringLike\": {\"oidc.circleci.com/org/1b2c:sub\": \"org/1b2c/project/3d/user/*\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.irsa_module",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRoleWithWebIdentity\", \"Principal\": {\"Federated\": \"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB12\"}, \"Condition\": {\"StringEquals\": {\"oidc.eks.eu-west-1.amazonaws.com/id/AB12:sub\": [\"system:serviceaccount:kube-system:ebs-csi-controller-sa\"], \"oidc.eks.eu-west-1.amazonaws.com/id/AB12:aud\": \"sts.amazonaws.com\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.vendor",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"AWS\": \"arn:aws:iam::464622532012:root\"}, \"Condition\": {\"StringEquals\": {\"sts:ExternalId\": \"7b1c9e02d5f1\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.audit_in_organisation",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"AWS\": \"arn:aws:iam::222233334444:root\"}, \"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.cognito",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRoleWithWebIdentity\", \"Principal\": {\"Federated\": \"cognito-identity.amazonaws.com\"}, \"Condition\": {\"StringEquals\": {\"cognito-identity.amazonaws.com:aud\": \"eu-west-1:0a1b\"}, \"ForAnyValue:StringLike\": {\"cognito-identity.amazonaws.com:amr\": \"authenticated\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.scheduler",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"Service\": \"scheduler.amazonaws.com\"}, \"Condition\": {\"StringEquals\": {\"aws:SourceAccount\": \"111122223333\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.tasks",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"Service\": [\"ecs-tasks.amazonaws.com\", \"events.amazonaws.com\", \"states.amazonaws.com\", \"codebuild.amazonaws.com\"]}}]}"}"#,
    ),
    (
        "aws_s3_bucket_policy.cdn",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"cloudfront.amazonaws.com\"}, \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::site/*\", \"Condition\": {\"StringEquals\": {\"AWS:SourceArn\": \"arn:aws:cloudfront::111122223333:distribution/E1A2\"}}}]}"}"#,
    ),
    (
        "aws_s3_bucket_policy.access_logs",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"logging.s3.amazonaws.com\"}, \"Action\": \"s3:PutObject\", \"Resource\": \"arn:aws:s3:::logs/*\", \"Condition\": {\"ArnLike\": {\"aws:SourceArn\": \"arn:aws:s3:::data\"}, \"StringEquals\": {\"aws:SourceAccount\": \"111122223333\"}}}]}"}"#,
    ),
    (
        "aws_s3_bucket_policy.trail",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"cloudtrail.amazonaws.com\"}, \"Action\": \"s3:GetBucketAcl\", \"Resource\": \"arn:aws:s3:::trail\", \"Condition\": {\"StringEquals\": {\"aws:SourceArn\": \"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main\"}}}, {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"cloudtrail.amazonaws.com\"}, \"Action\": \"s3:PutObject\", \"Resource\": \"arn:aws:s3:::trail/AWSLogs/111122223333/*\", \"Condition\": {\"StringEquals\": {\"s3:x-amz-acl\": \"bucket-owner-full-control\", \"aws:SourceArn\": \"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main\"}}}]}"}"#,
    ),
    (
        "aws_s3_bucket_policy.lb_logs",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::156460612806:root\"}, \"Action\": \"s3:PutObject\", \"Resource\": \"arn:aws:s3:::lb/*\"}, {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"delivery.logs.amazonaws.com\"}, \"Action\": \"s3:PutObject\", \"Resource\": \"arn:aws:s3:::lb/*\", \"Condition\": {\"StringEquals\": {\"s3:x-amz-acl\": \"bucket-owner-full-control\"}}}]}"}"#,
    ),
    (
        "aws_s3_bucket_policy.organisation",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": [\"s3:GetObject\", \"s3:ListBucket\"], \"Resource\": [\"arn:aws:s3:::shared\", \"arn:aws:s3:::shared/*\"], \"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\"}}}, {\"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"s3:*\", \"Resource\": [\"arn:aws:s3:::shared\", \"arn:aws:s3:::shared/*\"], \"Condition\": {\"Bool\": {\"aws:SecureTransport\": \"false\"}}}]}"}"#,
    ),
    (
        "aws_s3_bucket_policy.endpoint",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"s3:*\", \"Resource\": \"arn:aws:s3:::inside/*\", \"Condition\": {\"StringEquals\": {\"aws:sourceVpce\": \"vpce-0a1b2c3d\"}}}]}"}"#,
    ),
    (
        "aws_sqs_queue_policy.from_topic",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"sns.amazonaws.com\"}, \"Action\": \"sqs:SendMessage\", \"Resource\": \"arn:aws:sqs:eu-west-1:111122223333:q\", \"Condition\": {\"ArnEquals\": {\"aws:SourceArn\": \"arn:aws:sns:eu-west-1:111122223333:t\"}}}]}"}"#,
    ),
    (
        "aws_sqs_queue_policy.from_bucket",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"sqs:SendMessage\", \"Resource\": \"arn:aws:sqs:eu-west-1:111122223333:q\", \"Condition\": {\"ArnEquals\": {\"aws:SourceArn\": \"arn:aws:s3:::uploads\"}}}]}"}"#,
    ),
    (
        "aws_sns_topic_policy.default",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\": \"__default_statement_ID\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": [\"SNS:GetTopicAttributes\", \"SNS:SetTopicAttributes\", \"SNS:AddPermission\", \"SNS:RemovePermission\", \"SNS:DeleteTopic\", \"SNS:Subscribe\", \"SNS:ListSubscriptionsByTopic\", \"SNS:Publish\"], \"Resource\": \"arn:aws:sns:eu-west-1:111122223333:t\", \"Condition\": {\"StringEquals\": {\"AWS:SourceOwner\": \"111122223333\"}}}]}"}"#,
    ),
    (
        "aws_kms_key.shared",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::111122223333:root\"}, \"Action\": \"kms:*\", \"Resource\": \"*\"}, {\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": [\"kms:Decrypt\", \"kms:DescribeKey\"], \"Resource\": \"*\", \"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\"}}}, {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"logs.eu-west-1.amazonaws.com\"}, \"Action\": [\"kms:Encrypt*\", \"kms:Decrypt*\", \"kms:GenerateDataKey*\"], \"Resource\": \"*\", \"Condition\": {\"ArnLike\": {\"kms:EncryptionContext:aws:logs:arn\": \"arn:aws:logs:eu-west-1:111122223333:*\"}}}, {\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": [\"kms:Encrypt\", \"kms:Decrypt\", \"kms:CreateGrant\"], \"Resource\": \"*\", \"Condition\": {\"StringEquals\": {\"kms:CallerAccount\": \"111122223333\", \"kms:ViaService\": \"ec2.eu-west-1.amazonaws.com\"}}}]}"}"#,
    ),
    (
        "aws_efs_file_system_policy.mounts",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": [\"elasticfilesystem:ClientMount\", \"elasticfilesystem:ClientWrite\"], \"Resource\": \"*\", \"Condition\": {\"Bool\": {\"elasticfilesystem:AccessedViaMountTarget\": \"true\"}}}, {\"Effect\": \"Deny\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"*\", \"Resource\": \"*\", \"Condition\": {\"Bool\": {\"aws:SecureTransport\": \"false\"}}}]}"}"#,
    ),
    (
        "aws_ecr_repository_policy.pull",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::222233334444:root\"}, \"Action\": [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\"]}]}"}"#,
    ),
    (
        "aws_ecr_repository_policy.organisation",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\"], \"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\"}}}]}"}"#,
    ),
    (
        "aws_secretsmanager_secret_policy.rotation",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::111122223333:role/rotate\"}, \"Action\": \"secretsmanager:*\", \"Resource\": \"*\"}]}"}"#,
    ),
    (
        "aws_cloudwatch_event_bus_policy.organisation",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"events:PutEvents\", \"Resource\": \"*\", \"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\"}}}]}"}"#,
    ),
    (
        "aws_cloudwatch_log_resource_policy.search",
        r#"{"policy_document": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"es.amazonaws.com\"}, \"Action\": [\"logs:PutLogEvents\", \"logs:CreateLogStream\"], \"Resource\": \"arn:aws:logs:*\"}]}"}"#,
    ),
    (
        "aws_opensearch_domain.users",
        r#"{"access_policies": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"es:*\", \"Resource\": \"*\"}]}", "advanced_security_options": [{"enabled": true}]}"#,
    ),
    (
        "aws_backup_vault_policy.organisation",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"backup:CopyIntoBackupVault\", \"Resource\": \"*\", \"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\"}}}]}"}"#,
    ),
    (
        "aws_lambda_permission.rule",
        r#"{"action": "lambda:InvokeFunction", "function_name": "f", "principal": "events.amazonaws.com", "source_arn": "arn:aws:events:eu-west-1:111122223333:rule/nightly"}"#,
    ),
    (
        "aws_lambda_permission.api",
        r#"{"action": "lambda:InvokeFunction", "function_name": "f", "principal": "apigateway.amazonaws.com", "source_arn": "arn:aws:execute-api:eu-west-1:111122223333:a1b2/*/*"}"#,
    ),
    (
        "google_iam_workload_identity_pool_provider.github",
        r#"{"workload_identity_pool_id": "ci", "attribute_condition": "assertion.repository_owner == 'acme'", "oidc": [{"issuer_uri": "https://token.actions.githubusercontent.com"}], "attribute_mapping": {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"}}"#,
    ),
    (
        "google_service_account_iam_member.github",
        r#"{"role": "roles/iam.workloadIdentityUser", "member": "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/attribute.repository/acme/app"}"#,
    ),
    (
        "google_service_account_iam_member.pod",
        r#"{"role": "roles/iam.workloadIdentityUser", "member": "serviceAccount:p.svc.id.goog[app/worker]"}"#,
    ),
    (
        "azuread_application_federated_identity_credential.github",
        r#"{"audiences": ["api://AzureADTokenExchange"], "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:acme/app:environment:production"}"#,
    ),
    (
        "azurerm_federated_identity_credential.pod",
        r#"{"audience": ["api://AzureADTokenExchange"], "issuer": "https://westeurope.oic.prod-aks.azure.com/t/i/", "subject": "system:serviceaccount:app:worker"}"#,
    ),
    (
        "aws_kms_key.alarms",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::111122223333:root\"}, \"Action\": \"kms:*\", \"Resource\": \"*\"}, {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"cloudwatch.amazonaws.com\"}, \"Action\": [\"kms:Decrypt\", \"kms:GenerateDataKey*\"], \"Resource\": \"*\"}]}"}"#,
    ),
    (
        "aws_s3_bucket_policy.from_configuration",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"config.amazonaws.com\"}, \"Action\": \"s3:PutObject\", \"Resource\": \"arn:aws:s3:::c/*\", \"Condition\": {\"StringEquals\": {\"s3:x-amz-acl\": \"bucket-owner-full-control\", \"AWS:SourceAccount\": \"111122223333\"}}}]}"}"#,
    ),
    (
        "aws_iam_role.pod_identity",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"sts:AssumeRole\", \"sts:TagSession\"], \"Principal\": {\"Service\": \"pods.eks.amazonaws.com\"}}]}"}"#,
    ),
    (
        "aws_iam_role.own_account",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"AWS\": \"arn:aws:iam::111122223333:root\"}}]}"}"#,
    ),
    (
        "aws_iam_role.chained",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"AWS\": \"arn:aws:iam::111122223333:role/ci\"}}]}"}"#,
    ),
    (
        "aws_iam_role.flow_logs",
        r#"{"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {\"Service\": \"vpc-flow-logs.amazonaws.com\"}}]}"}"#,
    ),
    (
        "aws_sns_topic_policy.budget",
        r#"{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"budgets.amazonaws.com\"}, \"Action\": \"SNS:Publish\", \"Resource\": \"*\", \"Condition\": {\"StringEquals\": {\"aws:SourceAccount\": \"111122223333\"}, \"ArnLike\": {\"aws:SourceArn\": \"arn:aws:budgets::111122223333:*\"}}}]}"}"#,
    ),
    (
        "aws_lambda_permission.pool",
        r#"{"action": "lambda:InvokeFunction", "function_name": "f", "principal": "cognito-idp.amazonaws.com", "source_arn": "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_A1"}"#,
    ),
    // Values that look like credentials and are none.
    (
        "aws_lambda_function.f",
        r#"{"environment":[{"variables":{"SECRET_ARN":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf","DB_URL":"postgres://app@db.internal/app","KEY_ID":"mrk-1234abcd12ab34cd56ef1234567890ab"}}],"source_code_hash":"n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="}"#,
    ),
    (
        "aws_ecs_task_definition.t",
        r#"{"container_definitions":"[{\"name\":\"app\",\"secrets\":[{\"name\":\"AWS_SECRET_ACCESS_KEY\",\"valueFrom\":\"arn:aws:ssm:eu-west-1:111122223333:parameter/app/key\"}]}]"}"#,
    ),
    (
        "aws_key_pair.k",
        r#"{"public_key":"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDq8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdFgHjKlQwE= ci@example"}"#,
    ),
    (
        "aws_acm_certificate.c",
        r#"{"certificate_body":"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ8Zk2LmX0vRtY7bNcWdEaGjKpoIwCgYIKoZIzj0EAwIw\n-----END CERTIFICATE-----\n"}"#,
    ),
    (
        "kubernetes_config_map.c",
        r#"{"data":{"app.ini":"token_file=/var/run/secrets/token\npassword=${DB_PASSWORD}\n"}}"#,
    ),
    (
        "aws_kms_ciphertext.c",
        r#"{"ciphertext_blob":"AQICAHhxGlYZq8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdFgHjKlQwEAAAAfjB8BgkqhkiG9w0BBwag"}"#,
    ),
    (
        "aws_s3_object.o",
        r#"{"etag":"9f86d081884c7d659a2feaa0c55ad015","content":"uses sk_live_ keys and tokens that begin with ghp_ or AKIA"}"#,
    ),
];

#[test]
fn nothing_worse_than_a_missing_record() {
    let changes = CLEAN.iter().map(|(address, after)| testing::change(address, after));
    let found = Tester::<Analyzer>::new()
        .changes(changes)
        .expect("the analyzer decides");
    let worth_telling = |finding: &&nhi_plan::Finding| finding.severity != Some(Severity::Info);
    for finding in found.iter().filter(worth_telling) {
        assert_eq!(finding.rule, "NHI020", "{finding:#?}");
        assert!(
            finding.severity.unwrap_or(Severity::Medium) <= Severity::Medium,
            "{finding:#?}"
        );
    }
    assert!(!found.is_empty(), "the roles above have no record");
}
