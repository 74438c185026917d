//! The command line itself: help, rules, explanations, completions, files, pipes and colour.

use std::process::Stdio;

use serde_json::Value;

use crate::support::{administrator, check, codes, component, harmless, key, nhi, plan, report};

#[test]
fn help_and_version_are_answers_and_the_rest_is_usage() {
    let cases: [(&[&str], i32); 9] = [
        (&["--version"], 0),
        (&["--help"], 0),
        (&["check", "--help"], 0),
        (&["explain", "--help"], 0),
        (&[], 2),
        (&["no-such-command"], 2),
        (&["explain"], 2),
        (&["explain", "NHI999X"], 2),
        (&["completions", "tcsh"], 2),
    ];
    for (arguments, code) in cases {
        let ran = nhi(arguments).run().exits(code);
        let (said, silent) = if code == 0 {
            (ran.stdout, ran.stderr)
        } else {
            (ran.stderr, ran.stdout)
        };
        assert!(
            !said.is_empty() && silent.is_empty(),
            "{arguments:?}:\n{said}\n{silent}"
        );
    }
    let help = nhi(&["--help"]).run().exits(0).stdout;
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    let version = nhi(&["--version"]).run().exits(0).stdout;
    assert_eq!(version, format!("nhi {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_code_that_is_listed_can_be_explained() {
    let listed: Value = nhi(&["rules", "--format", "json"]).run().exits(0).json();
    let entries = listed["rules"]
        .as_array()
        .unwrap()
        .iter()
        .chain(listed["codes"].as_array().unwrap());
    let mut count = 0;
    for entry in entries {
        let (code, name) = (entry["code"].as_str().unwrap(), entry["name"].as_str().unwrap());
        for spelling in [code.to_owned(), code.to_ascii_lowercase(), name.to_owned()] {
            let ran = nhi(&["explain", &spelling]).run().exits(0);
            assert!(
                ran.stdout.contains(code) && ran.stdout.lines().count() >= 4,
                "{spelling}:\n{}",
                ran.stdout
            );
        }
        count += 1;
    }
    assert!(count > 30, "{count} codes");
    let human = nhi(&["rules"]).run().exits(0).stdout;
    assert!(human.contains("NHI001") && human.contains("NHI-PLAN-DUP") && human.contains("NHI-MODULE-IMPORTS"));
    let ran = nhi(&["explain", "nhi4"]).run().exits(2);
    assert!(ran.stderr.contains("did you mean `NHI004`?"), "{}", ran.stderr);
    let ran = nhi(&["explain", "NHI-PLAN-DUB"]).run().exits(2);
    assert!(ran.stderr.contains("did you mean `NHI-PLAN-DUP`"), "{}", ran.stderr);
}

#[test]
fn completions_are_scripts_that_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = nhi(&["completions", shell]).run().exits(0).stdout;
        for word in [
            "adopt", "check", "explain", "fail-on", "new-only", "waivers", "source", "baseline", "graph", "fix",
        ] {
            assert!(script.contains(word), "{shell} does not know `{word}`");
        }
        for code in ["NHI001", "NHI-PLAN-DUP", "NHI-MODULE-FUEL"] {
            let is_known = script.contains(code);
            assert!(
                is_known || !["bash", "zsh"].contains(&shell),
                "{shell} does not know `{code}`"
            );
        }
    }
}

#[test]
fn no_argument_reads_standard_input() {
    let text = plan(&[key("aws_iam_access_key.ci")]);
    let implied = nhi(&["check"]).input(&text).run().exits(1);
    assert_eq!(implied.stdout, check(&text, &[]).stdout);
}

