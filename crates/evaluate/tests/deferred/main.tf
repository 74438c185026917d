terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "AKIAIOSFODNN7EXAMPLE"
  secret_key                  = "x"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}

variable "teams" {
  type = map(object({
    services = list(string)
    admin    = optional(bool, false)
    accounts = optional(set(string), ["111122223333"])
  }))
  default = {
    red   = { services = ["s3", "sqs"], admin = true }
    green = { services = ["sns"], accounts = ["444455556666", "111122223333", "777788889999"] }
    blue  = { services = ["dynamodb", "s3", "kms"] }
    none  = { services = [] }
  }
}

variable "known" {
  type    = bool
  default = false
}

# Unknown until apply, unless the variable says otherwise.
resource "terraform_data" "u" {
  input = "unit"
}

locals {
  verbs    = ["Get*", "List*", "Put*", "Describe*", "Delete*"]
  services = ["s3", "sqs", "sns", "kms", "ec2", "iam", "lambda"]
  tests    = ["StringEquals", "StringLike", "ForAnyValue:StringLike", "ArnLike", "Bool"]
  keys     = ["aws:SourceArn", "aws:PrincipalTag/team", "aws:PrincipalOrgID", "s3:prefix"]
  kinds    = ["AWS", "Service", "Federated", "*"]
  count    = 90
  unit     = var.known ? "unit" : terraform_data.u.output
}

# Every combination of the arguments, by arithmetic.
data "aws_iam_policy_document" "many" {
  count     = local.count
  version   = count.index % 11 == 0 ? "2008-10-17" : null
  policy_id = count.index % 5 == 0 ? "policy-${count.index}" : null

  dynamic "statement" {
    for_each = range(1 + count.index % 4)
    iterator = st
    content {
      sid           = (count.index + st.value) % 3 == 0 ? "S${st.value}x${count.index}" : null
      effect        = (count.index + st.key) % 4 == 1 ? "Deny" : (count.index % 2 == 0 ? "Allow" : null)
      actions       = (count.index + st.value) % 6 == 5 ? null : [for v in slice(local.verbs, 0, 1 + (count.index + st.value) % 4) : "${local.services[(count.index + st.value) % 7]}:${v}"]
      not_actions   = (count.index + st.value) % 6 == 5 ? ["iam:*", "organizations:*"] : []
      resources     = (count.index + st.value) % 8 == 7 ? [] : compact(["arn:aws:s3:::bucket-${local.unit}-${count.index}", st.value == 1 ? "arn:aws:s3:::bucket-${local.unit}-${count.index}/*" : "", count.index % 9 == 0 && count.index % 11 != 0 ? "arn:aws:s3:::home/&{aws:username}/*" : ""])
      not_resources = (count.index + st.value) % 8 == 7 ? ["*"] : null

      dynamic "principals" {
        for_each = { for n in range((count.index + st.value) % 4) : n => local.kinds[(count.index + n) % 3] }
        content {
          type        = principals.value
          identifiers = [for id in range(1 + (count.index + tonumber(principals.key)) % 3) : "${principals.value}-${id}-${count.index % 13}"]
        }
      }
      dynamic "not_principals" {
        for_each = count.index % 17 == 3 ? ["AWS"] : []
        content {
          type        = not_principals.value
          identifiers = ["arn:aws:iam::111122223333:root"]
        }
      }
      dynamic "condition" {
        for_each = range((count.index * 7 + st.value) % 5)
        content {
          test     = local.tests[(count.index + condition.value % 2) % 5]
          variable = local.keys[(count.index + condition.value % 3) % 4]
          values   = [for x in range(1 + (count.index + condition.key) % 3) : "v<${x}>&${condition.value}"]
        }
      }
    }
  }
}

data "aws_iam_policy_document" "team" {
  for_each = var.teams

  dynamic "statement" {
    for_each = toset(each.value.services)
    content {
      sid       = title(statement.value)
      actions   = each.value.admin ? ["${statement.value}:*"] : formatlist("${statement.key}:%s", ["Get*", "List*"])
      resources = ["*", "arn:aws:s3:::${local.unit}"]
      principals {
        type        = "AWS"
        identifiers = formatlist("arn:aws:iam::%s:root", each.value.accounts)
      }
    }
  }
}

data "aws_iam_policy_document" "everyone" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::public/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
  statement {
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::public/*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "empty" {}

data "aws_iam_policy_document" "merged" {
  source_policy_documents = concat(
    [for k in ["red", "green"] : data.aws_iam_policy_document.team[k].json],
    [data.aws_iam_policy_document.everyone.minified_json],
    [jsonencode({ Version = "2008-10-17", Id = "lower", Statement = [{ effect = "Deny", Action = "iam:*", Resource = [], Condition = { Bool = { "aws:MultiFactorAuthPresent" = false, "aws:SecureTransport" = ["false"] } }, Principal = "*" }] })],
  )
  override_policy_documents = [
    jsonencode({ Statement = [{ Sid = "S3", Effect = "Deny", Action = ["b", "a"], Resource = "x", Principal = { AWS = ["b", "a", "c"], Service = "s" } }] }),
    data.aws_iam_policy_document.empty.json,
  ]
  statement {
    sid       = "Own"
    actions   = ["kms:Decrypt"]
    resources = ["*"]
  }
}

module "child" {
  source   = "./mod"
  for_each = { for k, v in var.teams : k => v if length(v.services) > 0 }
  name     = each.key
  services = each.value.services
  document = data.aws_iam_policy_document.team[each.key].json
}

resource "aws_iam_policy" "many" {
  count  = 12
  name   = "many-${count.index}"
  path   = "/p/"
  policy = data.aws_iam_policy_document.many[count.index * 7].json
}

resource "aws_iam_policy" "inline" {
  for_each = { a = "s3:*", b = local.unit }
  name     = "inline-${each.key}"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = [each.value, "x:y"], Resource = "*" }]
  })
}

resource "aws_iam_role" "role" {
  for_each           = toset(["lambda", "ec2"])
  name               = "role-${each.key}"
  description        = "for ${each.value}"
  assume_role_policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": { "Service": "${each.key}.amazonaws.com", "AWS": ${jsonencode(local.unit)} },
          "Action": "sts:AssumeRole"
        }
      ]
    }
  EOF
  tags = merge({ Team = "x" }, each.key == "ec2" ? { Extra = "y" } : {})
}

resource "aws_s3_bucket_policy" "joined" {
  bucket = "static"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = flatten([for k, m in module.child : m.statements])
  })
}
