# Run it with `terraform apply -invoke=action.nhi_rotate.monthly`, once the credential is replaced where it is used.
action "nhi_rotate" "monthly" {
  config {
    identity_id = "01JD8Z6V5R3TQ0W8YB1N4K7M2C"
    reason      = "monthly rotation, OPS-31"
  }
}
