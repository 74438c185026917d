terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}

output "of_a_score" {
  value = provider::nhi::risk_tier(45)
}

output "of_an_identity" {
  value = provider::nhi::risk_tier({
    kind        = "ci_pipeline"
    environment = "production"
    scope = [{
      backend  = "aws"
      resource = "arn:aws:s3:::releases/*"
      actions  = ["s3:PutObject"]
    }]
  })
}
