# The deploy job as it was found: it signs in with a static key that never ends.
# `nhi check` stops this plan; fixed/deploy.tf shows the same job without a key.

resource "terraform_data" "deploy_job" {
  input = {
    service           = "orders"
    region            = "eu-west-1"
    access_key_id     = "AKIA3XQ7LNVD5RJWTC6M"
    secret_access_key = "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"
  }
}
