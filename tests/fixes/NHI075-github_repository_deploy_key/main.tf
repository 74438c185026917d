resource "github_repository_deploy_key" "ci" {
  title      = "ci"
  repository = "shop"
  key        = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHkzcGyR1vkH2nLhpDX9rW0bTtq3mYwKJcQe5oZfVsAu"
  read_only  = "false"
}
