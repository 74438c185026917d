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
    variables = { BUILD_SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736", TABLE = "orders-7f3a9c", TOKEN_TTL_SECONDS = "3600", PASSWORD_MIN_LENGTH = "14", SECRET_NAME = "app/db" }
  }
}
