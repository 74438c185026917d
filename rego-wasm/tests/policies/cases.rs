//! The plan, the data, and a policy of each style with the messages that it has for that plan.

/// What stands beside the policies.
pub(crate) const DATA: [(&str, &str); 3] = [
    (
        "data/regions.yaml",
        "allowed_regions:\n  - eu-central-1\n  - eu-west-1\nlimits:\n  volume: 100\n",
    ),
    (
        "data/teams.json",
        r#"{"teams": {"a": {"owners": ["ann", "ben"]}, "b": {"owners": []}}}"#,
    ),
    ("data/names/buckets.yaml", "pattern: ^[a-z-]+$\n"),
];

/// A plan with what the policies look for, and with what is near it.
pub(crate) const PLAN: &str = r#"{
  "format_version": "1.2", "terraform_version": "1.11.4",
  "variables": {"region": {"value": "us-east-1"}},
  "planned_values": {"outputs": {}, "root_module": {}},
  "resource_changes": [
    {"address": "aws_s3_bucket.logs", "mode": "managed", "type": "aws_s3_bucket", "name": "logs",
     "provider_name": "registry.opentofu.org/hashicorp/aws",
     "change": {"actions": ["create"], "before": null,
       "after": {"bucket": "logs", "acl": "public-read", "tags": {"team": "a"}, "versioning": [{"enabled": false}]},
       "after_unknown": {"arn": true, "id": true}, "before_sensitive": false, "after_sensitive": {}}},
    {"address": "aws_s3_bucket.data[\"eu\"]", "mode": "managed", "type": "aws_s3_bucket", "name": "data", "index": "eu",
     "provider_name": "registry.opentofu.org/hashicorp/aws",
     "change": {"actions": ["update"], "before": {"bucket": "DATA_1", "acl": "private", "tags": {"owner": "ann", "team": "a"}},
       "after": {"bucket": "DATA_1", "acl": "private", "tags": {"owner": "ann", "team": "a"}, "versioning": [{"enabled": true}]},
       "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}},
    {"address": "module.net.aws_security_group.web[0]", "module_address": "module.net", "mode": "managed",
     "type": "aws_security_group", "name": "web", "index": 0,
     "provider_name": "registry.opentofu.org/hashicorp/aws",
     "change": {"actions": ["create"], "before": null,
       "after": {"name": "web", "tags": null, "ingress": [
         {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]},
         {"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}]},
       "after_unknown": {"id": true, "ingress": [{}, {}]}, "before_sensitive": false, "after_sensitive": {}}},
    {"address": "aws_db_instance.old", "mode": "managed", "type": "aws_db_instance", "name": "old",
     "provider_name": "registry.opentofu.org/hashicorp/aws",
     "change": {"actions": ["delete"], "before": {"identifier": "old", "storage_encrypted": false, "allocated_storage": 20},
       "after": null, "after_unknown": {}, "before_sensitive": {}, "after_sensitive": false}},
    {"address": "aws_db_instance.new", "mode": "managed", "type": "aws_db_instance", "name": "new",
     "provider_name": "registry.opentofu.org/hashicorp/aws",
     "change": {"actions": ["delete", "create"], "before": {"identifier": "new", "allocated_storage": 20},
       "after": {"identifier": "new", "storage_encrypted": false, "allocated_storage": 500, "engine_version": "13.2.0"},
       "after_unknown": {"address": true}, "before_sensitive": {}, "after_sensitive": {}}},
    {"address": "aws_iam_policy.admin", "mode": "managed", "type": "aws_iam_policy", "name": "admin",
     "provider_name": "registry.opentofu.org/hashicorp/aws",
     "change": {"actions": ["create"], "before": null,
       "after": {"name": "admin", "policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"},
       "after_unknown": {"arn": true}, "before_sensitive": false, "after_sensitive": {}}},
    {"address": "data.aws_ami.base", "mode": "data", "type": "aws_ami", "name": "base",
     "provider_name": "registry.opentofu.org/hashicorp/aws",
     "change": {"actions": ["read"], "before": null, "after": {"most_recent": true, "owners": ["amazon"]},
       "after_unknown": {"id": true}, "before_sensitive": false, "after_sensitive": {}}},
    {"address": "aws_instance.same", "mode": "managed", "type": "aws_instance", "name": "same",
     "provider_name": "registry.opentofu.org/hashicorp/aws",
     "change": {"actions": ["no-op"], "before": {"instance_type": "m5.24xlarge", "tags": {"owner": "ben"}},
       "after": {"instance_type": "m5.24xlarge", "tags": {"owner": "ben"}},
       "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}}
  ],
  "output_changes": {"url": {"actions": ["create"], "before": null, "after": "http://x", "after_unknown": false,
    "before_sensitive": false, "after_sensitive": false}}
}"#;

/// File name, text, messages; `warn: ` before those of warnings. Files with `# v0` are of the older grammar.
pub(crate) const CASES: [(&str, &str, &[&str]); 22] = [
    (
        "acl",
        "package acl\nimport rego.v1\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\tr.type == \"aws_s3_bucket\"\n\tr.change.after.acl == \"public-read\"\n\tmsg := sprintf(\"%s is public\", [r.address])\n}\n",
        &["aws_s3_bucket.logs is public"],
    ),
    (
        "acl_old",
        "# v0\npackage acl_old\n\ndeny[msg] {\n  r := input.resource_changes[_]\n  r.type == \"aws_s3_bucket\"\n  r.change.after.acl == \"public-read\"\n  msg = sprintf(\"%v: no %v\", [r.address, r.change.after.acl])\n}\n",
        &["aws_s3_bucket.logs: no public-read"],
    ),
    (
        "alias",
        "# v0\npackage alias\nimport input as tfplan\n\nis_create(actions) { actions[_] == \"create\" }\n\nviolation[{\"msg\": msg, \"details\": {\"name\": r.name}}] {\n  r := tfplan.resource_changes[i]\n  is_create(r.change.actions)\n  r.type == \"aws_iam_policy\"\n  doc := json.unmarshal(r.change.after.policy)\n  s := doc.Statement[_]\n  s.Effect == \"Allow\"\n  s.Action == \"*\"\n  msg := concat(\" \", [r.address, \"allows everything\"])\n}\n",
        &["aws_iam_policy.admin allows everything"],
    ),
    (
        "regions",
        "package regions\nimport rego.v1\n\ndeny contains msg if {\n\tregion := input.variables.region.value\n\tnot region in data.allowed_regions\n\tmsg := sprintf(\"region %q is not one of %v\", [region, concat(\", \", sort(data.allowed_regions))])\n}\n",
        &["region \"us-east-1\" is not one of eu-central-1, eu-west-1"],
    ),
    (
        "tags",
        "package tags\nimport rego.v1\n\nrequired := {\"owner\", \"team\"}\n\ntaggable := [r | some r in input.resource_changes; r.mode == \"managed\"; not \"delete\" in r.change.actions; r.type != \"aws_iam_policy\"]\n\nwarn contains msg if {\n\tsome r in taggable\n\thave := {k | some k, _ in object.get(r.change.after, \"tags\", {})}\n\tmissing := required - have\n\tcount(missing) > 0\n\tmsg := sprintf(\"%s lacks %v\", [r.address, sort([m | some m in missing])])\n}\n",
        &[
            "warn: aws_s3_bucket.logs lacks [\"owner\"]",
            "warn: aws_instance.same lacks [\"team\"]",
            "warn: module.net.aws_security_group.web[0] lacks [\"owner\", \"team\"]",
        ],
    ),
    (
        "ports",
        "package ports\nimport rego.v1\n\nopen_to_world(rule) if {\n\tsome cidr in rule.cidr_blocks\n\tnet.cidr_contains(cidr, \"8.8.8.8/32\")\n}\n\ndeny_ssh contains msg if {\n\tsome r in input.resource_changes\n\tsome i, rule in r.change.after.ingress\n\trule.from_port <= 22\n\trule.to_port >= 22\n\topen_to_world(rule)\n\tmsg := sprintf(\"%s: rule %d is open\", [r.address, i])\n}\n",
        &["module.net.aws_security_group.web[0]: rule 0 is open"],
    ),
    (
        "deletes",
        "# v0\npackage deletes\nimport future.keywords.in\n\nwarn[msg] {\n  some r in input.resource_changes\n  \"delete\" in r.change.actions\n  not \"create\" in r.change.actions\n  msg := sprintf(\"%s goes away, it had %d GB\", [r.address, r.change.before.allocated_storage])\n}\n",
        &["warn: aws_db_instance.old goes away, it had 20 GB"],
    ),
    (
        "replaces",
        "package replaces\nimport rego.v1\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\tr.change.actions == [\"delete\", \"create\"]\n\tgrown := r.change.after.allocated_storage - r.change.before.allocated_storage\n\tgrown > data.limits.volume\n\tmsg := sprintf(\"%s grows by %d\", [r.name, grown])\n}\n",
        &["new grows by 480"],
    ),
    (
        "counts",
        "package counts\nimport rego.v1\n\nby_type[t] := n if {\n\tsome t in {r.type | some r in input.resource_changes}\n\tn := count([1 | some r in input.resource_changes; r.type == t])\n}\n\ndeny contains msg if {\n\tsome t, n in by_type\n\tn >= 2\n\tmsg := sprintf(\"%d of %s\", [n, t])\n}\n",
        &["2 of aws_s3_bucket", "2 of aws_db_instance"],
    ),
    (
        "names",
        "package names\nimport rego.v1\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\tr.type == \"aws_s3_bucket\"\n\tnot regex.match(data.names.pattern, r.change.after.bucket)\n\tmsg := sprintf(\"bucket %s: %s\", [r.change.after.bucket, lower(r.change.after.bucket)])\n}\n",
        &["bucket DATA_1: data_1"],
    ),
    (
        "unknowns",
        "package unknowns\nimport rego.v1\n\nwarn contains msg if {\n\tsome r in input.resource_changes\n\tr.change.after_unknown.arn\n\tmsg := sprintf(\"%s has an ARN that nobody knows yet\", [r.address])\n}\n",
        &[
            "warn: aws_s3_bucket.logs has an ARN that nobody knows yet",
            "warn: aws_iam_policy.admin has an ARN that nobody knows yet",
        ],
    ),
    (
        "indexes",
        "package indexes\nimport rego.v1\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\tis_string(r.index)\n\tmsg := sprintf(\"%s of %s\", [r.index, r.name])\n}\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\tis_number(r.index)\n\tmsg := sprintf(\"%v in %s\", [r.index, r.module_address])\n}\n",
        &["eu of data", "0 in module.net"],
    ),
    (
        "excepted",
        "package excepted\nimport rego.v1\n\ndeny_all contains \"everything\" if input.format_version\n\ndeny_most contains \"most\" if input.format_version\n\nexception contains rules if rules := [\"all\"]\n",
        &["most"],
    ),
    (
        "walks",
        "package walks\nimport rego.v1\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\twalk(r.change.after, [path, value])\n\tvalue == \"0.0.0.0/0\"\n\tmsg := concat(\"/\", [sprintf(\"%v\", [p]) | some p in path])\n}\n",
        &["ingress/0/cidr_blocks/0"],
    ),
    (
        "every",
        "package every_one\nimport rego.v1\n\ndeny contains \"a team without owners\" if {\n\tnot all_owned\n}\n\nall_owned if {\n\tevery _, team in data.teams {\n\t\tcount(team.owners) > 0\n\t}\n}\n",
        &["a team without owners"],
    ),
    (
        "versions",
        "package versions\nimport rego.v1\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\tsemver.compare(r.change.after.engine_version, \"14.0.0\") == -1\n\tmsg := sprintf(\"%s is too old: %s\", [r.address, split(r.change.after.engine_version, \".\")[0]])\n}\n",
        &["aws_db_instance.new is too old: 13"],
    ),
    (
        "else",
        "package elses\nimport rego.v1\n\nlevel(r) := \"high\" if {\n\tr.type == \"aws_iam_policy\"\n} else := \"low\"\n\ndefault enabled := true\n\ndeny contains msg if {\n\tenabled\n\tsome r in input.resource_changes\n\tlevel(r) == \"high\"\n\tmsg := r.address\n}\n",
        &["aws_iam_policy.admin"],
    ),
    (
        "lib",
        "package lib.plan\nimport rego.v1\n\nchanged contains r if {\n\tsome r in input.resource_changes\n\tnot r.change.actions == [\"no-op\"]\n}\n\nof_type(t) := [r | some r in changed; r.type == t]\n",
        &[],
    ),
    (
        "uses_lib",
        "package uses_lib\nimport rego.v1\nimport data.lib.plan\n\ndeny contains msg if {\n\tsome r in plan.of_type(\"aws_instance\")\n\tmsg := r.address\n}\n\nwarn contains msg if {\n\tmsg := sprintf(\"%d changes\", [count(plan.changed)])\n}\n",
        &["warn: 7 changes"],
    ),
    (
        "nulls",
        "package nulls\nimport rego.v1\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\tr.change.after.tags.owner == \"nobody\"\n\tmsg := r.address\n}\n\ndeny contains msg if {\n\tsome r in input.resource_changes\n\tto_number(r.change.after.bucket) > 1\n\tmsg := \"a number\"\n}\n",
        &[],
    ),
    (
        "near",
        "# v0\npackage near\n\ndeny[msg] {\n  r := input.resource_changes[_]\n  r.type == \"aws_s3_bucket\"\n  r.change.after.acl == \"public-read-write\"\n  msg := r.address\n}\n\ndenyish[msg] { msg := \"not a rule that counts\" }\n\nwarned[msg] { msg := \"nor this\" }\n",
        &[],
    ),
    (
        "types",
        "package types\nimport rego.v1\n\nafter := [r.change.after | some r in input.resource_changes]\n\ndeny contains \"starts\" if {\n\tsome a in after\n\tstartswith(a.tags, \"x\")\n}\n\ndeny contains \"counts\" if {\n\tsome a in after\n\tcount(a.allocated_storage) == 0\n}\n\ndeny contains \"has\" if {\n\tsome a in after\n\t\"x\" in a.tags\n}\n\ndeny contains \"indexes\" if {\n\tsome a in after\n\ta.tags[_] == \"ann\"\n\ta.bucket[_] == \"l\"\n}\n\ndeny contains \"nested\" if {\n\tsome x in [y | some y in [1, 2]; some z in object.get({}, \"x\", null)]\n\tx > 0\n}\n\nwarn contains sprintf(\"%d of %v\", [count(after), {\"a\": [1, null, true]}])\n\nwarn contains sprintf(\"%s|%5d|%.2f|%x\", [\"a\", 3, 2.5, 255])\n",
        &["warn: 8 of {\"a\": [1, null, true]}", "warn: a|    3|2.50|ff"],
    ),
];
