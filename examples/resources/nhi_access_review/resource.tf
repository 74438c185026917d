terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

resource "nhi_access_review" "quarterly" {
  name           = "production-quarterly"
  cadence        = "2160h"
  reviewers      = ["user:alice", "user:rita"]
  due_in         = "336h"
  on_no_response = "suspend"

  selector = {
    environment = "production"
    risk_tier   = "moderate"
  }
}
