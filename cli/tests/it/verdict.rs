//! What a run comes to: the exit code, and that nothing passes by accident.

use serde_json::{Value, json};

use crate::support::{administrator, check, codes, create, harmless, key, nhi, plan, report, unknown_policy};

#[test]
fn the_threshold_decides_between_clean_and_findings() {
    let critical = plan(&[administrator("aws_iam_role_policy.admin")]);
    let high = plan(&[key("aws_iam_access_key.ci")]);
    let clean = plan(&[harmless()]);
    let cases: [(&str, &str, &[&str], i32); 9] = [
        ("clean", &clean, &[], 0),
        ("clean, the lowest threshold", &clean, &["--fail-on", "info"], 0),
        ("high at the default", &high, &[], 1),
        ("high below critical", &high, &["--fail-on", "critical"], 0),
        ("high above medium", &high, &["--fail-on", "medium"], 1),
        ("critical at the default", &critical, &[], 1),
        ("critical at critical", &critical, &["--fail-on", "critical"], 1),
        ("a severity that does not exist", &clean, &["--fail-on", "severe"], 2),
        ("an option that does not exist", &clean, &["--fail"], 2),
    ];
    for (what, plan, arguments, code) in cases {
        for format in [
            "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html", "ocsf",
        ] {
            let mut all = vec!["--format", format];
            all.extend(arguments);
            let ran = check(plan, &all);
            assert_eq!(
                ran.code,
                Some(code),
                "{what}, {format}:\n{}\n{}",
                ran.stdout,
                ran.stderr
            );
        }
    }
}

#[test]
fn what_is_unknown_is_reported_and_blocks_only_when_asked() {
    let unknown = plan(&[unknown_policy("aws_iam_role_policy.later")]);
    let found = report(&unknown, &[]);
    let outcomes: Vec<&str> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["outcome"].as_str().unwrap())
        .collect();
    assert!(
        !outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == "unverified"),
        "{found:#}"
    );
    assert_eq!(
        (found["verdict"].as_str(), found["exit_code"].as_u64()),
        (Some("clean"), Some(0))
    );

    let human = check(&unknown, &[]).exits(0);
    assert!(human.stdout.contains("Could not tell"), "{}", human.stdout);
    assert!(human.stdout.contains("could not be verified"), "{}", human.stdout);

    let strict = report(&unknown, &["--fail-on-unverified"]);
    assert_eq!(strict["verdict"], "findings");
    check(&unknown, &["--fail-on-unverified"]).exits(1);
}

/// Inputs that are no plan, or not a whole one, and the code each must get.
fn unreadable() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = plan(&[harmless()]);
    let twice = whole.replacen("\"errored\":false", "\"format_version\":\"1.2\"", 1);
    let errored = whole.replace("\"errored\":false", "\"errored\":true");
    let deep = format!(
        "{{\"format_version\":\"1.2\",\"x\":{}1{}}}",
        "[".repeat(10_001),
        "]".repeat(10_001)
    );
    let mut not_utf8 = whole.clone().into_bytes();
    not_utf8[40] = 0xff;
    vec![
        ("nothing", Vec::new(), "NHI-PLAN-EMPTY"),
        ("blanks", b" \n\t\n".to_vec(), "NHI-PLAN-EMPTY"),
        ("an empty object", b"{}".to_vec(), "NHI-PLAN-FORMAT"),
        ("null", b"null".to_vec(), "NHI-PLAN-FORMAT"),
        ("a list", b"[]".to_vec(), "NHI-PLAN-FORMAT"),
        ("a message", b"Error: no plan\n".to_vec(), "NHI-PLAN-FORMAT"),
        (
            "only a version",
            br#"{"format_version":"1.2"}"#.to_vec(),
            "NHI-PLAN-FORMAT",
        ),
        (
            "a newer format",
            whole.replace("\"1.2\"", "\"2.0\"").into_bytes(),
            "NHI-PLAN-FORMAT",
        ),
        ("a plan file", b"PK\x03\x04rest".to_vec(), "NHI-PLAN-FORMAT"),
        (
            "a raw state",
            br#"{"version":4,"serial":1,"lineage":"x"}"#.to_vec(),
            "NHI-PLAN-FORMAT",
        ),
        ("a plan that failed", errored.into_bytes(), "NHI-PLAN-ERRORED"),
        (
            "a plan cut short",
            whole.as_bytes()[..whole.len() - 2].to_vec(),
            "NHI-PLAN-TRUNCATED",
        ),
        ("a key twice", twice.into_bytes(), "NHI-PLAN-DUP"),
        ("two plans", format!("{whole}{whole}").into_bytes(), "NHI-PLAN-TRAILING"),
        ("a byte that is no text", not_utf8, "NHI-PLAN-UTF8"),
        ("nested too deeply", deep.into_bytes(), "NHI-PLAN-DEPTH"),
        (
            "a comma too many",
            whole.replacen(',', ",,", 1).into_bytes(),
            "NHI-PLAN-SYNTAX",
        ),
    ]
}

