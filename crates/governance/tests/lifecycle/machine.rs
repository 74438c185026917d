//! A small model of the machine: two persons, a few days, every transition, all states that can be reached.

use std::collections::{BTreeSet, VecDeque};
use std::sync::LazyLock;

use nhi_governance::{
    Act, Cause, Context, Declaration, Digest, Draft, Evidence, Given, Identity, Kill, KillSelector, Pattern, Policy,
    PurposeDraft, Record as _, RecordId, ScopeDraft, Status, Timestamp, Transition, TrustDomain, Ttl, confirm, contain,
    create, disown, note_use, offboard, quarantine, requarantine, resume, reviewed, revoke, suspend, sweep, update,
};

pub(crate) const DAY: i64 = 86_400;
pub(crate) const START: i64 = 1_800_000_000;
/// How far from now a moment still makes a difference, in days.
const HORIZON_DAYS: i64 = 40;
/// How many steps from where a walk begins.
const DEPTH_MAX: usize = 4;

pub(crate) fn id(number: u128) -> RecordId {
    RecordId::new(Timestamp::from_unix(START), number)
}

pub(crate) fn domain() -> TrustDomain {
    TrustDomain::default()
}

pub(crate) fn evidence(persons: &[&str]) -> Evidence {
    Evidence {
        request: Some(Digest::of(b"request")),
        approvals: persons.iter().map(|person| Digest::of(person.as_bytes())).collect(),
        approved_by: persons.iter().map(ToString::to_string).collect(),
        waived: false,
    }
}

pub(crate) fn draft() -> Draft {
    Draft {
        name: "orders-reader".into(),
        kind: "workload".into(),
        technical_owner: "team:orders".into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Reads the orders for the nightly report".into(),
            task: "Nightly report, job orders".into(),
            ticket: Given::Absent,
        }),
        environment: "staging".into(),
        ttl: "480h".into(),
        scope: scope(&["s3:GetObject", "s3:ListBucket"]),
        revoked_by: Given::Known(vec!["ttl".into()]),
        ..Draft::default()
    }
}

fn scope(actions: &[&str]) -> Given<Vec<Given<ScopeDraft>>> {
    Given::Known(vec![Given::Known(ScopeDraft {
        backend: "aws".into(),
        resource: "arn:aws:s3:::orders".into(),
        actions: Given::Known(actions.iter().map(|action| (*action).into()).collect()),
    })])
}

/// The default policy.
pub(crate) fn policy() -> &'static Policy {
    static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);
    &POLICY
}

pub(crate) fn declared(draft: &Draft) -> Declaration {
    let checked = draft.check(policy());
    assert_eq!(checked.violations, []);
    checked.declaration.unwrap()
}

/// A declaration whose tier calls for three approvals.
pub(crate) fn critical() -> Declaration {
    declared(&critical_draft())
}

fn critical_draft() -> Draft {
    Draft {
        min_risk_tier: "critical".into(),
        ttl: "144h".into(),
        ..draft()
    }
}

/// What can be declared in the model.
fn declarations() -> Vec<Declaration> {
    let narrow = Draft {
        scope: scope(&["s3:GetObject"]),
        ..critical_draft()
    };
    vec![
        critical(),
        declared(&Draft {
            generation: Given::Known(2),
            ..critical_draft()
        }),
        declared(&narrow),
        declared(&Draft {
            desired_state: "suspended".into(),
            ..critical_draft()
        }),
    ]
}

/// One state of the model: the record, or none yet, and the day.
#[derive(Clone)]
struct State {
    identity: Option<Identity>,
    day: i64,
    /// When the owner went, if it did.
    owner_gone: Option<i64>,
    /// When the kill switch was thrown, if it was.
    killed: Option<i64>,
    depth: usize,
}

impl State {
    fn now(&self) -> Timestamp {
        moment(self.day)
    }

    fn context(&self) -> Context {
        Context {
            owner_gone: self.owner_gone.map(|day| ("team:orders".to_owned(), moment(day))),
            kills: self.killed.map(|day| thrown(1, moment(day))).into_iter().collect(),
            ..Context::default()
        }
    }

