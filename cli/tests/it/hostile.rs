//! Names, values and files that try to speak to the terminal, the CI runner or the viewer of a report.

use serde_json::{Value, json};

use crate::support::{administrator, check, create, key, nhi, plan};

const PAYLOADS: [&str; 22] = [
    "\u{1b}[2J\u{1b}[1;1Hclean",
    "\u{1b}]52;c;cm0gLXJmIH4=\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{9b}31m",
    "\u{90}payload\u{9c}",
    "nimda\u{202e}nigol",
    "\u{2066}isolated\u{2069}",
    "zero\u{200b}width\u{feff}",
    "tag\u{e0041}\u{e0042}",
    "\r::error file=x::owned",
    "\n::error file=x::owned",
    "\n  ::set-output name=x::owned",
    "\u{2028}::error::owned",
    "\u{85}::error::owned",
    "::add-mask::x",
    "##[error]owned",
    "text ##[command]owned",
    "##vso[task.setvariable variable=PATH]owned",
    "##teamcity[buildStatus status='SUCCESS']",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<img src=x onerror=alert(1)>",
];

/// What no output may hold, wherever it is read.
fn assert_harmless(what: &str, text: &str) {
    for (number, line) in text.lines().enumerate() {
        let at = || format!("{what}, line {}: {line:?}", number + 1);
        let is_raw = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                    | '\u{ad}' | '\u{e0000}'..='\u{e007f}')
        };
        assert!(!line.contains(is_raw), "{}", at());
        assert!(!line.trim_start().starts_with("::"), "{}", at());
        for marker in ["##[", "##vso[", "##teamcity["] {
            assert!(!line.contains(marker), "{}", at());
        }
    }
}

const FORMATS: [&str; 9] = [
    "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html", "ocsf",
];

/// Whether a part of a Markdown text stands in code spans alone.
fn only_in_code(text: &str, part: &str) -> bool {
    text.lines().filter(|line| line.contains(part)).all(|line| {
        line.match_indices(part)
            .all(|(at, _)| line[..at].matches('`').count() % 2 == 1 || line[..at].contains("`` "))
    })
}

/// Every line is one command of ours and no other; what is left is its text.
fn commands_undone(payload: &str, text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let inner = ["::error title=", "::warning title=", "::notice title="]
            .iter()
            .find_map(|start| line.strip_prefix(start))
            .unwrap_or_else(|| panic!("{payload:?}: no command of ours: {line}"));
        let (properties, message) = inner.split_once("::").unwrap();
        let mut names = properties
            .split(',')
            .skip(1)
            .map(|part| part.split('=').next().unwrap());
        assert!(
            names.all(|name| ["file", "line", "col"].contains(&name)),
            "{payload:?}: {properties}"
        );
        for part in message.split("%0A") {
            out.push_str("> ");
            out.push_str(part);
            out.push('\n');
        }
    }
    out
}

/// Whether a message of a SARIF log could become a link or an image, or asks to be rendered.
fn has_markup(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(key, value)| {
            key == "markdown"
                || key == "text" && value.as_str().is_none_or(|text| text.contains("]("))
                || has_markup(value)
        }),
        Value::Array(elements) => elements.iter().any(has_markup),
        _ => false,
    }
}

#[test]
fn nothing_in_a_plan_speaks_to_terminal_or_runner() {
    let mut cases = 0;
    for payload in PAYLOADS {
        let quoted = json!(payload).to_string();
        let changes = [
            key(&format!("aws_iam_access_key.ci[{quoted}]")),
            key(&format!("aws_iam_access_key.{payload}")),
            administrator(&format!("module.{payload}.aws_iam_role_policy.admin")),
            create(
                "aws_iam_user.u",
                json!({"name": payload, "tags": {payload: "AKIAIOSFODNN7EXAMPLE"}}),
            ),
        ];
        let mut text = plan(&changes);
        // Keys that are built from the payload's type must still be what the builder meant.
        text = text.replace("\"type\":\"module\"", "\"type\":\"aws_iam_role_policy\"");
        for format in FORMATS {
            for width in ["--color=never", "--color=auto"] {
                let ran = check(&text, &["--format", format, width]);
                assert!(matches!(ran.code, Some(1)), "{payload:?}: {}", ran.stderr);
                let out = if format == "github" {
                    commands_undone(payload, &ran.stdout)
                } else {
                    ran.stdout
                };
                assert_harmless(&format!("{format} of {payload:?}"), &out);
                assert_harmless(&format!("talk beside {format} of {payload:?}"), &ran.stderr);
                cases += 1;
            }
        }
        for (format, markup) in [
            ("markdown", &["](https", "<img"][..]),
            ("html", &["<img", "href", "src=\"", "<script", "javascript:"]),
            ("junit", &["<img"]),
        ] {
            let out = check(&text, &["--format", format]).stdout;
            for part in markup {
                let is_code = format == "markdown" && only_in_code(&out, part);
                assert!(
                    is_code || !out.contains(part),
                    "{payload:?}: `{part}` in {format}:\n{out}"
                );
            }
        }
        let sarif = check(&text, &["--format", "sarif"]).json();
        assert!(!has_markup(&sarif), "{payload:?}: markup in SARIF");
    }
    println!("{cases} cases, 0 failures");
}

#[test]
fn nothing_on_the_command_line_speaks_to_terminal_or_runner() {
    for payload in PAYLOADS {
        let path = format!("x{payload}");
        for arguments in [
            vec!["check", &path],
            vec!["check", &path, "--format", "json"],
            vec!["check", &path, "--format", "sarif"],
            vec!["check", "-", "--module", &path],
            vec!["check", "-", "--module-settings", &path],
            vec!["check", "-", "--output", &path, "--fail-on", payload],
            vec!["explain", payload],
            vec![payload],
        ] {
            // An argument with a dash in front is an option: the message must be harmless all the same.
            let ran = nhi(&arguments).directory(std::path::Path::new("/")).run();
            assert!(matches!(ran.code, Some(2 | 3)), "{arguments:?}: {:?}", ran.code);
            assert_harmless(&format!("{arguments:?}"), &ran.stdout);
            assert_harmless(&format!("{arguments:?}"), &ran.stderr);
        }
    }
}

#[test]
fn a_credential_is_found_and_never_shown() {
    // The last six characters are the checksum, which makes it a credential and not a placeholder.
    let secret = "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";
    let text = plan(&[create(
        "aws_instance.web",
        json!({"user_data": format!("export GITHUB_TOKEN={secret}"), "tags": {"token": secret}}),
    )]);
    for format in FORMATS {
        let ran = check(&text, &["--format", format, "--timings"]).exits(1);
        assert!(ran.stdout.contains("NHI011"), "{format}:\n{}", ran.stdout);
        for part in [secret, "16C7e42F292c6912", "E7710c838347Ae4H2Y7G"] {
            assert!(
                !ran.stdout.contains(part) && !ran.stderr.contains(part),
                "{format}:\n{}",
                ran.stdout
            );
        }
    }
}
