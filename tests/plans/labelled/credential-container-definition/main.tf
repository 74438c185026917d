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

resource "aws_ecs_task_definition" "web" {
  family = "web"

  container_definitions = jsonencode([{
    name   = "web"
    image  = "acme/web:1"
    memory = 256
    environment = [
      { name = "STRIPE_KEY", value = "sk_live_f8rESQedUStPKR0CsTy4Qwb8" },
      { name = "PORT", value = "8080" },
    ]
  }])
}
