terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "due_in" {
  type    = string
  default = "336h"
}

resource "nhi_access_review" "this" {
  name      = "quarterly"
  cadence   = "2160h"
  reviewers = ["user:alice", "user:rita"]
  due_in    = var.due_in

  selector = {
    environment = "staging"
  }
}
