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

resource "aws_iam_role" "admin" {
  name = "admin"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "pods.eks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "admin" {
  role       = aws_iam_role.admin.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_eks_pod_identity_association" "jobs" {
  cluster_name    = "platform"
  namespace       = "jobs"
  service_account = "runner"
  role_arn        = aws_iam_role.admin.arn
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

resource "aws_iam_policy" "tools" {
  name   = "tools"
  policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": [
            "eks:CreateAccessEntry",
            "eks:AssociateAccessPolicy"
          ],
          "Resource": [
            "arn:aws:eks:eu-west-1:111122223333:cluster/sandbox",
            "arn:aws:eks:eu-west-1:111122223333:access-entry/sandbox/*"
          ]
        }
      ]
    }
  EOT
}

resource "aws_iam_role_policy_attachment" "tools" {
  role       = aws_iam_role.actor.name
  policy_arn = aws_iam_policy.tools.arn
}
