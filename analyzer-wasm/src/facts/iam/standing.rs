//! What the permissions of a principal amount to: everything, the administration of IAM, whole services, all data.
//!
//! The wider of two is told and the narrower is not: whoever may do everything reads all secrets too.

mod breadth;
mod relevance;

use std::collections::BTreeSet;

use super::access::{Answer, Bound, Doubt, Grant, Principal, Request, Resource, ResourceKind, StatementRef, Verdict};

pub(crate) use self::breadth::{Breadth, Reads, Width};
pub(crate) use self::relevance::is_relevant;

/// Actions with which a principal raises its own privileges when they reach all resources of the kind.
pub(crate) const ESCALATIONS: [(&str, ResourceKind); 13] = [
    ("iam:AddUserToGroup", ResourceKind::Group),
    ("iam:AttachGroupPolicy", ResourceKind::Group),
    ("iam:AttachRolePolicy", ResourceKind::Role),
    ("iam:AttachUserPolicy", ResourceKind::User),
    ("iam:CreateAccessKey", ResourceKind::User),
    ("iam:CreateLoginProfile", ResourceKind::User),
    ("iam:CreatePolicyVersion", ResourceKind::ManagedPolicy),
    ("iam:PutGroupPolicy", ResourceKind::Group),
    ("iam:PutRolePolicy", ResourceKind::Role),
    ("iam:PutUserPolicy", ResourceKind::User),
    ("iam:SetDefaultPolicyVersion", ResourceKind::ManagedPolicy),
    ("iam:UpdateAssumeRolePolicy", ResourceKind::Role),
    ("iam:UpdateLoginProfile", ResourceKind::User),
];

/// An action that no service has: only wildcards that cover every service cover it.
const ANY_ACTION: &str = "qxzj:Kqzj";
/// An action that IAM does not have: only wildcards that cover all of IAM cover it.
const ANY_IAM_ACTION: &str = "iam:Kqzj";

/// Something a principal may do, or may turn out to be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Whatever the unknown values turn out to be.
    pub(crate) is_certain: bool,
    /// The statements behind it, the most telling first.
    pub(crate) because: Vec<StatementRef>,
    /// Only several policies together give it.
    pub(crate) is_joint: bool,
    /// What it hangs on, where it is not certain.
    pub(crate) doubts: Vec<Doubt>,
    /// Only under circumstances: from a network, with a second factor.
    pub(crate) weak: bool,
    pub(crate) bound: Bound,
}

impl Claim {
    /// What one answer amounts to; `None` where nothing is granted, or where only a policy that cannot be read could.
    fn of(answer: &Answer) -> Option<Self> {
        let is_only_unread = || answer.doubts.iter().all(|doubt| matches!(doubt, Doubt::Unread(_)));
        match answer.granted {
            Verdict::No => None,
            Verdict::Unknown if is_only_unread() => None,
            granted => Some(Self {
                is_certain: granted == Verdict::Yes,
                because: answer.because.clone(),
                is_joint: false,
                doubts: answer.doubts.clone(),
                weak: answer.is_weak(),
                bound: answer.bound,
            }),
        }
    }

    /// Both together; the statements of `self` stand first.
    fn and(mut self, other: Self) -> Self {
        self.is_certain &= other.is_certain;
        self.weak |= other.weak;
        self.bound = self.bound.max(other.bound);
        self.extend(other);
        self
    }

    /// Either; the better one decides.
    fn or(self, other: Self) -> Self {
        let rank = |claim: &Self| (!claim.is_certain, claim.bound, claim.weak);
        let (mut better, worse) = if rank(&other) < rank(&self) {
            (other, self)
        } else {
            (self, other)
        };
        if worse.is_certain {
            better.extend(worse);
        }
        better
    }

    fn extend(&mut self, other: Self) {
        for at in other.because {
            if !self.because.contains(&at) {
                self.because.push(at);
            }
        }
        for doubt in other.doubts {
            if !self.doubts.contains(&doubt) {
                self.doubts.push(doubt);
            }
        }
    }
}

