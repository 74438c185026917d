terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "max_session" {
  type    = string
  default = "30m"
}

resource "nhi_break_glass" "this" {
  name          = "orders-database"
  environment   = "staging"
  holders       = ["user:alice", "user:bob"]
  max_session   = var.max_session
  approvals     = 1
  test_interval = "720h"
  notify        = ["#security"]

  scope = [{
    backend  = "postgresql"
    resource = "cluster/orders"
    actions  = ["role:orders_admin"]
  }]
}
