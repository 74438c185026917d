terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# What to renew in the next ten days. The answer changes when an identity comes into the window, so a plan without
# changes stays empty until then. `at = timestamp()` would have the core read at apply instead.
data "nhi_expiring" "soon" {
  within = "240h"
}

output "to_renew" {
  value = {
    for identity in data.nhi_expiring.soon.identities :
    "${identity.environment}/${identity.name}" => identity.expires_at
  }
}
