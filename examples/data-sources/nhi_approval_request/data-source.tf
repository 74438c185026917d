terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

variable "request" {
  type        = string
  default     = null
  description = "Digest of a request, as a plan told it"
}

# How far it is: who has approved it, and what is missing.
data "nhi_approval_request" "pending" {
  count  = var.request == null ? 0 : 1
  digest = var.request
}

output "missing" {
  value = data.nhi_approval_request.pending[*].missing
}
