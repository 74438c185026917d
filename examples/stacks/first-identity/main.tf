# The first governed identity: a pipeline that deploys one service.
# Who owns it, why it exists, how far it may reach and when it ends stand here, or the plan does not pass.

terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

provider "nhi" {
  registry = "nhi-registry.db"

  # Until approvers are named, a change without approvals is warned of; by default it is refused.
  enforcement = "warn"
}

resource "nhi_identity" "deployer" {
  name            = "orders-deployer"
  kind            = "ci_pipeline"
  technical_owner = "team:orders"
  policy_owner    = "team:iam"
  environment     = "staging"
  ttl             = "720h"
  revoked_by      = ["ttl", "owner_departure"]

  purpose = {
    summary = "Deploys the orders service"
    task    = "Release pipeline, job deploy"
  }

  scope = [{
    backend  = "aws"
    resource = "arn:aws:ecs:eu-west-1:111122223333:service/orders/*"
    actions  = ["ecs:DescribeServices", "ecs:UpdateService"]
  }]
}

output "identity" {
  value = {
    spiffe_id  = nhi_identity.deployer.spiffe_id
    expires_at = nhi_identity.deployer.expires_at
  }
}
