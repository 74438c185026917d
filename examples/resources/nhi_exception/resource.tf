terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# The digest is that of the value which the finding names: another value is another question.
resource "nhi_exception" "partner_trust" {
  control              = "NHI-TTL-CEILING"
  reason               = "The partner cannot rotate more often before the next release"
  compensating_control = "Every use is logged, and an alert follows an unknown address"
  risk_acceptor        = "user:dora"
  risk_tier            = "high"
  expires_at           = var.expires_at
  max_renewals         = 1

  subject = {
    address      = "nhi_identity.partner"
    attribute    = "ttl"
    value_digest = sha256("2160h")
  }
}

variable "expires_at" {
  type        = string
  description = "When the exception ends: within 90 days, in RFC 3339 and UTC."
}
