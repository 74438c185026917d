variable "name" {
  type = string
}

variable "services" {
  type    = list(string)
  default = []
}

variable "document" {
  type = string
}

locals {
  decoded = jsondecode(var.document)
  allowed = [for s in var.services : "${s}:*" if s != "kms"]
}

data "aws_iam_policy_document" "inner" {
  source_policy_documents = [var.document]
  statement {
    sid       = "Inner${title(var.name)}"
    actions   = sort(local.allowed)
    resources = [for s in var.services : "arn:aws:${s}:*:*:${var.name}"]
  }
}

resource "aws_iam_policy" "inner" {
  name   = "inner-${var.name}"
  policy = data.aws_iam_policy_document.inner.json
}

output "statements" {
  value = concat(local.decoded.Statement, jsondecode(data.aws_iam_policy_document.inner.json).Statement)
}
