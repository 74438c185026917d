terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

data "nhi_compliance_score" "production" {
  environment = "production"
}

check "identities" {
  assert {
    condition     = try(data.nhi_compliance_score.production.score >= 0.9, true)
    error_message = "Less than nine in ten controls hold for the identities in production."
  }
}

output "failing" {
  value = { for control in data.nhi_compliance_score.production.controls : control.control => control.failed_ids }
}
