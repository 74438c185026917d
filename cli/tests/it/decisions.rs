//! What counts: new findings only, baselines, waivers, and that nothing passes by being set aside in silence.

use std::path::Path;

use serde_json::{Value, json};

use crate::schema;
use crate::support::{administrator, check, codes, harmless, key, nhi, plan, report, unknown_policy};

/// The same change as something that exists already.
fn existing(mut change: Value) -> Value {
    change["change"]["actions"] = json!(["no-op"]);
    change["change"]["before"] = change["change"]["after"].clone();
    change
}

fn waiver(members: &Value) -> Value {
    let mut whole = json!({"rule": "NHI010", "address": "aws_iam_access_key.ci", "reason": "a vendor", "owner": "platform",
        "expires": "2999-01-01"});
    for (name, value) in members.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole
}

/// The report with a file of waivers.
fn waived(plan: &str, waivers: &[Value]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.json");
    std::fs::write(&file, json!({ "waivers": waivers }).to_string()).unwrap();
    let found = report(plan, &["--waivers", file.to_str().unwrap()]);
    let errors = schema::errors(&schema::report(), &found);
    assert!(errors.is_empty(), "{errors:#?}");
    found
}

fn set_aside(report: &Value) -> Vec<(&str, &str)> {
    let entries = report["not_counted"].as_array().unwrap().iter();
    entries
        .map(|aside| {
            (
                aside["because"].as_str().unwrap(),
                aside["finding"]["code"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn only_what_the_plan_adds_counts() {
    let old = existing(administrator("aws_iam_role_policy.admin"));
    let changes = [old.clone(), key("aws_iam_access_key.ci")];
    let found = report(plan(&changes), &["--new-only"]);
    assert!(
        codes(&found).contains(&"NHI010") && !codes(&found).contains(&"NHI001"),
        "{found:#}"
    );
    assert!(set_aside(&found).contains(&("existing", "NHI001")), "{found:#}");
    assert_eq!(found["verdict"], "findings");
    assert!(found["summary"]["existing"].as_u64().unwrap() >= 1);

    let found = report(plan(&[old]), &["--new-only"]);
    assert_eq!(
        (&found["verdict"], &found["exit_code"]),
        (&json!("clean"), &json!(0)),
        "{found:#}"
    );

    // Two worlds, one address: what the change makes of it is new.
    let mut widened = administrator("aws_iam_role_policy.admin");
    widened["change"]["actions"] = json!(["update"]);
    widened["change"]["before"] = json!({"name": "admin", "role": "deploy",
        "policy": json!({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}).to_string()});
    let found = report(plan(&[widened]), &["--new-only"]);
    assert!(codes(&found).contains(&"NHI001"), "{found:#}");

    // What was replaced by the same thing was there before.
    let mut replaced = existing(administrator("aws_iam_role_policy.admin"));
    replaced["change"]["actions"] = json!(["delete", "create"]);
    let found = report(plan(&[replaced]), &["--new-only"]);
    assert!(!codes(&found).contains(&"NHI001"), "{found:#}");

    check("{", &["--new-only"]).exits(3);

    // A state adds nothing: that is no verdict.
    let state = json!({"format_version": "1.0", "values": {"root_module": {"resources": [{"address": "aws_iam_access_key.ci",
        "mode": "managed", "type": "aws_iam_access_key", "name": "ci", "values": {"user": "ci"}}]}}});
    check(state.to_string(), &[]).exits(1);
    check(state.to_string(), &["--new-only"]).exits(2);
}

#[test]
fn a_baseline_outlives_names_and_order_and_lets_nothing_new_through() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baseline.json");
    let path = file.to_str().unwrap();
    let before = plan(&[
        administrator("aws_iam_role_policy.admin"),
        key("aws_iam_access_key.ci"),
        unknown_policy("aws_iam_role_policy.x"),
    ]);
    let ran = nhi(&["baseline", "create", "-", "--output", path])
        .input(&before)
        .run()
        .exits(0);
    assert!(
        ran.stdout.is_empty() && ran.stderr.contains("written down"),
        "{}",
        ran.stderr
    );
    let printed = nhi(&["baseline", "create", "-"]).input(&before).run().exits(0).stdout;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), printed);

    let again = report(&before, &["--baseline", path]);
    assert_eq!(
        (again["verdict"].as_str(), codes(&again).len()),
        (Some("clean"), 0),
        "{again:#}"
    );

    let renamed = plan(&[
        key("module.keys[\"a\"].aws_iam_access_key.renamed").with_type("aws_iam_access_key"),
        administrator("aws_iam_role_policy.renamed"),
    ]);
    let found = report(&renamed, &["--baseline", path]);
    assert_eq!(
        (found["verdict"].as_str(), codes(&found).len()),
        (Some("clean"), 0),
        "{found:#}"
    );
    assert!(found["notes"].to_string().contains("occur no more"), "{found:#}");

    // A second one of the same kind for the same principal is one more than is known.
    let more = plan(&[key("aws_iam_access_key.ci"), key("aws_iam_access_key.second")]);
    let found = report(&more, &["--baseline", path]);
    assert!(codes(&found).contains(&"NHI010"), "{found:#}");
    assert_eq!(found["findings"][0]["address"], "aws_iam_access_key.second");

    for (text, plan) in [
        ("{}", &before),
        ("[", &before),
        (r#"{"version":2,"findings":[]}"#, &before),
    ] {
        std::fs::write(&file, text).unwrap();
        let ran = check(plan, &["--baseline", path]).exits(2);
        assert!(
            ran.stdout.is_empty() && ran.stderr.contains("baseline"),
            "{}",
            ran.stderr
        );
    }
    check(&before, &["--baseline", "no/such/file"]).exits(2);
    let ran = nhi(&["baseline", "create", "-", "--output", path])
        .input("{")
        .run()
        .exits(3);
    assert!(ran.stderr.contains("NHI-PLAN-TRUNCATED"), "{}", ran.stderr);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        r#"{"version":2,"findings":[]}"#,
        "nothing is written"
    );
}

trait WithType {
    fn with_type(self, resource_type: &str) -> Value;
}

impl WithType for Value {
    fn with_type(mut self, resource_type: &str) -> Value {
        self["type"] = json!(resource_type);
        self
    }
}

#[test]
fn what_became_certain_or_worse_is_not_in_the_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baseline.json");
    let path = file.to_str().unwrap();
    let unknown = plan(&[unknown_policy("aws_iam_role_policy.later")]);
    nhi(&["baseline", "create", "-", "--output", path])
        .input(&unknown)
        .run()
        .exits(0);
    let mut known = administrator("aws_iam_role_policy.later");
    known["change"]["after"]["name"] = json!("later");
    let found = report(plan(&[known]), &["--baseline", path]);
    assert!(codes(&found).contains(&"NHI001"), "{found:#}");
}

#[test]
fn a_waiver_sets_one_rule_at_one_address_aside_until_its_day() {
    let text = plan(&[key("aws_iam_access_key.ci"), key("aws_iam_access_key.other")]);
    let found = waived(&text, &[waiver(&json!({}))]);
    assert_eq!(set_aside(&found), [("waived", "NHI010")], "{found:#}");
    assert_eq!(found["not_counted"][0]["waiver"]["owner"], "platform");
    assert!(codes(&found).contains(&"NHI010"), "the other one counts: {found:#}");
    assert_eq!(found["summary"]["waived"], 1);

    let human = {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("w.json");
        std::fs::write(&file, json!({ "waivers": [waiver(&json!({}))] }).to_string()).unwrap();
        check(&text, &["--waivers", file.to_str().unwrap()]).exits(1).stdout
    };
    for word in [
        "Not counted",
        "waived by platform until 2999-01-01: a vendor",
        "not counted: 1 waived",
    ] {
        assert!(human.contains(word), "no `{word}` in\n{human}");
    }

    let one = plan(&[key("aws_iam_access_key.ci")]);
    let found = waived(&one, &[waiver(&json!({"rule": "aws-access-key"}))]);
    assert_eq!(
        set_aside(&found),
        [("waived", "NHI010")],
        "a rule's name will do: {found:#}"
    );

    let found = waived(&one, &[waiver(&json!({"expires": "2020-01-01"}))]);
    assert!(
        codes(&found).contains(&"NHI010") && codes(&found).contains(&"NHI-WAIVER-EXPIRED"),
        "{found:#}"
    );
    assert!(set_aside(&found).is_empty());

    let found = waived(
        &one,
        &[
            waiver(&json!({})),
            waiver(&json!({"address": "aws_iam_access_key.gone"})),
        ],
    );
    assert!(
        found["notes"].to_string().contains("aws_iam_access_key.gone"),
        "{found:#}"
    );

    // Nobody waives the end of a waiver, or what could not be read.
    let tricks = [
        waiver(&json!({"expires": "2020-01-01"})),
        waiver(&json!({"rule": "NHI-WAIVER-EXPIRED"})),
        waiver(&json!({"rule": "NHI-PLAN-TRUNCATED", "address": "standard input"})),
    ];
    assert!(codes(&waived(&one, &tricks)).contains(&"NHI-WAIVER-EXPIRED"));
    let found = waived("{", &tricks);
    assert_eq!(found["verdict"], "undecided");
    assert!(codes(&found).contains(&"NHI-PLAN-TRUNCATED"), "{found:#}");
}

#[test]
fn a_waiver_may_hold_for_one_value_only() {
    let text = plan(&[administrator("aws_iam_role_policy.admin")]);
    let found = report(&text, &[]);
    let finding = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "NHI001")
        .unwrap();
    let digest = finding["value_sha256"].as_str().unwrap();
    let of = |digest: &str| {
        waiver(&json!({"rule": "NHI001", "address": "aws_iam_role_policy.admin", "value_sha256": digest}))
    };
    assert!(set_aside(&waived(&text, &[of(digest)])).contains(&("waived", "NHI001")));
    let other = digest.replace(|c: char| c.is_ascii_digit(), "a");
    assert!(codes(&waived(&text, &[of(&other)])).contains(&"NHI001"));
}

