//! What a policy document lets its holder do, as far as the first rules ask.
//!
//! Allow minus Deny over all statements; resources that are unknown count as narrow, actions that are unknown do not.

use super::condition::{Narrowing, Use};
use super::document::{Document, Effect, Patterns, Principals, Selection, Statement};
use super::pattern::{Case, Kind, covers_kind, is_every_action, is_every_resource, matches};

/// Actions with which a principal raises its own privileges when they reach all resources of the kind.
pub(crate) const ESCALATIONS: [(&str, Kind); 13] = [
    ("iam:AddUserToGroup", Kind::Group),
    ("iam:AttachGroupPolicy", Kind::Group),
    ("iam:AttachRolePolicy", Kind::Role),
    ("iam:AttachUserPolicy", Kind::User),
    ("iam:CreateAccessKey", Kind::User),
    ("iam:CreateLoginProfile", Kind::User),
    ("iam:CreatePolicyVersion", Kind::Policy),
    ("iam:PutGroupPolicy", Kind::Group),
    ("iam:PutRolePolicy", Kind::Role),
    ("iam:PutUserPolicy", Kind::User),
    ("iam:SetDefaultPolicyVersion", Kind::Policy),
    ("iam:UpdateAssumeRolePolicy", Kind::Role),
    ("iam:UpdateLoginProfile", Kind::User),
];

/// Something a document certainly allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The statement that says so; where several do, the first.
    pub(crate) statement: usize,
    /// Only under circumstances: from a network, with a second factor.
    pub(crate) weak: bool,
}

/// What an identity's document lets it do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Powers {
    /// All actions on all resources.
    pub(crate) everything: Option<Claim>,
    /// Escalating actions that reach everything of their kind, with the claim behind the first.
    pub(crate) administers: Option<(Claim, Vec<&'static str>)>,
    /// The statement whose unknown part could make it more; `usize::MAX` for statements not known at all.
    pub(crate) unknown: Option<usize>,
}

impl Powers {
    /// Whether no rule has anything to say about it.
    pub(crate) fn is_harmless(&self) -> bool {
        self.everything.is_none() && self.administers.is_none() && self.unknown.is_none()
    }

    /// Whether every escalating action is allowed.
    pub(crate) fn is_whole_iam(&self) -> bool {
        self.administers
            .as_ref()
            .is_some_and(|(_, actions)| actions.len() == ESCALATIONS.len())
    }
}

fn any(patterns: &Patterns, test: impl Fn(&str) -> bool) -> bool {
    patterns.known.iter().any(|pattern| test(pattern))
}

/// Whether the statement covers an action, and whether it could once its unknown part is known.
fn covers_action(statement: &Statement, action: &str) -> bool {
    let hit = |pattern: &str| matches(pattern, action, Case::Ignored);
    match &statement.actions {
        Selection::Only(patterns) => any(patterns, hit),
        Selection::Except(patterns) => !patterns.unknown && !any(patterns, hit),
    }
}

fn covers_resources(statement: &Statement, kind: Kind) -> bool {
    match &statement.resources {
        Selection::Only(patterns) => any(patterns, |pattern| covers_kind(pattern, kind)),
        Selection::Except(patterns) => !any(patterns, |pattern| covers_kind(pattern, kind)),
    }
}

fn covers_all_resources(statement: &Statement) -> bool {
    match &statement.resources {
        Selection::Only(patterns) => any(patterns, is_every_resource),
        Selection::Except(patterns) => !any(patterns, |pattern| {
            is_every_resource(pattern) || Kind::ALL.iter().any(|&kind| covers_kind(pattern, kind))
        }),
    }
}

/// Judges the document of an identity policy.
pub(crate) fn judge(document: &Document) -> Powers {
    let mut powers = Powers::default();
    let allows: Vec<(usize, &Statement, bool)> = document
        .statements
        .iter()
        .enumerate()
        .filter(|(_, statement)| statement.effect == Effect::Allow && !statement.condition.unknown)
        .filter_map(
            |(index, statement)| match statement.condition.narrowing(Use::Identity) {
                Narrowing::None => Some((index, statement, false)),
                Narrowing::Weak => Some((index, statement, true)),
                Narrowing::Strong => None,
            },
        )
        .collect();
    let denied = |action: &str, kind: Kind| {
        document.statements.iter().any(|statement| {
            statement.effect == Effect::Deny
                && covers_action(statement, action)
                && covers_resources(statement, kind)
                && statement.condition.takes_back(Use::Identity)
        })
    };
    let mut claim: Option<Claim> = None;
    let mut actions = Vec::new();
    for (action, kind) in ESCALATIONS {
        let granting = |&&(_, statement, _): &&(usize, &Statement, bool)| {
            covers_action(statement, action) && covers_resources(statement, kind)
        };
        let best = allows
            .iter()
            .filter(granting)
            .min_by_key(|&&(index, _, weak)| (weak, index));
        if let Some(&(statement, _, weak)) = best
            && !denied(action, kind)
        {
            actions.push(action);
            let weak = claim.map_or(weak, |claim| claim.weak && weak);
            claim = Some(Claim {
                statement: claim.map_or(statement, |claim| claim.statement),
                weak,
            });
        }
    }
    powers.administers = claim.map(|claim| (claim, actions));
    if powers.administers.is_some() {
        powers.everything = everything(&allows);
    }
    if powers.everything.is_none() {
        powers.unknown = unknown(document);
    }
    powers
}

