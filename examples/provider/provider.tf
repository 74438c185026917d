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
}
