#!/usr/bin/env python3
"""Derives aws-managed-policies.tsv from the managed policies and the actions of iann0036/iam-dataset.

usage: derive-managed-policies.py POLICIES.json ACTIONS.tsv > aws-managed-policies.tsv

POLICIES.json maps a name to {"arn", "document"}; ACTIONS.tsv holds an action and its access levels per line.
What is left out, and why, stands in README.md beside this file.
"""

import collections
import json
import re
import sys

# Reads that are kept: they return data, credentials, or what an attack needs.
DATA = """
codeartifact:GetAuthorizationToken codecommit:GitPull codedeploy:GetDeploymentConfig codepipeline:PollForJobs
cognito-identity:GetCredentialsForIdentity dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PartiQLSelect
dynamodb:Query dynamodb:Scan ebs:GetSnapshotBlock ec2:DescribeInstances ec2:GetPasswordData ecr:BatchGetImage
ecr:GetAuthorizationToken ecs:DescribeTasks kinesis:GetRecords kms:Decrypt lambda:GetFunction
lightsail:DownloadDefaultKeyPair lightsail:GetInstanceAccessDetails logs:GetLogEvents rds-db:connect
redshift:GetClusterCredentials redshift:GetClusterCredentialsWithIAM redshift-data:GetStatementResult
s3:GetObject s3:GetObjectVersion secretsmanager:BatchGetSecretValue secretsmanager:GetSecretValue
sqs:ReceiveMessage ssm:GetParameter ssm:GetParameterHistory ssm:GetParameters ssm:GetParametersByPath
sso:GetRoleCredentials sts:AssumeRole sts:GetFederationToken sts:GetSessionToken
""".lower().split()
READ_VERB = re.compile(r"^[a-z0-9-]+:(get|list|describe|batchget|search|lookup|query|scan|view)")
# A policy that reads as many services, and does hardly anything else, is for auditors.
AUDIT_SERVICES = 20
WIDE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:(?:[a-z-]+[:/])?\*(/\*)?|arn:aws:s3:::\*")
# Keys whose values matter beyond whether they narrow.
VALUED = ("iam:passedtoservice", "iam:policyarn", "iam:permissionsboundary")
# Keys that say little or nothing of the privilege: see facts/iam/condition.rs.
NEUTRAL = """
aws:principalorgid aws:principalorgpaths aws:principalaccount aws:principaltype aws:securetransport
aws:resourceaccount aws:resourceorgid aws:resourceorgpaths aws:useragent aws:referer aws:principalisawsservice
""".split()
WEAK = """
aws:multifactorauthpresent aws:multifactorauthage aws:sourceip aws:vpcsourceip aws:sourcevpc aws:sourcevpce
aws:currenttime aws:epochtime aws:tokenissuetime aws:requestedregion aws:principalarn aws:userid aws:username
aws:viaawsservice aws:calledvia aws:calledviafirst aws:calledvialast aws:federatedprovider
aws:ec2instancesourcevpc aws:ec2instancesourceprivateipv4 aws:sourcevpcarn ec2:sourceinstancearn
lambda:sourcefunctionarn ssm:sourceinstancearn aws:sourceidentity
""".split()
# Two characters of these are an index.
DIGITS = "".join(chr(c) for c in range(33, 127) if chr(c) not in '#\\"')


def code(index):
    assert index < len(DIGITS) ** 2
    return DIGITS[index // len(DIGITS)] + DIGITS[index % len(DIGITS)]


def many(value):
    return value if isinstance(value, list) else [value]


def regex(pattern):
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern) + r"\Z")


