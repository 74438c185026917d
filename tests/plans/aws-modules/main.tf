# A configuration of many shapes: documents known and deferred, modules with count and for_each, sensitive values.
# The provider never calls AWS: its checks are off and nothing here needs an answer.
terraform {
  required_providers {
    aws = {
      source  = "registry.terraform.io/hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "database_password" {
  type      = string
  sensitive = true
  default   = "correct-horse-battery"
}

variable "teams" {
  type    = set(string)
  default = ["blue", "green"]
}

locals {
  prefix = "nhi"
}

provider "aws" {
  region                      = var.region
  access_key                  = "mock_access_key"
  secret_key                  = "mock_secret_key"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true

  default_tags {
    tags = {
      "cost-center" = "platform"
    }
  }
}

provider "aws" {
  alias                       = "west"
  region                      = "us-west-2"
  access_key                  = "mock_access_key"
  secret_key                  = "mock_secret_key"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

data "aws_iam_policy_document" "known" {
  statement {
    sid       = "Everything"
    actions   = ["*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "deferred" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.data.arn}/*"]
  }
  statement {
    actions   = ["iam:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_s3_bucket" "data" {
  bucket_prefix = "${local.prefix}-data-"
  tags = {
    "cost-center" = "42"
    owner         = "data"
  }
}

resource "aws_iam_role" "app" {
  name               = "${local.prefix}-app"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_policy" "known" {
  name   = "${local.prefix}-known"
  policy = data.aws_iam_policy_document.known.json
}

resource "aws_iam_policy" "deferred" {
  name   = "${local.prefix}-deferred"
  policy = data.aws_iam_policy_document.deferred.json
}

resource "aws_iam_role_policy" "inline" {
  role = aws_iam_role.app.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "s3:ListBucket", Resource = aws_s3_bucket.data.arn },
      { Effect = "Allow", Action = "*", Resource = "*" },
    ]
  })
}

resource "aws_iam_user" "worker" {
  count    = 2
  provider = aws.west
  name     = "${local.prefix}-worker-${count.index}"
}

resource "aws_iam_access_key" "worker" {
  count = 2
  user  = aws_iam_user.worker[count.index].name
}

resource "aws_db_instance" "main" {
  identifier          = "${local.prefix}-main"
  engine              = "postgres"
  instance_class      = "db.t4g.micro"
  allocated_storage   = 20
  username            = "app"
  password            = var.database_password
  skip_final_snapshot = true
}

# NHI026, as information: the apply runs a command.
resource "terraform_data" "hook" {
  input = module.team["blue"].role_arn

  provisioner "local-exec" {
    command = "echo ${var.region}"
  }
}

module "team" {
  source   = "./team"
  for_each = var.teams

  name   = each.value
  policy = data.aws_iam_policy_document.deferred.json
  bucket = aws_s3_bucket.data.arn
}

output "team_roles" {
  value = { for name, team in module.team : name => team.role_arn }
}

output "password" {
  value     = var.database_password
  sensitive = true
}
