//! A small model of an identity and a grant of it: every transition of both, all states that can be reached.

use std::collections::{BTreeSet, VecDeque};

use nhi_governance::{Cause, contain, disown, quarantine, resume, sweep};

use super::*;

const DEPTH_MAX: usize = 5;

/// Both records, and the day.
#[derive(Clone)]
struct State {
    identity: Option<Identity>,
    grant: Option<Registered<Grant>>,
    day: i64,
    owner_gone: bool,
    depth: usize,
}

impl State {
    fn now(&self) -> Timestamp {
        at(self.day * DAY)
    }

    fn context(&self) -> Context {
        Context {
            owner_gone: self.owner_gone.then(|| ("team:orders".to_owned(), at(0))),
            ..Context::default()
        }
    }

    fn key(&self) -> String {
        format!("{:?} {:?} {} {}", self.identity, self.grant, self.day, self.owner_gone)
    }
}

fn wanted(actions: &[&str], ttl: &str, activation: &str) -> Grant {
    declared(
        GrantDraft {
            actions: texts(actions),
            ttl: ttl.into(),
            activation: if activation.is_empty() {
                Given::Absent
            } else {
                activation.into()
            },
            ..grant()
        }
        .check(),
    )
}

/// What a configuration may ask of a grant.
fn grants() -> Vec<Grant> {
    vec![
        wanted(&["s3:GetObject"], "240h", ""),
        wanted(&["s3:GetObject", "s3:GetObjectTagging"], "8000h", ""),
        wanted(&["s3:GetObject"], "8h", "jit"),
        wanted(&["s3:DeleteObject"], "240h", ""),
    ]
}

fn of_identity(state: &State, act: &Act<'_>) -> Vec<Identity> {
    let (now, context) = (state.now(), state.context());
    let narrow = identity_declared(&["s3:GetObject"]);
    let wide = identity_declared(&["s3:Get*", "s3:ListBucket"]);
    let Some(identity) = &state.identity else {
        let week = nhi_governance::Ttl::from_seconds(7 * 86_400);
        let made = [
            create(id(1), &TrustDomain::default(), wide.clone(), act),
            quarantine(id(1), &TrustDomain::default(), wide, &week, "found", act),
        ];
        return made.into_iter().flatten().map(|made| made.record).collect();
    };
    let renewed = Draft {
        generation: Given::Known(2),
        ..identity_draft(&["s3:Get*", "s3:ListBucket"])
    };
    let mut all = vec![
        suspend(identity, Cause::Kill, "x", act),
        suspend(identity, Cause::Manual, "x", act),
        resume(identity, &context, act),
        contain(identity, narrow.scope().to_vec(), "x", &context, act),
        disown(identity, "x", act),
        Ok(revoke(identity, "x", now)),
        update(identity, narrow, &context, act),
        update(identity, wide, &context, act),
        update(identity, renewed.check(policy()).declaration.unwrap(), &context, act),
    ];
    all.extend(sweep(identity, &context, now).map(Ok));
    all.into_iter().flatten().map(|after| after.record).collect()
}

fn of_grant(state: &State, act: &Act<'_>) -> Vec<Registered<Grant>> {
    let (now, context) = (state.now(), state.context());
    let Some(identity) = &state.identity else {
        return Vec::new();
    };
    let Some(record) = &state.grant else {
        let made = grants()
            .into_iter()
            .map(|grant| Registered::<Grant>::create(id(2), grant, identity, &context, act));
        return made.flatten().map(|made| made.record).collect();
    };
    let mut all = vec![
        Ok(record.end("x", now)),
        record.activate("Needed now", identity, &context, act),
    ];
    all.extend(
        grants()
            .into_iter()
            .map(|grant| record.update(grant, identity, &context, act)),
    );
    all.into_iter().flatten().map(|after| after.record).collect()
}

/// What may never be.
fn judge(state: &State) -> Result<(), String> {
    let (now, context) = (state.now(), state.context());
    let (Some(identity), Some(grant)) = (&state.identity, &state.grant) else {
        return Ok(());
    };
    let standing = grant.standing(now, Some(identity), &context);
    if standing.is_good && !identity.status(now, &context).is_usable() {
        return Err("a live grant on a dead identity".to_owned());
    }
    if standing.is_good && grant.ends_at(identity) <= now {
        return Err("a grant after its end".to_owned());
    }
    if grant.ends_at(identity) > identity.ends_at() {
        return Err("a grant outlives its identity".to_owned());
    }
    let scope: Vec<&str> = identity
        .declaration()
        .scope()
        .iter()
        .flat_map(|entry| entry.actions().iter().map(AsRef::as_ref))
        .collect();
    let is_within = |action: &String| {
        scope.iter().any(|outer| match outer.strip_suffix('*') {
            Some(start) => action.starts_with(start),
            None => action == outer,
        })
    };
    if standing.is_good && !grant.effective_actions(identity).iter().all(is_within) {
        return Err(format!("{:?} exceed {scope:?}", grant.effective_actions(identity)));
    }
    Ok(())
}

