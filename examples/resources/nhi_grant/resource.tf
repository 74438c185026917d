terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

resource "nhi_identity" "reporter" {
  name            = "orders-reporter"
  kind            = "workload"
  technical_owner = "team:orders"
  policy_owner    = "team:iam"
  environment     = "staging"
  ttl             = "720h"
  revoked_by      = ["ttl", "workload_delete"]

  purpose = {
    summary = "Writes the nightly report of orders"
    task    = "Nightly report, job orders"
  }

  scope = [{
    backend  = "aws"
    resource = "arn:aws:s3:::orders/*"
    actions  = ["s3:GetObject"]
  }]
}

# Within the scope of its identity, and no longer than it lives.
resource "nhi_grant" "reports" {
  identity_id   = nhi_identity.reporter.id
  backend       = "aws"
  resource      = "arn:aws:s3:::orders/today/*"
  actions       = ["s3:GetObject"]
  justification = "The nightly report reads the orders of the day"
  ttl           = "240h"
}
