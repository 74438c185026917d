terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "ttl" {
  type    = string
  default = "720h"
}

resource "nhi_identity" "this" {
  name            = "orders-reader"
  kind            = "workload"
  technical_owner = "team:orders"
  policy_owner    = "team:iam"
  environment     = "staging"
  ttl             = var.ttl
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
