import {
  to = nhi_exception.partner_trust
  identity = {
    id = "01JD8Z6V5R3TQ0W8YB1N4K7M2C"
  }
}
