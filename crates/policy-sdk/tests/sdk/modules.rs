//! Modules of rules: what they say of themselves, and which rule is handed which block.

use nhi_policy_sdk::{Action, Change, Finding, PolicyModule, Rule, Sees, Severity, Sharding, Tester, testing};

mod each {
    use super::*;

    nhi_policy_sdk::module! {
        /// Two rules that say which blocks they were handed.
        #[derive(Debug)]
        pub(super) struct Each {
            settings: (),
        }
        rules: [GONE, NEW]
    }

    static GONE: Rule<Each> = Rule {
        code: "T001",
        name: "gone",
        severity: Severity::Low,
        summary: "gone",
        why: "tests",
        docs: "",
        controls: &["CWE-798"],
        sees: &[Sees::resources(&["aws_*"]).when(&[Action::Delete])],
        canary: None,
        check: |_, block, findings| {
            findings.push(block.finding("T001").message("gone"));
            Ok(())
        },
    };

    static NEW: Rule<Each> = Rule {
        code: "T002",
        name: "new",
        sees: &[
            Sees::resources(&["aws_iam_role"]).only(&["name"]),
            Sees::blocks(&["data"], &["aws_iam_role"]).with(&["before"]),
        ],
        canary: Some(("aws_iam_role.canary", "{}")),
        check: |_, block, findings| {
            findings.push(block.finding("T002").message("new"));
            Ok(())
        },
        ..GONE_AGAIN
    };

    const GONE_AGAIN: Rule<Each> = Rule {
        code: "",
        name: "",
        severity: Severity::High,
        summary: "new",
        why: "tests",
        docs: "## page",
        controls: &[],
        sees: &[],
        canary: None,
        check: |_, _, _| Err("not this one".into()),
    };
}

mod whole {
    use super::*;

    nhi_policy_sdk::module! {
        /// Counts.
        #[derive(Debug)]
        pub(super) struct Whole {
            settings: (),
            /// When it was opened.
            now: String = |context| Ok(context.now.clone()),
            /// How many it has seen.
            count: usize = |_| Ok(0),
        }
        name: "whole",
        rules: [COUNT],
        sharding: Sharding::WholePlan,
        finish: |whole, findings| {
            findings.push(Finding::new("T001", "plan").message(format!("{} at {}", whole.count, whole.now)));
            Ok(())
        },
    }

    static COUNT: Rule<Whole> = Rule {
        code: "T001",
        name: "count",
        severity: Severity::Info,
        summary: "s",
        why: "w",
        docs: "",
        controls: &[],
        sees: &[Sees::resources(&["*"])],
        canary: None,
        check: |whole, _, _| {
            whole.count += 1;
            Ok(())
        },
    };
}

#[test]
fn a_module_says_of_itself_what_its_rules_are() {
    let told = each::Each::describe();
    assert_eq!(
        (told.name.as_str(), told.version.as_str()),
        ("nhi-policy-sdk", env!("CARGO_PKG_VERSION"))
    );
    let codes: Vec<_> = told
        .rules
        .iter()
        .map(|rule| (rule.code.as_str(), rule.docs.as_str()))
        .collect();
    assert_eq!(codes, [("T001", ""), ("T002", "## page")]);
    assert_eq!(told.rules[0].controls, ["CWE-798"]);
    assert_eq!(told.sharding, Sharding::PerResource);
    let interests = &told.interests;
    assert_eq!(interests.len(), 3);
    assert_eq!(
        (interests[0].actions.as_slice(), interests[1].paths.as_slice()),
        (&[Action::Delete][..], &["name".into()][..])
    );
    assert_eq!(
        (interests[2].modes[0].as_str(), interests[2].needs[0].as_str()),
        ("data", "before")
    );
    assert_eq!(told.canaries.len(), 1);
    assert!(told.canaries[0].change.contains("aws_iam_role.canary"));
    assert_eq!(whole::Whole::describe().sharding, Sharding::WholePlan);
}

#[test]
fn each_rule_is_handed_what_it_sees_and_nothing_else() {
    let gone = Change {
        actions: vec![Action::Delete],
        ..testing::change("aws_s3_bucket.old", "{}")
    };
    let replaced = Change {
        actions: vec![Action::Delete, Action::Create],
        ..testing::change("aws_iam_role.again", "{}")
    };
    let tester = Tester::<each::Each>::new();
    tester
        .case("by type, mode and action")
        .change(gone)
        .change(replaced)
        .change(testing::change("aws_iam_role.new", "{}"))
        .change(testing::change("data.aws_iam_role.read", "{}"))
        .change(testing::change("aws_iam_role_policy.near", "{}"))
        .change(testing::change("google_project.other", "{}"))
        .finds("T001", "aws_s3_bucket.old")
        .finds("T001", "aws_iam_role.again")
        .finds("T002", "aws_iam_role.again")
        .finds("T002", "aws_iam_role.new")
        .finds("T002", "data.aws_iam_role.read")
        .holds();
    tester.flags_canaries();
}

#[test]
fn a_module_may_keep_what_it_has_seen() {
    Tester::<whole::Whole>::new()
        .now("2026-02-03T04:05:06Z")
        .case("two blocks")
        .change(testing::change("a_b.c", "{}"))
        .change(testing::change("a_b.d", "{}"))
        .finds("T001", "plan")
        .saying("2 at 2026-02-03T04:05:06Z")
        .holds();
}

#[test]
fn settings_where_there_are_none_are_refused() {
    let wrong = Tester::<each::Each>::new().settings(r#"{"strict": true}"#);
    let error = wrong.changes([testing::change("aws_iam_role.a", "{}")]).unwrap_err();
    assert_eq!(error, "`strict` is not a setting: there is nothing to set");
}
