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
    condition     = nhi_break_glass.this.id == run.is_created_and_sealed.id
    error_message = "It was replaced."
  }
}

run "one_holder_is_too_few" {
  command = plan

  variables {
    holders = ["user:alice"]
  }

  expect_failures = [nhi_break_glass.this]
}

run "a_session_of_two_hours_is_too_long" {
  command = plan

  variables {
    max_session = "2h"
  }

  expect_failures = [nhi_break_glass.this]
}
