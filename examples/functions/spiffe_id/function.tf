terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# Trusts an identity that another configuration declares.
output "trusted" {
  value = provider::nhi::spiffe_id("example.org", "staging", "payments-deployer")
}
