case "a bucket that everybody reads" {
  change "module.site[\"eu\"].aws_s3_bucket.logs" {
    after = { acl = "public-read", tags = { owner = "platform" } }
  }
  expect "EXAMPLE-REGO1" {
    address = "module.site[\"eu\"].aws_s3_bucket.logs"
    path    = "acl"
    message = "module.site[\"eu\"].aws_s3_bucket.logs is readable by everybody"
  }
}

case "a bucket of nobody" {
  change "aws_s3_bucket.logs" {
    after = { acl = "private" }
  }
  expect "EXAMPLE-REGO2" {
    address = "aws_s3_bucket.logs"
  }
}

case "a bucket of a team that is not there" {
  change "aws_s3_bucket.logs" {
    after = { tags = { owner = "gone" } }
  }
  expect "EXAMPLE-REGO-BUCKETS-DENY" {
    address = "aws_s3_bucket.logs"
    message = "aws_s3_bucket.logs belongs to `gone`, which is no team"
  }
}

case "a bucket as it should be" {
  change "aws_s3_bucket.logs" {
    after = { acl = "private", tags = { owner = "payments" } }
  }
}

case "tags that are known only after apply" {
  change "aws_s3_bucket.logs" {
    after   = { acl = "private" }
    unknown = ["tags"]
  }
}
