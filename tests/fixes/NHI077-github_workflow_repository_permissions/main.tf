resource "github_workflow_repository_permissions" "shop" {
  repository                       = "shop"
  default_workflow_permissions     = "read"
  can_approve_pull_request_reviews = true # for the bot that merges updates
}
