//! Whether there is a resource at all that a request reaches: a witness proves it.

use super::answer::{Answer, Doubt, StatementRef, Verdict};
use super::evaluate::{Target, covers_action, judge};
use super::matching::{covers, includes, instance, intersects, widen};
use super::principal::{Boundary, Grant, Principal};
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
    let mut best = best.unwrap_or_else(|| nothing(principal, request));
    if best.verdict == Verdict::No && !is_ruled_out(principal, request, scope) {
        best.verdict = Verdict::Unknown;
        best.granted = best.granted.or(Verdict::Unknown);
        if best.doubts.is_empty() {
            best.doubts = doubts(principal, request);
        }
    }
    best
}

/// The answer where no witness is at hand.
fn nothing(principal: &Principal, request: &Request<'_>) -> Answer {
    let mut answer = judge(principal, request, Target::Names(&[]));
    answer.verdict = Verdict::No;
    answer.granted = Verdict::No;
    answer.because.clear();
    answer.doubts.clear();
    answer
}

/// What keeps a question open for which no witness could be made: every statement that may give it.
fn doubts(principal: &Principal, request: &Request<'_>) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for (grant, held) in principal.grants.iter().enumerate() {
        if held.alternatives.is_empty() {
            doubts.push(Doubt::Unread(grant));
        }
        for (alternative, choice) in held.alternatives.iter().enumerate() {
            for (index, statement) in choice.document.statements.iter().enumerate() {
                if statement.effect != Effect::Deny && covers_action(statement, request.action) != Verdict::No {
                    doubts.push(Doubt::Allow(StatementRef {
                        grant,
                        alternative,
                        statement: index,
                    }));
                }
            }
        }
    }
    doubts
}

fn statements(principal: &Principal) -> impl Iterator<Item = &Statement> {
    let alternatives = principal.grants.iter().flat_map(|grant| &grant.alternatives);
    alternatives.flat_map(|alternative| &alternative.document.statements)
}

/// Resources of a scope that a statement may cover.
fn collect_witnesses(statement: &Statement, scope: &str, witnesses: &mut Vec<String>) {
    let mut add = |text: String| {
        if !witnesses.contains(&text) && covers(scope, &text, Case::Exact) == Verdict::Yes {
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
                    add(joined(pattern, scope));
                    add(joined(scope, pattern));
                }
            }
            if patterns.unknown {
                add(instance(scope));
            }
        }
    }
}

/// The start of one pattern and the end of another, which both may match.
fn joined(start: &str, end: &str) -> String {
    let head = start.split_once('*').map_or(start, |(head, _)| head);
    let tail = end.rsplit_once('*').map_or(end, |(_, tail)| tail);
    instance(&format!("{head}*{tail}"))
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
    // Which text a policy will be, what a boundary lets through, what is not read: a proof of none has to stand on less.
    let is_settled = |grant: &Grant| matches!(grant.alternatives.as_slice(), [one] if !one.document.open);
    if !principal.grants.iter().all(is_settled) || !matches!(principal.boundary, Boundary::None) {
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
