# Only for the tests of this folder: set NHI_POLICY=nhi.hcl. An exception counts everywhere, so every environment says it.
environment "production" {
  warn = true
}

environment "staging" {
  warn = true
}
