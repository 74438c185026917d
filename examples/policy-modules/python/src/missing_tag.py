"""Flags a bucket or a role that lacks a tag which the organisation requires."""

from nhi_policy import change, rule

@rule(
    "TEAM001",
    "missing-tag",
    severity="high",
    summary="a covered resource lacks a required tag",
    why="without its tags nobody knows whose data a resource holds, or who pays for it",
    resources=["aws_iam_role", "aws_s3_bucket"],
    paths=["tags", "tags_all"],
    # Mixed in by the host at every check: a module that does not flag it has failed.
    canaries=[change("aws_s3_bucket.canary", {"bucket": "canary"})],
)
def missing_tag(change, report, run):
    """
    ## What it does
    Flags buckets and roles that lack a tag which the module's settings require.

    ## Why is this bad?
    Without its tags nobody knows whose data a resource holds, or who pays for it.

    ## Example
    ```hcl
    resource "aws_s3_bucket" "logs" {
      bucket = "logs"
    }
    ```

    ## Use instead
    ```hcl
    resource "aws_s3_bucket" "logs" {
      bucket = "logs"
      tags   = { owner = "group:data" }
    }
    ```

    ## Known limits
    A tag whose value is known only after apply is reported as unverified.

    ## References
    - The organisation's tagging standard.
    """
    if not change.remains:
        return
    for tag in run.settings["required_tags"]:
        # `tags_all` includes the provider's default tags, `tags` only the block's own.
        values = [change.get(attribute, tag) for attribute in ("tags_all", "tags")]
        if any(isinstance(value, str) and value.strip() for value in values):
            continue
        report(
            f"the {change.resource_type} has no tag `{tag}`",
            f"set the tag `{tag}`, or add it to the provider's `default_tags`",
            path=("tags", tag),
            unverified=any(change.is_unknown(attribute, tag) for attribute in ("tags_all", "tags")),
        )
