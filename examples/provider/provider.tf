terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# The registry is an SQLite file; keep it where every run of this configuration finds it again.
provider "nhi" {
  registry = "nhi-registry.db"

  # Until approvers are named, a change without approvals is warned of; by default it is refused.
  enforcement = "warn"
}
