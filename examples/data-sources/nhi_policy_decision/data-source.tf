terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# What the policy would make of it, before anybody asks for it.
data "nhi_policy_decision" "draft" {
  name            = "orders-writer"
  kind            = "workload"
  technical_owner = "team:orders"
  policy_owner    = "team:iam"
  environment     = "production"
  ttl             = "720h"
  revoked_by      = ["ttl", "workload_delete"]

  purpose = {
    summary = "Writes orders into the queue"
    task    = "Order intake, worker"
  }

  scope = [{
    backend  = "aws"
    resource = "arn:aws:sqs:eu-west-1:111122223333:orders"
    actions  = ["sqs:SendMessage"]
  }]
}

output "decision" {
  value = {
    allowed   = data.nhi_policy_decision.draft.is_allowed
    tier      = data.nhi_policy_decision.draft.risk_tier
    approvals = data.nhi_policy_decision.draft.approvals
    problems  = data.nhi_policy_decision.draft.problems[*].summary
  }
}
