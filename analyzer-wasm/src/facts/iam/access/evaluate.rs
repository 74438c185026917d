//! The evaluation of a request: Allow − Deny over all policies of a principal, within its boundary.
//!
//! The order is that of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>,
//! as far as a plan can show it: an explicit deny wins, then the boundary must allow, then a policy must allow.

use super::answer::{Answer, Bound, Doubt, StatementRef, Verdict};
use super::kinds::{ResourceKind, covers_kind, covers_service};
use super::matching::covers;
use super::principal::{Boundary, Grant, Principal};
use super::request::{Request, Resource};
use super::{tests_of_keys, witness};
use crate::facts::iam::condition::Narrowing;
use crate::facts::iam::document::{Document, Effect, Selection, Statement};
use crate::facts::iam::pattern::Case;

/// The resource that one evaluation is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'t> {
    /// It goes by these names.
    Names(&'t [String]),
    /// One of this kind that nobody names.
    Kind(ResourceKind),
    /// One of this service that nobody names.
    Service(&'t str),
}

pub(super) fn may(principal: &Principal, request: &Request<'_>) -> Answer {
    match request.resource {
        Resource::Exactly(names) => judge(principal, request, Target::Names(names)),
        Resource::Every(kind) => judge(principal, request, Target::Kind(kind)),
        Resource::EveryOf(service) => judge(principal, request, Target::Service(service)),
        Resource::Everything => judge(principal, request, Target::Kind(ResourceKind::Anything)),
        Resource::Any => witness::some(principal, request, "*"),
        Resource::Within(pattern) => witness::some(principal, request, pattern),
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
        Target::Service(service) => selects(
            &statement.resources,
            |pattern| Verdict::from_bool(covers_service(pattern, service)),
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

/// What one policy gives, once all texts that it may turn out to be are heard.
#[derive(Debug)]
struct Heard {
    allow: Verdict,
    deny: Verdict,
}

/// What all policies give.
#[derive(Debug)]
struct Hearing {
    allow: Verdict,
    deny: Verdict,
    granting: Vec<(Narrowing, StatementRef)>,
    allow_doubts: Vec<Doubt>,
    deny_doubts: Vec<Doubt>,
    narrowed: Vec<StatementRef>,
    despite: Vec<StatementRef>,
}

impl Hearing {
    fn hear(&mut self, grant: usize, held: &Grant, request: &Request<'_>, target: Target<'_>) {
        let mut heard: Option<Heard> = None;
        let (mut granting, mut doubted, mut denying) = (Vec::new(), Vec::new(), Vec::new());
        for (alternative, choice) in held.alternatives.iter().enumerate() {
            let said = say(&choice.document, request, target);
            let at = |statement: usize| StatementRef {
                grant,
                alternative,
                statement,
            };
            granting.extend(said.granting.iter().map(|&(narrowing, index)| (narrowing, at(index))));
            doubted.extend(said.doubted.iter().map(|&index| Doubt::Allow(at(index))));
            denying.extend(said.denying.iter().map(|&index| Doubt::Deny(at(index))));
            self.narrowed.extend(said.narrowed.iter().map(|&index| at(index)));
            self.despite.extend(said.despite.iter().map(|&index| at(index)));
            heard = Some(match heard {
                None => Heard {
                    allow: said.allow,
                    deny: said.deny,
                },
                Some(heard) => Heard {
                    allow: agree(heard.allow, said.allow),
                    deny: agree(heard.deny, said.deny),
                },
            });
        }
        let Some(heard) = heard else {
            self.allow = self.allow.or(Verdict::Unknown);
            self.allow_doubts.push(Doubt::Unread(grant));
            return;
        };
        self.allow = self.allow.or(heard.allow);
        self.deny = self.deny.or(heard.deny);
        match heard.allow {
            Verdict::Yes => self.granting.append(&mut granting),
            Verdict::Unknown if granting.is_empty() && doubted.is_empty() => {
                self.allow_doubts.push(Doubt::Unread(grant));
            }
            Verdict::Unknown => {
                self.allow_doubts
                    .extend(granting.into_iter().map(|(_, at)| Doubt::Allow(at)));
                self.allow_doubts.append(&mut doubted);
            }
            Verdict::No => {}
        }
        if heard.deny == Verdict::Unknown {
            self.deny_doubts.append(&mut denying);
        }
    }
}

/// One evaluation.
pub(super) fn judge(principal: &Principal, request: &Request<'_>, target: Target<'_>) -> Answer {
    let mut hearing = Hearing {
        allow: Verdict::No,
        deny: Verdict::No,
        granting: Vec::new(),
        allow_doubts: Vec::new(),
        deny_doubts: Vec::new(),
        narrowed: Vec::new(),
        despite: Vec::new(),
    };
    for (index, grant) in principal.grants.iter().enumerate() {
        hearing.hear(index, grant, request, target);
    }
    hearing.granting.sort_unstable();
    let granted = hearing.allow.and(hearing.deny.not());
    let bound = match granted {
        Verdict::No => Bound::Free,
        _ => bound(&principal.boundary, request, target),
    };
    let verdict = granted.and(match bound {
        Bound::Free => Verdict::Yes,
        Bound::Unknown => Verdict::Unknown,
        Bound::Held => Verdict::No,
    });
    let mut doubts = Vec::new();
    if granted == Verdict::Unknown {
        if hearing.allow == Verdict::Unknown {
            doubts = hearing.allow_doubts;
        }
        doubts.append(&mut hearing.deny_doubts);
    }
    if bound == Bound::Unknown {
        doubts.push(Doubt::Boundary);
    }
    let granting = if granted == Verdict::No {
        Vec::new()
    } else {
        hearing.granting
    };
    Answer {
        verdict,
        granted,
        bound,
        narrowing: granting.first().map_or(Narrowing::None, |(narrowing, _)| *narrowing),
        because: granting.into_iter().map(|(_, at)| at).collect(),
        narrowed: hearing.narrowed,
        despite: hearing.despite,
        doubts,
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
