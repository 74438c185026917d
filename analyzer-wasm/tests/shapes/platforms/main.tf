# What the plan beside it would come from. No provider made that plan: it has the shape that the providers document.

resource "kubernetes_cluster_role_v1" "operator" {
  metadata {
    generate_name = "operator-"
  }
  rule {
    api_groups = ["rbac.authorization.k8s.io"]
    resources  = ["clusterroles"]
    verbs      = ["get", "update", "escalate"]
  }
  rule {
    api_groups = [""]
    resources  = ["secrets"]
    verbs      = ["list"]
  }
}

resource "kubernetes_service_account_v1" "operator" {
  metadata {
    name      = "operator"
    namespace = "ops"
  }
}

resource "kubernetes_cluster_role_binding_v1" "operator" {
  metadata {
    generate_name = "operator-"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = kubernetes_cluster_role_v1.operator.metadata[0].name
  }
  subject {
    kind      = "ServiceAccount"
    name      = kubernetes_service_account_v1.operator.metadata[0].name
    namespace = kubernetes_service_account_v1.operator.metadata[0].namespace
  }
}

module "tenant" {
  source = "./tenant"
}

resource "kubernetes_manifest" "later" {
  manifest = yamldecode(data.http.manifest.response_body)
}

data "vault_policy_document" "ci" {
  rule {
    path         = "auth/${vault_auth_backend.github.path}/role/*"
    capabilities = ["update"]
  }
  rule {
    path         = "sys/policies/acl/*"
    capabilities = ["create", "update"]
  }
}

resource "vault_policy" "ci" {
  name   = "ci"
  policy = data.vault_policy_document.ci.hcl
}

resource "vault_jwt_auth_backend_role" "ci" {
  role_name      = "ci"
  role_type      = "jwt"
  user_claim     = "sub"
  token_policies = [vault_policy.ci.name]
}

resource "github_repository_deploy_key" "ci" {
  repository = "shop"
  title      = "ci"
  key        = tls_private_key.ci.public_key_openssh
  read_only  = false
}

resource "postgresql_role" "dba" {
  name      = "dba"
  superuser = true
}

resource "postgresql_role" "app" {
  name     = "app"
  login    = true
  password = random_password.app.result
  roles    = [postgresql_role.dba.name]
}
