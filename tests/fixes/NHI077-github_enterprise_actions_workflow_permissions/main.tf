resource "github_enterprise_actions_workflow_permissions" "acme" {
  enterprise_slug                  = "acme"
  default_workflow_permissions     = "read"
  can_approve_pull_request_reviews = true
}
