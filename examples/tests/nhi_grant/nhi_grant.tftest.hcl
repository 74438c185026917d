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

run "is_changed_in_place_and_ends_in_time" {
  variables {
    ttl = "480h"
  }

  assert {
    condition     = nhi_grant.this.revision == 2
    error_message = "It was replaced, or not changed."
  }

  assert {
    condition     = timecmp(nhi_grant.this.expires_at, nhi_identity.reader.expires_at) <= 0
    error_message = "It outlives its identity."
  }
}
