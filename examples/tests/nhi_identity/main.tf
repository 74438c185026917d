terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "name" {
  type    = string
  default = "orders-reader"
}

variable "ttl" {
  type    = string
  default = "720h"
}

variable "actions" {
  type    = list(string)
  default = ["sqs:GetQueueAttributes"]
}

resource "nhi_identity" "this" {
  name            = var.name
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
    actions  = var.actions
  }]
}

output "id" {
  value = nhi_identity.this.id
}

output "expires_at" {
  value = nhi_identity.this.expires_at
}
