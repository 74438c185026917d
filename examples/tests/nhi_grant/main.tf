terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "ttl" {
  type    = string
  default = "240h"
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

resource "nhi_grant" "this" {
  identity_id   = nhi_identity.reader.id
  backend       = "aws"
  resource      = "arn:aws:sqs:eu-west-1:111122223333:orders"
  actions       = ["sqs:GetQueueAttributes"]
  justification = "The intake reads how long the queue is"
  ttl           = var.ttl
}
