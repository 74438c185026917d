terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

data "nhi_metrics" "all" {}

output "identities" {
  value = {
    live         = data.nhi_metrics.all.live
    by_risk_tier = data.nhi_metrics.all.by_risk_tier
    attested     = data.nhi_metrics.all.attestation_coverage
  }
}
