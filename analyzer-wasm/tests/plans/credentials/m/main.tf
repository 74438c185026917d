variable "password" {
  type = string
}
resource "aws_db_instance" "d" {
  count               = 2
  identifier          = "mod-${count.index}"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "app"
  password            = var.password
  skip_final_snapshot = true
}
