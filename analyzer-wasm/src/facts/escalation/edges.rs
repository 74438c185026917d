//! Every step that can be made, for whoever wants to see the graph.

use super::findings::{candidates, cause, label};
use super::hop::hops;
use super::own::own;
use super::world::World;
use crate::facts::graph::{Certainty, Edge, End, Graph};

/// Questions of one principal about another that the graph may take.
const QUESTIONS_MAX: usize = 2_000_000;

/// What a principal has to do with everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// It holds it.
    Holds,
    /// It can come to it.
    Comes,
    /// Nothing.
    Other,
}

/// Collects the edges; `false` where there are too many.
pub(super) fn collect(world: &World<'_>, holders: &[Holder], graph: &mut Graph) -> bool {
    let holder = |number: usize| holders.get(number).copied().unwrap_or(Holder::Other);
    let is_administrator = |number: usize| holder(number) != Holder::Other;
    // Whoever holds everything can become everybody: such edges say nothing.
    let climbs = |number: usize| holder(number) != Holder::Holds;
    let end = |number: usize| {
        let principal = world.principals.get(number)?;
        Some(End {
            name: label(principal),
            kind: principal.kind.as_str(),
            administrator: is_administrator(number),
        })
    };
    let mut left = QUESTIONS_MAX;
    for number in 0..world.principals.len() {
        let Some(to) = end(number) else { continue };
        for runs in world.runs.get(number).into_iter().flatten() {
            let Some(workload) = world.workloads.get(runs.workload) else {
                continue;
            };
            let from = End {
                name: workload.address.clone(),
                kind: workload.kind(),
                administrator: is_administrator(number),
            };
            let certainty = if runs.sure { Certainty::Yes } else { Certainty::Possibly };
            graph.add(Edge {
                from,
                to: to.clone(),
                how: String::from("runs-as"),
                via: workload.address.clone(),
                certainty,
            });
        }
        for candidate in candidates(world, number)
            .into_iter()
            .filter(|candidate| climbs(*candidate))
        {
            if left == 0 {
                return false;
            }
            left -= 1;
            let (Some(from), Some(principal)) = (end(candidate), world.principals.get(candidate)) else {
                continue;
            };
            for hop in hops(world, candidate, number) {
                let cause = cause(world, principal, &hop, Some(number));
                let edge = Edge {
                    from: from.clone(),
                    to: to.clone(),
                    how: hop.method.id.to_owned(),
                    via: via(&cause),
                    certainty: hop.reply.certainty,
                };
                graph.add(edge);
            }
        }
        let Some(principal) = world.principals.get(number) else {
            continue;
        };
        for group in &principal.groups {
            let Some(group) = end(*group) else { continue };
            let via = principal.address.to_string();
            graph.add(Edge {
                from: to.clone(),
                to: group,
                how: String::from("member-of"),
                via,
                certainty: Certainty::Yes,
            });
        }
        if let Some(hop) = climbs(number).then(|| own(world, number)).flatten() {
            let account = End {
                name: String::from("administrator"),
                kind: "account",
                administrator: true,
            };
            let via = via(&cause(world, principal, &hop, hop.through));
            graph.add(Edge {
                from: to,
                to: account,
                how: hop.method.id.to_owned(),
                via,
                certainty: hop.reply.certainty,
            });
        }
    }
    true
}

fn via(cause: &super::findings::Cause) -> String {
    match (&cause.policy, cause.statement.is_empty()) {
        (Some(policy), _) => format!("{policy} at {}", cause.address),
        (None, true) => cause.address.clone(),
        (None, false) => format!("{} in {}", cause.statement, cause.address),
    }
}
