//! Wildcards of IAM: actions and resources.
//!
//! `*` is any run of characters and `?` any single one, anywhere in the string, across `:` and `/`.

use std::borrow::Cow;

/// Whether `pattern` matches `text`; linear steps back to the last `*` only.
pub(crate) fn matches(pattern: &str, text: &str, case: Case) -> bool {
    let same = |want: u8, have: u8| match case {
        Case::Exact => want == have,
        Case::Ignored => want.eq_ignore_ascii_case(&have),
    };
    let (mut pattern, mut text) = (pattern.as_bytes(), text.as_bytes());
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                pattern = rest;
            }
            (Some((&want, rest)), Some((&have, tail))) if want == b'?' || same(want, have) => {
                pattern = rest;
                text = tail;
            }
            (None, None) => return true,
            _ => {
                let Some((after_star, start)) = retry else { return false };
                let Some((_, next)) = start.split_first() else {
                    return false;
                };
                retry = Some((after_star, next));
                pattern = after_star;
                text = next;
            }
        }
    }
}

/// Whether letters must agree in case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Resources.
    Exact,
    /// Actions and condition keys.
    Ignored,
}

/// No service has such actions: a pattern that matches all of them matches every action there is.
const ACTION_PROBES: [&str; 4] = ["qx:zj", "zj:qx", "aq-z:bxjq", "iam:kqzj"];

/// Whether an action pattern matches every action: `*`, `*:*`, `**`, `?*`.
pub(crate) fn is_every_action(pattern: &str) -> bool {
    ACTION_PROBES.iter().all(|probe| matches(pattern, probe, Case::Ignored))
}

/// No account has such resources: a pattern that matches all of them matches every resource there is.
const RESOURCE_PROBES: [&str; 4] = [
    "s3:::qxzj/jzxq",
    "ec2:qq-zone-9:918273645546:instance/i-qxzj",
    "iam::918273645546:role/qxzj",
    "sts::645546918273:assumed-role/zq/xj",
];

/// A pattern whose variable for the holder's own account is a wildcard: of that account it excludes nothing.
fn in_any_account(pattern: &str) -> Cow<'_, str> {
    // `aws_iam_policy_document` writes `&{` for `${`.
    const VARIABLES: [&str; 4] = [
        "${aws:principalaccount}",
        "&{aws:principalaccount}",
        "${aws:resourceaccount}",
        "&{aws:resourceaccount}",
    ];
    let lower = pattern.to_ascii_lowercase();
    let found = VARIABLES.iter().find_map(|name| Some((lower.find(name)?, name.len())));
    let Some((at, length)) = found else {
        return Cow::Borrowed(pattern);
    };
    let (before, rest) = pattern.split_at(at);
    Cow::Owned([before, "*", rest.get(length..).unwrap_or_default()].concat())
}

/// The partitions that exist; a resource pattern that names one is as wide as `*` inside it.
pub(crate) const PARTITIONS: [&str; 7] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
];

/// Whether a resource pattern matches every resource of a partition.
pub(crate) fn is_every_resource(pattern: &str) -> bool {
    let pattern = &*in_any_account(pattern);
    PARTITIONS.iter().any(|partition| {
        RESOURCE_PROBES
            .iter()
            .all(|probe| matches(pattern, &format!("arn:{partition}:{probe}"), Case::Exact))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource() {
        for pattern in [
            "*",
            "**",
            "arn:*",
            "arn:aws:*",
            "arn:aws-cn:*",
            "arn:*:*:*:*:*",
            "arn:aws-us-gov:*:*:*:*",
        ] {
            assert!(is_every_resource(pattern), "{pattern}");
        }
        for pattern in [
            "",
            "arn:aws:s3:::*",
            "arn:aws:iam::*",
            "arn:aws:*:*:123456789012:*",
            "a",
            "arn:aws:ec2:*",
        ] {
            assert!(!is_every_resource(pattern), "{pattern}");
        }
    }
}
