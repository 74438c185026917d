//! Joins what was collected: documents with those who use them, policies with those who attach them, principals with
//! their boundaries.

use std::collections::BTreeSet;

use super::Iam;
use super::data_document::{DataDocument, instance_key, is_document_block};
use super::document::Document;
use super::documents::INSTANCES_MAX;
use super::managed;
use super::powers::{self, Claim, Powers, Trust};
use super::principal::{Boundary, Principal};
use super::sites::{Place, Site, Source, name_key};

/// Characters of a sid that a message repeats: it is foreign text of any length.
const SID_CHARS_MAX: usize = 64;

/// What a grant consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A document of one principal.
    Inline,
    /// A policy of its own; whether anything in the plan attaches it.
    Managed { attached: bool },
    /// A policy that the provider manages, attached.
    Provider { arn: String },
}

/// How far a permissions boundary holds a grant back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Not at all.
    None,
    /// There is one, and its content is not in the plan.
    Unknown,
    /// It allows neither everything nor the administration of IAM.
    Narrow,
}

/// A document or policy, where it stands, whom it reaches, what it allows.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) subject: Subject,
    pub(crate) powers: Powers,
    pub(crate) bound: Bound,
    pub(crate) origin: Origin,
}

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

/// Why a document could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The attribute is known only after apply and rests on these blocks.
    Unknown(Vec<String>),
    /// A part of this statement that matters is known only after apply.
    Statement(String),
    /// Text that is not a policy document.
    Broken,
    /// Which policy is attached is known only after apply; it rests on these blocks.
    Attached(Vec<String>),
}

/// A document that could not be judged.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) trust: bool,
    pub(crate) reason: Reason,
}

/// Everything that rules on IAM look at, in the order of the plan.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Users, roles, groups, permission sets, and managed policies that nobody holds.
    pub(crate) principals: Vec<super::access::Principal>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) open_roles: Vec<OpenRole>,
    pub(crate) unreadable: Vec<Unreadable>,
}

/// What is known of a pending document after the join.
enum Read {
    Identity(Powers, Origin),
    Trust(Trust, Origin),
    Not(Reason),
}

