# An estate as people write it: data sources known and unknown at plan, modules, count and for_each.
# Each block that must be found says so; each near miss says why it is fine. expected.json holds the answer.

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

# Found: a static key in a provider block.
provider "aws" {
  alias                       = "legacy"
  region                      = "eu-west-1"
  access_key                  = "AKIA5TQZW2MNX7RCJ4VD"
  secret_key                  = "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"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

resource "aws_s3_bucket" "archive" {
  provider = aws.legacy
  bucket   = "nhi-estate-archive"
}

resource "aws_s3_bucket" "data" {
  bucket = "nhi-estate-data"
}

# A data source that is known at plan, and allows everything.
data "aws_iam_policy_document" "admin" {
  statement {
    actions   = ["*"]
    resources = ["*"]
  }
}

# Found: a managed policy that allows everything.
resource "aws_iam_policy" "admin" {
  name   = "estate-admin"
  policy = data.aws_iam_policy_document.admin.json
}

# A data source that is unknown at plan, because the bucket's ARN is: its statements stand in the configuration.
data "aws_iam_policy_document" "hidden" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.data.arn}/*"]
  }
  statement {
    actions   = ["iam:*"]
    resources = ["*"]
  }
}

# Found: the document is known only after apply, and administers IAM.
resource "aws_iam_policy" "hidden" {
  name   = "estate-hidden"
  policy = data.aws_iam_policy_document.hidden.json
}

# Near miss: as unknown, but its statements are narrow.
data "aws_iam_policy_document" "narrow" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.data.arn}/*"]
  }
}

resource "aws_iam_policy" "narrow" {
  name   = "estate-narrow"
  policy = data.aws_iam_policy_document.narrow.json
}

# Found: anyone may assume it.
resource "aws_iam_role" "open" {
  name = "estate-open"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# Found: the provider's own administrator policy, attached.
resource "aws_iam_role_policy_attachment" "open" {
  role       = aws_iam_role.open.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

# Near miss: a managed policy that only reads.
resource "aws_iam_role_policy_attachment" "reader" {
  role       = aws_iam_role.open.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}

# Found: a static credential by its very type.
resource "aws_iam_user" "robot" {
  name = "estate-robot"
}

resource "aws_iam_access_key" "robot" {
  user = aws_iam_user.robot.name
}

# Found: a token inside an encoded setting. Near miss beside it: a reference to a secret, not the secret.
resource "aws_ssm_parameter" "settings" {
  name = "/estate/settings"
  type = "String"
  value = jsonencode({
    upstream_token = "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"
    secret_ref     = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:estate/upstream-AbCdEf"
  })
}

module "service" {
  source   = "./modules/service"
  for_each = toset(["orders", "payments"])
  name     = each.key
  bucket   = aws_s3_bucket.data.arn
}

module "batch" {
  source = "./modules/service"
  count  = 2
  name   = "batch-${count.index}"
  bucket = aws_s3_bucket.data.arn
  # Found in each instance: the module is handed an action that administers IAM.
  extra_actions = ["iam:*"]
}
