# Copy this folder beside a module of yours, with your own block in `main.tf`: `terraform test` or `tofu test` runs it.
# The registry is a file in this folder that only the tests use.

provider "nhi" {
  registry    = "tests.db"
  enforcement = "warn"
}

run "is_created_within_its_identity" {
  assert {
    condition     = nhi_grant.this.status == "active"
    error_message = "It is ${nhi_grant.this.status}: ${nhi_grant.this.status_reason}."
  }

  assert {
    condition     = timecmp(nhi_grant.this.expires_at, nhi_identity.reader.expires_at) <= 0
    error_message = "It outlives its identity."
  }
}

run "ends_with_its_identity_whatever_it_asks_for" {
  variables {
    ttl = "4000h"
  }

  assert {
    condition     = nhi_grant.this.id == run.is_created_within_its_identity.id
    error_message = "It was replaced."
  }

  assert {
    condition     = timecmp(nhi_grant.this.expires_at, nhi_identity.reader.expires_at) <= 0
    error_message = "It outlives its identity."
  }
}

run "a_wildcard_is_refused" {
  command = plan

  variables {
    actions = ["*"]
  }

  expect_failures = [nhi_grant.this]
}
