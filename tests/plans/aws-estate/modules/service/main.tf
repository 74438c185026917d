# A role for one service, with what it may do.

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

variable "bucket" {
  type = string
}

variable "extra_actions" {
  type    = list(string)
  default = []
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "task" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket}/*"]
  }
  dynamic "statement" {
    for_each = length(var.extra_actions) > 0 ? [1] : []
    content {
      actions   = var.extra_actions
      resources = ["*"]
    }
  }
}

resource "aws_iam_role_policy" "task" {
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.task.json
}
