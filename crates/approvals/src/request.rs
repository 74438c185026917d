//! A request: everything that approvers agree to, and the digest that stands for it.
//!
//! It has the same shape for whatever is governed; what only one kind has stands in `subject`. What is on record
//! before is part of it, so that an approver sees the difference without a registry, and a lie about it changes the
//! digest.

use std::fmt;

use nhi_governance::{
    Declaration, Declared, Digest, Environment, Identity, Name, Owner, Policy, PolicyInForce, Purpose, Record,
    RecordKind, Registered, RiskTier, ScopeEntry, Ttl, tier_of_change,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::code::{Problem, REQUEST};
use crate::strict;

/// What the first member of every request says.
const SCHEMA: &str = "nhi.request.v1";
/// Bytes of a request.
pub(crate) const REQUEST_BYTES_MAX: usize = 256 << 10;
const HELP: &str = "Take the file that the plan wrote as it is; a request is never edited.";

/// What kind of thing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Kind {
    /// Something that the registry keeps on record.
    Record(RecordKind),
}

impl Kind {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record(kind) => kind.as_str(),
        }
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let kind = RecordKind::parse(&text).map(Self::Record);
        kind.ok_or_else(|| format!("there is no kind {}", crate::code::quote(&text)))
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What holds while the request does: now asked for, or on record before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Who runs it.
    pub technical_owner: Option<Owner>,
    /// Who answers for the rules it lives under.
    pub policy_owner: Option<Owner>,
    /// Why it exists.
    pub purpose: Option<Purpose>,
    /// What it may reach at most.
    pub scope: Vec<ScopeEntry>,
    /// How long it lives.
    pub ttl: Option<Ttl>,
    /// How risky it is; of a change, the higher tier of before and after.
    pub tier: RiskTier,
    /// What only this kind has.
    pub subject: Map<String, Value>,
}

impl Terms {
    /// The terms of an identity.
    pub fn of_identity(policy: &Policy, declaration: &Declaration) -> Self {
        let mut subject = match serde_json::to_value(declaration) {
            Ok(Value::Object(members)) => members,
            // INVARIANT: a declaration is a struct with string keys.
            _ => Map::new(),
        };
        for name in [
            "name",
            "environment",
            "technical_owner",
            "policy_owner",
            "purpose",
            "scope",
            "ttl",
        ] {
            subject.remove(name);
        }
        Self {
            technical_owner: Some(declaration.technical_owner().clone()),
            policy_owner: Some(declaration.policy_owner().clone()),
            purpose: Some(declaration.purpose().clone()),
            scope: declaration.scope().to_vec(),
            ttl: Some(declaration.ttl().clone()),
            tier: declaration.assess(policy).tier,
            subject,
        }
    }

    /// The terms of a record of any other kind: all that is declared of it is its own.
    pub fn of_record<D: Declared>(declaration: &D) -> Self {
        Self {
            technical_owner: None,
            policy_owner: None,
            purpose: None,
            scope: Vec::new(),
            ttl: None,
            tier: declaration.tier(),
            subject: match declaration.to_json() {
                Value::Object(members) => members,
                // Never nothing, which would be the same for any two of them.
                other => Map::from_iter([("declaration".to_owned(), other)]),
            },
        }
    }
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    schema: String,
    /// In which organisation; approvals of another do not count.
    pub organisation: Name,
    /// In which environment, if it belongs to one; approvals of another do not count.
    pub environment: Option<Environment>,
    /// What kind of thing it is.
    pub kind: Kind,
    /// What tells it from others of its kind and environment.
    pub name: String,
    /// The revision on record that it changes; 0 where it creates.
    pub previous_revision: u64,
    /// The terms on record at that revision.
    pub previous: Option<Terms>,
    /// The digest of the policy that it was judged by.
    pub policy_digest: Option<Digest>,
    /// Differs whenever the same words are another request: see [`Request::nonce`].
    pub nonce: String,
    /// What is asked for.
    #[serde(flatten)]
    pub terms: Terms,
}

/// What a request is part of, and what makes it differ from one with the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext<'a> {
    /// The organisation.
    pub organisation: &'a Name,
    /// The organisation's policy.
    pub policy: &'a Policy,
    /// The id of the registry that will record it.
    pub registry_id: &'a str,
    /// How many things of that kind, environment and name the registry has had before.
    pub incarnations: u64,
}

