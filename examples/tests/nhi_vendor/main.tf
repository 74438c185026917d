terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "contract_end" {
  type    = string
  default = "2091-03-31T00:00:00Z"
}

resource "nhi_vendor" "this" {
  name                = "acme"
  contact             = "support@acme.example"
  contract_end        = var.contract_end
  offboarding_runbook = "docs/acme.md"
}
