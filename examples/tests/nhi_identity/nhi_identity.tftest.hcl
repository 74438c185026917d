# Copy this folder beside a module of yours, with your own block in `main.tf`: `terraform test` or `tofu test` runs it.
# The registry is a file in this folder that only the tests use.

provider "nhi" {
  registry    = "tests.db"
  enforcement = "warn"
}

run "is_low_in_risk_before_anything_is_applied" {
  command = plan

  assert {
    condition     = nhi_identity.this.risk_tier == "low"
    error_message = "The identity is of tier ${nhi_identity.this.risk_tier}."
  }
}

run "is_created" {
  assert {
    condition     = nhi_identity.this.status == "active" && nhi_identity.this.revision == 1
    error_message = "It is ${nhi_identity.this.status}: ${nhi_identity.this.status_reason}."
  }

  assert {
    condition     = endswith(nhi_identity.this.spiffe_id, "/staging/orders-reader")
    error_message = "Its SPIFFE id is ${nhi_identity.this.spiffe_id}."
  }
}

run "an_apply_without_a_change_moves_no_end" {
  assert {
    condition     = nhi_identity.this.revision == 1 && timecmp(timeadd(nhi_identity.this.issued_at, "720h"), nhi_identity.this.expires_at) == 0
    error_message = "The end moved to ${nhi_identity.this.expires_at}."
  }
}

run "is_changed_in_place" {
  variables {
    ttl = "480h"
  }

  assert {
    condition     = nhi_identity.this.revision == 2
    error_message = "It was replaced, or not changed."
  }
}
