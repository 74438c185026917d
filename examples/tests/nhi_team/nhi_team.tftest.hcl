# Copy this folder beside a module of yours, with your own block in `main.tf`: `terraform test` or `tofu test` runs it.
# The registry is a file in this folder that only the tests use.

provider "nhi" {
  registry    = "tests.db"
  enforcement = "warn"
}

run "is_created" {
  assert {
    condition     = nhi_team.this.revision == 1 && nhi_team.this.status == "active"
    error_message = "It is ${nhi_team.this.status}: ${nhi_team.this.status_reason}."
  }
}

run "is_changed_in_place" {
  variables {
    backup_owner = "user:carol"
  }

  assert {
    condition     = nhi_team.this.revision == 2
    error_message = "It was replaced, or not changed."
  }
}
