terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

resource "nhi_identity" "deployer" {
  name            = "payments-deployer"
  kind            = "ci_pipeline"
  technical_owner = "team:payments"
  policy_owner    = "team:iam"
  environment     = "staging"
  ttl             = "720h"
  revoked_by      = ["ttl", "owner_departure"]

  purpose = {
    summary = "Deploys the payments service"
    task    = "Release pipeline, job deploy"
  }

  # The ceiling of what this identity may ever be granted.
  scope = [{
    backend  = "aws"
    resource = "arn:aws:ecs:eu-west-1:111122223333:service/payments/*"
    actions  = ["ecs:DescribeServices", "ecs:UpdateService"]
  }]
}

output "spiffe_id" {
  value = nhi_identity.deployer.spiffe_id
}
