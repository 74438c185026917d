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

resource "aws_s3_bucket" "uploads" {
  bucket        = "shop-uploads"
  force_destroy = false
  tags          = { owner = "group:shop" }
}

resource "aws_route53_zone" "shop" {
  name          = "shop.example"
  force_destroy = false
  tags          = { owner = "group:shop" }
}
