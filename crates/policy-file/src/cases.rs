//! Test cases of a policy: an identity as Terraform declares it, and what the policy has to make of it.

use std::collections::BTreeSet;

use nhi_governance::{AttestationDraft, CODES, Draft, Given, Policy, Problem, PurposeDraft, RiskTier, ScopeDraft};

use crate::code::{MISSING, VALUE, quote};
use crate::fault::Faults;
use crate::shape::Attribute as A;
use crate::shape::{Block, Holds, Label, Repeat, nearest};
use crate::walk::{Value, Walk};
use crate::{load, tree};

const TIERS: &[&str] = &["low", "moderate", "high", "critical"];

static FILE: Block = Block {
    name: "",
    repeat: Repeat::Once,
    doc: "Test cases of a policy.",
    attributes: &[],
    blocks: &[&CASE],
};

static CASE: Block = Block {
    name: "case",
    repeat: Repeat::OncePer(Label::Title),
    doc: "One identity and what is expected of it.",
    attributes: &[],
    blocks: &[&IDENTITY, &EXPECT],
};

static IDENTITY: Block = Block {
    name: "identity",
    repeat: Repeat::Once,
    doc: "The identity, as the resource `nhi_identity` declares it.",
    attributes: &[
        A::optional("name", Holds::Text, ""),
        A::optional("kind", Holds::Text, ""),
        A::optional("technical_owner", Holds::Text, ""),
        A::optional("policy_owner", Holds::Text, ""),
        A::optional("environment", Holds::Text, ""),
        A::optional("ttl", Holds::Text, ""),
        A::optional("revoked_by", Holds::Texts, ""),
        A::optional("external", Holds::Texts, ""),
        A::optional("data_classification", Holds::Text, ""),
        A::optional("internet_facing", Holds::Flag, ""),
        A::optional("vendor_id", Holds::Text, ""),
        A::optional("min_risk_tier", Holds::Text, ""),
        A::optional("generation", Holds::Whole, ""),
    ],
    blocks: &[&PURPOSE, &SCOPE, &ATTESTATION],
};

static PURPOSE: Block = Block {
    name: "purpose",
    repeat: Repeat::Once,
    doc: "Why it exists.",
    attributes: &[
        A::optional("summary", Holds::Text, ""),
        A::optional("task", Holds::Text, ""),
        A::optional("ticket", Holds::Text, ""),
    ],
    blocks: &[],
};

static SCOPE: Block = Block {
    name: "scope",
    repeat: Repeat::Often,
    doc: "What it may be granted at most.",
    attributes: &[
        A::optional("backend", Holds::Text, ""),
        A::optional("resource", Holds::Text, ""),
        A::optional("actions", Holds::Texts, ""),
    ],
    blocks: &[],
};

static ATTESTATION: Block = Block {
    name: "attestation",
    repeat: Repeat::Once,
    doc: "How it proves that it is itself.",
    attributes: &[A::optional("spiffe_id", Holds::Text, "")],
    blocks: &[&OIDC, &KUBERNETES],
};

const OIDC_PARTS: [&str; 3] = ["issuer", "audience", "subject"];
const KUBERNETES_PARTS: [&str; 3] = ["cluster", "namespace", "service_account"];

static OIDC: Block = Block {
    name: "oidc",
    repeat: Repeat::Once,
    doc: "By a token.",
    attributes: &[
        A::optional(OIDC_PARTS[0], Holds::Text, ""),
        A::optional(OIDC_PARTS[1], Holds::Text, ""),
        A::optional(OIDC_PARTS[2], Holds::Text, ""),
    ],
    blocks: &[],
};

static KUBERNETES: Block = Block {
    name: "kubernetes",
    repeat: Repeat::Once,
    doc: "By a service account.",
    attributes: &[
        A::optional(KUBERNETES_PARTS[0], Holds::Text, ""),
        A::optional(KUBERNETES_PARTS[1], Holds::Text, ""),
        A::optional(KUBERNETES_PARTS[2], Holds::Text, ""),
    ],
    blocks: &[],
};

static EXPECT: Block = Block {
    name: "expect",
    repeat: Repeat::Once,
    doc: "What the policy has to make of it. Without `violations`, there must be none.",
    attributes: &[
        A::optional("tier", Holds::Word(TIERS), ""),
        A::optional("score", Holds::Count(0, u32::MAX), ""),
        A::optional("approvals", Holds::Count(0, 11), ""),
        A::optional("policy_owner", Holds::Flag, ""),
        A::optional("security", Holds::Flag, ""),
        A::optional("violations", Holds::Texts, ""),
    ],
    blocks: &[],
};

/// A test case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    /// What it shows.
    pub title: String,
    /// The identity.
    pub draft: Draft,
    /// What the policy has to make of it.
    pub expected: Expected,
}

