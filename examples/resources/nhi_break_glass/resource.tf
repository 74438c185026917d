terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

resource "nhi_break_glass" "database" {
  name          = "orders-database"
  environment   = "production"
  holders       = ["user:alice", "user:bob", "user:carol"]
  max_session   = "30m"
  approvals     = 1
  test_interval = "720h"
  notify        = ["#security"]

  scope = [{
    backend  = "postgresql"
    resource = "cluster/orders"
    actions  = ["role:orders_admin"]
  }]
}
