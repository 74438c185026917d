// Says back what it was handed, so that a test can compare it with what the host has. Included by both echo guests.

use nhi_policy_sdk::{Change, Context, Description, Encoding, Finding, Findings, Interest, PolicyModule, RuleInfo};

struct Echo;

impl PolicyModule for Echo {
    fn describe() -> Description {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Description {
            rules: vec![RuleInfo {
                code: "TEST002".into(),
                name: "echo".into(),
                summary: "a block".into(),
                why: "tests".into(),
                ..RuleInfo::default()
            }],
            interests: vec![
                Interest {
                    modes: words(&["managed"]),
                    resource_types: words(&["full_*"]),
                    needs: words(&["before", "configuration"]),
                },
                Interest { modes: words(&["managed", "output"]), resource_types: words(&["*"]), needs: vec![] },
            ],
            encoding: ENCODING,
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
        findings.push(Finding::new("TEST002", change.address.as_ref()).message(format!("{change:?}")));
        Ok(())
    }
}

nhi_policy_sdk::export!(Echo);
