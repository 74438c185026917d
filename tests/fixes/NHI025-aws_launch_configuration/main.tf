terraform {
  required_providers {
    aws = {
      source  = "registry.terraform.io/hashicorp/aws"
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

resource "aws_launch_configuration" "workers" {
  name_prefix          = "workers-"
  image_id             = "ami-0123456789abcdef0"
  instance_type        = "t3.small"
  iam_instance_profile = "workers"
  metadata_options { http_tokens = "optional" }
}