#[test]
fn what_cannot_be_read_is_never_clean() {
    for (what, input, code) in unreadable() {
        let found = report(&input, &[]);
        assert_eq!(found["verdict"], "undecided", "{what}: {found:#}");
        assert_eq!(found["exit_code"], 3, "{what}");
        assert_eq!(codes(&found), [code], "{what}: {found:#}");
        let finding = &found["findings"][0];
        assert!(
            finding["byte_offset"].is_u64() && finding["blocking"] == true,
            "{what}: {finding:#}"
        );
        assert!(
            finding["help"].as_str().is_some_and(|help| !help.is_empty()),
            "{what}: {finding:#}"
        );

        let human = check(&input, &[]).exits(3);
        for word in [code, "byte", "undecided:", "fix"] {
            assert!(human.stdout.contains(word), "{what}: no `{word}` in\n{}", human.stdout);
        }
        let sarif = check(&input, &["--format", "sarif"]).exits(3).json();
        let run = &sarif["runs"][0];
        assert_eq!(run["invocations"][0]["executionSuccessful"], false, "{what}");
        assert_eq!(run["results"][0]["ruleId"], code, "{what}");
        let offset = &run["results"][0]["locations"][0]["physicalLocation"]["region"]["byteOffset"];
        assert_eq!(*offset, finding["byte_offset"], "{what}");
    }
}

#[test]
fn what_is_odd_but_legal_is_read() {
    let hostile = |text: &str| {
        let list = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
        text.replacen("\"logs\"", &format!("\"logs\",\"big\":1e400,\"deep\":{list}"), 1)
    };
    let whole = plan(&[
        create("aws_s3_bucket.logs", json!({"bucket": "logs"})),
        key("aws_iam_access_key.ci"),
    ]);
    let utf16 = |big: bool| {
        let mut bytes: Vec<u8> = if big { vec![0xfe, 0xff] } else { vec![0xff, 0xfe] };
        let units = whole.encode_utf16();
        bytes.extend(units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }));
        bytes
    };
    let cases = [
        ("as it is", whole.clone().into_bytes()),
        ("1e400 and lists nested 1,000 deep", hostile(&whole).into_bytes()),
        ("UTF-8 with a mark", format!("\u{feff}{whole}").into_bytes()),
        ("UTF-16, little endian", utf16(false)),
        ("UTF-16, big endian", utf16(true)),
        (
            "a wrapper's line",
            format!("Running in production\n{whole}\n").into_bytes(),
        ),
        (
            "a newer minor version",
            whole.replace("\"1.2\"", "\"1.9\"").into_bytes(),
        ),
    ];
    for (what, input) in cases {
        let found = report(&input, &[]);
        assert_eq!(found["verdict"], "findings", "{what}: {found:#}");
        assert!(codes(&found).contains(&"NHI010"), "{what}: {found:#}");
    }
}

