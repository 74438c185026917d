organisation = "example"
tier "high" {
  identity_ttl_max = "504h"
}
forbidden_scope "aws" {
  actions = ["iam:*"]
}