/// What a case expects; what is `None` is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The tier.
    pub tier: Option<RiskTier>,
    /// The score.
    pub score: Option<u32>,
    /// How many distinct persons have to approve.
    pub approvals: Option<u32>,
    /// Whether the policy owner is one of them.
    pub policy_owner: Option<bool>,
    /// Whether one of them is of security.
    pub security: Option<bool>,
    /// The codes of everything that is wrong with the identity.
    pub violations: BTreeSet<String>,
}

/// What a policy made of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The tier.
    pub tier: RiskTier,
    /// The score.
    pub score: u32,
    /// What the tier calls for.
    pub approvals: String,
    /// The codes of everything that is wrong.
    pub violations: BTreeSet<&'static str>,
    /// In what it differs from what was expected, as phrases; nothing where the case holds.
    pub differences: Vec<String>,
}

impl Case {
    /// Judges the identity by a policy and compares.
    pub fn run(&self, policy: &Policy) -> Outcome {
        let checked = self.draft.check(policy);
        let (tier, score) = (checked.assessment.tier, checked.assessment.score);
        let approvals = policy.approvals(tier);
        let violations: BTreeSet<&'static str> = checked.violations.iter().map(|found| found.code.id).collect();
        let expected = &self.expected;
        let mut differences = Vec::new();
        let mut compare = |what: &str, wanted: Option<String>, found: String| {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
                differences.push(format!("{what} is {found}, not {wanted}"));
            }
        };
        let text = |flag: bool| if flag { "asked" } else { "not asked" }.to_owned();
        compare("tier", expected.tier.map(|tier| tier.to_string()), tier.to_string());
        compare(
            "score",
            expected.score.map(|score| score.to_string()),
            score.to_string(),
        );
        compare(
            "number of approvals",
            expected.approvals.map(|count| count.to_string()),
            approvals.persons().to_string(),
        );
        compare(
            "the policy owner",
            expected.policy_owner.map(text),
            text(approvals.policy_owner),
        );
        compare("security", expected.security.map(text), text(approvals.security));
        for found in &checked.violations {
            if !expected.violations.contains(found.code.id) {
                differences.push(format!("{}: {} ({})", found.path, found.summary, found.code));
            }
        }
        let missed = expected
            .violations
            .iter()
            .filter(|code| !violations.contains(code.as_str()));
        differences.extend(missed.map(|code| format!("{code} is expected and was not found")));
        Outcome {
            tier,
            score,
            approvals: approvals.to_string(),
            violations,
            differences,
        }
    }
}

/// Reads test cases, in HCL or JSON; a file without any is a mistake.
pub fn read_cases(file: &str, bytes: &[u8]) -> Result<Vec<Case>, Faults> {
    let text = load::text(file, bytes)?;
    let mut walk = Walk::default();
    let entries = tree::parse(text, &mut walk.faults);
    walk.inside(&FILE, &[], &entries, &(0..0));
    let mut cases: Vec<Case> = Vec::new();
    let mut seen: Vec<BTreeSet<&'static str>> = Vec::new();
    let items = std::mem::take(&mut walk.items);
    for item in &items {
        let path: Vec<&str> = item.path.iter().map(String::as_str).collect();
        if let ["case", title] = path.as_slice() {
            seen.push(BTreeSet::new());
            cases.push(Case {
                title: (*title).to_owned(),
                ..Case::default()
            });
            continue;
        }
        let (Some(case), Some(seen)) = (cases.last_mut(), seen.last_mut()) else {
            continue;
        };
        match path.get(2..).unwrap_or_default() {
            ["identity", rest @ ..] => {
                seen.insert("identity");
                identity(&mut case.draft, rest, &item.value);
            }
            ["expect", rest @ ..] => {
                seen.insert(if rest.is_empty() { "expect" } else { "expectation" });
                expect(&mut case.expected, rest, &item.value);
            }
            _ => {}
        }
    }
    for (case, seen) in cases.iter().zip(&seen) {
        let at = walk.place(&format!("case.{}", case.title));
        for (part, help) in [
            (
                "identity",
                "Write `identity { … }` with what the resource `nhi_identity` would declare.",
            ),
            ("expect", "Write `expect { … }`, for example with `tier = \"low\"`."),
            (
                "expectation",
                "Write at least one expectation, for example `tier = \"low\"`.",
            ),
        ] {
            if !seen.contains(part) && (part != "expectation" || seen.contains("expect")) {
                walk.faults.add(
                    &at,
                    Problem::new(&MISSING, format!("case {} has no {part}", quote(&case.title)), help),
                );
            }
        }
        let codes = || CODES.iter().map(|code| code.id);
        for code in case
            .expected
            .violations
            .iter()
            .filter(|code| !codes().any(|id| id == code.as_str()))
        {
            let help = match nearest(code, codes()) {
                Some(near) => format!("Write `\"{near}\"`."),
                None => "Write the code of a violation, for example `\"NHI-TTL-CEILING\"`.".to_owned(),
            };
            let at = walk.place(&format!("case.{}.expect.violations", case.title));
            walk.faults.add(
                &at,
                Problem::new(&VALUE, format!("{} is no code of a violation", quote(code)), help),
            );
        }
    }
    if cases.is_empty() && walk.faults.is_empty() {
        let help = "Write `case \"what it shows\" { … }`.";
        walk.faults
            .add(&(0..0), Problem::new(&MISSING, "the file has no case", help));
    }
    walk.faults.finish(file, text).map_or(Ok(cases), Err)
}

