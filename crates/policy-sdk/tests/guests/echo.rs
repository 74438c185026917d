// Says back what it was handed, so that a test can compare it with what the host has. Included by both echo guests.

use nhi_policy_sdk::{
    Action, Canary, Change, Context, Description, Encoding, Finding, Findings, Interest, Patch, PolicyModule, RuleInfo,
    Severity, line, testing,
};

struct Echo;

fn canary() -> String {
    let mut text = String::new();
    line::write(&mut text, &testing::change("other_thing.canary", "{}"));
    text
}

impl PolicyModule for Echo {
    fn describe() -> Description {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Description {
            rules: vec![RuleInfo {
                code: "TEST002".into(),
                name: "echo".into(),
                summary: "a block".into(),
                why: "tests".into(),
                severity: Severity::Low,
                docs: "## What it does".into(),
                controls: words(&["CWE-798", "NHI5:2025"]),
                attributes: vec![("since".into(), "1.0.0".into())],
            }],
            interests: vec![
                Interest {
                    modes: words(&["managed"]),
                    resource_types: words(&["full_*"]),
                    needs: words(&["before", "configuration", "graph"]),
                    ..Interest::default()
                },
                Interest {
                    actions: vec![Action::Forget, Action::Delete],
                    paths: words(&["tags", "statement[0].actions"]),
                    attributes: vec![("for".into(), "later".into())],
                    ..Interest::resources(&["cut_*"])
                },
                Interest::resources(&["other_*"]),
                Interest {
                    modes: words(&["output"]),
                    resource_types: words(&["*"]),
                    ..Interest::default()
                },
            ],
            encoding: ENCODING,
            settings_schema: r#"{"type":"object"}"#.into(),
            canaries: vec![Canary { rule: "TEST002".into(), change: canary() }],
            attributes: vec![("home".into(), "https://example.com".into())],
            ..Description::new("echo", "1.0.0")
        }
    }

    fn open(settings: &str, context: &Context) -> Result<Self, String> {
        if settings == "{\"context\":true}" {
            return Err(format!("{context:?}"));
        }
        Ok(Self)
    }

    fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
        let finding = Finding::new("TEST002", change.address.as_ref()).message(format!("{change:?}"));
        findings.push(match change.resource_type.as_ref() {
            "full_thing" => Finding {
                severity: Some(Severity::Critical),
                evidence: "references".into(),
                patch: Some(Patch { path: "name".into(), replacement: "\"n\"".into() }),
                attributes: vec![("fact".into(), "value".into())],
                ..finding.at("tags[\"cost-center\"]").remediation("do it").unverified()
            },
            _ => finding,
        });
        Ok(())
    }
}

nhi_policy_sdk::export!(Echo);
