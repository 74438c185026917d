//! The evaluation of a request: Allow − Deny over all policies of a principal, within its boundary.
//!
//! The order is that of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>,
//! as far as a plan can show it: an explicit deny wins, then the boundary must allow, then a policy must allow.

use super::answer::{Answer, Bound, Doubt, StatementRef, Verdict};
use super::kinds::{ResourceKind, covers_kind};
use super::matching::{covers, includes, instance, intersects, widen};
use super::principal::{Boundary, Principal};
use super::request::{Request, Resource};
use super::tests_of_keys;
use crate::facts::iam::condition::Narrowing;
use crate::facts::iam::document::{Document, Effect, Selection, Statement};
use crate::facts::iam::pattern::Case;

/// Witnesses that one question tries.
const WITNESSES_MAX: usize = 64;

/// The resource that one evaluation is about.
#[derive(Debug, Clone, Copy)]
enum Target<'t> {
    /// It goes by these names.
    Names(&'t [String]),
    /// One of this kind that nobody names.
    Kind(ResourceKind),
}

pub(super) fn may(principal: &Principal, request: &Request<'_>) -> Answer {
    match request.resource {
        Resource::Exactly(names) => judge(principal, request, Target::Names(names)),
        Resource::Every(kind) => judge(principal, request, Target::Kind(kind)),
        Resource::Everything => judge(principal, request, Target::Kind(ResourceKind::Anything)),
        Resource::Any => some(principal, request, "*"),
        Resource::Within(pattern) => some(principal, request, pattern),
    }
}

/// Whether a statement covers an action.
pub(super) fn covers_action(statement: &Statement, action: &str) -> Verdict {
    selects(
        &statement.actions,
        |pattern| covers(pattern, action, Case::Ignored),
        Verdict::Unknown,
    )
}

/// Whether a selection holds something; `unknown` is what a pattern that is not known may be worth.
fn selects(selection: &Selection, hit: impl Fn(&str) -> Verdict, unknown: Verdict) -> Verdict {
    let (Selection::Only(patterns) | Selection::Except(patterns)) = selection;
    let mut found = if patterns.unknown { unknown } else { Verdict::No };
    for pattern in &patterns.known {
        found = found.or(hit(pattern));
        if found == Verdict::Yes {
            break;
        }
    }
    match selection {
        Selection::Only(_) => found,
        Selection::Except(_) => found.not(),
    }
}

fn covers_target(statement: &Statement, target: Target<'_>) -> Verdict {
    match target {
        Target::Names(names) => selects(
            &statement.resources,
            |pattern| covers_names(pattern, names),
            Verdict::Unknown,
        ),
        // A pattern that is not known is one resource, and none that nobody names.
        Target::Kind(kind) => selects(
            &statement.resources,
            |pattern| Verdict::from_bool(covers_kind(pattern, kind)),
            Verdict::No,
        ),
    }
}

/// All names are of one thing: what one of them decides is decided.
fn covers_names(pattern: &str, names: &[String]) -> Verdict {
    let mut found = Verdict::Unknown;
    for name in names {
        match covers(pattern, name, Case::Exact) {
            Verdict::Yes => return Verdict::Yes,
            Verdict::No => found = Verdict::No,
            Verdict::Unknown => {}
        }
    }
    found
}

/// What one document says of a request.
#[derive(Debug, Clone)]
struct Said {
    allow: Verdict,
    deny: Verdict,
    granting: Vec<(Narrowing, usize)>,
    doubted: Vec<usize>,
    narrowed: Vec<usize>,
    denying: Vec<usize>,
    despite: Vec<usize>,
}

fn say(document: &Document, request: &Request<'_>, target: Target<'_>) -> Said {
    let open = if document.open { Verdict::Unknown } else { Verdict::No };
    let mut said = Said {
        allow: open,
        deny: Verdict::No,
        granting: Vec::new(),
        doubted: Vec::new(),
        narrowed: Vec::new(),
        denying: Vec::new(),
        despite: Vec::new(),
    };
    for (index, statement) in document.statements.iter().enumerate() {
        let mut hit = covers_action(statement, request.action);
        if hit != Verdict::No {
            hit = hit.and(covers_target(statement, target));
        }
        if hit == Verdict::No {
            continue;
        }
        if statement.effect != Effect::Deny {
            let (holds, narrowing) = tests_of_keys::allow(&statement.condition, request);
            let effect = if statement.effect == Effect::Allow {
                Verdict::Yes
            } else {
                Verdict::Unknown
            };
            said.allow(index, hit.and(holds).and(effect), narrowing);
        }
        if statement.effect != Effect::Allow {
            let (holds, circumstances) = tests_of_keys::deny(&statement.condition, request);
            let effect = if statement.effect == Effect::Deny {
                Verdict::Yes
            } else {
                Verdict::Unknown
            };
            let denied = hit.and(holds).and(effect);
            said.deny = said.deny.or(denied);
            if denied != Verdict::No {
                said.denying.push(index);
            } else if circumstances {
                said.despite.push(index);
            }
        }
    }
    said
}