impl Request {
    /// The request for a new identity, or for changing one on record.
    pub fn for_identity(context: &RequestContext<'_>, previous: Option<&Identity>, declaration: &Declaration) -> Self {
        let mut terms = Terms::of_identity(context.policy, declaration);
        if let Some(identity) = previous {
            // No change lowers what it is judged by.
            terms.tier = tier_of_change(context.policy, identity.declaration(), declaration);
        }
        Self {
            previous_revision: previous.map_or(0, Identity::revision),
            previous: previous.map(|identity| Terms::of_identity(context.policy, identity.declaration())),
            ..Self::new(
                context,
                Kind::Record(RecordKind::Identity),
                Some(declaration.environment().clone()),
                declaration.name().to_string(),
                terms,
            )
        }
    }

    /// The request for a new record of any other kind, or for changing one on record.
    pub fn for_record<D: Declared>(
        context: &RequestContext<'_>,
        environment: Option<Environment>,
        previous: Option<&Registered<D>>,
        declaration: &D,
    ) -> Self {
        let mut terms = Terms::of_record(declaration);
        let before = previous.map(|record| Terms::of_record(record.declaration()));
        if let Some(before) = &before {
            // No change lowers what it is judged by.
            terms.tier = terms.tier.max(before.tier);
        }
        Self {
            previous_revision: previous.map_or(0, Record::revision),
            previous: before,
            ..Self::new(context, Kind::Record(D::KIND), environment, declaration.key(), terms)
        }
    }

    /// The request for a policy that is looser than another, by the rules of that one, of which approvers see every
    /// way in which it is.
    ///
    /// A policy belongs to an organisation and to no registry, so that what it changes stands for where: the same
    /// change is the same request in every registry, and each registry uses every approval once.
    pub fn for_policy(organisation: &Name, base: &Policy, head: &Policy) -> Self {
        let subject = [
            ("base_digest", json!(base.digest())),
            ("head_digest", json!(head.digest())),
            ("loosened", json!(head.loosened_from(base))),
        ];
        let terms = Terms {
            technical_owner: None,
            policy_owner: None,
            purpose: None,
            scope: Vec::new(),
            ttl: None,
            tier: RiskTier::Critical,
            subject: subject
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
        };
        let context = RequestContext {
            organisation,
            policy: base,
            registry_id: &base.digest().to_string(),
            incarnations: 0,
        };
        let kind = Kind::Record(RecordKind::Policy);
        Self::new(&context, kind, None, PolicyInForce::KEY.to_owned(), terms)
    }

    /// A request for something that is not on record yet.
    pub fn new(
        context: &RequestContext<'_>,
        kind: Kind,
        environment: Option<Environment>,
        name: String,
        terms: Terms,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            organisation: context.organisation.clone(),
            environment,
            kind,
            name,
            previous_revision: 0,
            previous: None,
            policy_digest: Some(context.policy.digest()),
            nonce: Self::nonce(context.registry_id, context.incarnations),
            terms,
        }
    }

    /// What makes approvals of an earlier identity of that name, or of another registry, worthless.
    ///
    /// It stays the same from the first plan to the apply that uses the approvals, so that they can be collected.
    pub fn nonce(registry_id: &str, incarnations: u64) -> String {
        format!("{registry_id}/{incarnations}")
    }

    /// Reads a request as [`Request::to_canonical_json`] writes it, and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let refuse = |why: String| Problem::new(&REQUEST, why, HELP);
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(refuse(format!("the request has more than {REQUEST_BYTES_MAX} bytes")));
        }
        let request: Self = strict::read(&REQUEST, "the request", HELP, bytes)?;
        if request.schema != SCHEMA {
            return Err(refuse(format!(
                "the request is of schema {}, and this version knows `{SCHEMA}`",
                crate::code::quote(&request.schema)
            )));
        }
        if (request.previous_revision == 0) != request.previous.is_none() {
            return Err(refuse(
                "the request names a revision without its terms, or terms without a revision".to_owned(),
            ));
        }
        Ok(request)
    }

    /// Its one text.
    pub fn to_canonical_json(&self) -> String {
        strict::canonical(self)
    }

    /// What approvers sign: SHA-256 of the canonical text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_canonical_json().as_bytes())
    }
}
