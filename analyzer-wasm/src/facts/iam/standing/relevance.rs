//! Whether a document can matter to a standing at all: most documents name what they reach, and are done with here.

use super::ESCALATIONS;
use super::breadth::READS;
use crate::facts::iam::access::{Verdict, covers};
use crate::facts::iam::document::{Document, Effect, Patterns, Selection, Statement};
use crate::facts::iam::pattern::Case;

/// Whether a document may allow something on everything of a kind.
pub(crate) fn is_relevant(document: &Document) -> bool {
    document.open
        || document.statements.iter().any(|statement| {
            statement.effect != Effect::Deny && may_be_wide(&statement.resources) && is_wanted(statement)
        })
}

fn may_be_wide(resources: &Selection) -> bool {
    match resources {
        Selection::Only(patterns) => patterns.known.iter().any(|pattern| starts_a_kind(pattern)),
        Selection::Except(_) => true,
    }
}

/// Whether what stands before the first wildcard of the last field can be the start of a kind (`role/`, `secret:`),
/// and not a name; a pattern without wildcards is one resource.
fn starts_a_kind(pattern: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if !pattern.contains(['*', '?']) {
        return false;
    }
    // Fields may hold colons of their own where something is unknown: look closer.
    if pattern.contains('{') || nhi_plan::symbol::has_symbols(pattern) {
        return true;
    }
    let Some((last, _)) = pattern.match_indices(':').nth(4) else {
        return true;
    };
    let rest = pattern.get(last + 1..).unwrap_or_default();
    let Some((head, _)) = rest.split_once(['*', '?']) else {
        return false;
    };
    let kind = head.trim_end_matches(['/', ':']);
    kind.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Whether some action is asked for.
fn is_wanted(statement: &Statement) -> bool {
    let patterns: &Patterns = match &statement.actions {
        Selection::Only(patterns) => patterns,
        Selection::Except(_) => return true,
    };
    let wanted = |pattern: &String| {
        let Some((service, action)) = pattern.split_once(':') else {
            return true;
        };
        let is_whole = action.bytes().all(|byte| byte == b'*');
        is_whole || service.contains(['*', '?']) || asks(pattern)
    };
    patterns.unknown || patterns.known.iter().any(wanted)
}

fn asks(pattern: &str) -> bool {
    let reads = READS.iter().map(|(action, ..)| *action);
    let mut all = ESCALATIONS
        .iter()
        .map(|(action, _)| *action)
        .chain(reads)
        .chain(["iam:PassRole"]);
    all.any(|action| covers(pattern, action, Case::Ignored) != Verdict::No)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn documents_that_matter() {
        let relevant = |statement: &str| {
            let document = Document::parse(&format!(r#"{{"Statement":[{statement}]}}"#)).expect("a document");
            is_relevant(&document)
        };
        for statement in [
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:*"}"#,
            r#"{"Effect":"Allow","Action":"iam:passrole","Resource":"arn:aws:iam::*:role/*"}"#,
            r#"{"Effect":"Allow","Action":"ssm:Get*","Resource":"arn:aws:ssm:*:111122223333:parameter*"}"#,
            r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"sqs:*","NotResource":"arn:aws:sqs:*:*:jobs"}"#,
        ] {
            assert!(relevant(statement), "{statement}");
        }
        for statement in [
            r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::app-1/*"}"#,
            r#"{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["ec2:Describe*","s3:PutObject"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"arn:aws:iam::111122223333:role/ci"}"#,
        ] {
            assert!(!relevant(statement), "{statement}");
        }
    }

    const ACTIONS: [&str; 14] = [
        "*",
        "s3:*",
        "s3:Get*",
        "s3:GetObject",
        "iam:P*",
        "iam:PutRolePolicy",
        "*:Put*",
        "kms:Decrypt",
        "sqs:*",
        "logs:PutLogEvents",
        "iam:PassRole",
        "ssm:Get?arameter",
        "ec2:Describe*",
        "\u{FDD0}local.a\u{FDD1}",
    ];
    const RESOURCES: [&str; 13] = [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::*/*",
        "arn:aws:s3:::logs/*",
        "arn:aws:s3:::app-1/*",
        "arn:aws:iam::*:role/*",
        "arn:aws:iam::111122223333:*",
        "arn:aws:iam::*:role/app-*",
        "arn:*",
        "arn:aws:kms:*:*:key/*",
        "arn:aws:sqs:*:*:*",
        "arn:aws:iam::\u{FDD0}account\u{FDD1}:role/*",
        "arn:aws:ssm:*:*:parameter*",
    ];

    proptest::proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_left_out_amounts_to_nothing(
            effect in select(vec!["Allow", "Deny", "\u{FDD0}local.e\u{FDD1}"]),
            not in select(vec![("", ""), ("", ""), ("Not", ""), ("", "Not")]),
            actions in vec(select(ACTIONS.to_vec()), 1..3),
            resources in vec(select(RESOURCES.to_vec()), 1..3),
        ) {
            let list = |texts: &[&str]| texts.iter().map(|text| nhi_plan::json::quote(text)).collect::<Vec<_>>().join(",");
            let statement = format!(
                r#"{{"Effect":"{effect}","{}Action":[{}],"{}Resource":[{}]}}"#,
                not.0, list(&actions), not.1, list(&resources)
            );
            let plan = crate::rules::cases::policy(&statement);
            for principal in plan.facts().settled.principals {
                let standing = super::super::Standing::evaluate(&principal);
                let is_empty = standing == super::super::Standing::default();
                prop_assert!(is_empty || principal.grants.iter().any(crate::facts::iam::access::Grant::is_relevant), "{standing:?}");
            }
        }
    }
}
