//! Flags an identity or a bucket that lacks a tag which the organisation requires.

use nhi_policy_sdk::json::{self, Value};
use nhi_policy_sdk::{Change, Finding, Findings, RuleInfo, Severity, path};

use crate::settings::Settings;

/// The resource types that are covered.
pub(crate) const TYPES: &[&str] = &["aws_iam_role", "aws_iam_user", "aws_lambda_function", "aws_s3_bucket"];

const CODE: &str = "TEAM001";

pub(crate) fn rule() -> RuleInfo {
    RuleInfo {
        code: CODE.into(),
        name: "missing-tag".into(),
        severity: Severity::High,
        summary: "a covered resource lacks a required tag".into(),
        why: "without its tags nobody knows whose data a resource holds, or who pays for it".into(),
        docs: DOCS.into(),
        controls: vec!["NHI1:2025".into()],
        ..RuleInfo::default()
    }
}

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

pub(crate) fn check(settings: &Settings, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
    let Some(after) = change.after.as_deref().filter(|_| change.remains()) else {
        return Ok(());
    };
    let document = json::parse(after).map_err(|error| format!("`{}`: {error}", change.address))?;
    for tag in &settings.required_tags {
        match state(document.root(), change, tag) {
            State::Present => {}
            State::Unknown => findings.push(finding(change, tag).unverified()),
            State::Missing => findings.push(finding(change, tag)),
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
fn state(after: Value<'_>, change: &Change<'_>, tag: &str) -> State {
    let mut unknown = false;
    for attribute in ["tags_all", "tags"] {
        let value = after
            .get(attribute)
            .and_then(|tags| tags.get(tag))
            .and_then(Value::as_str);
        if value.is_some_and(|value| !value.trim().is_empty()) {
            return State::Present;
        }
        let path = path(attribute, tag);
        unknown |= change
            .unknown_paths
            .iter()
            .any(|candidate| candidate == attribute || *candidate == path);
    }
    if unknown { State::Unknown } else { State::Missing }
}

/// The path as Terraform writes it: a key that is not an identifier is quoted.
fn path(attribute: &str, tag: &str) -> String {
    let mut path = attribute.to_owned();
    path::push_key(&mut path, tag);
    path
}

#[cold]
fn finding(change: &Change<'_>, tag: &str) -> Finding {
    let path = path("tags", tag);
    Finding::new(CODE, change.address.as_ref())
        .message(format!("the {} has no tag `{tag}`", change.resource_type))
        .remediation(format!("set `{path}`, or add the tag to the provider's `default_tags`"))
        .at(path)
}

#[cfg(test)]
mod tests {
    use nhi_policy_sdk::{Action, Outcome, Tester, testing};

    use super::*;
    use crate::TeamPolicy;

    const SETTINGS: &str = r#"{"required_tags":["cost-center"]}"#;

    fn check(change: Change<'_>) -> Vec<Finding> {
        Tester::<TeamPolicy>::new()
            .settings(SETTINGS)
            .changes([change])
            .unwrap()
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
            let findings = check(testing::change("aws_s3_bucket.logs", after));
            assert_eq!(findings.len(), 1, "`{after}`");
            assert_eq!(findings[0].path, r#"tags["cost-center"]"#);
            assert_eq!(findings[0].outcome, Outcome::Violation);
            assert_eq!(findings[0].message, "the aws_s3_bucket has no tag `cost-center`");
        }
    }

    #[test]
    fn allows() {
        let own = r#"{"tags":{"cost-center":"42"}}"#;
        let inherited = r#"{"tags":null,"tags_all":{"cost-center":"42"}}"#;
        assert_eq!(check(testing::change("module.a[\"b\"].aws_iam_role.ci", own)), []);
        assert_eq!(check(testing::change("aws_iam_role.ci", inherited)), []);
        // Types that the rule does not cover, data sources, and what is going away.
        assert_eq!(check(testing::change("aws_s3_bucket_policy.logs", "{}")), []);
        assert_eq!(check(testing::change("data.aws_iam_role.ci", "{}")), []);
        let deleted = Change {
            actions: vec![Action::Delete],
            ..testing::change("aws_iam_role.ci", "{}")
        };
        assert_eq!(check(deleted), []);
    }

    #[test]
    fn what_is_unknown_is_unverified() {
        for path in ["tags", "tags_all", r#"tags["cost-center"]"#] {
            let unknown_paths = vec![path.into()];
            let change = Change {
                unknown_paths,
                ..testing::change("aws_iam_user.ci", "{}")
            };
            let findings = check(change);
            assert_eq!(findings.len(), 1, "`{path}`");
            assert_eq!(findings[0].outcome, Outcome::Unverified, "`{path}`");
        }
        // Another tag's value being unknown says nothing about this one.
        let unknown_paths = vec!["tags.owner".into()];
        let change = Change {
            unknown_paths,
            ..testing::change("aws_iam_user.ci", "{}")
        };
        assert_eq!(check(change)[0].outcome, Outcome::Violation);
    }

    #[test]
    fn a_replacement_counts_as_what_it_becomes() {
        let actions = vec![Action::Delete, Action::Create];
        let change = Change {
            actions,
            ..testing::change("aws_s3_bucket.logs", "{}")
        };
        assert_eq!(check(change).len(), 1);
    }
}
