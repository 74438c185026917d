# The deploy job without a key: it proves who it is with its own identity and is given a role for minutes.

resource "terraform_data" "deploy_job" {
  input = {
    service     = "orders"
    region      = "eu-west-1"
    assume_role = "arn:aws:iam::111122223333:role/orders-deployer"
    identity    = nhi_identity.deployer.spiffe_id
  }
}
