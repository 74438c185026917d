//! Twenty rules of which a module has one: `cargo xtask bench modules` compiles this once and makes twenty modules of it,
//! each by writing its number over the marker below.
//!
//! `tests/tools/conftest/twenty` asks the same in Rego.

use std::sync::atomic::{AtomicU8, Ordering};

use nhi_policy_sdk::json::{self, Kind, Value};
use nhi_policy_sdk::{
    Block, Change, Context, Description, Findings, PolicyModule, Rule, Sees, Severity, Sharding, rule,
};

/// Two digits, the number of the rule, and whether the module wants to see every block: `1` or `0`. Atomic, so that the
/// compiler does not take them for what they are at its time.
#[used]
static MARK: [AtomicU8; 28] = {
    let mut mark = [const { AtomicU8::new(0) }; 28];
    let text = b"nhi-bench-module-number:00:0";
    let mut at = 0;
    while at < text.len() {
        mark[at] = AtomicU8::new(text[at]);
        at += 1;
    }
    mark
};

const NUMBER: usize = 24;
const WIDE: usize = 27;

fn mark(at: usize) -> u8 {
    MARK[at].load(Ordering::Relaxed)
}

fn mine() -> &'static Rule<Bench> {
    let digit = |at: usize| usize::from(mark(at) - b'0');
    // The number as it was compiled is that of the first rule.
    let number = digit(NUMBER) * 10 + digit(NUMBER + 1);
    RULES[number.saturating_sub(1) % RULES.len()]
}

struct Bench {
    rule: &'static Rule<Bench>,
}

impl PolicyModule for Bench {
    fn describe() -> Description {
        let rule = mine();
        let mut told = rule::describe::<Self, ()>(rule.name, "1.0.0", Sharding::PerResource, &[rule]);
        if mark(WIDE) == b'1' {
            for interest in &mut told.interests {
                interest.resource_types = vec!["*".into()];
                interest.paths.clear();
            }
        }
        told
    }

    fn open(_settings: &str, _context: &Context) -> Result<Self, String> {
        Ok(Self { rule: mine() })
    }

    fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
        rule::check(self, change, &[self.rule], findings)
    }
}

nhi_policy_sdk::export!(Bench);

const POLICIES: &[Sees] = &[Sees::resources(&["aws_iam_policy"]).only(&["name", "path", "policy"])];
const ROLES: &[Sees] = &[Sees::resources(&["aws_iam_role"])];
const ATTACHMENTS: &[Sees] = &[Sees::resources(&["aws_iam_role_policy_attachment"])];
const FUNCTIONS: &[Sees] = &[Sees::resources(&["aws_lambda_function"])];
const BUCKETS: &[Sees] = &[Sees::resources(&["aws_s3_bucket"]).only(&["bucket", "force_destroy", "tags"])];

