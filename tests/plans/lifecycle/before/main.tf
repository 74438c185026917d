# What stood before: `main.tf` one folder up is planned against the state of this.
resource "terraform_data" "updated" {
  input = "one"
}

resource "terraform_data" "replaced" {
  input            = "one"
  triggers_replace = "one"
}

resource "terraform_data" "replaced_first" {
  input            = "one"
  triggers_replace = "one"

  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "deleted" {
  input = "gone"
}

resource "terraform_data" "forgotten" {
  input = "left alone"
}

resource "terraform_data" "old_name" {
  input = "same"
}

resource "terraform_data" "shrunk" {
  count = 2
  input = count.index
}

output "kept" {
  value = terraform_data.updated.output
}
