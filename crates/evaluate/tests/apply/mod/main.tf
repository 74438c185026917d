variable "name" {
  type = string
}

variable "parent" {
  type = string
}

resource "terraform_data" "inner" {
  input = { name = var.name, parent = var.parent }
}

output "doc" {
  value = jsonencode({ name = var.name, parent = "${var.parent}!", id = terraform_data.inner.id })
}