pub(super) fn settle(iam: &Iam) -> Settled {
    let mut settled = Settled::default();
    let told: BTreeSet<String> = iam
        .sites
        .iter()
        .filter(|site| !site.principal.itself)
        .filter_map(identity)
        .collect();
    for site in &iam.sites {
        // The provider repeats in a role what separate blocks attach to it.
        let repeated = site.principal.itself && identity(site).is_some_and(|identity| told.contains(&identity));
        if repeated || site.place == Place::Managed && only_bounds(iam, site) {
            continue;
        }
        match read(iam, site) {
            Read::Identity(powers, origin) => {
                let Some(unknown) = powers.unknown.filter(|_| powers.administers.is_none()) else {
                    push_grant(iam, site, powers, origin, &mut settled);
                    continue;
                };
                push_unreadable(site, Reason::Statement(origin.statement(unknown)), &mut settled);
            }
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

fn identity(site: &Site) -> Option<String> {
    Some(format!(
        "{}\n{}\n{}",
        site.principal.kind,
        site.principal.name.as_ref()?,
        site.policy.as_ref()?
    ))
}

fn push_grant(iam: &Iam, site: &Site, powers: Powers, origin: Origin, settled: &mut Settled) {
    if powers.administers.is_none() {
        return;
    }
    let subject = match (&site.source, site.place) {
        (Source::Managed { arn, .. }, _) => Subject::Provider { arn: arn.clone() },
        (_, Place::Managed) => Subject::Managed {
            attached: is_in(&iam.attached, site),
        },
        _ => Subject::Inline,
    };
    settled.grants.push(Grant {
        address: site.address.clone(),
        path: site.path.clone(),
        kind: site.principal.kind,
        subject,
        bound: bound(iam, &site.principal, &powers),
        powers,
        origin,
    });
}

fn push_unreadable(site: &Site, reason: Reason, settled: &mut Settled) {
    settled.unreadable.push(Unreadable {
        address: site.address.clone(),
        path: site.path.clone(),
        trust: site.place == Place::Trust,
        reason,
    });
}

/// Whether a set of configuration addresses and ARNs holds a managed policy.
fn is_in(set: &BTreeSet<String>, site: &Site) -> bool {
    set.contains(&site.config_address) || site.policy.as_deref().is_some_and(|name| set.contains(&name_key(name)))
}

/// A policy that only limits others grants nothing.
fn only_bounds(iam: &Iam, site: &Site) -> bool {
    is_in(&iam.bounding, site) && !is_in(&iam.attached, site)
}

fn bound(iam: &Iam, principal: &Principal, powers: &Powers) -> Bound {
    let Some(boundary) = principal.keys().find_map(|key| iam.boundaries.get(&key)) else {
        return Bound::None;
    };
    match boundary_powers(iam, boundary) {
        Some(limit) if limit.everything.is_some() => Bound::None,
        Some(limit) if limit.administers.is_some() && powers.everything.is_none() => Bound::None,
        Some(_) => Bound::Narrow,
        None => Bound::Unknown,
    }
}

/// What a boundary lets through; `None` where its content is not in the plan.
fn boundary_powers(iam: &Iam, boundary: &Boundary) -> Option<Powers> {
    let arn = boundary.arn.as_deref().unwrap_or_default();
    if let Some(powers) = managed::powers(arn) {
        return Some(powers);
    }
    if arn.contains(":iam::aws:policy/") {
        // The table lists every provider-managed policy that matters.
        return Some(Powers::default());
    }
    let block = boundary
        .blocks
        .iter()
        .find(|address| managed::is_policy_block(address))?;
    let mut widest = Powers::default();
    let places = iam.policies.get(block).map(Vec::as_slice).unwrap_or_default();
    if places.len() > INSTANCES_MAX {
        return None;
    }
    for site in places.iter().filter_map(|place| iam.sites.get(*place)) {
        match read(iam, site) {
            Read::Identity(found, _) if found.everything.is_some() => return Some(found),
            Read::Identity(found, _) if found.unknown.is_none() => widest = found,
            _ => return None,
        }
    }
    Some(widest)
}

fn read(iam: &Iam, site: &Site) -> Read {
    let planned = |sids: &Vec<String>| Origin {
        document: None,
        sids: sids.clone(),
        evidence: "planned",
    };
    match &site.source {
        Source::Identity { powers, sids } => Read::Identity(powers.clone(), planned(sids)),
        Source::Trust { trust, sids } => Read::Trust(*trust, planned(sids)),
        Source::Managed { powers, .. } => Read::Identity(powers.clone(), planned(&Vec::new())),
        Source::Broken => Read::Not(Reason::Broken),
        Source::Attached { blocks } => Read::Not(Reason::Attached(blocks.clone())),
        Source::Pending { trust, blocks } => {
            let candidates = candidates(iam, site, blocks);
            match (candidates, trust) {
                (None, _) => Read::Not(Reason::Unknown(blocks.clone())),
                (Some(documents), true) => read_trust(iam, &documents),
                (Some(documents), false) => read_identity(iam, &documents),
            }
        }
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

fn read_identity(iam: &Iam, candidates: &[&DataDocument]) -> Read {
    let judged: Vec<_> = candidates.iter().map(|data| judge(iam, data, powers::judge)).collect();
    // Which of several it will be is not known: only what all of them allow is a fact.
    let certain = |(powers, _): &&(Powers, Origin)| powers.administers.is_some();
    let all = judged.iter().all(|judged| certain(&judged));
    let least = judged
        .iter()
        .min_by_key(|(powers, _)| (powers.everything.is_some(), powers.administers.is_some()));
    match least {
        Some((powers, origin)) if all || judged.len() == 1 => Read::Identity(powers.clone(), origin.clone()),
        _ => match judged
            .iter()
            .find(|judged| certain(judged) || judged.0.unknown.is_some())
        {
            Some((powers, origin)) => {
                let statement = powers
                    .unknown
                    .or(powers.administers.as_ref().map(|(claim, _)| claim.statement));
                Read::Not(Reason::Statement(origin.statement(statement.unwrap_or(usize::MAX))))
            }
            None => Read::Identity(Powers::default(), Origin::default()),
        },
    }
}

fn read_trust(iam: &Iam, candidates: &[&DataDocument]) -> Read {
    let judged: Vec<_> = candidates
        .iter()
        .map(|data| judge(iam, data, powers::judge_trust))
        .collect();
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

fn judge<T>(iam: &Iam, data: &DataDocument, judge: fn(&Document) -> T) -> (T, Origin) {
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
    (judge(&document), origin)
}
