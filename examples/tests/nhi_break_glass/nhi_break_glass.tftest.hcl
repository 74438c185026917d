# Copy this folder beside a module of yours, with your own block in `main.tf`: `terraform test` or `tofu test` runs it.
# The registry is a file in this folder that only the tests use.

provider "nhi" {
  registry    = "tests.db"
  enforcement = "warn"
}

run "is_created_and_sealed" {
  assert {
    condition     = nhi_break_glass.this.status == "sealed"
    error_message = "It is ${nhi_break_glass.this.status}: ${nhi_break_glass.this.status_reason}."
  }
}

run "is_changed_in_place" {
  variables {
    max_session = "15m"
  }

  assert {
    condition     = nhi_break_glass.this.revision == 2
    error_message = "It was replaced, or not changed."
  }
}
