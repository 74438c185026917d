import {
  to = nhi_break_glass.database
  identity = {
    environment = "production"
    name        = "orders-database"
  }
}