/// A rule that flags a block for which `is_bad` is true.
macro_rules! rules {
    ($($number:literal $name:literal $sees:ident $message:literal $is_bad:expr;)*) => {
        static RULES: [&Rule<Bench>; 20] = [$(&Rule {
            code: concat!("BENCH-", $number),
            name: $name,
            severity: Severity::High,
            summary: $message,
            why: "it is part of the bench",
            docs: "",
            controls: &[],
            sees: $sees,
            canary: None,
            check: |_, block, findings| {
                let is_bad: fn(&Block<'_>) -> Result<bool, String> = $is_bad;
                if block.remains() && is_bad(block)? {
                    let finding = block.finding(concat!("BENCH-", $number));
                    findings.push(finding.message(format!("{} {}", block.address, $message)));
                }
                Ok(())
            },
        }),*];
    };
}

rules! {
    "01" "everything" POLICIES "allows everything" |block| {
        any(block, "policy", |statement| allows(statement) && has(statement, "Action", |word| word == "*")
            && has(statement, "Resource", |word| word == "*"))
    };
    "02" "iam-administration" POLICIES "administers IAM" |block| {
        any(block, "policy", |statement| allows(statement) && has(statement, "Action", |word| word.starts_with("iam:"))
            && has(statement, "Resource", |word| word == "*"))
    };
    "03" "not-action" POLICIES "allows all but a list" |block| {
        any(block, "policy", |statement| allows(statement) && statement.get("NotAction").is_some())
    };
    "04" "service-wildcard" POLICIES "allows all of a service" |block| {
        any(block, "policy", |statement| allows(statement) && has(statement, "Action", |word| word.ends_with(":*")))
    };
    "05" "open-trust" ROLES "can be assumed by anyone" |block| {
        any(block, "assume_role_policy", |statement| {
            let principal = statement.get("Principal");
            let anyone = |value: Value<'_>| value.as_str().as_deref() == Some("*");
            allows(statement) && statement.get("Condition").is_none()
                && principal.is_some_and(|principal| anyone(principal) || has(principal, "AWS", |word| word == "*"))
        })
    };
    "06" "long-session" ROLES "has sessions of more than four hours" |block| number(block, "max_session_duration", 14_400);
    "07" "unowned-role" ROLES "has no owner" |block| Ok(block.seen("tags.owner")?.value().is_none());
    "08" "admin-role" ROLES "is called an administrator" |block| text(block, "name", |name| name.contains("admin"));
    "09" "administrator-access" ATTACHMENTS "attaches AdministratorAccess" |block| {
        text(block, "policy_arn", |arn| arn.ends_with("policy/AdministratorAccess"))
    };
    "10" "power-user-access" ATTACHMENTS "attaches PowerUserAccess" |block| {
        text(block, "policy_arn", |arn| arn.ends_with("policy/PowerUserAccess"))
    };
    "11" "iam-full-access" ATTACHMENTS "attaches IAMFullAccess" |block| {
        text(block, "policy_arn", |arn| arn.ends_with("policy/IAMFullAccess"))
    };
    "12" "root-attachment" ATTACHMENTS "attaches to a role of root" |block| text(block, "role", |role| role.starts_with("root"));
    "13" "old-runtime" FUNCTIONS "runs on an old runtime" |block| {
        text(block, "runtime", |name| ["nodejs12.x", "nodejs14.x", "python3.7", "ruby2.7"].contains(&name))
    };
    "14" "secret-variable" FUNCTIONS "has a variable that is named like a secret" |block| {
        let variables = block.after()?.and_then(|after| after.at("environment[0].variables"));
        Ok(variables.is_some_and(|variables| variables.members().any(|(name, _)| {
            ["PASSWORD", "SECRET", "TOKEN"].iter().any(|word| name.contains(word))
        })))
    };
    "15" "long-timeout" FUNCTIONS "may run for more than five minutes" |block| number(block, "timeout", 300);
    "16" "much-memory" FUNCTIONS "has more than 3 GB" |block| number(block, "memory_size", 3_008);
    "17" "force-destroy" BUCKETS "is emptied without asking" |block| {
        Ok(block.seen("force_destroy")?.value().and_then(Value::as_bool) == Some(true))
    };
    "18" "public-name" BUCKETS "is called public" |block| text(block, "bucket", |name| name.contains("public"));
    "19" "unowned-bucket" BUCKETS "has no owner" |block| Ok(block.seen("tags.owner")?.value().is_none());
    "20" "no-end" BUCKETS "has no end" |block| Ok(block.seen(r#"tags["expires-at"]"#)?.value().is_none());
}

/// Whether a statement of the policy in an attribute is bad.
fn any(block: &Block<'_>, attribute: &str, is_bad: impl Fn(Value<'_>) -> bool) -> Result<bool, String> {
    let Some(text) = block.seen(attribute)?.value().and_then(Value::as_str) else {
        return Ok(false);
    };
    let policy = json::parse(&text).map_err(|error| format!("`{}`: {error}", block.address))?;
    Ok(policy
        .root()
        .get("Statement")
        .is_some_and(|statements| match statements.kind() {
            Kind::Array => statements.elements().any(is_bad),
            _ => is_bad(statements),
        }))
}

fn allows(statement: Value<'_>) -> bool {
    statement.get("Effect").and_then(Value::as_str).as_deref() == Some("Allow")
}

/// Whether the text or a text of the list is one of those.
fn has(object: Value<'_>, key: &str, is_one: impl Fn(&str) -> bool) -> bool {
    let is_one = |value: Value<'_>| value.as_str().is_some_and(|text| is_one(&text));
    object.get(key).is_some_and(|value| match value.kind() {
        Kind::Array => value.elements().any(is_one),
        _ => is_one(value),
    })
}

fn text(block: &Block<'_>, path: &str, is_bad: impl Fn(&str) -> bool) -> Result<bool, String> {
    Ok(block
        .seen(path)?
        .value()
        .and_then(Value::as_str)
        .is_some_and(|text| is_bad(&text)))
}

fn number(block: &Block<'_>, path: &str, most: u64) -> Result<bool, String> {
    let number = block.seen(path)?.value().and_then(Value::number_text);
    Ok(number
        .and_then(|text| text.parse::<u64>().ok())
        .is_some_and(|number| number > most))
}
