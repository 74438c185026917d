// Declares canaries and flags them, or does not, as its settings say. Included by two guests.

use nhi_policy_sdk::{
    Canary, Change, Context, Description, Finding, Findings, Interest, PolicyModule, RuleInfo, Sharding, json, line,
    testing,
};

struct Declared {
    deed: String,
}

fn rule(code: &str) -> RuleInfo {
    RuleInfo {
        code: code.into(),
        name: "seen".into(),
        summary: "a block was seen".into(),
        why: "tests".into(),
        ..RuleInfo::default()
    }
}

fn canary(address: &str) -> Canary {
    let mut change = String::new();
    line::write(&mut change, &testing::change(address, "{}"));
    Canary { rule: "TEST001".into(), change }
}

impl PolicyModule for Declared {
    fn describe() -> Description {
        Description {
            rules: vec![rule("TEST001"), rule("TEST002")],
            interests: vec![Interest::resources(&["*"])],
            sharding: SHARDING,
            canaries: vec![canary("aws_iam_user.a"), canary("module.m[\"x\"].aws_iam_user.b")],
            ..Description::new("declared", "1.0.0")
        }
    }

    fn open(settings: &str, _context: &Context) -> Result<Self, String> {
        let document = json::parse(settings).map_err(|error| error.to_string())?;
        let deed = document.root().get("do").and_then(json::Value::as_str).unwrap_or_default();
        Ok(Self { deed: deed.into_owned() })
    }

    fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
        let finding = |rule: &str, address: &str| Finding::new(rule, address).message("seen");
        match self.deed.as_str() {
            "sleep" => {}
            "other-rule" => findings.push(finding("TEST002", &change.address)),
            "unsure" => findings.push(finding("TEST001", &change.address).unverified()),
            "elsewhere" => findings.push(finding("TEST001", "aws_iam_user.a")),
            _ => findings.push(finding("TEST001", &change.address)),
        }
        Ok(())
    }
}

nhi_policy_sdk::export!(Declared);
