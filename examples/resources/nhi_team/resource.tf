terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

resource "nhi_team" "payments" {
  name              = "payments"
  accountable_human = "user:alice"
  backup_owner      = "bob@example.com"
  contacts          = ["#payments", "payments@example.com"]
  members           = ["user:carol"]
}
