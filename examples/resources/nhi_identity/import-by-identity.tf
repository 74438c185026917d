import {
  to = nhi_identity.deployer
  identity = {
    environment = "staging"
    name        = "payments-deployer"
  }
}