#[test]
fn a_plan_without_blocks_says_that_nothing_was_judged() {
    let empty = json!({
        "format_version": "1.2", "terraform_version": "1.12.6", "planned_values": {"root_module": {}},
        "configuration": {"root_module": {}}, "errored": false,
    });
    let ran = check(empty.to_string(), &[]).exits(0);
    assert!(ran.stdout.contains("the plan holds no blocks"), "{}", ran.stdout);
    assert!(ran.stdout.contains("checked no blocks"), "{}", ran.stdout);
}

#[test]
fn a_clean_report_says_what_was_checked() {
    let ran = check(plan(&[harmless()]), &[]).exits(0);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in [
        "passed: nothing found",
        "checked 1 block (1 managed) of standard input (planned by version 1.12.6)",
        "rules of nhi-analyzer",
        "standard input",
    ] {
        assert!(said.contains(word), "no `{word}` in\n{}", ran.stdout);
    }
    let found = report(plan(&[harmless()]), &[]);
    assert_eq!(found["checked"]["blocks"], 1);
    assert!(found["checked"]["rules"].as_u64().is_some_and(|rules| rules >= 5));
    assert_eq!(found["modules"][0]["completed"], true);
    let fuel = &found["modules"][0]["usage"]["fuel"];
    assert!(fuel.as_u64().is_some_and(|fuel| fuel > 0), "{fuel}");
}

#[test]
fn limits_can_be_lowered_and_are_not_silent() {
    let whole = plan(&[harmless()]);
    for (arguments, code) in [
        (["--max-bytes", "10"], "NHI-PLAN-BUDGET"),
        (["--max-nodes", "3"], "NHI-PLAN-BUDGET"),
        (["--max-records", "0"], "NHI-PLAN-BUDGET"),
        (["--max-depth", "2"], "NHI-PLAN-DEPTH"),
    ] {
        let found = report(&whole, &arguments);
        assert_eq!(codes(&found), [code], "{arguments:?}: {found:#}");
        let help = found["findings"][0]["help"].as_str().unwrap();
        assert!(
            help.contains(arguments[0]),
            "the help must name `{}`: {help}",
            arguments[0]
        );
        check(&whole, &arguments).exits(3);
    }
    let length = whole.len().to_string();
    check(&whole, &["--max-bytes", &length]).exits(0);
    check(&whole, &["--max-bytes", &(whole.len() - 1).to_string()]).exits(3);
}

#[test]
fn findings_come_in_one_order_whatever_the_order_of_the_plan() {
    let changes = [
        key("aws_iam_access_key.b"),
        administrator("aws_iam_role_policy.admin"),
        unknown_policy("aws_iam_role_policy.later"),
        key("aws_iam_access_key.a"),
    ];
    let forward = report(plan(&changes), &[]);
    let backward: Vec<Value> = changes.iter().rev().cloned().collect();
    let backward = report(plan(&backward), &[]);
    assert_eq!(forward["findings"], backward["findings"]);
    let ranks: Vec<(&str, &str)> = forward["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["outcome"].as_str().unwrap(),
                finding["severity"].as_str().unwrap(),
            )
        })
        .collect();
    let order = |rank: &(&str, &str)| {
        let outcome = ["undecided", "violation", "unverified"]
            .iter()
            .position(|word| *word == rank.0);
        let severity = ["critical", "high", "medium", "low", "info"]
            .iter()
            .position(|word| *word == rank.1);
        (outcome, severity)
    };
    assert!(ranks.iter().map(order).is_sorted(), "{ranks:?}");
    for format in [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let (one, two) = (
            check(plan(&changes), &["--format", format]),
            check(plan(&changes), &["--format", format]),
        );
        assert_eq!(
            one.stdout, two.stdout,
            "{format}: the same plan must give the same bytes"
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_undecided() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["no/such/plan.json", "."] {
        let ran = nhi(&["check", path, "--format", "json"])
            .directory(folder.path())
            .run()
            .exits(3);
        assert_eq!(codes(&ran.json()), ["NHI-PLAN-READ"], "{path}");
    }
}