/// What a principal amounts to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// All actions on all resources.
    pub(crate) everything: Option<Claim>,
    /// Escalating actions that reach everything of their kind and that the boundary does not hold back.
    pub(crate) administers: Option<(Claim, Vec<&'static str>)>,
    /// Services of which it may do everything.
    pub(crate) breadth: Option<Breadth>,
    /// Data of which it may read everything.
    pub(crate) reads: Option<Reads>,
    /// It may pass every role to every service.
    pub(crate) passes: Option<Claim>,
}

impl Standing {
    pub(crate) fn of(principal: &Principal) -> Self {
        if principal.grants.iter().any(Grant::is_relevant) {
            Self::evaluate(principal)
        } else {
            Self::default()
        }
    }

    fn evaluate(principal: &Principal) -> Self {
        let mut standing = Self::default();
        let iam = administers(principal);
        standing.everything = iam.any.as_ref().and_then(|iam| everything(principal, iam));
        standing.administers = iam.free.map(|claim| (claim, iam.actions));
        if standing.is_owner() {
            return standing;
        }
        standing.breadth = breadth::breadth(principal);
        standing.reads = breadth::reads(principal, standing.breadth.as_ref());
        if standing.administers.is_none() {
            standing.passes = ask(principal, "iam:PassRole", Resource::Every(ResourceKind::Role));
        }
        standing
    }

    /// Whether it certainly may do everything.
    pub(crate) fn is_owner(&self) -> bool {
        self.everything.as_ref().is_some_and(|claim| claim.is_certain)
    }

    /// Whether every escalating action is allowed.
    pub(crate) fn is_whole_iam(&self) -> bool {
        self.administers
            .as_ref()
            .is_some_and(|(_, actions)| actions.len() == ESCALATIONS.len())
    }
}

/// Asks for a permission with no condition key given.
fn ask(principal: &Principal, action: &str, resource: Resource<'_>) -> Option<Claim> {
    Claim::of(&principal.may(&Request::new(action).on(resource)))
}

/// The escalating actions of a principal.
#[derive(Debug, Default)]
struct Iam {
    /// Of any of them, also where the boundary holds it back.
    any: Option<Claim>,
    /// Of those that the boundary lets through.
    free: Option<Claim>,
    actions: Vec<&'static str>,
}

fn administers(principal: &Principal) -> Iam {
    let mut iam = Iam::default();
    for (action, kind) in ESCALATIONS {
        let Some(claim) = ask(principal, action, Resource::Every(kind)) else {
            continue;
        };
        if claim.bound != Bound::Held {
            if claim.is_certain {
                iam.actions.push(action);
            }
            iam.free = Some(match iam.free {
                None => claim.clone(),
                Some(other) => other.or(claim.clone()),
            });
        }
        iam.any = Some(match iam.any {
            None => claim,
            Some(other) => other.or(claim),
        });
    }
    iam
}

/// All services, IAM among them: whoever may raise its privileges has what single exceptions leave out.
fn everything(principal: &Principal, iam: &Claim) -> Option<Claim> {
    let all = ask(principal, ANY_ACTION, Resource::Everything)?;
    let all_of_iam = ask(principal, ANY_IAM_ACTION, Resource::Everything)?;
    // A policy that gives every part by itself tells more than those that only add to it.
    let gives = |claim: &Claim, grant: usize| claim.because.iter().any(|at| at.grant == grant);
    let alone: BTreeSet<usize> = all
        .because
        .iter()
        .map(|at| at.grant)
        .filter(|grant| gives(&all_of_iam, *grant) && gives(iam, *grant))
        .collect();
    let mut claim = all.and(all_of_iam).and(Claim {
        because: iam.because.first().copied().into_iter().collect(),
        ..iam.clone()
    });
    claim.is_joint = alone.is_empty();
    claim.because.sort_by_key(|at| !alone.contains(&at.grant));
    Some(claim)
}
