//! What a record of a found identity would say, and what nobody has said yet.
//!
//! Owner and task come from the source or from who asks, never from here: what neither says stays empty, and an
//! empty attribute does not pass `validate`.

use nhi_governance::{
    AttestationDraft, Checked, Declaration, Draft, Given, Policy, PurposeDraft, RiskTier, ScopeDraft, Step, Violation,
};
use serde_json::{Map, Value as Json, json};

use crate::found::Found;
use crate::name::{self, Taken};
use crate::powers::Entry;

/// What ends an adopted identity, unless the engineer says otherwise.
const REVOKED_BY: [&str; 2] = ["ttl", "owner_departure"];

/// The generation of a new record.
const GENERATION_FIRST: i64 = 1;

/// What whoever asks says of all identities that do not say it themselves.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of the same name, described on `Declaration`"
)]
pub struct Terms {
    pub technical_owner: Option<String>,
    pub policy_owner: Option<String>,
    pub summary: Option<String>,
    pub task: Option<String>,
    pub environment: Option<String>,
    pub ttl: Option<String>,
}

/// A record to be.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Its name, valid and of nobody else.
    pub name: String,
    /// The environment, where it is known.
    pub environment: Option<String>,
    /// The attributes that nobody has given a value, as paths.
    pub lacks: Vec<&'static str>,
    /// What the organisation's policy has against it as it stands.
    pub refused: Vec<String>,
    /// The declaration, where nothing is lacking and nothing refused.
    pub declaration: Option<Declaration>,
    /// The attributes that are known.
    pub(crate) attributes: Map<String, Json>,
    /// Lines for the reader.
    pub(crate) remarks: Vec<String>,
    /// What is not known of the scope.
    pub(crate) scope_gaps: Vec<String>,
    /// An expression for `external`.
    pub(crate) reference: Option<String>,
}

impl Proposal {
    /// Who runs what uses it, as far as anybody said.
    pub fn technical_owner(&self) -> Option<&str> {
        self.attributes.get("technical_owner")?.as_str()
    }

    /// Who answers for its rules, as far as anybody said.
    pub fn policy_owner(&self) -> Option<&str> {
        self.attributes.get("policy_owner")?.as_str()
    }

    /// Adds a line for the reader of the block.
    pub fn remark(&mut self, line: String) {
        self.remarks.push(line);
    }

    /// Whether anything names it on record, be it an expression.
    pub fn is_named(&self) -> bool {
        self.attributes.contains_key("external") || self.reference.is_some()
    }
}

/// What a record of it would say.
pub fn propose(found: &Found, terms: &Terms, policy: &Policy, taken: &mut Taken) -> Proposal {
    let labels = &found.labels;
    let or = |own: &Option<String>, general: &Option<String>| own.clone().or_else(|| general.clone());
    let environment = or(&labels.environment, &terms.environment);
    let name = name::choose(
        &found.title,
        &found.type_name,
        found.kind,
        environment.as_deref(),
        policy,
        taken,
    );
    let mut sketch = Sketch {
        name: name.clone(),
        kind: found.kind.as_str(),
        technical_owner: or(&labels.technical_owner, &terms.technical_owner),
        policy_owner: or(&labels.policy_owner, &terms.policy_owner),
        summary: or(&labels.summary, &terms.summary),
        task: or(&labels.task, &terms.task),
        environment: environment.clone(),
        ttl: terms.ttl.clone().unwrap_or_default(),
        entries: found.scope.entries.clone(),
        scope_gaps: found.scope.gaps.clone(),
        attestation: found.attestation.clone(),
        external: found.external.clone(),
        notes: labels.notes.iter().chain(&found.scope.notes).cloned().collect(),
    };
    if sketch.entries.is_empty() && sketch.scope_gaps.is_empty() {
        sketch
            .scope_gaps
            .push("what it may do, of which nothing here speaks".to_owned());
    }
    let checked = sketch.judge(policy, terms);
    sketch.into_proposal(found, checked, terms.ttl.is_none())
}