/// Finds the statements that together cover all actions on all resources.
fn everything(allows: &[(usize, &Statement, bool)]) -> Option<Claim> {
    let wide: Vec<_> = allows
        .iter()
        .filter(|(_, statement, _)| covers_all_resources(statement))
        .collect();
    // Statements without a condition first: only when they do not suffice do the circumstances matter.
    [false, true].into_iter().find_map(|with_weak| {
        let wide: Vec<_> = wide.iter().filter(|&&&(_, _, weak)| with_weak || !weak).collect();
        let covered = |pattern: &str| {
            wide.iter().any(|(_, statement, _)| match &statement.actions {
                Selection::Only(patterns) => any(patterns, |wider| matches(wider, pattern, Case::Ignored)),
                Selection::Except(_) => false,
            })
        };
        let total = |statement: &Statement| match &statement.actions {
            Selection::Only(patterns) => any(patterns, is_every_action),
            Selection::Except(patterns) => !patterns.unknown && patterns.known.iter().all(|pattern| covered(pattern)),
        };
        let found = wide.iter().find(|&&&&(_, statement, _)| total(statement));
        found.map(|&&&(statement, _, _)| Claim {
            statement,
            weak: with_weak,
        })
    })
}

/// The statement whose unknown part could allow more than is known.
fn unknown(document: &Document) -> Option<usize> {
    let could = |statement: &Statement| {
        let open_actions = match &statement.actions {
            Selection::Only(patterns) | Selection::Except(patterns) => patterns.unknown,
        };
        let wide =
            || covers_all_resources(statement) || Kind::ALL.iter().any(|&kind| covers_resources(statement, kind));
        let escalates = || ESCALATIONS.iter().any(|&(action, _)| covers_action(statement, action));
        statement.effect != Effect::Deny
            && (open_actions || (statement.effect == Effect::Unknown || statement.condition.unknown) && escalates())
            && wide()
            && statement.condition.narrowing(Use::Identity) != Narrowing::Strong
    };
    document
        .statements
        .iter()
        .position(could)
        .or_else(|| document.open.then_some(usize::MAX))
}

/// What the trust document of a role says about strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Trust {
    /// Anyone may assume the role.
    pub(crate) anyone: Option<Claim>,
    /// The statement whose unknown part could let anyone in.
    pub(crate) unknown: Option<usize>,
}

const ASSUMPTIONS: [&str; 3] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
];

/// Judges the trust document of a role.
pub(crate) fn judge_trust(document: &Document) -> Trust {
    let open = |principals: Principals| matches!(principals, Principals::Anyone | Principals::AnyoneBut);
    // NotPrincipal in a Deny spares only those it names.
    let denied = |action: &str| {
        document.statements.iter().any(|statement| {
            statement.effect == Effect::Deny
                && open(statement.principals)
                && covers_action(statement, action)
                && statement.condition.takes_back(Use::Trust)
        })
    };
    let left: Vec<_> = ASSUMPTIONS.into_iter().filter(|action| !denied(action)).collect();
    if left.is_empty() {
        return Trust::default();
    }
    let assumes = |statement: &Statement| left.iter().any(|action| covers_action(statement, action));
    let mut anyone: Option<Claim> = None;
    for (index, statement) in document.statements.iter().enumerate() {
        let applies = statement.effect == Effect::Allow && open(statement.principals) && assumes(statement);
        if !applies || statement.condition.unknown {
            continue;
        }
        let weak = match statement.condition.narrowing(Use::Trust) {
            Narrowing::None => false,
            Narrowing::Weak => true,
            Narrowing::Strong => continue,
        };
        if anyone.is_none_or(|claim| claim.weak && !weak) {
            anyone = Some(Claim { statement: index, weak });
        }
    }
    let could = |statement: &Statement| {
        let open_actions =
            matches!(&statement.actions, Selection::Only(patterns) | Selection::Except(patterns) if patterns.unknown);
        let unknown = statement.principals == Principals::Unknown
            || open(statement.principals)
                && (statement.condition.unknown || open_actions || statement.effect == Effect::Unknown);
        statement.effect != Effect::Deny
            && unknown
            && (assumes(statement) || open_actions)
            && statement.condition.narrowing(Use::Trust) != Narrowing::Strong
    };
    let unknown = match anyone {
        Some(_) => None,
        None => document
            .statements
            .iter()
            .position(could)
            .or_else(|| document.open.then_some(usize::MAX)),
    };
    Trust { anyone, unknown }
}
