//! What may not be declared is refused at plan, at its attribute, with a fix; what is unknown at plan is judged at apply.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::{Core, Outcome, Stack};

use crate::fixtures::identity;

support::legs!(
    each_mistake_is_refused_at_its_attribute,
    all_mistakes_come_at_once,
    near_misses_pass,
    rule_08_what_is_unknown_at_plan_is_judged_at_apply,
);

/// A mistake: the attribute, its expression, what the message says.
const MISTAKES: [(&str, &str, &str); 12] = [
    ("ttl", r#""8760h""#, "NHI-TTL-CEILING"),
    ("ttl", r#""0s""#, "NHI-TTL"),
    ("ttl", r#""forever""#, "NHI-TTL"),
    ("policy_owner", r#""team:orders""#, "NHI-OWNER-SAME"),
    ("policy_owner", r#""TEAM:Orders""#, "NHI-OWNER-SAME"),
    ("kind", r#""robot""#, "NHI-KIND"),
    ("name", r#""Orders Reader""#, "NHI-NAME"),
    ("revoked_by", r#"["manual"]"#, "NHI-REVOKED-BY"),
    ("scope", "[]", "NHI-SCOPE"),
    (
        "scope",
        r#"[{ backend = "aws", resource = "*", actions = ["sqs:GetQueueAttributes"] }]"#,
        "NHI-SCOPE-WILDCARD",
    ),
    (
        "scope",
        r#"[{ backend = "aws", resource = "arn:aws:sqs:eu-west-1:111122223333:orders", actions = ["*"] }]"#,
        "NHI-SCOPE-WILDCARD",
    ),
    ("purpose", r#"{ summary = "", task = "x" }"#, "NHI-PURPOSE"),
];

/// Diagnostics of a run with `-json`, errors only.
fn errors(stack: &Stack) -> anyhow::Result<Vec<Value>> {
    let ran = stack.run(&["plan", "-json"])?;
    let lines = ran
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines
        .map(|line| line["diagnostic"].clone())
        .filter(|found| found["severity"] == "error")
        .collect())
}

fn each_mistake_is_refused_at_its_attribute(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    for (attribute, value, code) in MISTAKES {
        stack.main(&identity(&[(attribute, value)]))?;
        let errors = errors(&stack)?;
        let found = errors
            .iter()
            .find(|error| error["detail"].as_str().is_some_and(|text| text.contains(code)));
        let found = found.with_context(|| format!("{attribute} = {value}: no {code} among {errors:?}"))?;
        // A core points at the line of an attribute. At one inside another it cannot: there the summary says where.
        let line = found["snippet"]["code"].as_str().unwrap_or_default();
        let summary = found["summary"].as_str().unwrap_or_default();
        let is_at_its_place = line.trim_start().starts_with(attribute) || summary.starts_with(attribute);
        ensure!(is_at_its_place, "{attribute} = {value}: `{summary}` at `{line}`");
    }
    Ok(())
}

fn all_mistakes_come_at_once(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[
        ("ttl", r#""soon""#),
        ("policy_owner", r#""team:orders""#),
        ("scope", r#"[{ backend = "aws", resource = "*", actions = ["*"] }]"#),
        ("purpose", r#"{ summary = "", task = "" }"#),
    ]))?;
    let said = errors(&stack)?.iter().map(ToString::to_string).collect::<String>();
    for code in ["(NHI-TTL)", "NHI-OWNER-SAME", "NHI-SCOPE-WILDCARD", "NHI-PURPOSE"] {
        ensure!(said.contains(code), "no {code} in {said}");
    }
    // A core validates before it configures the provider: what depends on a policy comes once the form is right.
    stack.main(&identity(&[("ttl", r#""8760h""#)]))?;
    let said = errors(&stack)?.iter().map(ToString::to_string).collect::<String>();
    ensure!(said.contains("NHI-TTL-CEILING"), "{said}");
    Ok(())
}

fn near_misses_pass(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    // A pattern calls for an approval, and this is about what is refused for good.
    stack.file("provider.tf", "provider \"nhi\" {\n  enforcement = \"warn\"\n}\n")?;
    let fine = [
        // Exactly the ceiling of the tier `low`.
        ("ttl", r#""4320h""#),
        ("policy_owner", r#""team:orders-policy""#),
        ("revoked_by", r#"["manual", "ttl"]"#),
        // A pattern, but not of everything.
        (
            "scope",
            r#"[{ backend = "aws", resource = "arn:aws:sqs:eu-west-1:111122223333:orders-*", actions = ["sqs:Get*"] }]"#,
        ),
    ];
    for change in fine {
        let ttl = ("ttl", r#""24h""#);
        let changes = if change.0 == "ttl" {
            vec![change]
        } else {
            vec![change, ttl]
        };
        stack.main(&identity(&changes))?;
        stack.plan()?.succeeds().with_context(|| format!("{change:?}"))?;
    }
    Ok(())
}

fn rule_08_what_is_unknown_at_plan_is_judged_at_apply(core: &Core) -> Outcome {
    let unknown = |value: &str| {
        let late = format!("resource \"terraform_data\" \"late\" {{\n  input = {value}\n}}\n");
        format!("{late}{}", identity(&[("ttl", "terraform_data.late.output")]))
    };
    let good = Stack::new(core)?;
    good.main(&unknown(r#""48h""#))?;
    good.plan()?.succeeds()?;
    good.apply_planned()?.succeeds()?;
    good.plans_empty()?;

    let bad = Stack::new(core)?;
    bad.main(&unknown(r#""87600h""#))?;
    bad.plan()?.succeeds()?;
    bad.apply_planned()?.fails_with(&["NHI-TTL-CEILING"])?;
    // Whether the registry was made or not: nothing of this name is in it.
    let listed = bad.nhi(&["identities", "--all"])?.run()?;
    ensure!(matches!(listed.status.code(), Some(0 | 3)), "{}", listed.said());
    ensure!(
        !listed.stdout.contains("orders-reader"),
        "a refused identity is on record: {}",
        listed.stdout
    );
    Ok(())
}
