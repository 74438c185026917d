# Copy this folder beside a module of yours, with your own block in `main.tf`: `terraform test` or `tofu test` runs it.
# The registry is a file in this folder that only the tests use.

provider "nhi" {
  registry    = "tests.db"
  enforcement = "warn"
}

run "is_created" {
  assert {
    condition     = nhi_vendor.this.status == "active"
    error_message = "It is ${nhi_vendor.this.status}: ${nhi_vendor.this.status_reason}."
  }
}

run "a_contract_that_ended_is_told" {
  variables {
    contract_end = "2020-01-01T00:00:00Z"
  }

  assert {
    condition     = nhi_vendor.this.revision == 2 && nhi_vendor.this.status == "contract_ended"
    error_message = "It is ${nhi_vendor.this.status}."
  }
}