/// A declaration in the making.
#[derive(Debug)]
struct Sketch {
    name: String,
    kind: &'static str,
    technical_owner: Option<String>,
    policy_owner: Option<String>,
    summary: Option<String>,
    task: Option<String>,
    environment: Option<String>,
    ttl: String,
    entries: Vec<Entry>,
    scope_gaps: Vec<String>,
    attestation: Option<Json>,
    external: Vec<String>,
    notes: Vec<String>,
}

impl Sketch {
    /// Checks it until what the source says and the rules refuse is set aside.
    fn judge(&mut self, policy: &Policy, terms: &Terms) -> Checked {
        if terms.ttl.is_none() {
            // Until the scope is known, what every tier allows.
            let tier = if self.scope_gaps.is_empty() {
                self.draft().check(policy).assessment.tier
            } else {
                RiskTier::Critical
            };
            self.ttl = policy.ttl_max(tier).to_string();
        }
        // Each round takes at least one value away, and there are not many.
        for _ in 0..8 {
            let checked = self.draft().check(policy);
            if !checked
                .violations
                .iter()
                .any(|violation| self.set_aside(violation, terms))
            {
                return checked;
            }
        }
        self.draft().check(policy)
    }

    /// Takes away the value that a violation is about, for what is said of all where that is another; false where it is
    /// to stay.
    fn set_aside(&mut self, violation: &Violation, terms: &Terms) -> bool {
        let instead = |own: &mut Option<String>, general: &Option<String>| {
            let had = own.take();
            *own = general.clone().filter(|general| had.as_ref() != Some(general));
            had.is_some()
        };
        let why = |what: &str| format!("{what}: {}", violation.summary);
        match violation.path.steps() {
            [Step::Attribute("technical_owner")] => instead(&mut self.technical_owner, &terms.technical_owner),
            [Step::Attribute("policy_owner")] => {
                let owner = self.policy_owner.take();
                self.notes
                    .extend(owner.as_ref().map(|owner| why(&format!("`{owner}`"))));
                owner.is_some()
            }
            [Step::Attribute("purpose"), Step::Attribute("summary")] => instead(&mut self.summary, &terms.summary),
            [Step::Attribute("purpose"), Step::Attribute("task")] => instead(&mut self.task, &terms.task),
            [Step::Attribute("environment")] => self.environment.take().is_some(),
            [Step::Attribute("attestation"), ..] => self.attestation.take().is_some(),
            [Step::Attribute("external"), Step::Index(index)] if *index < self.external.len() => {
                self.external.remove(*index);
                true
            }
            [Step::Attribute("scope"), Step::Index(index), rest @ ..]
                if *index < self.entries.len() && !is_policy(violation) =>
            {
                let entry = self.entries.remove(*index);
                let part = match rest {
                    [Step::Attribute("actions"), ..] => "actions",
                    _ => "resource",
                };
                self.scope_gaps.push(why(&format!(
                    "{} on `{}` ({part})",
                    entry.actions.join(", "),
                    entry.resource
                )));
                true
            }
            _ => false,
        }
    }

    fn draft(&self) -> Draft {
        let text = |text: &Option<String>| Given::from(text.clone());
        let list = |texts: &[String]| Given::Known(texts.iter().map(|text| Given::Known(text.clone())).collect());
        Draft {
            name: Given::Known(self.name.clone()),
            kind: self.kind.into(),
            technical_owner: text(&self.technical_owner),
            policy_owner: text(&self.policy_owner),
            purpose: Given::Known(PurposeDraft {
                summary: text(&self.summary),
                task: text(&self.task),
                ticket: Given::Absent,
            }),
            environment: text(&self.environment),
            ttl: Given::Known(self.ttl.clone()),
            scope: Given::Known(self.entries.iter().map(|entry| Given::Known(scope(entry))).collect()),
            revoked_by: Given::Known(REVOKED_BY.iter().map(|by| Given::from(*by)).collect()),
            attestation: Given::from(self.attestation.as_ref().and_then(oidc)),
            external: if self.external.is_empty() {
                Given::Absent
            } else {
                list(&self.external)
            },
            // As a configuration that says nothing of it, so that the apply that takes it up renews nothing.
            generation: Given::Known(GENERATION_FIRST),
            ..Draft::default()
        }
    }

