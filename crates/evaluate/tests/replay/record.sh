#!/bin/sh
# Records plan.json.z again: the plan that terraform and the AWS provider make of this directory, deflated.
# Usage: record.sh DIRECTORY-OF-PROVIDERS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here"/main.tf "$here"/mod "$work"
cd "$work"
terraform init -plugin-dir="$1" >/dev/null
terraform plan -out=p >/dev/null
terraform show -json p | python3 -c '
import json, sys, zlib
plan = json.load(sys.stdin)
kept = ("format_version", "terraform_version", "variables", "resource_changes", "prior_state", "configuration")
text = json.dumps({key: plan[key] for key in kept}, separators=(",", ":"))
sys.stdout.buffer.write(zlib.compress(text.encode(), 9))' > "$here"/plan.json.z
