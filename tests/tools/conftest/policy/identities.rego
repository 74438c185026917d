# What a careful team writes for itself: four of the rules of this product, on planned values, without what is unknown.
package main

import rego.v1

changes contains change if {
	some change in input.resource_changes
	change.mode == "managed"
	not change.change.actions == ["delete"]
}

# Policies of every type that holds one as text.
statements contains {"address": change.address, "statement": statement} if {
	some change in changes
	change.type in {"aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"}
	document := json.unmarshal(change.change.after.policy)
	some statement in as_list(document.Statement)
	statement.Effect == "Allow"
}

# Everything is allowed.
deny contains message if {
	some found in statements
	"*" in as_list(found.statement.Action)
	"*" in as_list(found.statement.Resource)
	message := sprintf("%s allows everything", [found.address])
}

# Privileges can be raised.
deny contains message if {
	some found in statements
	"*" in as_list(found.statement.Resource)
	some action in as_list(found.statement.Action)
	regex.match(`^iam:(\*|Attach|Put|Create(AccessKey|LoginProfile|PolicyVersion)|Update|SetDefault|AddUser)`, action)
	message := sprintf("%s administers IAM", [found.address])
}

# Anyone may assume the role.
deny contains message if {
	some change in changes
	change.type == "aws_iam_role"
	document := json.unmarshal(change.change.after.assume_role_policy)
	some statement in as_list(document.Statement)
	statement.Effect == "Allow"
	not statement.Condition
	anyone(statement.Principal)
	message := sprintf("%s can be assumed by anyone", [change.address])
}

# A key that never ends.
deny contains message if {
	some change in changes
	change.type == "aws_iam_access_key"
	message := sprintf("%s is a static key", [change.address])
}

as_list(value) := value if is_array(value)

as_list(value) := [value] if not is_array(value)

anyone(principal) if principal == "*"

anyone(principal) if "*" in as_list(principal.AWS)
