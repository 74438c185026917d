terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# What the approvers of this request sign.
output "to_sign" {
  value = provider::nhi::request_digest(file("${path.module}/request.json"))
}
