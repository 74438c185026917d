resource "github_repository_webhook" "builds" {
  repository = "shop"
  events     = ["push"]

  configuration {
    url          = "https://builds.example.com/hook"
    content_type = "json"
    insecure_ssl = true
    secret       = "from-the-vault"
  }
}
