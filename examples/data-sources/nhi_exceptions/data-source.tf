terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# What is waived now, and what a reviewer should look at first: the ones that end last.
data "nhi_exceptions" "now" {}

data "nhi_exceptions" "static_secrets" {
  control    = "NHI-STATIC-SECRET"
  with_ended = true
}

output "exceptions" {
  value = [for exception in data.nhi_exceptions.now.exceptions : {
    control = exception.control
    address = exception.address
    until   = exception.expires_at
    by      = exception.risk_acceptor
  }]
}
