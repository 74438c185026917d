// @ts-check
/** Flags a bucket or a role that lacks a tag which the organisation requires. */

import { change, rule } from "../sdk/nhi-policy.js";

const DOCS = `
## What it does
Flags buckets and roles that lack a tag which the module's settings require.

## Why is this bad?
Without its tags nobody knows whose data a resource holds, or who pays for it.

## Example
\`\`\`hcl
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
}
\`\`\`

## Use instead
\`\`\`hcl
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
  tags   = { owner = "group:data" }
}
\`\`\`

## Known limits
A tag whose value is known only after apply is reported as unverified.

## References
- The organisation's tagging standard.
`.trim();

/** `tags_all` includes the provider's default tags, `tags` only the block's own. */
const ATTRIBUTES = ["tags_all", "tags"];

export const missingTag = rule({
  code: "TEAM001",
  name: "missing-tag",
  severity: "high",
  summary: "a covered resource lacks a required tag",
  why: "without its tags nobody knows whose data a resource holds, or who pays for it",
  docs: DOCS,
  resources: ["aws_iam_role", "aws_s3_bucket"],
  paths: ATTRIBUTES,
  // Mixed in by the host at every check: a module that does not flag it has failed.
  canaries: [change("aws_s3_bucket.canary", { bucket: "canary" })],

  check(change, report, run) {
    if (!change.remains) return;
    for (const tag of run.settings.required_tags) {
      const values = ATTRIBUTES.map((attribute) => change.get(attribute, tag));
      if (values.some((value) => typeof value === "string" && value.trim() !== "")) continue;
      report({
        message: `the ${change.resource_type} has no tag \`${tag}\``,
        remediation: `set the tag \`${tag}\`, or add it to the provider's \`default_tags\``,
        path: ["tags", tag],
        unverified: ATTRIBUTES.some((attribute) => change.isUnknown(attribute, tag)),
      });
    }
  },
});
