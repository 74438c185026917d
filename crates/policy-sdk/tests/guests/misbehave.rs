//! A guest that breaks one rule of the sandbox, chosen by its settings; crates/policy-host/tests runs it.

use std::hint::black_box;

use nhi_policy_sdk::{Change, Context, Description, Finding, Findings, Interest, PolicyModule, RuleInfo, json};

struct Misbehave {
    deed: String,
}

fn deed(settings: &str) -> Result<String, String> {
    let document = json::parse(settings).map_err(|error| error.to_string())?;
    let deed = document
        .root()
        .get("do")
        .and_then(json::Value::as_str)
        .unwrap_or_default();
    Ok(deed.into_owned())
}

fn finding(message: impl Into<String>) -> Finding {
    Finding::new("TEST001", "a.b").message(message)
}

impl PolicyModule for Misbehave {
    fn describe() -> Description {
        Description {
            rules: vec![RuleInfo {
                code: "TEST001".into(),
                name: "seen".into(),
                summary: "a block was seen".into(),
                why: "tests".into(),
                ..RuleInfo::default()
            }],
            interests: vec![Interest::resources(&["*"])],
            ..Description::new("misbehave", "1.0.0")
        }
    }

    fn validate_settings(settings: &str) -> Result<(), Vec<String>> {
        if deed(settings).map_err(|error| vec![error])? == "refuse-settings" {
            return Err(vec!["`do` must not be `refuse-settings`".into()]);
        }
        Ok(())
    }

    fn open(settings: &str, _context: &Context) -> Result<Self, String> {
        let deed = deed(settings)?;
        if deed == "fail-open" {
            return Err("no wish to start".into());
        }
        if deed == "loop-open" {
            spin();
        }
        Ok(Self { deed })
    }

    fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
        match self.deed.as_str() {
            "loop" => spin(),
            "square" => square(change.after.as_deref().unwrap_or_default()),
            "grow" => grow(),
            "recurse" => drop(black_box(recurse(1))),
            "panic" => crash(),
            "fail" => return Err("this block is beyond me".into()),
            "unknown-rule" => findings.push(Finding::new("TEST999", "a.b").message("m")),
            "no-message" => findings.push(finding("")),
            "many" => (0..10_001).for_each(|_| findings.push(finding("m"))),
            "at-the-limit" => (0..10_000).for_each(|_| findings.push(finding("m"))),
            "long-message" => findings.push(finding("m".repeat(4097))),
            "longest-message" => findings.push(finding("m".repeat(4096))),
            "long-address" => findings.push(Finding::new("TEST001", "a".repeat(4097)).message("m")),
            "flood" => findings.push(finding("m".repeat(9 << 20))),
            "stream" => (0..1_000).for_each(|_| findings.push(finding("m".repeat(4096)))),
            _ => findings.push(finding(change.address.as_ref())),
        }
        Ok(())
    }

    fn finish(&mut self, _findings: &mut Findings) -> Result<(), String> {
        match self.deed.as_str() {
            "loop-finish" => spin(),
            "fail-finish" => return Err("the end is not clear".into()),
            _ => {}
        }
        Ok(())
    }
}

#[expect(clippy::infinite_loop, reason = "that is the deed")]
fn spin() {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns).wrapping_add(1);
    }
}

#[expect(clippy::panic, reason = "that is the deed")]
fn crash() {
    panic!("a rule panics")
}

fn square(text: &str) {
    for outer in text.bytes() {
        for inner in text.bytes() {
            black_box(outer ^ inner);
        }
    }
}

fn grow() {
    loop {
        black_box(Vec::<u8>::with_capacity(1 << 20).leak().as_ptr());
    }
}

#[expect(unconditional_recursion, reason = "that is the deed")]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth).wrapping_add(1))).wrapping_add(depth)
}

nhi_policy_sdk::export!(Misbehave);
