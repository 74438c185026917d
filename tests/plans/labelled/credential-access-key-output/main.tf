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

resource "aws_iam_user" "bot" {
  name = "bot"
}

resource "aws_iam_access_key" "bot" {
  user = aws_iam_user.bot.name
}

output "secret" {
  value     = aws_iam_access_key.bot.secret
  sensitive = true
}
