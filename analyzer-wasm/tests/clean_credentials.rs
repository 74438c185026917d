//! What good configurations say about secrets without holding one: no rule on credentials may say anything of it.

use nhi_analyzer::Analyzer;
use nhi_plan::json::quote;
use nhi_policy_sdk::{Tester, testing};

/// Type and attribute, and the text that stands in it.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "helm_release",
        "values",
        "auth:\n  enabled: true\n  existingSecret: app-db-credentials\n  secretKeys:\n    userPasswordKey: password\n    adminPasswordKey: postgres-password\n  password: \"\"\nserviceAccount:\n  automountServiceAccountToken: false\ningress:\n  tls:\n  - secretName: app-tls\n",
    ),
    (
        "github_repository_file",
        "content",
        "on: push\njobs:\n  deploy:\n    permissions:\n      id-token: write\n    steps:\n    - uses: actions/checkout@08eba0b27e820071cde6df949e0beb9ba4906955\n      with:\n        token: ${{ secrets.GITHUB_TOKEN }}\n        persist-credentials: false\n    - run: echo \"password=$PASSWORD\"\n      env:\n        PASSWORD: ${{ secrets.DB_PASSWORD }}\n",
    ),
    (
        "aws_instance",
        "user_data",
        "#!/bin/bash\nset -euo pipefail\nTOKEN=$(curl -s -X PUT http://169.254.169.254/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600')\ncurl -H \"X-aws-ec2-metadata-token: $TOKEN\" http://169.254.169.254/latest/meta-data/\nDB_PASSWORD=$(aws secretsmanager get-secret-value --secret-id prod/db --query SecretString --output text)\nexport DB_PASSWORD\nread -s -p \"Password: \" PASSWORD\npasswd -l root\nuseradd -m -u 1001 app\ndocker run -u 1000:1000 -e DB_PASSWORD -e API_KEY_FILE=/run/secrets/api_key app\necho \"PasswordAuthentication no\" >> /etc/ssh/sshd_config\n",
    ),
    (
        "aws_cloudformation_stack",
        "template_body",
        "Parameters:\n  DBPassword:\n    Type: String\n    NoEcho: true\nResources:\n  DB:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      MasterUserPassword: !Ref DBPassword\n      MasterUsername: !Sub '{{resolve:secretsmanager:${Secret}:SecretString:username}}'\n",
    ),
    (
        "local_file",
        "content",
        "[database]\nuser = app\npassword_file = /run/secrets/db\npassword = ${DB_PASSWORD}\nsecret_key = %(SECRET_KEY)s\n\n[auth]\ntoken_url = https://auth.example.com/oauth/token\ntoken_ttl = 3600\napi_key_header = X-Api-Key\nsession_key = \n",
    ),
    (
        "local_file",
        "content",
        "server {\n  listen 443 ssl;\n  ssl_certificate_key /etc/nginx/tls/server.key;\n  auth_basic_user_file /etc/nginx/htpasswd;\n  proxy_set_header Authorization $http_authorization;\n  proxy_set_header X-Auth-Token $auth_token;\n}\n",
    ),
    (
        "aws_codebuild_project",
        "buildspec",
        "version: 0.2\nenv:\n  secrets-manager:\n    DB_PASSWORD: prod/db:password\n  parameter-store:\n    API_TOKEN: /payments/api-token\nphases:\n  build:\n    commands:\n    - docker login --username AWS --password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com\n    - npm config set //registry.npmjs.org/:_authToken=${NPM_TOKEN}\n",
    ),
    (
        "kubernetes_manifest",
        "yaml_body",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  secretStoreRef:\n    name: vault-backend\n  target:\n    name: app-credentials\n  data:\n  - secretKey: password\n    remoteRef:\n      key: secret/data/app\n      property: password\n",
    ),
    (
        "grafana_dashboard",
        "config_json",
        "{\"panels\":[{\"title\":\"Token refreshes by password policy\",\"targets\":[{\"expr\":\"sum(rate(auth_token_refresh_total{secret=\\\"app\\\"}[5m]))\"}]}],\"uid\":\"b3b7c4d2\"}",
    ),
    (
        "local_file",
        "content",
        "import os\n\nclass Settings:\n    password = os.environ['DB_PASSWORD']\n    api_key = get_secret('payments/api-key')\n    token: str = Field(default=None)\n    secret_key = config.secret_key\n    private_key = load_pem_private_key(data)\n    def check(self, password: str) -> bool:\n        return password == self.password\n",
    ),
    (
        "local_file",
        "content",
        "resource \"aws_db_instance\" \"d\" {\n  password = var.db_password\n  token    = data.vault_generic_secret.x.data[\"token\"]\n  api_key  = module.secrets.api_key\n  secret   = random_password.p.result\n}\n",
    ),
    (
        "okta_app_saml",
        "description",
        "Set the password: ask the platform team for the token, then store the secret in the vault. Basic authentication is off.",
    ),
    (
        "aws_sns_topic_subscription",
        "endpoint",
        "https://hooks.example.com/services/payments/on-call",
    ),
    (
        "aws_cloudwatch_log_metric_filter",
        "pattern",
        "{ ($.eventName = \"PasswordRecoveryRequested\") || ($.password = \"*\") && ($.token != \"\") }",
    ),
    (
        "aws_wafv2_regex_pattern_set",
        "regular_expression",
        "(?i)(password|passwd|secret|token|api[_-]?key)\\s*[:=]\\s*['\"][^'\"]{8,}['\"]",
    ),
    (
        "aws_iam_policy",
        "policy",
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"secretsmanager:GetSecretValue\",\"sts:TagSession\",\"iam:ChangePassword\"],\"Resource\":\"arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf\"}]}",
    ),
    (
        "aws_acm_certificate",
        "certificate_body",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\nRTESMBAGA1UEChMJQmFsdGltb3JlMRMwEQYDVQQLEwpDeWJlclRydXN0MSIwIAYD\nVQQDExlCYWx0aW1vcmUgQ3liZXJUcnVzdCBSb290MB4XDTAwMDUxMjE4NDYwMFoX\n-----END CERTIFICATE-----\n",
    ),
    (
        "aws_apigatewayv2_authorizer",
        "identity_sources",
        "$request.header.Authorization",
    ),
    (
        "google_cloud_run_v2_service",
        "env",
        "{\"name\":\"DB_PASSWORD\",\"value_source\":[{\"secret_key_ref\":[{\"secret\":\"db-password\",\"version\":\"latest\"}]}]}",
    ),
    (
        "azurerm_linux_web_app",
        "app_settings",
        "{\"DB_PASSWORD\":\"@Microsoft.KeyVault(VaultName=v;SecretName=db)\",\"WEBSITE_AUTH_ENCRYPTION_KEY\":\"@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/k/)\",\"APPINSIGHTS_INSTRUMENTATIONKEY\":\"b3b7c4d2-1a2b-4c3d-8e9f-001122334455\"}",
    ),
];

#[test]
fn nothing_is_said_of_credentials() {
    for (kind, attribute, text) in TEXTS {
        let address = format!("{kind}.x");
        let nested = if text.starts_with('{') && *attribute != "policy" && *attribute != "pattern" {
            (*text).to_owned()
        } else {
            quote(text)
        };
        for value in [nested, quote(text)] {
            let after = format!(r#"{{"{attribute}":{value}}}"#);
            let found = Tester::<Analyzer>::new()
                .changes([testing::change(&address, &after)])
                .expect("the analyzer decides");
            let found: Vec<_> = found
                .iter()
                .filter(|finding| finding.rule.starts_with("NHI01"))
                .collect();
            assert!(found.is_empty(), "{kind}.{attribute}: {text}: {found:#?}");
        }
    }
}
