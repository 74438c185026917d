terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

# Run it with `terraform apply -invoke=action.nhi_revoke.leaked`.
action "nhi_revoke" "leaked" {
  config {
    identity_id = "01JD8Z6V5R3TQ0W8YB1N4K7M2C"
    reason      = "the token was found in a public repository"
  }
}
