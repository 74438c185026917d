terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# In earnest the owners come from where people come and go, for example the groups of an identity provider.
data "nhi_orphans" "left_behind" {
  known_owners = ["team:iam", "team:payments"]
}

output "orphans" {
  value = [
    for identity in data.nhi_orphans.left_behind.identities :
    "${identity.environment}/${identity.name} of ${identity.technical_owner}"
  ]
}
