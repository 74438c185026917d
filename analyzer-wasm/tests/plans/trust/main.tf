terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "mock_access_key"
  secret_key                  = "mock_secret_key"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

# GitHub: a provider of the plan, the trust by data source.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
data "aws_iam_policy_document" "exact" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:acme/app:environment:production"]
    }
  }
}
data "aws_iam_policy_document" "no_subject" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}
data "aws_iam_policy_document" "prefix" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:acme*"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "exact" {
  assume_role_policy = data.aws_iam_policy_document.exact.json
}
resource "aws_iam_role" "no_subject" {
  assume_role_policy = data.aws_iam_policy_document.no_subject.json
}
resource "aws_iam_role" "prefix" {
  assume_role_policy = data.aws_iam_policy_document.prefix.json
}

# A cluster whose issuer is known after apply only.
resource "aws_eks_cluster" "c" {
  name     = "c"
  role_arn = aws_iam_role.exact.arn
  vpc_config {
    subnet_ids = ["subnet-0a1b2c3d", "subnet-4e5f6a7b"]
  }
}
resource "aws_iam_openid_connect_provider" "cluster" {
  url            = aws_eks_cluster.c.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}
data "aws_iam_policy_document" "irsa" {
  for_each = toset(["system:serviceaccount:app:worker", "system:serviceaccount:*:*"])
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.cluster.arn]
    }
    condition {
      test     = "StringLike"
      variable = "${replace(aws_eks_cluster.c.identity[0].oidc[0].issuer, "https://", "")}:sub"
      values   = [each.key]
    }
    condition {
      test     = "StringEquals"
      variable = "${replace(aws_eks_cluster.c.identity[0].oidc[0].issuer, "https://", "")}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "irsa" {
  for_each           = data.aws_iam_policy_document.irsa
  assume_role_policy = each.value.json
}

# Accounts.
resource "aws_iam_role" "vendor" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::999988887777:root" } }]
  })
}
resource "aws_iam_role" "vendor_with_id" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::999988887777:root" }
      Condition = { StringEquals = { "sts:ExternalId" = "7b1c9e02" } }
    }]
  })
}

# Topic to queue.
resource "aws_sns_topic" "t" {}
resource "aws_sqs_queue" "q" {}
resource "aws_sqs_queue" "r" {}
data "aws_iam_policy_document" "queue" {
  for_each = { q = aws_sqs_queue.q.arn, r = aws_sqs_queue.r.arn }
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [each.value]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    dynamic "condition" {
      for_each = each.key == "q" ? [1] : []
      content {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [aws_sns_topic.t.arn]
      }
    }
  }
}
resource "aws_sqs_queue_policy" "q" {
  queue_url = aws_sqs_queue.q.id
  policy    = data.aws_iam_policy_document.queue["q"].json
}
resource "aws_sqs_queue_policy" "r" {
  queue_url = aws_sqs_queue.r.id
  policy    = data.aws_iam_policy_document.queue["r"].json
}

# A website, and the same behind a public access block.
resource "aws_s3_bucket" "site" {
  count = 2
}
resource "aws_s3_bucket_public_access_block" "site" {
  bucket              = aws_s3_bucket.site[1].id
  block_public_policy = true
}
resource "aws_s3_bucket_policy" "site" {
  count  = 2
  bucket = aws_s3_bucket.site[count.index].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:*", Principal = "*", Resource = "*" }]
  })
}

# Functions.
resource "aws_lambda_permission" "bucket" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.site[0].arn
}
resource "aws_lambda_permission" "api" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "apigateway.amazonaws.com"
}
resource "aws_kms_key" "k" {}
