terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "backup_owner" {
  type    = string
  default = "bob@example.com"
}

resource "nhi_team" "this" {
  name              = "orders"
  accountable_human = "user:alice"
  backup_owner      = var.backup_owner
  contacts          = ["#orders"]
  members           = ["user:carol"]
}
