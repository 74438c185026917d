# METADATA
# description: Each bucket is judged alone.
# custom:
#   sharding: per-resource
#   resource_types: ["aws_s3_bucket"]
package buckets

import rego.v1

# METADATA
# title: Public bucket
# description: Anybody on the internet reads what is in it.
# custom:
#   rule: EXAMPLE-REGO1
#   severity: critical
#   remediation: take `acl` out, and share through a policy that names its readers
deny contains {"msg": msg, "path": "acl"} if {
	some resource in input.resource_changes
	startswith(resource.change.after.acl, "public-")
	msg := sprintf("%s is readable by everybody", [resource.address])
}

# METADATA
# title: Missing owner
# description: Nobody is asked before it is changed or deleted.
# custom:
#   rule: EXAMPLE-REGO2
#   severity: medium
#   remediation: name a team in `tags.owner`
deny contains {"msg": msg, "path": "tags"} if {
	some resource in input.resource_changes
	not resource.change.after_unknown.tags
	resource.change.after
	not resource.change.after.tags.owner
	msg := sprintf("%s has no owner", [resource.address])
}

deny contains {"msg": msg, "path": "tags"} if {
	some resource in input.resource_changes
	owner := resource.change.after.tags.owner
	not owner in data.teams
	msg := sprintf("%s belongs to `%s`, which is no team", [resource.address, owner])
}
