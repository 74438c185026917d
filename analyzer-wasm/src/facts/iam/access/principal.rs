//! Principals: users, roles, groups and permission sets with every policy that reaches them, and managed policies
//! that nobody holds.

use std::sync::Arc;

use super::answer::{Answer, StatementRef};
use super::evaluate;
use super::request::Request;
use crate::facts::iam::document::Document;
use crate::facts::iam::standing::is_relevant;

/// What kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum PrincipalKind {
    Role,
    User,
    Group,
    PermissionSet,
    /// Something attaches a policy, and which kind of principal gets it is not in the plan.
    Somebody,
    /// A managed policy that nothing attaches: dormant.
    Policy,
}

impl PrincipalKind {
    /// The word used in messages.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
            Self::PermissionSet => "permission set",
            Self::Somebody => "principal",
            Self::Policy => "policy",
        }
    }
}

/// What a grant consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Policy {
    /// A document of one principal.
    Inline,
    /// A managed policy of the plan.
    Managed,
    /// A policy that AWS manages.
    Provider,
    /// A policy that is attached and whose content is not in the plan.
    Elsewhere,
}

/// Why the content of a policy cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is known only after apply and rests on these blocks.
    Unknown(Vec<String>),
    /// Text that is not a policy document.
    Broken,
    /// Which policy is attached is known only after apply; it rests on these blocks.
    Attached(Vec<String>),
}

/// One text that a policy may turn out to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alternative {
    pub(crate) document: Arc<Document>,
    /// Address of the `aws_iam_policy_document`, where the statements do not stand in the attribute itself.
    pub(crate) source: Option<Arc<str>>,
    /// `planned`, `configuration` or `references`.
    pub(crate) evidence: &'static str,
    /// Whether it may allow something on everything of a kind.
    pub(crate) is_relevant: bool,
}

impl Alternative {
    /// A document that stands where it is given.
    pub(crate) fn planned(document: Arc<Document>) -> Self {
        Self {
            is_relevant: is_relevant(&document),
            document,
            source: None,
            evidence: "planned",
        }
    }
}

/// A policy that reaches a principal.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) policy: Policy,
    /// The block that holds the document; the attachment for policies that AWS manages.
    pub(crate) address: Arc<str>,
    /// The attribute of that block.
    pub(crate) path: Arc<str>,
    /// The block that attaches it; the same address for inline policies.
    pub(crate) attachment: Arc<str>,
    /// The policy's ARN, where it is known.
    pub(crate) arn: Option<Arc<str>>,
    /// The policy's name, where it is known.
    pub(crate) name: Option<Arc<str>>,
    /// It reads many services and does hardly anything else, as auditors need.
    pub(crate) is_audit: bool,
    /// The principal (index) through which it reaches this one: a group.
    pub(crate) via: Option<usize>,
    /// It will be exactly one of these; empty where it cannot be read.
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) unread: Option<Unread>,
}

impl Grant {
    /// Whether one of its documents may allow something on everything of a kind.
    pub(crate) fn is_relevant(&self) -> bool {
        self.alternatives.iter().any(|alternative| alternative.is_relevant)
    }

    /// What tells that two blocks speak of one policy.
    pub(crate) fn identity(&self) -> Option<(Policy, Arc<str>)> {
        let name = match self.policy {
            Policy::Inline => self.name.as_ref(),
            Policy::Managed => Some(&self.address),
            Policy::Provider | Policy::Elsewhere => self.arn.as_ref(),
        };
        Some((self.policy, Arc::clone(name?)))
    }
}

/// The permissions boundary of a principal.
#[derive(Debug, Clone, Default)]
pub(crate) enum Boundary {
    #[default]
    None,
    /// It will be exactly one of these documents.
    Documents(Vec<Arc<Document>>),
    /// Its content is not in the plan, or cannot be read.
    Elsewhere,
}

/// A user, role, group or permission set, or a managed policy that nobody holds.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    pub(crate) kind: PrincipalKind,
    /// The block that creates it; of the first grant, where the plan does not create it.
    pub(crate) address: Arc<str>,
    pub(crate) config_address: Arc<str>,
    /// Whether the block at `address` is the principal itself.
    pub(crate) in_plan: bool,
    /// Nothing says which principal of the plan it is, if it is one.
    pub(crate) is_lost: bool,
    pub(crate) name: Option<String>,
    /// Its ARN as far as it is known, and as a symbol: for [`super::Resource::Exactly`].
    pub(crate) names: Vec<String>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) boundary: Boundary,
    /// Groups (indices of principals) that a user belongs to.
    pub(crate) groups: Vec<usize>,
}

/// Where a statement stands, for a finding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) grant: &'p Grant,
    pub(crate) alternative: &'p Alternative,
    /// Index in its document.
    pub(crate) index: usize,
}

/// Characters of a sid that a message repeats: it is foreign text of any length.
const SID_CHARS_MAX: usize = 64;

impl Place<'_> {
    /// Names the statement for a message: ``statement 2 (`Admin`) of `data.aws_iam_policy_document.d` ``.
    pub(crate) fn statement(&self) -> String {
        let mut text = format!("statement {}", self.index + 1);
        let sid = self
            .alternative
            .document
            .statements
            .get(self.index)
            .map(|statement| statement.sid.as_str());
        if let Some(sid) = sid.filter(|sid| !sid.is_empty()) {
            text.push_str(" (`");
            text.extend(sid.chars().take(SID_CHARS_MAX));
            text.push_str("`)");
        }
        if let Some(source) = &self.alternative.source {
            text.push_str(" of `");
            text.push_str(source);
            text.push('`');
        }
        text
    }
}

impl Principal {
    /// Whether nobody holds it: a managed policy that nothing attaches.
    pub(crate) fn is_dormant(&self) -> bool {
        self.kind == PrincipalKind::Policy
    }

    /// Names for [`super::Resource::Exactly`].
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether, by what, and under what doubts the principal may do something.
    pub(crate) fn may(&self, request: &Request<'_>) -> Answer {
        evaluate::may(self, request)
    }

    /// Where a statement of one of its grants stands.
    pub(crate) fn place(&self, at: StatementRef) -> Option<Place<'_>> {
        let grant = self.grants.get(at.grant)?;
        Some(Place {
            grant,
            alternative: grant.alternatives.get(at.alternative)?,
            index: at.statement,
        })
    }
}