#[test]
fn waivers_are_hcl_or_json_and_nothing_half_right_counts() {
    let folder = tempfile::tempdir().unwrap();
    let text = plan(&[key("aws_iam_access_key.ci")]);
    let run = |name: &str, content: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        check(&text, &["--format", "json", "--waivers", file.to_str().unwrap()])
    };
    let block = "waiver {\n  rule = \"NHI010\"\n  address = \"aws_iam_access_key.ci\"\n  reason = \"a vendor\"\n  owner = \"p\"\n  expires = \"2999-01-01\"\n}\n";
    let found = run("w.hcl", block).exits(0).json();
    assert_eq!(set_aside(&found), [("waived", "NHI010")], "{found:#}");
    let two = format!("{block}{}", block.replace(".ci\"", "[\\\"a\\\"]\""));
    assert!(
        run("w.hcl", &two).exits(0).json()["notes"]
            .to_string()
            .contains("waiver 2"),
        "the second is unused"
    );

    for missing in ["rule", "address", "reason", "owner", "expires"] {
        let kept = block.lines().filter(|line| !line.trim().starts_with(missing));
        let cut = kept.collect::<Vec<_>>().join("\n");
        let ran = run("w.hcl", &cut).exits(2);
        assert!(ran.stderr.contains(missing), "{missing}: {}", ran.stderr);
        let mut object = waiver(&json!({}));
        object.as_object_mut().unwrap().remove(missing);
        run("w.json", &json!({ "waivers": [object] }).to_string()).exits(2);
    }
    for wrong in [
        block.replace("2999-01-01", "never"),
        block.replace("\"a vendor\"", "\" \""),
        block.replace("owner", "extra = 1\n  owner"),
        block.replace("waiver {", "waver {"),
        "rule = 1".to_owned(),
        "waiver {".to_owned(),
    ] {
        let ran = run("w.hcl", &wrong).exits(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{wrong}");
    }
    let ran = run("w.hcl", &block.replace("NHI010", "NHI999")).exits(2);
    assert!(ran.stderr.contains("no such rule as `NHI999`"), "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    let missing = folder.path().join("no-such-file.hcl");
    check(&text, &["--waivers", missing.to_str().unwrap()]).exits(2);
    assert!(!Path::new(&missing).exists());
}

#[test]
fn what_is_set_aside_never_empties_an_undecided_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.json");
    let clean = plan(&[harmless()]);
    nhi(&["baseline", "create", "-", "--output", file.to_str().unwrap()])
        .input(&clean)
        .run()
        .exits(0);
    for input in ["", "{", "[]"] {
        check(input, &["--baseline", file.to_str().unwrap(), "--new-only"]).exits(3);
    }
}
