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

resource "aws_iam_user" "actor" {
  name                 = "legacy-batch"
  permissions_boundary = aws_iam_policy.limit.arn
}

resource "aws_iam_group" "operators" {
  name = "operators"
}

resource "aws_iam_user_group_membership" "actor" {
  user   = aws_iam_user.actor.name
  groups = [aws_iam_group.operators.name]
}

resource "aws_iam_policy" "limit" {
  name = "limit"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "logs:*"]
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "tools" {
  statement {
    actions   = ["iam:PutGroupPolicy"]
    resources = ["*"]
  }
}

resource "aws_iam_user_policy" "tools" {
  name   = "tools"
  user   = aws_iam_user.actor.name
  policy = data.aws_iam_policy_document.tools.json
}
