# Copy this folder beside a module of yours, with your own block in `main.tf`: `terraform test` or `tofu test` runs it.
# The registry is a file in this folder that only the tests use.

provider "nhi" {
  registry    = "tests.db"
  enforcement = "warn"
}

run "is_created_with_an_end" {
  assert {
    condition     = nhi_exception.this.status == "active"
    error_message = "It is ${nhi_exception.this.status}: ${nhi_exception.this.status_reason}."
  }
}

run "an_apply_without_a_change_moves_no_end" {
  assert {
    condition     = nhi_exception.this.revision == 1 && nhi_exception.this.expires_at == terraform_data.until.output
    error_message = "The end moved to ${nhi_exception.this.expires_at}."
  }
}
