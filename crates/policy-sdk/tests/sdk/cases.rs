//! Cases: what a test says that does not hold.

use nhi_policy_sdk::{Rule, Sees, Severity, Tester, testing};

nhi_policy_sdk::module! {
    /// Flags what says so itself.
    #[derive(Debug)]
    struct Says {
        settings: (),
    }
    name: "says",
    rules: [ONE, TWO],
}

static ONE: Rule<Says> = Rule {
    code: "T001",
    name: "one",
    severity: Severity::Low,
    summary: "s",
    why: "w",
    docs: "",
    controls: &[],
    sees: &[Sees::resources(&["a_*"])],
    canary: None,
    check: |_, block, findings| {
        if block.seen("bad")?.value().is_some() {
            findings.push(block.finding("T001").at("bad").message("it is bad"));
        }
        if block.seen("fail")?.value().is_some() {
            return Err("no idea".into());
        }
        Ok(())
    },
};

static TWO: Rule<Says> = Rule {
    code: "T002",
    name: "two",
    severity: Severity::Low,
    summary: "s",
    why: "w",
    docs: "",
    controls: &[],
    sees: &[Sees::resources(&["a_*"])],
    canary: Some(("a_thing.canary", "{}")),
    check: |_, _, _| Ok(()),
};

const BAD: &str = r#"{"bad": 1}"#;
const PLAN: &str = r#"{
    "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
    "configuration": {"root_module": {}},
    "resource_changes": [{
        "address": "a_thing.planned", "mode": "managed", "type": "a_thing", "name": "planned",
        "provider_name": "p", "change": {"actions": ["create"], "before": null, "after": {"bad": true},
        "after_unknown": {}, "before_sensitive": false, "after_sensitive": {}}
    }]
}"#;

#[test]
fn a_case_takes_changes_and_plans() {
    let tester = Tester::<Says>::new();
    tester
        .case("both")
        .change(testing::change("a_thing.a", BAD))
        .plan(PLAN)
        .finds("T001", "a_thing.planned")
        .at("bad")
        .saying("it is bad")
        .finds("T001", "a_thing.a")
        .holds();
    tester
        .case("near miss")
        .change(testing::change("a_thing.a", r#"{"bad": null}"#))
        .holds();
}

#[test]
fn what_does_not_fit_is_told_rule_by_rule() {
    let tester = Tester::<Says>::new();
    let bad = || tester.case("a case").change(testing::change("a_thing.a", BAD));
    let whole = bad()
        .change(testing::change("a_thing.b", BAD))
        .finds("T001", "a_thing.a")
        .at("good")
        .finds("T001", "a_thing.b")
        .finds_unverified("T002", "a_thing.a")
        .outcome()
        .unwrap_err();
    assert_eq!(
        whole,
        "case `a case`: 2 blocks judged, and not as expected\
         \n  T001 one\
         \n    expected  violation at a_thing.a, good\
         \n    got       violation at a_thing.a, bad: it is bad\
         \n    beside 1 as expected\
         \n  T002 two\
         \n    expected  unverified at a_thing.a\
         \n    got       nothing"
    );
    for (outcome, wanted) in [
        (
            bad().outcome(),
            "expected  nothing\n    got       violation at a_thing.a, bad",
        ),
        (
            bad().finds("T001", "a_thing.z").outcome(),
            "expected  violation at a_thing.z",
        ),
        (
            bad().finds("T001", "a_thing.a").saying("x").outcome(),
            "expected  violation at a_thing.a: x",
        ),
        (
            bad().finds("T001", "a_thing.a").finds("T001", "a_thing.a").outcome(),
            "beside 1 as expected",
        ),
        (
            bad().finds("T009", "a_thing.a").outcome(),
            "the module has no rule `T009`",
        ),
        (bad().at("x").outcome(), "come after a finding"),
        (bad().plan("{}").outcome(), "its plan cannot be read"),
        (tester.case("none").outcome(), "case `none`: judges nothing"),
        (
            tester
                .case("lost")
                .change(testing::change("a_thing.a", r#"{"fail": 1}"#))
                .outcome(),
            "case `lost`: no idea",
        ),
    ] {
        let told = outcome.unwrap_err();
        assert!(told.contains(wanted), "`{wanted}`: {told}");
    }
}

#[test]
#[should_panic(expected = "expected  nothing")]
fn a_case_that_does_not_hold_fails_its_test() {
    Tester::<Says>::new()
        .case("a")
        .change(testing::change("a_thing.a", BAD))
        .holds();
}

#[test]
#[should_panic(expected = "rule `T002` does not flag its canary")]
fn a_canary_that_lives_fails_its_test() {
    Tester::<Says>::new().flags_canaries();
}
