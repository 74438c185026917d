# The governed way: every identity of the cloud has a record that claims it. Nothing is to be found but the last block.

terraform {
  required_providers {
    aws = {
      source  = "registry.terraform.io/hashicorp/aws"
      version = "5.100.0"
    }
    nhi = {
      source = "nhi/nhi"
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

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "orders" {
  name               = "orders"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "nhi_identity" "orders" {
  name            = "orders"
  kind            = "workload"
  technical_owner = "team:orders"
  policy_owner    = "team:iam"
  environment     = "staging"
  ttl             = "720h"
  revoked_by      = ["ttl", "workload_delete"]
  external        = [aws_iam_role.orders.arn]

  purpose = {
    summary = "Takes orders in"
    task    = "Order intake, worker"
  }

  scope = [{
    backend  = "aws"
    resource = "arn:aws:sqs:eu-west-1:111122223333:orders"
    actions  = ["sqs:ReceiveMessage"]
  }]
}

# Found: its twin, which no record claims.
resource "aws_iam_role" "forgotten" {
  name               = "forgotten"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
