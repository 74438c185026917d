terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "mock_access_key"
  secret_key                  = "mock_secret_key"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
variable "db_password" {
  type      = string
  sensitive = true
  default   = "Sup3rS3cret!2024"
}
variable "plain" {
  default = "eu-west-1"
}
resource "aws_db_instance" "lit" {
  identifier          = "lit"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "app"
  password            = "hunter2hunter2"
  skip_final_snapshot = true
}
resource "aws_db_instance" "var" {
  identifier          = "var"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "app"
  password            = var.db_password
  skip_final_snapshot = true
}
resource "aws_db_instance" "wo" {
  identifier          = "wo"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "app"
  password_wo         = "hunter3hunter3"
  password_wo_version = 1
  skip_final_snapshot = true
}
resource "aws_db_instance" "managed" {
  identifier                  = "m"
  engine                      = "postgres"
  instance_class              = "db.t3.micro"
  allocated_storage           = 20
  username                    = "app"
  manage_master_user_password = true
  skip_final_snapshot         = true
}
resource "aws_secretsmanager_secret" "s" {
  name = "payments/db"
}
resource "aws_secretsmanager_secret_version" "v" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = jsonencode({ username = "app", password = var.db_password, host = aws_db_instance.var.address })
}
resource "aws_secretsmanager_secret_version" "v2" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = jsonencode({ username = "app", password = "An0ther!Secret9" })
}
resource "aws_ssm_parameter" "plain" {
  name  = "/payments/db_password"
  type  = "String"
  value = "Pl41nPassw0rd!"
}
resource "aws_ssm_parameter" "url" {
  name  = "/payments/url"
  type  = "String"
  value = "https://example.com"
}
resource "aws_ssm_parameter" "sec" {
  name  = "/payments/token"
  type  = "SecureString"
  value = aws_iam_service_specific_credential.c.service_password
}
resource "aws_iam_user" "u" {
  name = "u"
}
resource "aws_iam_service_specific_credential" "c" {
  service_name = "codecommit.amazonaws.com"
  user_name    = aws_iam_user.u.name
}
resource "aws_instance" "i" {
  ami           = "ami-12345678"
  instance_type = "t3.micro"
  user_data     = <<-EOT
    #!/bin/sh
    export DB_PASSWORD='Us3rD4ta!Secret'
    mysql -u root -p"$DB_PASSWORD"
  EOT
  provisioner "remote-exec" {
    inline = ["echo token: q8Zk2LmX0vRtY7bNcW > /x"]
    connection {
      type     = "ssh"
      host     = "1.2.3.4"
      user     = "root"
      password = "C0nnection!pw1"
    }
  }
}
resource "aws_launch_template" "lt" {
  user_data = base64gzip("#!/bin/sh\nexport API_TOKEN=z8Zk2LmX0vRtY7bNcX\n")
}
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = "arn:aws:iam::111122223333:role/x"
  image_uri     = "x"
  package_type  = "Image"
  environment {
    variables = {
      DB_PASSWORD = var.db_password
      DB_USER     = "app"
      SECRET_ARN  = aws_secretsmanager_secret.s.arn
      TOKEN       = aws_iam_service_specific_credential.c.service_password
    }
  }
}
resource "aws_ecs_task_definition" "t" {
  family                = "t"
  container_definitions = jsonencode([{ name = "app", image = "x", environment = [{ name = "API_KEY", value = "k3yZk2LmX0vRtY7bNcW" }], secrets = [{ name = "DB_PASSWORD", valueFrom = "arn:aws:ssm:eu-west-1:111122223333:parameter/x" }] }])
}
resource "aws_cloudwatch_event_connection" "e" {
  name               = "e"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "x-api-key"
      value = "ev3ntZk2LmX0vRtY7bNcW"
    }
  }
}
resource "aws_mq_broker" "b" {
  broker_name        = "b"
  engine_type        = "ActiveMQ"
  engine_version     = "5.17.6"
  host_instance_type = "mq.t3.micro"
  user {
    username = "app"
    password = "mqPassword12345"
  }
}
module "m" {
  source   = "./m"
  password = "M0dule!Passw0rd"
}
output "leak" {
  value = aws_cloudwatch_event_connection.e.secret_arn
}
output "pw" {
  value     = aws_iam_service_specific_credential.c.service_password
  sensitive = true
}
output "open" {
  value = nonsensitive(aws_iam_service_specific_credential.c.service_password)
}
