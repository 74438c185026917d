terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

resource "nhi_vendor" "acme" {
  name                = "acme-monitoring"
  contact             = "support@acme.example"
  contract_end        = "2031-03-31T00:00:00Z"
  offboarding_runbook = "https://wiki.example.com/offboarding/acme"
}
