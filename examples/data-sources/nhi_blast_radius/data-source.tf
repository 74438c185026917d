terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

resource "nhi_identity" "reader" {
  name            = "orders-reader"
  kind            = "workload"
  technical_owner = "team:orders"
  policy_owner    = "team:iam"
  environment     = "staging"
  ttl             = "720h"
  revoked_by      = ["ttl", "workload_delete"]

  purpose = {
    summary = "Reads the orders queue"
    task    = "Order intake, worker"
  }

  scope = [{
    backend  = "aws"
    resource = "arn:aws:sqs:eu-west-1:111122223333:orders"
    actions  = ["sqs:GetQueueAttributes"]
  }]
}

# What it could reach, and what would stop with it: look before `nhi suspend`.
data "nhi_blast_radius" "reader" {
  identity_id = nhi_identity.reader.id
}

output "stops_with_it" {
  value = data.nhi_blast_radius.reader.dependents
}
