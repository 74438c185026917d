# The whole plan is judged at once, by the grammar before Rego 1, as conftest ran it for years.
package main

# METADATA
# title: Many deletions
# description: A plan that deletes much at once is rarely meant.
# custom:
#   rule: EXAMPLE-REGO3
#   severity: high
#   resource_types: ["aws_*"]
deny[msg] {
  deleted := {r.address | r := input.resource_changes[_]; r.change.actions[_] == "delete"}
  count(deleted) > data.settings.deletions_max
  msg := sprintf("%d resources are deleted, %d are allowed", [count(deleted), data.settings.deletions_max])
}
