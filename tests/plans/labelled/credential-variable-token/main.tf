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

variable "github_token" {
  type    = string
  default = "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"
}

resource "aws_sns_topic" "events" {
  name = "events"
}
