#!/bin/sh
# Records plan.json.z and known.json.z again: the plan in which `local.unit` is unknown, and the one in which it is not.
# Usage: record.sh DIRECTORY-OF-PROVIDERS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here"/main.tf "$here"/mod "$work"
cd "$work"
terraform init -plugin-dir="$1" >/dev/null
for known in false true; do
    terraform plan -var "known=$known" -out="$known" >/dev/null
    terraform show -json "$known" | python3 -c '
import json, sys, zlib
plan = json.load(sys.stdin)
kept = ("format_version", "terraform_version", "variables", "resource_changes", "prior_state", "configuration")
text = json.dumps({key: plan[key] for key in kept if key in plan}, separators=(",", ":"))
sys.stdout.buffer.write(zlib.compress(text.encode(), 9))' > "$work/$known.z"
done
mv false.z "$here"/plan.json.z
mv true.z "$here"/known.json.z
