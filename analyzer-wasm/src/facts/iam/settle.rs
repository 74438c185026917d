//! Joins what was collected: principals with everything that reaches them, and trust documents with the roles.

use super::Iam;
use super::data_document::{DataDocument, instance_key, is_document_block};
use super::powers::{self, Claim, Trust};
use super::roster;
use super::sites::{Site, Source};
use super::standing::Standing;

/// Characters of a sid that a message repeats: it is foreign text of any length.
const SID_CHARS_MAX: usize = 64;

/// A role that anyone may assume.
#[derive(Debug)]
pub(crate) struct OpenRole {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) claim: Claim,
    pub(crate) origin: Origin,
}

/// Where the statements of a document were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Address of the `aws_iam_policy_document`, where they do not stand in the attribute itself.
    pub(crate) document: Option<String>,
    pub(crate) sids: Vec<String>,
    pub(crate) evidence: &'static str,
}

impl Origin {
    /// Names a statement for a message: `statement 2 ("Admin") of data.aws_iam_policy_document.d`.
    pub(crate) fn statement(&self, index: usize) -> String {
        let mut text = if index == usize::MAX {
            String::from("a statement")
        } else {
            format!("statement {}", index + 1)
        };
        if let Some(sid) = self.sids.get(index).filter(|sid| !sid.is_empty()) {
            text.push_str(" (`");
            text.extend(sid.chars().take(SID_CHARS_MAX));
            text.push_str("`)");
        }
        if let Some(document) = &self.document {
            text.push_str(" of `");
            text.push_str(document);
            text.push('`');
        }
        text
    }
}

/// Why a trust document could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The attribute is known only after apply and rests on these blocks.
    Unknown(Vec<String>),
    /// A part of this statement that matters is known only after apply.
    Statement(String),
    /// Text that is not a policy document.
    Broken,
}

/// A trust document that could not be judged.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) reason: Reason,
}

/// Everything that rules on IAM look at, in the order of the plan.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Users, roles, groups, permission sets, and managed policies that nobody holds.
    pub(crate) principals: Vec<super::access::Principal>,
    /// What each of them amounts to, in the same order.
    pub(crate) standings: Vec<super::standing::Standing>,
    /// Principals (indices) for which another rule tells a way to more privileges; weaker findings leave them out.
    pub(crate) escalating: std::collections::BTreeSet<usize>,
    pub(crate) open_roles: Vec<OpenRole>,
    pub(crate) unreadable: Vec<Unreadable>,
}

/// What is known of a trust document after the join.
enum Read {
    Trust(Trust, Origin),
    Not(Reason),
}

pub(super) fn settle(iam: &mut Iam) -> Settled {
    let principals = roster::join(&mut iam.roster, &iam.documents);
    let mut settled = Settled {
        standings: principals.iter().map(Standing::of).collect(),
        principals,
        ..Settled::default()
    };
    for site in &iam.trusts {
        match read(iam, site) {
            Read::Trust(trust, origin) => match (trust.anyone, trust.unknown) {
                (Some(claim), _) => settled.open_roles.push(OpenRole {
                    address: site.address.clone(),
                    path: site.path.clone(),
                    claim,
                    origin,
                }),
                (None, Some(unknown)) => {
                    push_unreadable(site, Reason::Statement(origin.statement(unknown)), &mut settled);
                }
                (None, None) => {}
            },
            Read::Not(reason) => push_unreadable(site, reason, &mut settled),
        }
    }
    settled
}

fn push_unreadable(site: &Site, reason: Reason, settled: &mut Settled) {
    settled.unreadable.push(Unreadable {
        address: site.address.clone(),
        path: site.path.clone(),
        reason,
    });
}

fn read(iam: &Iam, site: &Site) -> Read {
    match &site.source {
        Source::Trust { trust, sids } => {
            let origin = Origin {
                document: None,
                sids: sids.clone(),
                evidence: "planned",
            };
            Read::Trust(*trust, origin)
        }
        Source::Broken => Read::Not(Reason::Broken),
        Source::Pending { blocks } => match candidates(iam, site, blocks) {
            None => Read::Not(Reason::Unknown(blocks.clone())),
            Some(documents) => read_trust(iam, &documents),
        },
    }
}

/// The documents that a pending attribute may turn out to be; `None` where it may be something else.
fn candidates<'i>(iam: &'i Iam, site: &Site, blocks: &[String]) -> Option<Vec<&'i DataDocument>> {
    let mut found = Vec::new();
    for block in blocks.iter().filter(|block| is_document_block(block)) {
        let key = instance_key(&site.address);
        found.extend(iam.documents.nearest(block, &site.module_address, key)?);
    }
    (!found.is_empty()).then_some(found)
}

fn read_trust(iam: &Iam, candidates: &[&DataDocument]) -> Read {
    let judged: Vec<_> = candidates.iter().map(|data| judge(iam, data)).collect();
    let all = judged.iter().all(|(trust, _)| trust.anyone.is_some());
    match judged.iter().find(|(trust, _)| *trust != Trust::default()) {
        Some((trust, origin)) if all || judged.len() == 1 => Read::Trust(*trust, origin.clone()),
        Some((trust, origin)) => {
            let statement = trust.unknown.or(trust.anyone.map(|claim| claim.statement));
            Read::Not(Reason::Statement(origin.statement(statement.unwrap_or(usize::MAX))))
        }
        None => Read::Trust(Trust::default(), Origin::default()),
    }
}

fn judge(iam: &Iam, data: &DataDocument) -> (Trust, Origin) {
    let document = iam.documents.assemble(data);
    let origin = Origin {
        document: Some(data.address.clone()),
        sids: document
            .statements
            .iter()
            .map(|statement| statement.sid.clone())
            .collect(),
        evidence: if data.from_configuration {
            "configuration"
        } else {
            "references"
        },
    };
    (powers::judge_trust(&document), origin)
}
