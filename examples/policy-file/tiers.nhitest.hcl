# What the policy has to make of an identity; `nhi policy test` runs it.
case "reading a bucket in staging is self-service" {
  identity {
    name            = "report-reader"
    kind            = "workload"
    technical_owner = "team:reports"
    policy_owner    = "team:iam"
    environment     = "staging"
    ttl             = "720h"
    revoked_by      = ["ttl", "workload_delete"]
    purpose = {
      summary = "Reads the nightly reports"
      task    = "Reporting service, job nightly"
    }
    scope = [{
      backend  = "aws"
      resource = "arn:aws:s3:::reports"
      actions  = ["s3:GetObject"]
    }]
  }
  expect {
    tier      = "low"
    score     = 15
    approvals = 0
  }
}

case "a deployer in production needs its owner and security" {
  identity {
    name            = "ci-deployer"
    kind            = "ci_pipeline"
    technical_owner = "team:payments"
    policy_owner    = "team:iam"
    environment     = "production"
    ttl             = "504h"
    revoked_by      = ["ttl"]
    purpose {
      summary = "Deploys the payments service"
      task    = "Release pipeline, job deploy"
    }
    scope {
      backend  = "aws"
      resource = "arn:aws:ecs:eu-west-1:111122223333:service/payments/*"
      actions  = ["ecs:UpdateService"]
    }
  }
  expect {
    tier         = "high"
    approvals    = 3
    policy_owner = true
    security     = true
  }
}

case "what is out of line is refused" {
  identity {
    name            = "deployer"
    kind            = "ci_pipeline"
    technical_owner = "team:payments"
    policy_owner    = "team:iam"
    environment     = "production"
    ttl             = "720h"
    revoked_by      = ["ttl"]
    purpose {
      summary = "Deploys the payments service"
      task    = "Release pipeline, job deploy"
    }
    scope {
      backend  = "aws"
      resource = "arn:aws:s3:::artifacts/*"
      actions  = ["s3:Put*"]
    }
    scope {
      backend  = "aws"
      resource = "arn:aws:iam::111122223333:role/deployer"
      actions  = ["iam:PassRole"]
    }
  }
  expect {
    tier = "critical"
    violations = [
      "NHI-NAME-PATTERN",    # not `ci-…`
      "NHI-SCOPE-FORBIDDEN", # `s3:Put*` includes `s3:PutBucketPolicy`
      "NHI-SCOPE-OUTSIDE",   # nothing of IAM is allowed
      "NHI-SCOPE-PATTERN",   # no pattern of actions in production
      "NHI-TTL-CEILING",
    ]
  }
}