    fn into_proposal(mut self, found: &Found, checked: Checked, is_ttl_ours: bool) -> Proposal {
        let mut lacks = Vec::new();
        let missing = [
            ("technical_owner", self.technical_owner.is_none()),
            ("policy_owner", self.policy_owner.is_none()),
            ("environment", self.environment.is_none()),
            ("purpose.summary", self.summary.is_none()),
            ("purpose.task", self.task.is_none()),
            ("scope", !self.scope_gaps.is_empty()),
            ("external", self.external.is_empty() && found.reference.is_none()),
        ];
        lacks.extend(
            missing
                .iter()
                .filter(|(_, is_missing)| *is_missing)
                .map(|(path, _)| *path),
        );
        let is_lacking = |violation: &Violation| {
            let path = violation.path.to_string();
            lacks.iter().any(|lack| path == *lack)
        };
        let refused: Vec<String> = checked
            .violations
            .iter()
            .filter(|violation| !is_lacking(violation))
            .map(|violation| format!("{}: {} ({})", violation.path, violation.summary, violation.code.id))
            .collect();
        let has_short_life = is_ttl_ours && !self.scope_gaps.is_empty();
        let mut remarks = vec![
            format!("{}.", found.address),
            format!("Kind `{}` is a guess: {}.", found.kind, found.kind_reason),
        ];
        if !found.credentials.is_empty() {
            remarks.push(format!("Static credentials: {}.", found.credentials.join(", ")));
        }
        if has_short_life {
            remarks.push(format!(
                "`{}` is what every tier allows: write more once the scope is known.",
                self.ttl
            ));
        }
        remarks.append(&mut self.notes);
        remarks.extend(
            refused
                .iter()
                .map(|refused| format!("Refused as it stands: {refused}.")),
        );
        Proposal {
            name: self.name.clone(),
            environment: self.environment.clone(),
            declaration: checked
                .declaration
                .filter(|_| lacks.is_empty() && !self.external.is_empty()),
            attributes: self.attributes(),
            lacks,
            refused,
            remarks,
            scope_gaps: self.scope_gaps,
            reference: found.reference.clone(),
        }
    }

    fn attributes(&self) -> Map<String, Json> {
        let mut attributes = Map::new();
        let mut put = |name: &str, value: Option<Json>| {
            if let Some(value) = value {
                attributes.insert(name.to_owned(), value);
            }
        };
        let text = |text: &Option<String>| text.as_deref().map(Json::from);
        put("name", Some(self.name.as_str().into()));
        put("kind", Some(self.kind.into()));
        put("technical_owner", text(&self.technical_owner));
        put("policy_owner", text(&self.policy_owner));
        put("environment", text(&self.environment));
        put("ttl", Some(self.ttl.as_str().into()));
        put("revoked_by", Some(json!(REVOKED_BY)));
        put("purpose", Some(json!({ "summary": self.summary, "task": self.task })));
        put("scope", Some(self.entries.iter().map(Entry::to_json).collect()));
        put("attestation", self.attestation.clone());
        let external = (!self.external.is_empty()).then(|| json!(self.external));
        put("external", external);
        attributes
    }
}

/// Whether the organisation's policy refuses what is right by form: it stays to be seen, and to be talked about.
fn is_policy(violation: &Violation) -> bool {
    matches!(
        violation.code.id,
        "NHI-SCOPE-FORBIDDEN" | "NHI-SCOPE-OUTSIDE" | "NHI-SCOPE-PATTERN"
    )
}

fn scope(entry: &Entry) -> ScopeDraft {
    ScopeDraft {
        backend: entry.backend.into(),
        resource: entry.resource.as_str().into(),
        actions: Given::Known(entry.actions.iter().map(|action| action.as_str().into()).collect()),
    }
}

fn oidc(attestation: &Json) -> Option<AttestationDraft> {
    let part = |name: &str| {
        let text = attestation.get("oidc")?.get(name)?.as_str()?;
        Some(Given::from(text))
    };
    Some(AttestationDraft {
        oidc: Given::Known([part("issuer")?, part("audience")?, part("subject")?]),
        ..AttestationDraft::default()
    })
}
