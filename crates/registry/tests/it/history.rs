//! The log alone against the records: played back, it tells the same lives.

use nhi_governance::measure::{History, Metrics};
use nhi_governance::{
    Act, Cause, Context, Declaration, Draft, Evidence, Given, Identity, Problem, Record as _, RecordId, Registered,
    ScopeDraft, Team, TeamDraft, Timestamp, Transition, Ttl,
};
use nhi_registry::{Key, RecordFilter, RecordsExt as _, Registry};

use crate::support::{Fixture, Random, START, actor, declare, draft, nothing, trust_domain};

const STEPS: usize = 400;
const TEAMS: [&str; 3] = ["payments", "iam", "orders"];

fn act<'a>(evidence: &'a Evidence, policy: &'a nhi_governance::Policy, now: Timestamp) -> Act<'a> {
    Act {
        by: "bob@localhost",
        evidence,
        policy,
        now,
    }
}

fn declared(random: &mut Random, name: &str, generation: u32) -> Declaration {
    let team = |number: usize| Given::Known(format!("team:{}", TEAMS[number % TEAMS.len()]));
    let number = random.below(TEAMS.len());
    let resources = ["arn:aws:s3:::a", "arn:aws:s3:::b"];
    let scope = resources.iter().take(1 + random.below(2)).map(|resource| {
        Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: (*resource).into(),
            actions: Given::Known(vec!["s3:GetObject".into()]),
        })
    });
    declare(&Draft {
        technical_owner: team(number),
        policy_owner: team(number + 1),
        ttl: ["24h", "240h", "720h"][random.below(3)].into(),
        scope: Given::Known(scope.collect()),
        generation: Given::Known(i64::from(generation)),
        ..draft(name)
    })
}

/// A step of the life cycle.
type Change<'c> = dyn Fn(&Identity, &Context, &Act<'_>) -> Result<Transition<Identity>, Problem> + 'c;

/// Whether a step did something; one that the life cycle refuses is no failure here.
fn step(registry: &dyn Registry, random: &mut Random, ids: &mut Vec<RecordId>) -> bool {
    let (evidence, count) = (nothing(), ids.len());
    let decide = |id: RecordId, change: &Change<'_>| {
        registry
            .change(&actor(), id, None, &evidence, |now, identity: &Identity, view| {
                let context = view.context(identity.declaration())?;
                Ok(change(identity, &context, &act(&evidence, view.policy(), now))?)
            })
            .is_ok()
    };
    if count < 3 || random.below(12) == 0 {
        let declaration = declared(random, &format!("svc{count}"), 1);
        let created = registry.create(&actor(), &trust_domain(), declaration, &evidence);
        ids.extend(created.as_ref().map(|created| created.identity.id()));
        return created.is_ok();
    }
    let id = ids[random.below(count)];
    let generation = |identity: &Identity| identity.declaration().generation().unwrap_or(0);
    let name = |identity: &Identity| identity.declaration().name().to_string();
    let on_record = registry.get(id).unwrap().unwrap();
    let bumped = generation(&on_record) + u32::from(random.below(2) == 0);
    let of = declared(random, &name(&on_record), bumped);
    match random.below(14) {
        0..3 => registry
            .update(&actor(), id, on_record.revision(), of, &evidence)
            .is_ok(),
        3 => decide(id, &|identity, _, act| {
            nhi_governance::suspend(identity, Cause::Manual, "a drill", act)
        }),
        4 | 9..13 => decide(id, &|identity, context, act| {
            let act = Act {
                by: "carol@localhost",
                ..*act
            };
            nhi_governance::resume(identity, context, &act)
        }),
        5 => decide(id, &|identity, context, act| {
            let scope = identity.declaration().scope();
            nhi_governance::contain(identity, scope[..1].to_vec(), "a drill", context, act)
        }),
        6 => decide(id, &|identity, _, act| nhi_governance::disown(identity, "removed", act)),
        7 => decide(id, &|identity, _, act| {
            nhi_governance::requarantine(identity, &Ttl::parse("240h").unwrap(), "found again", act)
        }),
        8 => {
            let revoked = registry.revoke(&actor(), id, "over").is_ok();
            decide(id, &|identity, _, act| {
                nhi_governance::offboard(identity, nhi_governance::Digest::of(b"gone"), act.now)
            });
            revoked
        }
        _ => team(registry, TEAMS[random.below(TEAMS.len())]),
    }
}

