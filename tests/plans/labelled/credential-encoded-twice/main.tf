terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

resource "aws_lambda_function" "worker" {
  function_name = "worker"
  role          = "arn:aws:iam::111122223333:role/worker"
  runtime       = "python3.12"
  handler       = "app.handler"
  s3_bucket     = "deployments"
  s3_key        = "worker.zip"

  environment {
    variables = { BLOB = base64encode(base64encode("token=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\n")) }
  }
}
