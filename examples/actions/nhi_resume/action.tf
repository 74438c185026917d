# Run it with `terraform apply -invoke=action.nhi_resume.cleared`, as somebody else than who suspended the identity.
action "nhi_resume" "cleared" {
  config {
    identity_id = "01JD8Z6V5R3TQ0W8YB1N4K7M2C"
    reason      = "the calls were those of the nightly report"
  }
}
