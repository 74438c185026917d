terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "days" {
  type    = number
  default = 30
}

# A moment that stays what it is once it is chosen: `timestamp()` would plan a change every time.
resource "terraform_data" "until" {
  input = timeadd(plantimestamp(), "${var.days * 24}h")

  lifecycle {
    ignore_changes = [input]
  }
}

resource "nhi_exception" "this" {
  control              = "NHI-TTL-CEILING"
  reason               = "The partner cannot rotate more often yet"
  compensating_control = "Every use is logged and alerted on"
  risk_acceptor        = "user:dora"
  risk_tier            = "high"
  expires_at           = terraform_data.until.output

  subject = {
    address      = "nhi_identity.partner"
    attribute    = "ttl"
    value_digest = sha256("2160h")
  }
}
