import {
  to = nhi_grant.reports
  identity = {
    id = "01JD8Z6V5R3TQ0W8YB1N4K7M2C"
  }
}