#[test]
fn a_report_in_a_file_leaves_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    let text = plan(&[key("aws_iam_access_key.ci"), administrator("aws_iam_role_policy.admin")]);
    let file = folder.path().join("report");
    for format in [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let shown = check(&text, &["--format", format, "--color", "never"]);
        let path = file.to_str().unwrap();
        let ran = check(&text, &["--format", format, "--output", path, "--color", "always"]).exits(1);
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
        assert!(
            ran.stderr.contains("blocked:") && ran.stderr.contains("checked"),
            "{}",
            ran.stderr
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), shown.stdout, "{format}");
    }
    // Even a clean plan is not clean when the report cannot be delivered.
    let nowhere = folder.path().join("no/such/folder/report");
    let ran = check(plan(&[harmless()]), &["--output", nowhere.to_str().unwrap()]).exits(3);
    assert!(ran.stderr.contains("cannot be written"), "{}", ran.stderr);
}

#[test]
fn colour_is_for_terminals_and_those_who_ask() {
    let text = plan(&[key("aws_iam_access_key.ci")]);
    let escape = '\u{1b}';
    assert!(!check(&text, &[]).stdout.contains(escape));
    assert!(check(&text, &["--color", "always"]).stdout.contains(escape));
    assert!(!check(&text, &["--color", "never"]).stdout.contains(escape));
    assert!(
        !check(&text, &["--color", "always", "--format", "json"])
            .stdout
            .contains(escape)
    );
    let forced = nhi(&["check", "-"])
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .input(&text)
        .run();
    assert!(!forced.stdout.contains(escape), "NO_COLOR wins");
}

#[test]
fn a_reader_that_went_away_changes_neither_verdict_nor_mood() {
    for (plan, code) in [(plan(&[harmless()]), 0), (plan(&[key("aws_iam_access_key.ci")]), 1)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        std::fs::write(&file, plan).unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut nhi = nhi(&["check", file.to_str().unwrap()]);
        let child = nhi
            .command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn modules_must_not_speak_for_one_another() {
    let module = component("example-policy-module.wasm");
    let module = module.to_str().unwrap();
    let found = report(plan(&[harmless()]), &["--module", module, "--module", module]);
    assert_eq!(found["verdict"], "undecided");
    assert!(codes(&found).contains(&"NHI-MODULE-CONFLICT"), "{found:#}");
    // The other findings are still shown.
    assert!(codes(&found).contains(&"TEAM001"), "{found:#}");

    let listed = nhi(&["rules", "--module", module]).run().exits(0).stdout;
    assert!(listed.contains("TEAM001") && listed.contains("NHI001"), "{listed}");
    nhi(&["explain", "TEAM001", "--module", module]).run().exits(0);
    nhi(&["explain", "TEAM001"]).run().exits(2);
}

#[test]
fn a_module_that_cannot_be_loaded_hides_nobody_elses_findings() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.wasm");
    std::fs::write(&text, "not a module").unwrap();
    let missing = folder.path().join("missing.wasm");
    for (file, code) in [(&text, "NHI-MODULE-"), (&missing, "NHI-MODULE-READ")] {
        let found = report(
            plan(&[key("aws_iam_access_key.ci")]),
            &["--module", file.to_str().unwrap()],
        );
        assert_eq!(found["verdict"], "undecided");
        assert!(codes(&found)[0].starts_with(code), "{found:#}");
        assert!(codes(&found).contains(&"NHI010"), "{found:#}");
    }
    nhi(&["rules", "--module", missing.to_str().unwrap()]).run().exits(3);
}

#[test]
fn settings_that_nobody_would_see_are_usage_errors() {
    let text = plan(&[harmless()]);
    for settings in ["nobody={}", "nobody=[", "no/such/file.json"] {
        let ran = check(&text, &["--module-settings", settings]).exits(2);
        assert!(ran.stdout.is_empty() && ran.stderr.contains("help:"), "{}", ran.stderr);
    }
}

#[test]
fn timings_are_talk() {
    let text = plan(&[harmless()]);
    let ran = check(&text, &["--timings", "--format", "json"]).exits(0);
    assert!(
        ran.stderr.contains("fuel") && ran.stderr.contains("plan parsed"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, check(&text, &["--format", "json"]).stdout);
}
