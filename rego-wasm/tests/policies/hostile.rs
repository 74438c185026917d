//! What a finding says and where, and what happens where a policy or a plan is not as it should be.

use nhi_plan::{Outcome, Severity};
use nhi_policy_sdk::Findings;
use nhi_rego::{Judge, Policy};
use proptest::prelude::*;

use super::{bundle, context, judge};
use crate::cases::PLAN;

const ANNOTATED: &str = r#"# METADATA
# custom:
#   sharding: per-resource
#   resource_types: ["aws_s3_*"]
package main
import rego.v1

# METADATA
# title: Public bucket
# description: Anybody reads it.
# custom:
#   rule: TEAM001
#   severity: critical
#   remediation: take the ACL out
deny contains msg if {
	some r in input.resource_changes
	r.change.after.acl == "public-read"
	msg := "public"
}

# METADATA
# title: Missing owner
# custom:
#   rule: TEAM002
deny contains {"msg": "no owner", "path": "tags", "severity": "low", "outcome": "unverified"} if {
	some r in input.resource_changes
	not r.change.after.tags.owner
}

warn contains {"msg": "moved", "metadata": {"address": "aws_s3_bucket.elsewhere"}} if count(input.resource_changes) == 1
"#;

#[test]
fn bodies_that_say_who_they_are_have_findings_of_their_own() {
    let bundle = bundle(&[("policy/a.rego", ANNOTATED)], &[], "");
    let findings = judge(&bundle, "{}", PLAN).unwrap();
    let mut said: Vec<_> = findings
        .iter()
        .map(|finding| {
            (
                finding.rule.as_str(),
                finding.address.as_str(),
                finding.message.as_str(),
                finding.remediation.as_str(),
            )
        })
        .collect();
    said.sort_unstable();
    said.dedup();
    assert_eq!(
        said,
        [
            ("TEAM-WARN", "aws_s3_bucket.elsewhere", "moved", ""),
            ("TEAM001", "aws_s3_bucket.logs", "public", "take the ACL out"),
            ("TEAM002", "aws_s3_bucket.logs", "no owner", ""),
        ]
    );
    let second = findings.iter().find(|finding| finding.rule == "TEAM002").unwrap();
    assert_eq!(
        (second.severity, second.outcome),
        (Some(Severity::Low), Outcome::Unverified)
    );
}

#[test]
fn an_answer_that_is_no_message_decides_nothing() {
    for head in [
        "deny contains 1",
        "deny contains {\"message\": \"a\"}",
        "deny contains [\"a\"]",
    ] {
        let text = format!("package main\nimport rego.v1\n{head} if input.format_version\n");
        let refused = judge(&bundle(&[("policy/a.rego", &text)], &[], ""), "{}", PLAN).unwrap_err();
        assert!(refused.contains("neither a text nor an object"), "{refused}");
    }
}

/// Elsewhere such a sum is undefined; here nobody can tell whether the rule would have spoken.
#[test]
fn arithmetic_with_what_is_no_number_decides_nothing() {
    let text = "package main\nimport rego.v1\ndeny contains \"a\" if {\n\tsome r in input.resource_changes\n\tr.change.after.tags + 1 > 0\n}\n";
    let refused = judge(&bundle(&[("policy/a.rego", text)], &[], ""), "{}", PLAN).unwrap_err();
    assert!(
        refused.contains("policy/a.rego:5:") && refused.contains("numeric"),
        "{refused}"
    );
}

#[test]
fn settings_reach_the_policies_and_are_held_to_the_schema() {
    let text = "package main\nimport rego.v1\ndeny contains msg if msg := sprintf(\"%v %v %v\", [data.settings.max, data.nhi.now, data.nhi.now_ns])\n";
    let schema = r#"{"properties": {"max": {"type": "integer", "default": 3}}, "additionalProperties": false}"#;
    let bundle = bundle(&[("policy/a.rego", text)], &[], schema);
    let told = |settings: &str| judge(&bundle, settings, PLAN).map(|findings| findings[0].message.clone());
    assert_eq!(told("{}").unwrap(), "3 2026-01-01T00:00:00Z 1767225600000000000");
    assert_eq!(told(r#"{"max": 9}"#).unwrap().split(' ').next(), Some("9"));
    assert!(told(r#"{"min": 9}"#).unwrap_err().contains("no setting"));
}

#[test]
fn long_messages_are_cut_where_a_character_ends() {
    let text = "package main\nimport rego.v1\ndeny contains concat(\"\", [\"ä\" | some _ in numbers.range(1, 5000)])\n";
    let findings = judge(&bundle(&[("policy/a.rego", text)], &[], ""), "{}", PLAN).unwrap();
    assert!(findings[0].message.len() < 4_096 && findings[0].message.ends_with('…'));
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("JSON has none", |value| value.is_finite())
            .prop_map(|value| value.to_string()),
        Just("1e999".to_owned()),
        Just("1".repeat(400)),
        any::<String>().prop_map(|text| nhi_plan::json::quote(&text)),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let members = prop::collection::vec((any::<String>(), inner.clone()), 0..4).prop_map(|members| {
            let members = members
                .iter()
                .map(|(key, value)| format!("{}:{value}", nhi_plan::json::quote(key)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        });
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            members
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = Policy::new(&bundle(&[("policy/a.rego", &text)], &[("data/a.yaml", &text)], &text));
    }

    #[test]
    fn damaged_policies_are_read_or_refused(at in 0..ANNOTATED.len(), with in "[\\[\\]{}(),.:=\"#a ]{0,3}", cut in 0..8_usize) {
        let mut text = ANNOTATED.to_owned();
        text.replace_range(at..(at + cut).min(ANNOTATED.len()), &with);
        let _ = judge(&bundle(&[("policy/a.rego", &text)], &[], ""), "{}", PLAN);
    }

    #[test]
    fn any_value_in_a_plan_is_judged_or_an_error(after in value(), unknown in ".{0,20}") {
        let text = "package main\nimport rego.v1\ndeny contains \"seen\" if {\n\tsome r in input.resource_changes\n\twalk(r.change.after, [_, _])\n}\n";
        let policy = Policy::new(&bundle(&[("policy/a.rego", text)], &[], "")).unwrap();
        let mut judge = Judge::open(policy, "{}", &context()).unwrap();
        let mut change = nhi_policy_sdk::testing::change("aws_s3_bucket.a", &after);
        change.unknown_paths.push(unknown.into());
        let mut findings = Findings::default();
        let ran = judge.check(&change, &mut findings).and_then(|()| judge.finish(&mut findings));
        prop_assert!(ran.is_err() || findings.len() == 1, "{ran:?}");
    }
}
