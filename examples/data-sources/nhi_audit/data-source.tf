terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# The last checked row, and the rows since the beginning. Keep `head_seq` and `head` where nobody who can write the
# registry can write, and give them back as `known_row`: a registry that was rolled back is an error then.
data "nhi_audit" "log" {
  from_seq = 1
  limit    = 100
}

output "audit_head" {
  value = { seq = data.nhi_audit.log.head_seq, hash = data.nhi_audit.log.head }
}