fn expect(expected: &mut Expected, path: &[&str], value: &Value) {
    match (path, value) {
        (["tier"], Value::Text(word)) => expected.tier = RiskTier::parse(word).ok(),
        (["score"], Value::Count(score)) => expected.score = Some(*score),
        (["approvals"], Value::Count(count)) => expected.approvals = Some(*count),
        (["policy_owner"], Value::Flag(flag)) => expected.policy_owner = Some(*flag),
        (["security"], Value::Flag(flag)) => expected.security = Some(*flag),
        (["violations"], Value::Texts(codes)) => expected.violations = codes.iter().cloned().collect(),
        _ => {}
    }
}

fn identity(draft: &mut Draft, path: &[&str], value: &Value) {
    match (path, value) {
        ([name], Value::Text(text)) => {
            let text = Given::Known(text.clone());
            match *name {
                "name" => draft.name = text,
                "kind" => draft.kind = text,
                "technical_owner" => draft.technical_owner = text,
                "policy_owner" => draft.policy_owner = text,
                "environment" => draft.environment = text,
                "ttl" => draft.ttl = text,
                "data_classification" => draft.data_classification = text,
                "vendor_id" => draft.vendor_id = text,
                _ => draft.min_risk_tier = text,
            }
        }
        (["revoked_by"], Value::Texts(texts)) => draft.revoked_by = known(texts),
        (["external"], Value::Texts(texts)) => draft.external = known(texts),
        (["internet_facing"], Value::Flag(flag)) => draft.internet_facing = Given::Known(*flag),
        (["generation"], Value::Whole(number)) => draft.generation = Given::Known(*number),
        (["purpose", rest @ ..], value) => purpose(&mut draft.purpose, rest, value),
        (["scope", _, rest @ ..], value) => scope(&mut draft.scope, rest, value),
        (["attestation", rest @ ..], value) => attestation(&mut draft.attestation, rest, value),
        _ => {}
    }
}

fn known(texts: &[String]) -> Given<Vec<Given<String>>> {
    Given::Known(texts.iter().cloned().map(Given::Known).collect())
}

fn purpose(given: &mut Given<PurposeDraft>, path: &[&str], value: &Value) {
    let mut draft = taken(given);
    if let ([name], Value::Text(text)) = (path, value) {
        let text = Given::Known(text.clone());
        match *name {
            "summary" => draft.summary = text,
            "task" => draft.task = text,
            _ => draft.ticket = text,
        }
    }
    *given = Given::Known(draft);
}

/// Takes what is given, or nothing in particular.
fn taken<T: Default>(given: &mut Given<T>) -> T {
    match std::mem::take(given) {
        Given::Known(value) => value,
        Given::Unknown | Given::Absent => T::default(),
    }
}

fn scope(given: &mut Given<Vec<Given<ScopeDraft>>>, path: &[&str], value: &Value) {
    let mut entries = taken(given);
    if path.is_empty() {
        entries.push(Given::Known(ScopeDraft::default()));
    }
    if let Some(Given::Known(entry)) = entries.last_mut() {
        match (path, value) {
            (["backend"], Value::Text(text)) => entry.backend = Given::Known(text.clone()),
            (["resource"], Value::Text(text)) => entry.resource = Given::Known(text.clone()),
            (["actions"], Value::Texts(texts)) => entry.actions = known(texts),
            _ => {}
        }
    }
    *given = Given::Known(entries);
}

fn attestation(given: &mut Given<AttestationDraft>, path: &[&str], value: &Value) {
    let mut draft = taken(given);
    let part = |parts: &mut Given<[Given<String>; 3]>, names: [&str; 3], rest: &[&str]| {
        let mut known = taken(parts);
        if let ([name], Value::Text(text)) = (rest, value) {
            for (part, _) in known.iter_mut().zip(names).filter(|(_, of)| of == name) {
                *part = Given::Known(text.clone());
            }
        }
        *parts = Given::Known(known);
    };
    match (path, value) {
        (["spiffe_id"], Value::Text(text)) => draft.spiffe_id = Given::Known(text.clone()),
        (["oidc", rest @ ..], _) => part(&mut draft.oidc, OIDC_PARTS, rest),
        (["kubernetes", rest @ ..], _) => part(&mut draft.kubernetes, KUBERNETES_PARTS, rest),
        _ => {}
    }
    *given = Given::Known(draft);
}
