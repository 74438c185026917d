//! `nhi_policy_decision`: what the policy makes of an identity before anybody asks for it.

use nhi_governance::{Checked, Policy};
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{Type, Value};

use super::Source;
use crate::governed::{Governed, Trouble};
use crate::report;
use crate::resources::draft;

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_policy_decision",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    let text = |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    let items = vec![
        Attribute::computed("points", Type::Number).describe("How many."),
        text("reason", "Why."),
    ];
    let problems = vec![
        text("attribute", "The attribute that it is about."),
        text("code", "Its code, for example `NHI-TTL-CEILING`; each has a page."),
        text("summary", "What is wrong."),
        text("detail", "Why it is governed, and what to write instead."),
    ];
    let asked = draft::declared().into_iter().fold(
        Schema::new(
            "What the organisation's policy makes of an identity: score, tier, ceilings, approvals, and everything that is \
             wrong with it. It takes the attributes of `nhi_identity`; nothing is put on record and nobody is asked, and \
             what is wrong is part of the answer and no error.",
        ),
        Schema::attribute,
    );
    asked
        .attribute(Attribute::computed("is_allowed", Type::Bool).describe("Whether nothing is wrong with it."))
        .attribute(
            Attribute::computed("problems", (Nesting::List, problems))
                .describe("Everything that is wrong with it, in the order of the attributes."),
        )
        .attribute(Attribute::computed("risk_score", Type::Number).describe("Sum of what makes it risky."))
        .attribute(Attribute::computed("score_items", (Nesting::List, items)).describe("What the score is made of."))
        .attribute(text(
            "risk_tier",
            "What the score leads to, or `min_risk_tier` where that is higher.",
        ))
        .attribute(text("approvals", "What the tier calls for, in words."))
        .attribute(
            Attribute::computed("approvals_needed", Type::Number).describe("How many persons have to approve it."),
        )
        .attribute(text("ttl_max", "Longest `ttl` of the tier."))
        .attribute(text("token_ttl_max", "Longest life of a token of the tier."))
        .attribute(text(
            "review_every",
            "How often somebody has to say that it is still needed.",
        ))
        .attribute(text("static_secret", "Whether it may hold a static secret, in words."))
        .attribute(
            Attribute::computed("allows_warn", Type::Bool)
                .describe("Whether `enforcement = \"warn\"` counts in its environment; null while that is not given."),
        )
        .attribute(text("policy_digest", "Digest of the policy that decided."))
}

/// Whatever is wrong with it is the answer.
fn check(_: &Value) -> Diagnostics {
    Diagnostics::new()
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let policy = governed.policy().ok_or(Trouble::Unknown("policy"))?;
    let checked = draft::draft(&config).check(policy);
    fill(&mut config, policy, &checked);
    Ok(DataAnswer {
        value: config,
        diagnostics: Diagnostics::new(),
    })
}

fn fill(config: &mut Value, policy: &Policy, checked: &Checked) {
    let assessment = &checked.assessment;
    let tier = assessment.tier;
    let terms = policy.tier(tier);
    let problems = checked.violations.iter().map(|violation| {
        let told = report::violation(violation.clone());
        Value::object([
            ("attribute", Value::from(violation.path.to_string())),
            ("code", violation.code.id.into()),
            ("summary", told.summary.into()),
            ("detail", told.detail.into()),
        ])
    });
    let problems = Value::List(problems.collect());
    let items = assessment.items.iter().map(|item| {
        Value::object([
            ("points", Value::from(u64::from(item.points))),
            ("reason", item.reason.as_str().into()),
        ])
    });
    let items = Value::List(items.collect());
    let environment = config
        .get("environment")
        .as_str()
        .map(nhi_governance::Environment::parse);
    let allows_warn = environment
        .and_then(Result::ok)
        .map(|environment| policy.allows_warn(Some(&environment)));
    let mut insert = |name: &str, value: Value| config.insert(name, value);
    insert("is_allowed", checked.violations.is_empty().into());
    insert("problems", problems);
    insert("risk_score", u64::from(assessment.score).into());
    insert("score_items", items);
    insert("risk_tier", tier.as_str().into());
    insert("approvals", terms.approvals.to_string().into());
    insert("approvals_needed", u64::from(terms.approvals.persons()).into());
    insert("ttl_max", terms.identity_ttl_max.to_string().into());
    insert("token_ttl_max", terms.token_ttl_max.to_string().into());
    insert("review_every", terms.review_every.to_string().into());
    insert("static_secret", policy.static_secret(tier).to_string().into());
    insert("allows_warn", allows_warn.map_or(Value::Null, Value::from));
    insert("policy_digest", policy.digest().to_string().into());
}
