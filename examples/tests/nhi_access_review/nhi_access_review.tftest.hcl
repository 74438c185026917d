# Copy this folder beside a module of yours, with your own block in `main.tf`: `terraform test` or `tofu test` runs it.
# The registry is a file in this folder that only the tests use.

provider "nhi" {
  registry    = "tests.db"
  enforcement = "warn"
}

run "is_created_and_its_first_round_is_due" {
  assert {
    condition     = nhi_access_review.this.status == "due"
    error_message = "It is ${nhi_access_review.this.status}: ${nhi_access_review.this.status_reason}."
  }
}

run "is_changed_in_place" {
  variables {
    due_in = "168h"
  }

  assert {
    condition     = nhi_access_review.this.revision == 2
    error_message = "It was replaced, or not changed."
  }
}
