# As small as a plan gets with something in it: what campaigns mutate.
variable "name" {
  default = "é😀"
}

resource "terraform_data" "only" {
  input = { (var.name) = 1.5, list = [null, true, "a\"b"] }
}
