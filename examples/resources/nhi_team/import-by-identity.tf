import {
  to = nhi_team.payments
  identity = {
    name = "payments"
  }
}
