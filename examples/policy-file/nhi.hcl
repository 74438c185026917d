# The policy of an organisation: what is left out keeps its default.
organisation = "example"

# Identities live in one of these environments and nowhere else.
environment "dev" {}
environment "staging" {}
environment "production" {
  production = true
}

# Stricter than the defaults: 60 days instead of 90, and one week less in production.
tier "moderate" {
  identity_ttl_max = "1440h"
}
tier "high" {
  identity_ttl_max = "504h"
  approvals {
    count        = 2
    policy_owner = true
    security     = true
  }
}

# An agent that decides by itself weighs as much as write access.
scoring {
  autonomous_agent = 20
}

# A pipeline is recognised by its name.
naming {
  kinds    = ["ci_pipeline"]
  patterns = ["ci-*"]
}

# What identities may be granted at all.
allowed_scope "aws" {
  resources = ["arn:aws:s3:::*", "arn:aws:ecs:eu-west-1:*"]
  actions   = ["s3:*", "ecs:*"]
}
allowed_scope "kubernetes" {
  environments = ["dev", "staging"]
}
forbidden_scope "aws" {
  actions = ["s3:PutBucketPolicy", "s3:DeleteBucket*"]
}

wildcards {
  actions = "outside_production"
}

exceptions {
  ttl_max          = "1440h"
  critical_ttl_max = "168h"
}
