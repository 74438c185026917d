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

locals {
  zones = toset(["a", "b"])
}

resource "aws_instance" "app" {
  for_each             = local.zones
  ami                  = "ami-0123456789abcdef0"
  instance_type        = "t3.small"
  availability_zone    = "eu-west-1${each.key}"
  iam_instance_profile = "app"

  metadata_options {
    http_endpoint = "enabled"
    # Old agents asked for it.
    http_tokens   = "optional" # until they are gone
    http_put_response_hop_limit = 2
  }

  tags = { http_tokens = "optional" }
}

resource "aws_instance" "strict" {
  ami                  = "ami-0123456789abcdef0"
  instance_type        = "t3.small"
  iam_instance_profile = "app"

  metadata_options {
    http_tokens = "required"
  }
}
