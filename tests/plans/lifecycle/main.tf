# Every action a plan can hold without a failed apply: see `before/main.tf` for what it starts from.
resource "terraform_data" "updated" {
  input = "two"
}

resource "terraform_data" "replaced" {
  input            = "one"
  triggers_replace = "two"
}

resource "terraform_data" "replaced_first" {
  input            = "one"
  triggers_replace = "two"

  lifecycle {
    create_before_destroy = true
  }
}

removed {
  from = terraform_data.forgotten

  lifecycle {
    destroy = false
  }
}

moved {
  from = terraform_data.old_name
  to   = terraform_data.new_name
}

resource "terraform_data" "new_name" {
  input = "same"
}

resource "terraform_data" "shrunk" {
  count = 1
  input = count.index
}

import {
  to = terraform_data.imported
  id = "7f3c1b9e"
}

resource "terraform_data" "imported" {
  input = "adopted"
}

check "kept" {
  assert {
    condition     = terraform_data.new_name.input == "same"
    error_message = "the input changed"
  }
}

output "kept" {
  value = terraform_data.updated.output
}
