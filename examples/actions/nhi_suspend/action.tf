# Run it with `terraform apply -invoke=action.nhi_suspend.unsure`.
action "nhi_suspend" "unsure" {
  config {
    identity_id = "01JD8Z6V5R3TQ0W8YB1N4K7M2C"
    reason      = "unusual calls at night, under investigation"
  }
}
