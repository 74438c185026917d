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

resource "aws_iam_group" "people" {
  name = "people"
}

resource "aws_iam_group_policy" "people" {
  name  = "people"
  group = aws_iam_group.people.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:ChangePassword", "iam:GetUser"], Resource = "arn:aws:iam::*:user/$${aws:username}" },
      { Effect = "Allow", Action = ["iam:ListVirtualMFADevices", "iam:GetAccountPasswordPolicy"], Resource = "*" },
    ]
  })
}