def main():
    policies = json.load(open(sys.argv[1]))
    levels, by_service = {}, collections.defaultdict(list)
    for line in open(sys.argv[2]):
        action, level = line.rstrip("\n").lower().split("\t")
        levels[action] = level
        by_service[action.split(":")[0]].append(action)

    def hits(pattern, actions):
        test = regex(pattern)
        return [action for action in actions if test.match(action)]

    def matters(pattern):
        pattern = pattern.lower()
        service, _, name = pattern.partition(":")
        if set(service) & set("*?") or not name.strip("*"):
            return True
        if hits(pattern, DATA):
            return True
        found = hits(pattern, by_service[service])
        if not found:
            return not READ_VERB.match(pattern)
        if service not in ("iam", "sts", "sso") and re.match("(un)?tag|add.*tag|(create|delete|remove).*tags", name):
            return False
        return any(levels[action] not in ("read", "list") for action in found)

    def limits(operator, key, values):
        """Whether a test takes the privilege itself away, whatever the request."""
        low, key = operator.lower(), key.lower()
        loose = "not" in low or "ifexists" in low or low.startswith("forallvalues") or low == "null"
        known = key in VALUED or key in NEUTRAL or key in WEAK or key.startswith("aws:principaltag/")
        return not loose and not known and all(len(str(value).strip("*?")) > 2 for value in many(values)) and (
            "bool" not in low or str(values).lower() == "true")

    def test_of(operator, key, values):
        values = [str(value).lower() if isinstance(value, bool) else str(value) for value in many(values)]
        if key.lower() not in VALUED and not any("*" in value or "$" in value for value in values):
            low = operator.lower()
            kept = ("bool" in low or "null" in low or "ip" in low) and values or ["-"]
            values = kept[:1]
        return " ".join([operator, key, *(value.replace(" ", "?") for value in values)])

    tables = {name: {} for name in ("action", "resource", "condition", "statement")}

    def intern(name, item):
        return tables[name].setdefault(item, len(tables[name]))

    def only_reads(document):
        """Whether it is for an auditor: reads of many services and nothing else."""
        patterns = [
            action.lower()
            for statement in many(document["Statement"])
            if statement["Effect"] == "Allow"
            for action in many(statement.get("Action", ["*"]))
        ]
        services = {pattern.split(":")[0] for pattern in patterns}
        reads = sum(1 for pattern in patterns if READ_VERB.match(pattern))
        return len(services) >= AUDIT_SERVICES and reads * 20 >= len(patterns) * 19

    kept, audits = {}, set()
    for policy in policies.values():
        path = policy["arn"].split(":policy/")[1]
        if path.startswith("aws-service-role/"):
            continue
        rows = []
        for statement in many(policy["document"]["Statement"]):
            deny = statement["Effect"] == "Deny"
            only, excepted = many(statement.get("Action", [])), many(statement.get("NotAction", []))
            resources, spared = many(statement.get("Resource", [])), many(statement.get("NotResource", []))
            only = sorted({action for action in only if deny or matters(action)})
            if not deny and not spared and not any(WIDE.fullmatch(resource) for resource in resources):
                only = [a for a in only if a.lower().startswith(("iam:", "sts:")) or hits(a.lower(), DATA)]
            if "*" in resources:
                resources = ["*"]
            if not only and not excepted:
                continue
            tests = [
                (operator, key, values)
                for operator, keys in statement.get("Condition", {}).items()
                for key, values in keys.items()
            ]
            if not deny and any(limits(*test) for test in tests):
                continue
            if not deny:
                tests = [test for test in tests if test[1].lower() not in NEUTRAL]
            tests = [test_of(*test) for test in tests]
            flags = ("D" if deny else "A") + ("n" if excepted else "a") + ("n" if spared else "r")
            rows.append((flags, tuple(excepted or only), tuple(spared or resources), "\t".join(tests)))
        if rows:
            kept[path] = rows
            if only_reads(policy["document"]):
                audits.add(path)

    actions = sorted({a for rows in kept.values() for row in rows for a in row[1]}, key=lambda a: (a.split(":")[0], a))
    for action in actions:
        intern("action", action)
    for path in sorted(kept):
        for flags, selected, resources, tests in kept[path]:
            row = flags + "".join(code(intern("action", a)) for a in sorted(selected, key=actions.index))
            row += " " + "".join(code(intern("resource", r)) for r in resources)
            row += " " + code(intern("condition", tests))
            intern("statement", row)

    out = sys.stdout.write
    out("# Policies that AWS manages, as far as they matter here; README.md says what the lines mean.\n")
    groups = collections.OrderedDict()
    for action in tables["action"]:
        service, colon, name = action.partition(":")
        groups.setdefault(service + colon, []).append(name)
    for service, names in groups.items():
        out("a" + " ".join([service, *names]) + "\n")
    for resource in tables["resource"]:
        out("r" + resource + "\n")
    for tests in tables["condition"]:
        out("c" + tests + "\n")
    for row in tables["statement"]:
        out("s" + row + "\n")
    for path in sorted(kept):
        rows = []
        for flags, selected, resources, tests in kept[path]:
            row = flags + "".join(code(tables["action"][a]) for a in sorted(selected, key=actions.index))
            row += " " + "".join(code(tables["resource"][r]) for r in resources)
            row += " " + code(tables["condition"][tests])
            rows.append(code(tables["statement"][row]))
        out(("q" if path in audits else "p") + path + " " + "".join(rows) + "\n")


main()