    /// The state with every moment told from now, so that two walks to the same situation meet.
    fn key(&self) -> String {
        let relative = |at: Timestamp| {
            let days = at.seconds_since(self.now()).div_euclid(DAY);
            days.clamp(-HORIZON_DAYS, HORIZON_DAYS).to_string()
        };
        let mut value = serde_json::to_value(&self.identity).unwrap();
        if let Some(members) = value.as_object_mut() {
            for of_no_effect in ["revision", "created_at", "last_used_at", "confirmed", "requested_by"] {
                members.remove(of_no_effect);
            }
        }
        shift(&mut value, &relative);
        let since = |day: Option<i64>| day.map(|day| (day - self.day).max(-HORIZON_DAYS));
        format!("{value} {:?} {:?}", since(self.owner_gone), since(self.killed))
    }
}

fn shift(value: &mut serde_json::Value, relative: &impl Fn(Timestamp) -> String) {
    match value {
        serde_json::Value::String(text) => {
            if let Ok(at) = Timestamp::parse(text) {
                *text = relative(at);
            }
        }
        serde_json::Value::Array(elements) => elements.iter_mut().for_each(|element| shift(element, relative)),
        serde_json::Value::Object(members) => members.values_mut().for_each(|member| shift(member, relative)),
        _ => {}
    }
}

/// A throw of the kill switch by alice that selects everything.
pub(crate) fn thrown(epoch: u64, at: Timestamp) -> Kill {
    let selector = KillSelector {
        name: Some(Pattern::any()),
        ..KillSelector::default()
    };
    let act = Act {
        by: "user:alice",
        evidence: &Evidence::default(),
        policy: policy(),
        now: at,
    };
    Kill::throw(id(9), None, selector, epoch, "leaked", &act).record
}

fn moment(day: i64) -> Timestamp {
    Timestamp::from_unix(START + day * DAY)
}

/// One thing that is done, with what has to be known to judge it.
struct Move {
    by: &'static str,
    evidence: Evidence,
    verb: String,
    after: Identity,
}

/// Every transition out of a state that is not refused.
fn moves(state: &State) -> Vec<Move> {
    let mut found = Vec::new();
    let (now, context) = (state.now(), state.context());
    let grants = [Evidence::default(), evidence(&["user:carol", "user:dave", "user:erin"])];
    for by in ["user:alice", "user:bob"] {
        for evidence in &grants {
            let act = Act {
                by,
                evidence,
                policy: policy(),
                now,
            };
            let mut push = |transition: Transition<Identity>| {
                if let Some(event) = transition.event {
                    found.push(Move {
                        by,
                        evidence: evidence.clone(),
                        verb: event.action,
                        after: transition.record,
                    });
                }
            };
            let Some(identity) = &state.identity else {
                for declaration in declarations() {
                    let week = Ttl::from_seconds(7 * 86_400);
                    create(id(1), &domain(), declaration.clone(), &act)
                        .into_iter()
                        .for_each(&mut push);
                    quarantine(id(1), &domain(), declaration, &week, "found", &act)
                        .into_iter()
                        .for_each(&mut push);
                }
                continue;
            };
            let narrow = declarations().swap_remove(2).scope().to_vec();
            let week = Ttl::from_seconds(7 * 86_400);
            let outcomes = [
                suspend(identity, Cause::Manual, "x", &act),
                contain(identity, narrow, "x", &context, &act),
                resume(identity, &context, &act),
                disown(identity, "x", &act),
                requarantine(identity, &week, "x", &act),
                reviewed(identity, &context, &act),
                offboard(identity, Digest::of(b"x"), now),
                Ok(revoke(identity, "x", now)),
                Ok(confirm(identity)),
                note_use(identity, now, "x", &act),
            ];
            outcomes.into_iter().flatten().for_each(&mut push);
            sweep(identity, &context, now).into_iter().for_each(&mut push);
            for declaration in declarations() {
                update(identity, declaration, &context, &act)
                    .into_iter()
                    .for_each(&mut push);
            }
        }
    }
    found
}

