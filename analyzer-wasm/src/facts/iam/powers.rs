//! What the trust document of a role says about strangers.

use super::condition::{Narrowing, Use};
use super::document::{Document, Effect, Patterns, Principals, Selection, Statement};
use super::pattern::{Case, matches};

/// Something a document certainly allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The statement that says so; where several do, the first.
    pub(crate) statement: usize,
    /// Only under circumstances: from a network, with a second factor.
    pub(crate) weak: bool,
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
        let narrowing = statement.condition.narrowing(Use::Trust);
        let worst = statement.condition.narrowing_at_worst(Use::Trust);
        let unknown = statement.principals == Principals::Unknown
            || statement.may_name_anyone()
            || open(statement.principals)
                && (statement.condition.unknown
                    || open_actions
                    || statement.effect == Effect::Unknown
                    || worst < narrowing);
        statement.effect != Effect::Deny
            && unknown
            && (assumes(statement) || open_actions)
            && worst != Narrowing::Strong
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
