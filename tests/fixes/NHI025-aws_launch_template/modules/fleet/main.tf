terraform {
  required_providers {
    aws = {
      source = "registry.terraform.io/hashicorp/aws"
    }
  }
}

variable "name" {
  type = string
}

resource "aws_launch_template" "this" {
	name_prefix   = "${var.name}-"
	image_id      = "ami-0123456789abcdef0"
	instance_type = "t3.small"

	iam_instance_profile {
		name = var.name
	}

	metadata_options {
		http_tokens="optional"
	}
}
