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
locals {
  everyone = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "es:*", Resource = "*" }] })
}
resource "aws_opensearch_domain" "open" {
  domain_name     = "open"
  access_policies = local.everyone
}
resource "aws_opensearch_domain" "fgac" {
  domain_name     = "fgac"
  access_policies = local.everyone
  advanced_security_options {
    enabled = true
    master_user_options {
      master_user_arn = "arn:aws:iam::111122223333:role/search-admin"
    }
  }
  encrypt_at_rest { enabled = true }
  node_to_node_encryption { enabled = true }
  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-2019-07"
  }
}
resource "aws_opensearch_domain" "vpc" {
  domain_name     = "vpc"
  access_policies = local.everyone
  vpc_options { subnet_ids = ["subnet-0a1b2c3d"] }
}
resource "aws_opensearch_domain" "none" {
  domain_name = "none"
}
resource "aws_s3_bucket" "b" { bucket = "acme-b-1" }
resource "aws_s3_bucket_acl" "public" {
  bucket = aws_s3_bucket.b.id
  acl    = "public-read"
}
resource "aws_s3_bucket_acl" "grant" {
  bucket = "acme-b-2"
  access_control_policy {
    grant {
      grantee {
        type = "Group"
        uri  = "http://acs.amazonaws.com/groups/global/AllUsers"
      }
      permission = "READ"
    }
    owner { id = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be" }
  }
}
resource "aws_cloudwatch_event_permission" "open" {
  principal    = "*"
  statement_id = "Open"
}
resource "aws_cloudwatch_event_permission" "org" {
  principal    = "*"
  statement_id = "Org"
  condition {
    key   = "aws:PrincipalOrgID"
    type  = "StringEquals"
    value = "o-a1b2c3d4e5"
  }
}
resource "aws_ssm_document" "d" {
  name          = "doc"
  document_type = "Command"
  content       = jsonencode({ schemaVersion = "1.2", description = "x", parameters = {}, runtimeConfig = {} })
  permissions   = { type = "Share", account_ids = "All" }
}
resource "aws_ami_launch_permission" "a" {
  image_id = "ami-12345678"
  group    = "all"
}
resource "aws_lambda_function_url" "u" {
  function_name      = "f"
  authorization_type = "NONE"
}
resource "aws_lambda_permission" "url" {
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = "f"
  principal              = "*"
  function_url_auth_type = "NONE"
}
resource "aws_lambda_permission" "account" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "999988887777"
}
resource "aws_kms_key" "default" {}
resource "aws_kms_key" "open" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "kms:*", Resource = "*" }] })
}
resource "aws_secretsmanager_secret" "s" { name = "s" }
resource "aws_secretsmanager_secret_policy" "s" {
  secret_arn = aws_secretsmanager_secret.s.arn
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "secretsmanager:GetSecretValue", Resource = "*" }] })
}
resource "aws_efs_file_system_policy" "p" {
  file_system_id = "fs-0a1b2c3d"
  policy         = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "elasticfilesystem:*", Resource = "*" }] })
}
resource "aws_ecr_repository" "r" { name = "r" }
resource "aws_ecr_repository_policy" "r" {
  repository = aws_ecr_repository.r.name
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] }] })
}
resource "aws_sqs_queue" "q" {}
resource "aws_sns_topic" "t" {}
resource "aws_glacier_vault" "v" { name = "v" }
resource "aws_db_snapshot" "d" {
  db_instance_identifier = "db"
  db_snapshot_identifier = "s"
  shared_accounts        = ["all"]
}
resource "aws_iam_role" "mixed" {
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com", AWS = "arn:aws:iam::111122223333:user/alice" } }] })
}
resource "aws_iam_role" "ci" {
  assume_role_policy = <<-J
    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"${aws_iam_role.mixed.arn}"}}]}
  J
}
data "aws_iam_policy_document" "ci2" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.mixed.arn]
    }
  }
}
resource "aws_iam_role" "ci2" { assume_role_policy = data.aws_iam_policy_document.ci2.json }
resource "aws_s3_bucket" "n" {}
resource "aws_s3_bucket_public_access_block" "n" {
  bucket                  = aws_s3_bucket.n.id
  restrict_public_buckets = true
}
resource "aws_s3_bucket_policy" "n" {
  bucket = aws_s3_bucket.n.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "${aws_s3_bucket.n.arn}/*" }] })
}