impl Said {
    fn allow(&mut self, index: usize, verdict: Verdict, narrowing: Narrowing) {
        if narrowing == Narrowing::Strong {
            if verdict != Verdict::No {
                self.narrowed.push(index);
            }
            return;
        }
        self.allow = self.allow.or(verdict);
        match verdict {
            Verdict::Yes => self.granting.push((narrowing, index)),
            Verdict::Unknown => self.doubted.push(index),
            Verdict::No => {}
        }
    }
}

fn judge(principal: &Principal, request: &Request<'_>, target: Target<'_>) -> Answer {
    let mut allow = Verdict::No;
    let mut deny = Verdict::No;
    let mut granting = Vec::new();
    let (mut narrowed, mut despite, mut doubts, mut denying) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (grant, held) in principal.grants.iter().enumerate() {
        if held.alternatives.is_empty() {
            allow = allow.or(Verdict::Unknown);
            doubts.push(Doubt::Unread(grant));
            continue;
        }
        let mut one: Option<(Verdict, Verdict)> = None;
        for (alternative, choice) in held.alternatives.iter().enumerate() {
            let said = say(&choice.document, request, target);
            let at = |statement: usize| StatementRef {
                grant,
                alternative,
                statement,
            };
            granting.extend(said.granting.iter().map(|&(narrowing, index)| (narrowing, at(index))));
            doubts.extend(said.doubted.iter().map(|&index| Doubt::Allow(at(index))));
            denying.extend(said.denying.iter().map(|&index| at(index)));
            narrowed.extend(said.narrowed.iter().map(|&index| at(index)));
            despite.extend(said.despite.iter().map(|&index| at(index)));
            if choice.document.open && said.allow != Verdict::Yes {
                doubts.push(Doubt::Unread(grant));
            }
            one = Some(match one {
                None => (said.allow, said.deny),
                Some((allow, deny)) => (agree(allow, said.allow), agree(deny, said.deny)),
            });
        }
        let (one_allow, one_deny) = one.unwrap_or((Verdict::No, Verdict::No));
        allow = allow.or(one_allow);
        deny = deny.or(one_deny);
    }
    granting.sort_unstable();
    let granted = allow.and(deny.not());
    if granted == Verdict::No {
        granting.clear();
        doubts.clear();
    } else if deny == Verdict::Unknown {
        doubts.extend(denying.into_iter().map(Doubt::Deny));
    }
    let bound = match granted {
        Verdict::No => Bound::Free,
        _ => bound(&principal.boundary, request, target),
    };
    let verdict = granted.and(match bound {
        Bound::Free => Verdict::Yes,
        Bound::Unknown => Verdict::Unknown,
        Bound::Held => Verdict::No,
    });
    if bound == Bound::Unknown {
        doubts.push(Doubt::Boundary);
    }
    if verdict != Verdict::Unknown {
        doubts.clear();
    } else if allow == Verdict::Yes {
        doubts.retain(|doubt| {
            !matches!(doubt, Doubt::Allow(_) | Doubt::Unread(_)) || has_alternatives(principal, *doubt)
        });
    }
    Answer {
        verdict,
        granted,
        bound,
        narrowing: granting.first().map_or(Narrowing::None, |(narrowing, _)| *narrowing),
        because: granting.into_iter().map(|(_, at)| at).collect(),
        narrowed,
        despite,
        doubts,
    }
}

fn has_alternatives(principal: &Principal, doubt: Doubt) -> bool {
    match doubt {
        Doubt::Allow(at) => principal
            .grants
            .get(at.grant)
            .is_some_and(|grant| grant.alternatives.len() > 1),
        _ => false,
    }
}

/// What two alternatives leave: where they differ, it is not known.
fn agree(left: Verdict, right: Verdict) -> Verdict {
    if left == right { left } else { Verdict::Unknown }
}

fn bound(boundary: &Boundary, request: &Request<'_>, target: Target<'_>) -> Bound {
    let documents = match boundary {
        Boundary::None => return Bound::Free,
        Boundary::Elsewhere => return Bound::Unknown,
        Boundary::Documents(documents) => documents,
    };
    let through = documents
        .iter()
        .map(|document| {
            let said = say(document, request, target);
            said.allow.and(said.deny.not())
        })
        .reduce(agree);
    match through {
        Some(Verdict::Yes) => Bound::Free,
        Some(Verdict::No) => Bound::Held,
        Some(Verdict::Unknown) | None => Bound::Unknown,
    }
}

/// Whether there is a resource within `scope` that a request reaches: a witness proves it.
fn some(principal: &Principal, request: &Request<'_>, scope: &str) -> Answer {
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
