variable "value" {}

output "value" {
  value = "v:${var.value}"
}
