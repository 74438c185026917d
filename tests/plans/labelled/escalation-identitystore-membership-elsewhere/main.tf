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

resource "aws_iam_role" "actor" {
  name = "deploy-bot"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

data "aws_iam_policy_document" "tools" {
  statement {
    actions   = ["identitystore:CreateGroupMembership"]
    resources = ["arn:aws:identitystore:::group/f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7", "arn:aws:identitystore:::user/*"]
  }

  statement {
    actions   = ["identitystore:ListGroups"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "tools" {
  name   = "tools"
  role   = aws_iam_role.actor.id
  policy = data.aws_iam_policy_document.tools.json
}
