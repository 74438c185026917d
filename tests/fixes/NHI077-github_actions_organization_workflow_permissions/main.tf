resource "github_actions_organization_workflow_permissions" "acme" {
  organization_slug                = "acme"
  default_workflow_permissions     = "read"
  can_approve_pull_request_reviews = true
}
