name       = "example-rego"
version    = "1.0.0"
namespaces = ["buckets", "main"]
