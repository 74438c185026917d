variable "policy" {}
variable "bucket" {}
resource "aws_iam_role" "r" {
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
  tags               = { owner = "a", expires_at = "2027-01-01" }
}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["iam:*"]
    resources = ["*"]
  }
  statement {
    actions   = ["s3:GetObject"]
    resources = [var.bucket]
  }
}
resource "aws_iam_role_policy" "own" {
  count  = 2
  role   = aws_iam_role.r.id
  policy = data.aws_iam_policy_document.d.json
}
resource "aws_iam_role_policy" "given" {
  role   = aws_iam_role.r.id
  policy = var.policy
}
