resource "gitlab_group_hook" "builds" {
  group                 = "acme/shop"
  url                     = "https://builds.example.com/hook"
  push_events             = true
  enable_ssl_verification = false # the old certificate
  token                   = "from-the-vault"
}
