//! Flags an identity or a bucket that lacks a tag which the organisation requires.

use nhi_policy_sdk::{Block, Finding, Findings, Rule, Seen, Sees, Severity, path};

use crate::TeamPolicy;

const CODE: &str = "TEAM001";

/// The rule: what it is called, which blocks it sees, and what judges them.
pub(crate) static RULE: Rule<TeamPolicy> = Rule {
    code: CODE,
    name: "missing-tag",
    severity: Severity::High,
    summary: "a covered resource lacks a required tag",
    why: "without its tags nobody knows whose data a resource holds, or who pays for it",
    docs: DOCS,
    controls: &["NHI1:2025"],
    sees: &[
        Sees::resources(&["aws_iam_role", "aws_iam_user", "aws_lambda_function", "aws_s3_bucket"])
            .only(&["tags", "tags_all"]),
    ],
    canary: Some(("aws_s3_bucket.canary", "{}")),
    check,
};

const DOCS: &str = "\
## What it does
Flags roles, users, functions and buckets that lack a tag which the module's settings require.

## Why is this bad?
Without its tags nobody knows whose data a resource holds, or who pays for it.

## Example
```hcl
resource \"aws_s3_bucket\" \"logs\" {
  bucket = \"logs\"
}
```

## Use instead
```hcl
resource \"aws_s3_bucket\" \"logs\" {
  bucket = \"logs\"
  tags   = { data-classification = \"internal\" }
}
```

## Known limits
A tag whose value is known only after apply counts as present but unverified.

## References
- The organisation's tagging standard.
";

fn check(module: &mut TeamPolicy, block: &Block<'_>, findings: &mut Findings) -> Result<(), String> {
    // What the plan deletes is no risk any more.
    if !block.remains() {
        return Ok(());
    }
    for tag in module.settings.required_tags.iter() {
        match state(block, tag)? {
            State::Present => {}
            State::Unknown => findings.push(finding(block, tag).unverified()),
            State::Missing => findings.push(finding(block, tag)),
        }
    }
    Ok(())
}

enum State {
    Present,
    Missing,
    Unknown,
}

/// `tags_all` includes the provider's default tags, `tags` only the block's own.
fn state(block: &Block<'_>, tag: &str) -> Result<State, String> {
    let mut is_unknown = false;
    for attribute in ["tags_all", "tags"] {
        match block.seen(&path(attribute, tag))? {
            Seen::Known(value) | Seen::Partly(value) => {
                if value.as_str().is_some_and(|text| !text.trim().is_empty()) {
                    return Ok(State::Present);
                }
            }
            Seen::Unknown => is_unknown = true,
            Seen::Absent => {}
        }
    }
    Ok(if is_unknown { State::Unknown } else { State::Missing })
}

/// The path as Terraform writes it: a key that is not an identifier is quoted.
fn path(attribute: &str, tag: &str) -> String {
    let mut path = attribute.to_owned();
    path::push_key(&mut path, tag);
    path
}

#[cold]
fn finding(block: &Block<'_>, tag: &str) -> Finding {
    let path = path("tags", tag);
    block
        .finding(CODE)
        .message(format!("the {} has no tag `{tag}`", block.resource_type))
        .remediation(format!("set `{path}`, or add the tag to the provider's `default_tags`"))
        .at(path)
}

#[cfg(test)]
mod tests {
    use nhi_policy_sdk::{Action, Change, Tester, testing};

    use super::*;

    fn tester() -> Tester<TeamPolicy> {
        Tester::new().settings(r#"{"required_tags":["cost-center"]}"#)
    }

    #[test]
    fn flags() {
        let cases = [
            "{}",
            r#"{"tags":null}"#,
            r#"{"tags":{}}"#,
            r#"{"tags":{"cost-center":""}}"#,
            r#"{"tags":{"cost-center":" "}}"#,
            r#"{"tags":{"Cost-Center":"42"}}"#,
            r#"{"tags":{"cost-centre":"42"},"tags_all":{"cost-centre":"42"}}"#,
        ];
        for after in cases {
            tester()
                .case(after)
                .change(testing::change("aws_s3_bucket.logs", after))
                .finds(CODE, "aws_s3_bucket.logs")
                .at(r#"tags["cost-center"]"#)
                .saying("the aws_s3_bucket has no tag `cost-center`")
                .holds();
        }
        tester().flags_canaries();
    }

    #[test]
    fn allows() {
        let own = r#"{"tags":{"cost-center":"42"}}"#;
        let inherited = r#"{"tags":null,"tags_all":{"cost-center":"42"}}"#;
        let deleted = Change {
            actions: vec![Action::Delete],
            ..testing::change("aws_iam_role.ci", "{}")
        };
        for (title, change) in [
            ("its own tag", testing::change("module.a[\"b\"].aws_iam_role.ci", own)),
            ("the provider's", testing::change("aws_iam_role.ci", inherited)),
            (
                "a type that is not covered",
                testing::change("aws_s3_bucket_policy.logs", "{}"),
            ),
            ("a data source", testing::change("data.aws_iam_role.ci", "{}")),
            ("what is going away", deleted),
        ] {
            tester().case(title).change(change).holds();
        }
    }

    #[test]
    fn what_is_unknown_is_unverified() {
        let unknown = |path: &'static str| Change {
            unknown_paths: vec![path.into()],
            ..testing::change("aws_iam_user.ci", "{}")
        };
        for path in ["tags", "tags_all", r#"tags["cost-center"]"#] {
            tester()
                .case(path)
                .change(unknown(path))
                .finds_unverified(CODE, "aws_iam_user.ci")
                .holds();
        }
        tester()
            .case("another tag's value says nothing about this one")
            .change(unknown("tags.owner"))
            .finds(CODE, "aws_iam_user.ci")
            .holds();
    }

    #[test]
    fn a_replacement_counts_as_what_it_becomes() {
        let replaced = Change {
            actions: vec![Action::Delete, Action::Create],
            ..testing::change("aws_s3_bucket.logs", "{}")
        };
        tester()
            .case("a replacement")
            .change(replaced)
            .finds(CODE, "aws_s3_bucket.logs")
            .holds();
    }
}
