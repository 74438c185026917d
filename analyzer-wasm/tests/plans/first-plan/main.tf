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
resource "aws_s3_bucket" "b" {}
data "aws_iam_policy_document" "admin" {
  statement {
    sid       = "Admin"
    actions   = ["*"]
    resources = ["*"]
  }
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.b.arn}/*"]
  }
}
data "aws_iam_policy_document" "scoped" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.b.arn}/*"]
  }
}
data "aws_iam_policy_document" "joined" {
  source_policy_documents = [data.aws_iam_policy_document.admin.json]
}
data "aws_iam_policy_document" "dyn" {
  dynamic "statement" {
    for_each = toset(["iam:PutRolePolicy", "iam:AttachRolePolicy"])
    content {
      actions   = [statement.value]
      resources = ["*"]
    }
  }
  statement {
    actions   = ["s3:GetObject"]
    resources = [aws_s3_bucket.b.arn]
  }
}
resource "aws_iam_role" "r" {
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "admin" {
  role   = aws_iam_role.r.id
  policy = data.aws_iam_policy_document.admin.json
}
resource "aws_iam_role_policy" "scoped" {
  role   = aws_iam_role.r.id
  policy = data.aws_iam_policy_document.scoped.json
}
resource "aws_iam_policy" "joined" {
  policy = data.aws_iam_policy_document.joined.json
}
resource "aws_iam_role_policy_attachment" "joined" {
  role       = aws_iam_role.r.name
  policy_arn = aws_iam_policy.joined.arn
}
resource "aws_iam_role_policy" "dyn" {
  role   = aws_iam_role.r.id
  policy = data.aws_iam_policy_document.dyn.json
}
resource "aws_iam_role_policy" "enc" {
  role   = aws_iam_role.r.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = aws_s3_bucket.b.arn }] })
}
resource "aws_iam_role_policy_attachment" "managed" {
  role       = aws_iam_role.r.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.b.arn]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["*", aws_iam_role.r.arn]
    }
  }
}
resource "aws_iam_role" "open" {
  assume_role_policy = data.aws_iam_policy_document.trust.json
  inline_policy {
    name   = "x"
    policy = data.aws_iam_policy_document.admin.json
  }
}
module "m" {
  source   = "./m"
  for_each = toset(["a", "b"])
  policy   = data.aws_iam_policy_document.admin.json
  bucket   = aws_s3_bucket.b.arn
}
resource "aws_iam_user" "u" {
  name = "u"
}
resource "aws_iam_access_key" "k" {
  user = aws_iam_user.u.name
}

# A role whose policy needs nothing that is unknown in a bad way: nothing is said about it.
resource "aws_iam_role" "clean" {
  assume_role_policy = data.aws_iam_policy_document.clean_trust.json
  tags               = { owner = "team:payments", expires_at = "2027-01-01" }
}
data "aws_iam_policy_document" "clean_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.r.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [aws_s3_bucket.b.id]
    }
  }
}
resource "aws_iam_role_policy" "clean" {
  role   = aws_iam_role.clean.id
  policy = data.aws_iam_policy_document.scoped.json
}
