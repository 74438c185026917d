case "three resources at once" {
  change "aws_sqs_queue.a" {
    actions = ["delete"]
    before  = { name = "a" }
  }
  change "aws_sqs_queue.b" {
    actions = ["delete"]
    before  = { name = "b" }
  }
  change "aws_sns_topic.c" {
    actions = ["delete"]
    before  = { name = "c" }
  }
  expect "EXAMPLE-REGO3" {
    message = "3 resources are deleted, 2 are allowed"
  }
}

case "two resources, and none of this cloud" {
  change "aws_sqs_queue.a" {
    actions = ["delete"]
    before  = { name = "a" }
  }
  change "aws_sqs_queue.b" {
    actions = ["delete"]
    before  = { name = "b" }
  }
}

case "the operator allows none" {
  settings = { deletions_max = 0 }
  change "aws_sqs_queue.a" {
    actions = ["delete"]
    before  = { name = "a" }
  }
  expect "EXAMPLE-REGO3" {
    message = "1 resources are deleted, 0 are allowed"
  }
}
