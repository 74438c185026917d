//! Whether there is a resource at all that a request reaches: a witness proves it.

use super::answer::{Answer, Verdict};
use super::evaluate::{Target, covers_action, judge};
use super::matching::{includes, instance, intersects, widen};
use super::principal::{Boundary, Principal};
use super::request::Request;
use super::tests_of_keys;
use crate::facts::iam::condition::Narrowing;
use crate::facts::iam::document::{Effect, Selection, Statement};
use crate::facts::iam::pattern::Case;

/// Witnesses that one question tries.
const WITNESSES_MAX: usize = 64;

/// Whether there is a resource within `scope` that a request reaches: a witness proves it.
pub(super) fn some(principal: &Principal, request: &Request<'_>, scope: &str) -> Answer {
    let mut witnesses = Vec::new();
    for statement in statements(principal).filter(|statement| statement.effect != Effect::Deny) {
        if covers_action(statement, request.action) == Verdict::No {
            continue;
        }
        collect_witnesses(statement, scope, &mut witnesses);
    }
    let mut best: Option<Answer> = None;
    for witness in witnesses.iter().take(WITNESSES_MAX) {
        let answer = judge(principal, request, Target::Names(std::slice::from_ref(witness)));
        if answer.verdict == Verdict::Yes && answer.narrowing == Narrowing::None {
            return answer;
        }
        let rank = |answer: &Answer| (answer.verdict, answer.granted, std::cmp::Reverse(answer.narrowing));
        if best.as_ref().is_none_or(|best| rank(best) < rank(&answer)) {
            best = Some(answer);
        }
    }
    let Some(mut best) = best else {
        let nothing = String::from(scope);
        return judge(principal, request, Target::Names(&[nothing]));
    };
    if best.verdict == Verdict::No && !is_ruled_out(principal, request, scope) {
        best.verdict = Verdict::Unknown;
        best.granted = best.granted.or(Verdict::Unknown);
    }
    best
}

fn statements(principal: &Principal) -> impl Iterator<Item = &Statement> {
    let alternatives = principal.grants.iter().flat_map(|grant| &grant.alternatives);
    alternatives.flat_map(|alternative| &alternative.document.statements)
}

/// Resources of a scope that a statement may cover.
fn collect_witnesses(statement: &Statement, scope: &str, witnesses: &mut Vec<String>) {
    let mut add = |text: String| {
        if !witnesses.contains(&text) {
            witnesses.push(text);
        }
    };
    match &statement.resources {
        Selection::Except(_) => add(instance(scope)),
        Selection::Only(patterns) => {
            for pattern in &patterns.known {
                if includes(pattern, scope, Case::Exact) {
                    add(instance(scope));
                } else if intersects(&widen(pattern), scope, Case::Exact) {
                    add(instance(pattern));
                    add(instance(scope));
                }
            }
            if patterns.unknown {
                add(instance(scope));
            }
        }
    }
}

/// Whether no resource of the scope can be reached: every `Allow` misses it, or a `Deny` takes all of it back.
fn is_ruled_out(principal: &Principal, request: &Request<'_>, scope: &str) -> bool {
    let denies = |pattern: &str| {
        statements(principal).any(|statement| {
            statement.effect == Effect::Deny
                && covers_action(statement, request.action) == Verdict::Yes
                && tests_of_keys::deny(&statement.condition, request).0 == Verdict::Yes
                && match &statement.resources {
                    Selection::Only(patterns) => patterns.known.iter().any(|wide| includes(wide, pattern, Case::Exact)),
                    Selection::Except(patterns) => {
                        !patterns.unknown
                            && !patterns
                                .known
                                .iter()
                                .any(|spared| intersects(&widen(spared), &widen(pattern), Case::Exact))
                    }
                }
        })
    };
    let has_choice = principal.grants.iter().any(|grant| grant.alternatives.len() > 1);
    if has_choice || !matches!(principal.boundary, Boundary::None) {
        return false;
    }
    if denies(scope) {
        return true;
    }
    statements(principal)
        .filter(|statement| statement.effect != Effect::Deny)
        .all(|statement| {
            let (holds, narrowing) = tests_of_keys::allow(&statement.condition, request);
            if covers_action(statement, request.action) == Verdict::No
                || holds == Verdict::No
                || narrowing == Narrowing::Strong
            {
                return true;
            }
            match &statement.resources {
                Selection::Except(patterns) => patterns.known.iter().any(|spared| includes(spared, scope, Case::Exact)),
                Selection::Only(patterns) => {
                    !patterns.unknown
                        && patterns
                            .known
                            .iter()
                            .all(|pattern| !intersects(&widen(pattern), scope, Case::Exact) || denies(pattern))
                }
            }
        })
}
