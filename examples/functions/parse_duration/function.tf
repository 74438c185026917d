terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

locals {
  ttl = "720h"
}

output "days" {
  value = provider::nhi::parse_duration(local.ttl) / 86400
}
