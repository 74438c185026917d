# The twenty rules of `crates/policy-sdk/tests/guests/bench.rs`, as a careful team writes them in Rego.
package main

import rego.v1

changes contains change if {
	some change in input.resource_changes
	change.mode == "managed"
	not change.change.actions == ["delete"]
}

of_type[kind] contains change if {
	some change in changes
	kind := change.type
}

allowed contains {"address": change.address, "statement": statement} if {
	some change in of_type.aws_iam_policy
	document := json.unmarshal(change.change.after.policy)
	some statement in as_list(document.Statement)
	statement.Effect == "Allow"
}

deny contains sprintf("%s allows everything", [found.address]) if {
	some found in allowed
	"*" in as_list(found.statement.Action)
	"*" in as_list(found.statement.Resource)
}

deny contains sprintf("%s administers IAM", [found.address]) if {
	some found in allowed
	"*" in as_list(found.statement.Resource)
	some action in as_list(found.statement.Action)
	startswith(action, "iam:")
}

deny contains sprintf("%s allows all but a list", [found.address]) if {
	some found in allowed
	found.statement.NotAction
}

deny contains sprintf("%s allows all of a service", [found.address]) if {
	some found in allowed
	some action in as_list(found.statement.Action)
	endswith(action, ":*")
}

deny contains sprintf("%s can be assumed by anyone", [change.address]) if {
	some change in of_type.aws_iam_role
	document := json.unmarshal(change.change.after.assume_role_policy)
	some statement in as_list(document.Statement)
	statement.Effect == "Allow"
	not statement.Condition
	anyone(statement.Principal)
}

deny contains sprintf("%s has sessions of more than four hours", [change.address]) if {
	some change in of_type.aws_iam_role
	change.change.after.max_session_duration > 14400
}

deny contains sprintf("%s has no owner", [change.address]) if {
	some change in of_type.aws_iam_role
	not change.change.after.tags.owner
}

deny contains sprintf("%s is called an administrator", [change.address]) if {
	some change in of_type.aws_iam_role
	contains(change.change.after.name, "admin")
}

deny contains sprintf("%s attaches AdministratorAccess", [change.address]) if {
	some change in of_type.aws_iam_role_policy_attachment
	endswith(change.change.after.policy_arn, "policy/AdministratorAccess")
}

deny contains sprintf("%s attaches PowerUserAccess", [change.address]) if {
	some change in of_type.aws_iam_role_policy_attachment
	endswith(change.change.after.policy_arn, "policy/PowerUserAccess")
}

deny contains sprintf("%s attaches IAMFullAccess", [change.address]) if {
	some change in of_type.aws_iam_role_policy_attachment
	endswith(change.change.after.policy_arn, "policy/IAMFullAccess")
}

deny contains sprintf("%s attaches to a role of root", [change.address]) if {
	some change in of_type.aws_iam_role_policy_attachment
	startswith(change.change.after.role, "root")
}

deny contains sprintf("%s runs on an old runtime", [change.address]) if {
	some change in of_type.aws_lambda_function
	change.change.after.runtime in {"nodejs12.x", "nodejs14.x", "python3.7", "ruby2.7"}
}

deny contains sprintf("%s has a variable that is named like a secret", [change.address]) if {
	some change in of_type.aws_lambda_function
	some name, _ in change.change.after.environment[0].variables
	some word in ["PASSWORD", "SECRET", "TOKEN"]
	contains(name, word)
}

deny contains sprintf("%s may run for more than five minutes", [change.address]) if {
	some change in of_type.aws_lambda_function
	change.change.after.timeout > 300
}

deny contains sprintf("%s has more than 3 GB", [change.address]) if {
	some change in of_type.aws_lambda_function
	change.change.after.memory_size > 3008
}

deny contains sprintf("%s is emptied without asking", [change.address]) if {
	some change in of_type.aws_s3_bucket
	change.change.after.force_destroy == true
}

deny contains sprintf("%s is called public", [change.address]) if {
	some change in of_type.aws_s3_bucket
	contains(change.change.after.bucket, "public")
}

deny contains sprintf("%s has no owner", [change.address]) if {
	some change in of_type.aws_s3_bucket
	not change.change.after.tags.owner
}

deny contains sprintf("%s has no end", [change.address]) if {
	some change in of_type.aws_s3_bucket
	not change.change.after.tags["expires-at"]
}

as_list(value) := value if is_array(value)

as_list(value) := [value] if not is_array(value)

anyone(principal) if principal == "*"

anyone(principal) if "*" in as_list(principal.AWS)
