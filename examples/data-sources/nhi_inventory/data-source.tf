terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

data "nhi_inventory" "pipelines" {
  kind          = "ci_pipeline"
  owner         = "team:payments"
  min_risk_tier = "moderate"
}

output "pipelines" {
  value = [for identity in data.nhi_inventory.pipelines.identities : identity.spiffe_id]
}