/// What may never happen.
fn judge(before: &State, made: &Move) {
    let (now, context) = (before.now(), before.context());
    let after = &made.after;
    let usable = after.status(now, &context).is_usable();
    let tier = after.assess(policy()).tier;
    assert!(
        !usable || after.evidence().persons_besides("") >= policy().approvals(tier).persons() as usize,
        "usable without the approvals of its tier: {after:?}"
    );
    assert!(
        !usable || (now < after.ends_at() && context.owner_gone.is_none()),
        "{after:?}"
    );
    if let Some(kill) = before.identity.as_ref().and_then(|identity| identity.killed(&context)) {
        assert!(
            !usable || (made.by != kill.by() && made.verb != "identity.updated") || made.evidence.approvals.len() >= 3,
            "{} undid a kill",
            made.verb
        );
    }
    let ttl = i64::try_from(after.declaration().ttl().seconds()).unwrap();
    assert_eq!(after.expires_at().seconds_since(after.issued_at()), ttl);
    let Some(identity) = &before.identity else { return };
    let was = identity.status(now, &context);
    assert!(after.revision() >= identity.revision() && after.id() == identity.id());
    assert!(
        after.ended_at().is_some() || identity.ended_at().is_none(),
        "came back from the dead: {after:?}"
    );
    match was {
        Status::Offboarded => assert!(made.verb == "identity.used", "{}", made.verb),
        Status::Revoked => assert!(
            ["identity.used", "identity.offboarded"].contains(&made.verb.as_str()),
            "{}",
            made.verb
        ),
        _ => {}
    }
    let verb = made.verb.as_str();
    assert!(
        after.issued_at() == identity.issued_at() || verb == "identity.renewed",
        "a life was extended in passing: {verb}"
    );
    if was == Status::Suspended && usable {
        assert!(
            matches!(
                verb,
                "identity.resumed" | "identity.reviewed" | "identity.renewed" | "identity.settled"
            ),
            "{verb} undid a suspension"
        );
        if let Some(suspension) = identity.suspension(now, &context)
            && let Some(by) = &suspension.by
        {
            assert!(
                by != made.by || made.evidence.persons_besides(by) > 0,
                "undone alone by {by}"
            );
            assert!(now.seconds_since(suspension.at) <= 14 * DAY, "undone too late");
        }
    }
    let widened = after
        .declaration()
        .scope()
        .iter()
        .map(|entry| entry.actions().len())
        .sum::<usize>()
        > identity
            .declaration()
            .scope()
            .iter()
            .map(|entry| entry.actions().len())
            .sum();
    assert!(
        !widened || made.evidence.approvals.len() >= 3,
        "{verb} widened a scope without approvals"
    );
}

/// Where walks begin: with nothing on record, and with what takes some steps to get to.
fn beginnings() -> Vec<State> {
    let agreed = evidence(&["user:carol", "user:dave", "user:erin"]);
    let act = Act {
        by: "user:bob",
        evidence: &agreed,
        policy: policy(),
        now: moment(0),
    };
    let active = create(id(1), &domain(), critical(), &act).unwrap().record;
    let suspended = suspend(&active, Cause::Kill, "x", &act).unwrap().record;
    let none = Context::default();
    let contained = contain(
        &active,
        declarations().swap_remove(2).scope().to_vec(),
        "x",
        &none,
        &act,
    );
    let disowned = disown(&active, "x", &act).unwrap().record;
    [None, Some(suspended), Some(contained.unwrap().record), Some(disowned)]
        .map(|identity| State {
            identity,
            day: 0,
            owner_gone: None,
            killed: None,
            depth: 0,
        })
        .into()
}

/// Every state within the depth.
#[test]
fn every_way_through_the_machine_keeps_the_rules() {
    let mut queue = VecDeque::from(beginnings());
    let mut seen: BTreeSet<String> = queue.iter().map(State::key).collect();
    let mut statuses = BTreeSet::new();
    let mut judged = 0_u32;
    while let Some(state) = queue.pop_front() {
        if let Some(identity) = &state.identity {
            statuses.insert(identity.status(state.now(), &state.context()));
        }
        if state.depth == DEPTH_MAX {
            continue;
        }
        let depth = state.depth + 1;
        let mut next: Vec<State> = Vec::new();
        for made in moves(&state) {
            judge(&state, &made);
            judged += 1;
            next.push(State {
                identity: Some(made.after),
                depth,
                ..state.clone()
            });
        }
        next.extend([5, 11].map(|days| State {
            day: state.day + days,
            depth,
            ..state.clone()
        }));
        let owner_gone = state.killed.is_none().then_some(state.owner_gone.unwrap_or(state.day));
        // One of the two is enough for each walk; both would square the number of states.
        let is_early = state.depth < 2 && state.owner_gone.is_none();
        let killed = state.identity.as_ref().and(Some(state.day)).filter(|_| is_early);
        let killed = state.killed.or(killed);
        next.push(State {
            killed,
            depth,
            ..state.clone()
        });
        next.push(State {
            owner_gone,
            depth,
            ..state.clone()
        });
        queue.extend(next.into_iter().filter(|state| seen.insert(state.key())));
    }
    assert_eq!(
        statuses.len(),
        Status::ALL.len(),
        "not every status was reached: {statuses:?}"
    );
    assert!(judged > 10_000, "{judged} transitions of {} states", seen.len());
}
