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
  name = "legacy-batch"
}

data "aws_iam_policy_document" "tools" {
  statement {
    sid       = "Tools"
    actions   = ["iam:PutUserPolicy"]
    resources = ["*"]
  }

  statement {
    actions   = ["ec2:DescribeRegions"]
    resources = ["*"]
  }
}

resource "aws_iam_user_policy" "tools" {
  name   = "tools"
  user   = aws_iam_user.actor.name
  policy = data.aws_iam_policy_document.tools.json
}
