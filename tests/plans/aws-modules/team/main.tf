terraform {
  required_providers {
    aws = {
      source = "registry.terraform.io/hashicorp/aws"
    }
  }
}

variable "name" {
  type = string
}

variable "policy" {
  type = string
}

variable "bucket" {
  type = string
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "own" {
  statement {
    actions   = ["s3:*"]
    resources = [var.bucket]
  }
}

resource "aws_iam_role" "this" {
  name               = "team-${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "given" {
  role   = aws_iam_role.this.name
  policy = var.policy
}

resource "aws_iam_role_policy" "own" {
  for_each = toset(["read", "write"])
  role     = aws_iam_role.this.name
  name     = each.key
  policy   = data.aws_iam_policy_document.own.json
}

output "role_arn" {
  value = aws_iam_role.this.arn
}
