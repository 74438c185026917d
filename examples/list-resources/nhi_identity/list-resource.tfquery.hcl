list "nhi_identity" "production" {
  provider = nhi

  config {
    environment  = "production"
    with_expired = false
  }
}