/// Puts a team on record, or ends the one that is.
fn team(registry: &dyn Registry, name: &str) -> bool {
    let filter = RecordFilter {
        key: Some(name.to_owned()),
        ..RecordFilter::default()
    };
    let live: Vec<Registered<Team>> = registry.list_records(&filter).unwrap();
    if let Some(team) = live.first() {
        let ended = registry.contain(&actor(), &[team.id()], |now, team: &Registered<Team>, _| {
            Ok(team.end("dissolved", now))
        });
        return ended.is_ok();
    }
    let draft = TeamDraft {
        name: name.into(),
        accountable_human: "user:alice".into(),
        backup_owner: "user:bob".into(),
        ..TeamDraft::default()
    };
    let team = draft.check().declaration.unwrap();
    let (environment, key) = ("", name);
    let evidence = nothing();
    let declared = registry.declare(&actor(), &evidence, Key { environment, key }, |now, id, _, view| {
        Ok(Registered::<Team>::create(
            id,
            team.clone(),
            &act(&evidence, view.policy(), now),
        )?)
    });
    declared.is_ok()
}

/// What the log and the records say of every identity, compared.
fn compare(registry: &dyn Registry, seed: u64, number: usize) -> (History, Metrics) {
    let told = registry.reading(|view| {
        let everyone = RecordFilter {
            with_ended: true,
            ..RecordFilter::default()
        };
        let identities: Vec<Identity> = view.list(&everyone)?;
        let contexts = view.contexts(&identities)?;
        Ok((view.history()?, identities, contexts, view.now()?))
    });
    let (history, identities, contexts, now) = told.unwrap();
    let metrics = history.metrics(now);
    for (identity, context) in identities.iter().zip(&contexts) {
        let at = format!("seed {seed}, step {number}, identity {}", identity.id());
        let (declaration, issued_at, revoked_at) = history.identity_of(&identity.id().to_string()).unwrap();
        assert_eq!(
            serde_json::to_value(declaration).unwrap(),
            serde_json::to_value(identity.declaration()).unwrap(),
            "{at}"
        );
        assert_eq!(
            (issued_at, revoked_at),
            (identity.issued_at(), identity.revoked_at()),
            "{at}"
        );
        let is_orphaned = identity.revoked_at().is_none() && identity.is_orphaned(context);
        assert_eq!(history.is_orphaned(&identity.id().to_string()), is_orphaned, "{at}");
    }
    let live = identities.iter().filter(|identity| identity.revoked_at().is_none());
    let over = live.clone().filter(|identity| identity.expires_at() <= now).count();
    assert_eq!((metrics.live, metrics.rotation.overdue), (live.count(), over));
    assert_eq!(metrics.revocations.count, identities.len() - metrics.live);
    assert_eq!(metrics.owners.count, metrics.live);
    (history, metrics)
}

pub(crate) fn the_log_tells_what_the_records_say(registry: &dyn Registry, fixture: &Fixture) {
    let (mut random, seed) = Random::seeded();
    let (mut ids, mut done) = (Vec::new(), 0);
    for number in 0..STEPS {
        fixture
            .clock
            .set(fixture.clock.read() + 1_800 * (1 + i64::try_from(random.below(6)).unwrap()));
        done += usize::from(step(registry, &mut random, &mut ids));
        if number % 50 == 49 {
            compare(registry, seed, number);
        }
    }
    assert!(done > STEPS / 3, "{done} of {STEPS} steps did something");
    let (history, metrics) = compare(registry, seed, STEPS);
    for action in [
        "identity.contained",
        "identity.disowned",
        "identity.offboarded",
        "identity.quarantined",
        "identity.renewed",
        "identity.resumed",
        "identity.updated",
        "team.ended",
    ] {
        assert!(
            history.events().contains_key(action),
            "{action}: {:?}",
            history.events()
        );
    }
    assert!(
        metrics.orphans.settled.is_some() && metrics.revocations.read_back.is_some(),
        "{metrics:?}"
    );
    assert!(fixture.clock.read() > START);
}