fn judge_step(before: &State, after: &State) -> Result<(), String> {
    judge(after)?;
    let ended = |state: &State| {
        (
            state
                .identity
                .as_ref()
                .is_some_and(|identity| identity.ended_at().is_some()),
            state.grant.as_ref().is_some_and(|grant| grant.ended_at().is_some()),
        )
    };
    let (was, is) = (ended(before), ended(after));
    if (was.0 && !is.0) || (was.1 && !is.1) {
        return Err("back from the dead".to_owned());
    }
    Ok(())
}

#[test]
fn a_grant_never_outlives_or_exceeds_its_identity_in_any_state() {
    let waived = Evidence::waived();
    let start = State {
        identity: None,
        grant: None,
        day: 0,
        owner_gone: false,
        depth: 0,
    };
    let mut queue = VecDeque::from([start]);
    let mut seen: BTreeSet<String> = queue.iter().map(State::key).collect();
    let (mut steps, mut failures, mut good) = (0_usize, Vec::new(), 0_usize);
    while let Some(state) = queue.pop_front() {
        good += usize::from(state.grant.as_ref().is_some_and(|grant| {
            grant
                .standing(state.now(), state.identity.as_ref(), &state.context())
                .is_good
        }));
        if state.depth == DEPTH_MAX {
            continue;
        }
        let act = Act {
            by: "user:alice",
            evidence: &waived,
            policy: policy(),
            now: state.now(),
        };
        let depth = state.depth + 1;
        let one_on = State { depth, ..state.clone() };
        let mut next: Vec<State> = of_identity(&state, &act)
            .into_iter()
            .map(|identity| State {
                identity: Some(identity),
                ..one_on.clone()
            })
            .collect();
        next.extend(of_grant(&state, &act).into_iter().map(|grant| State {
            grant: Some(grant),
            ..one_on.clone()
        }));
        next.extend([5, 11].map(|days| State {
            day: state.day + days,
            ..one_on.clone()
        }));
        next.push(State {
            owner_gone: true,
            ..one_on.clone()
        });
        for after in next {
            steps += 1;
            if let Err(reason) = judge_step(&state, &after) {
                failures.push(format!("{reason}: {}", after.key()));
            }
            if seen.insert(after.key()) {
                queue.push_back(after);
            }
        }
    }
    println!(
        "model of identity and grant: {steps} cases, {} failures, {} states",
        failures.len(),
        seen.len()
    );
    assert_eq!(failures, Vec::<String>::new());
    assert!(
        steps > 5_000 && good > 100,
        "{steps} steps, {good} states with a good grant"
    );
}

#[test]
fn a_planted_grant_is_seen() {
    let made = granted(&grant()).unwrap().record;
    let state = State {
        identity: Some(identity()),
        grant: Some(made),
        day: 1,
        owner_gone: false,
        depth: 0,
    };
    assert_eq!(judge(&state), Ok(()));
    // A grant of an identity that may do something else.
    let other = Draft {
        scope: scope("arn:aws:s3:::orders/*", &["s3:PutObject"]),
        ..identity_draft(&["s3:PutObject"])
    };
    let waived = Evidence::waived();
    let declaration = other.check(policy()).declaration.unwrap();
    let stranger = create(
        id(1),
        &TrustDomain::default(),
        declaration,
        &act("user:alice", &waived, 0),
    );
    let planted = State {
        identity: Some(stranger.unwrap().record),
        ..state.clone()
    };
    let is_good = planted.grant.as_ref().is_some_and(|grant| {
        grant
            .standing(planted.now(), planted.identity.as_ref(), &Context::default())
            .is_good
    });
    assert!(!is_good, "it is worth nothing on an identity that does not cover it");
    // Back from the dead.
    let revived = State {
        identity: Some(identity()),
        ..state.clone()
    };
    let dead = State {
        identity: Some(revoke(&identity(), "x", at(0)).record),
        ..state
    };
    assert!(judge_step(&dead, &revived).is_err());
}
