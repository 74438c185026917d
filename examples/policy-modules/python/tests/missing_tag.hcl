case "a bucket without tags" {
  change "aws_s3_bucket.logs" {
    after = { bucket = "logs" }
  }
  expect "TEAM001" {
    address = "aws_s3_bucket.logs"
    path    = "tags.owner"
  }
}

case "an empty tag is no tag" {
  change "aws_s3_bucket.logs" {
    after = { bucket = "logs", tags = { owner = " " } }
  }
  expect "TEAM001" {
    address = "aws_s3_bucket.logs"
  }
}

case "tags that are known only after apply" {
  change "aws_s3_bucket.logs" {
    after   = { bucket = "logs" }
    unknown = ["tags"]
  }
  expect "TEAM001" {
    address = "aws_s3_bucket.logs"
    outcome = "unverified"
  }
}

# Near misses: they look alike and must not be flagged.
case "a bucket with the tag, and one that the provider tags" {
  change "aws_s3_bucket.logs" {
    after = { bucket = "logs", tags = { owner = "group:data" } }
  }
  change "module.site[\"eu\"].aws_s3_bucket.site" {
    after = { bucket = "site", tags = null, tags_all = { owner = "group:web" } }
  }
}

case "a bucket that goes away, and what is no bucket" {
  change "aws_s3_bucket.old" {
    actions = ["delete"]
    before  = { bucket = "old" }
  }
  change "aws_s3_bucket_policy.logs" {
    after = {}
  }
}

case "the tags are a setting" {
  settings = { required_tags = ["cost-center"] }
  change "aws_iam_role.ci" {
    after = { tags = { owner = "group:data" } }
  }
  expect "TEAM001" {
    address = "aws_iam_role.ci"
    path    = "tags[\"cost-center\"]"
  }
}
