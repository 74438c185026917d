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

resource "aws_iam_role" "top" {
  name               = "top"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
    }]
  })

  tags = {
    owner      = "team-payments"
    expires_at = "2027-03-31"
  }
}

resource "aws_iam_role_policy_attachment" "top" {
  role       = aws_iam_role.top.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
