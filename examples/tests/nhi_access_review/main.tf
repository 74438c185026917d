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

variable "reviewers" {
  type    = list(string)
  default = ["user:alice", "user:rita"]
}

resource "nhi_access_review" "this" {
  name      = "quarterly"
  cadence   = "2160h"
  reviewers = var.reviewers
  due_in    = var.due_in

  selector = {
    environment = "staging"
  }
}

output "id" {
  value = nhi_access_review.this.id
}
