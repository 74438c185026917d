//! Records of a kind that the registry has no word about: what is stored is what their transitions say.

use nhi_governance::{Context, Event, Identity, Record, RecordId, RecordKind, Timestamp, Transition};
use nhi_registry::{Key, RecordFilter, RecordsExt as _, Registry, RegistryError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{Fixture, START, actor, declaration, evidence, nothing, trust_domain};

/// As small as a kind can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    id: RecordId,
    identity: RecordId,
    resource: String,
    note: String,
    revision: u64,
    confirmed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
}

impl Record for Grant {
    const KIND: RecordKind = RecordKind::Grant;

    fn id(&self) -> RecordId {
        self.id
    }

    fn environment(&self) -> &'static str {
        "staging"
    }

    fn key(&self) -> String {
        format!("{}/{}", self.identity, self.resource)
    }

    fn parent(&self) -> Option<RecordId> {
        Some(self.identity)
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn ended_at(&self) -> Option<Timestamp> {
        self.ended
    }
}

impl Grant {
    fn changed(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        changed.revision += 1;
        change(&mut changed);
        changed
    }
}

/// Declares a grant on an identity that has to be usable, and takes up one that was cut off.
pub(crate) fn declare_grant(
    registry: &dyn Registry,
    identity: RecordId,
    resource: &str,
    number: u8,
) -> Result<Grant, RegistryError> {
    let key = format!("{identity}/{resource}");
    let key = Key {
        environment: "staging",
        key: &key,
    };
    registry.declare(
        &actor(),
        &evidence(number),
        key,
        |now, id, live: Option<&Grant>, view| {
            let holder: Identity = view.require(identity)?;
            assert!(holder.status(now, &Context::default()).is_usable());
            if let Some(live) = live {
                if live.confirmed || view.is_under_way(live.id)? {
                    return Ok(Transition::unchanged(live));
                }
                return Ok(Transition::to(live.clone(), "adopted", json!({})));
            }
            let grant = Grant {
                id,
                identity,
                resource: resource.to_owned(),
                note: "first".to_owned(),
                revision: 1,
                confirmed: false,
                ended: None,
            };
            Ok(Transition::to(grant, "created", json!({ "resource": resource })))
        },
    )
}

fn end(grant: &Grant, now: Timestamp) -> Transition<Grant> {
    match grant.ended {
        Some(_) => Transition::unchanged(grant),
        None => Transition::to(grant.changed(|grant| grant.ended = Some(now)), "revoked", json!({})),
    }
}

fn holder(registry: &dyn Registry, name: &str) -> RecordId {
    let created = registry.create(&actor(), &trust_domain(), declaration(name), &nothing());
    created.unwrap().identity.id()
}

pub(crate) fn a_record_of_any_kind_lives(registry: &dyn Registry, fixture: &Fixture) {
    let identity = holder(registry, "deployer");
    let first = declare_grant(registry, identity, "bucket", 1).unwrap();
    assert_eq!(registry.get_record::<Grant>(first.id).unwrap(), Some(first.clone()));
    assert_eq!(
        registry.find_record("staging", &first.key()).unwrap(),
        Some(first.clone())
    );
    assert_eq!(registry.find_record::<Grant>("", &first.key()).unwrap(), None);
    assert_eq!(
        registry.get_record::<Identity>(first.id).unwrap(),
        None,
        "an id of another kind"
    );
    assert_eq!(registry.get(first.id).unwrap(), None);

    fixture.clock.set(START + 60);
    let noted = |note: &'static str| {
        move |_: Timestamp, grant: &Grant, _: &nhi_registry::View<'_>| {
            Ok(Transition::to(
                grant.changed(|grant| grant.note = note.to_owned()),
                "updated",
                json!({}),
            ))
        }
    };
    let second = registry
        .change(&actor(), first.id, Some(1), &nothing(), noted("second"))
        .unwrap();
    assert_eq!((second.revision, second.note.as_str()), (2, "second"));
    let error = registry
        .change(&actor(), first.id, Some(1), &nothing(), noted("late"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("grant `{}` changed meanwhile: it is at revision 2, not 1", first.id)
    );
    let error = registry
        .change(&actor(), identity, None, &nothing(), noted("other"))
        .unwrap_err();
    assert_eq!(error.code(), "NHI-REGISTRY-NOT-FOUND");

    let other = declare_grant(registry, identity, "queue", 2).unwrap();
    let all = RecordFilter {
        parent: Some(identity),
        ..RecordFilter::default()
    };
    assert_eq!(
        registry.list_records::<Grant>(&all).unwrap(),
        [second.clone(), other.clone()]
    );
    let ended = registry
        .contain(&actor(), &[second.id], |now, grant: &Grant, _| Ok(end(grant, now)))
        .unwrap();
    assert_eq!(registry.list_records::<Grant>(&all).unwrap(), [other]);
    let with_ended = RecordFilter {
        with_ended: true,
        key: Some(second.key()),
        ..RecordFilter::default()
    };
    assert_eq!(registry.list_records::<Grant>(&with_ended).unwrap(), ended);
    assert_eq!(registry.find_record::<Grant>("staging", &second.key()).unwrap(), None);

    let again = declare_grant(registry, identity, "bucket", 3).unwrap();
    assert_ne!(again.id, second.id, "a key is free again, an id never");
    let rows = registry.audit(1, 100).unwrap();
    let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "identity.created",
            "grant.created",
            "grant.updated",
            "grant.created",
            "grant.revoked",
            "grant.created"
        ]
    );
    assert!(
        rows[1].payload.contains(&format!(r#""parent":"{identity}""#)),
        "{}",
        rows[1].payload
    );
    let verification = registry.verify().unwrap();
    assert_eq!((verification.records, verification.identities), (4, 1));
}

pub(crate) fn a_cut_off_record_is_taken_up(registry: &dyn Registry, fixture: &Fixture) {
    let identity = holder(registry, "deployer");
    let busy = fixture.open();
    let first = declare_grant(&*busy, identity, "bucket", 1).unwrap();
    let unchanged = declare_grant(registry, identity, "bucket", 2).unwrap();
    assert_eq!(unchanged, first, "it is still under way");
    assert_eq!(
        registry.consumption(evidence(2).approvals[0]).unwrap(),
        None,
        "what changes nothing uses nothing"
    );
    drop(busy);
    let adopted = declare_grant(registry, identity, "bucket", 1).unwrap();
    assert_eq!(adopted, first);
    assert_eq!(registry.audit(3, 1).unwrap().remove(0).action, "grant.adopted");
}

pub(crate) fn what_decides_is_held_to_what_was_asked(registry: &dyn Registry, fixture: &Fixture) {
    let identity = holder(registry, "deployer");
    let first = declare_grant(registry, identity, "bucket", 1).unwrap();
    let before = registry.verify().unwrap();
    let decided = |key: &str, grant: fn(Grant, RecordId) -> Grant| {
        let key = Key {
            environment: "staging",
            key,
        };
        let result = registry.declare(&actor(), &nothing(), key, |_, id, _: Option<&Grant>, _| {
            Ok(Transition::to(grant(first.clone(), id), "created", json!({})))
        });
        result.unwrap_err().code()
    };
    // Another key, a second live record of the key, and an id that is neither the new nor the live one.
    assert_eq!(decided("other", |grant, id| Grant { id, ..grant }), "NHI-REGISTRY-KEY");
    assert_eq!(
        decided(&first.key(), |grant, id| Grant { id, ..grant }),
        "NHI-REGISTRY-KEY"
    );
    let odd = |grant: Grant, _| Grant {
        id: RecordId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        ..grant
    };
    assert_eq!(decided(&first.key(), odd), "NHI-REGISTRY-KEY");
    let refused = registry.change(&actor(), first.id, None, &evidence(9), |_, _: &Grant, view| {
        view.require::<Identity>(first.id)?;
        Ok(Transition::unchanged(&first))
    });
    assert_eq!(refused.unwrap_err().code(), "NHI-REGISTRY-NOT-FOUND");

    // All or none.
    let ids = [first.id, identity];
    registry
        .contain(&actor(), &ids, |now, grant: &Grant, _| Ok(end(grant, now)))
        .unwrap_err();
    // A grant is refused by a clock that is behind, containing it is not.
    fixture.clock.set(START - 3600);
    let changed = registry.change(&actor(), first.id, None, &nothing(), |now, grant: &Grant, _| {
        Ok(end(grant, now))
    });
    assert_eq!(changed.unwrap_err().code(), "NHI-REGISTRY-CLOCK");
    assert_eq!(
        declare_grant(registry, identity, "queue", 4).unwrap_err().code(),
        "NHI-REGISTRY-CLOCK"
    );
    assert_eq!(registry.verify().unwrap(), before);
    let ended = registry.contain(&actor(), &[first.id], |now, grant: &Grant, _| Ok(end(grant, now)));
    assert_eq!(ended.unwrap()[0].ended, Some(Timestamp::from_unix(START)));
}

pub(crate) fn the_writer_vouches_for_what_it_writes(registry: &dyn Registry, _: &Fixture) {
    let identity = holder(registry, "deployer");
    let first = declare_grant(registry, identity, "bucket", 1).unwrap();
    // An event that tells of another record, key or parent than is written.
    let lying = registry.change(&actor(), first.id, None, &nothing(), |now, grant: &Grant, _| {
        Ok(Transition {
            record: grant.changed(|grant| grant.ended = Some(now)),
            event: Some(Event {
                action: "grant.updated".to_owned(),
                subject: grant.id,
                payload: json!({ "record": "00", "name": "x", "environment": "y", "parent": "z", "ended_at": "never" }),
            }),
        })
    });
    assert_eq!(registry.get_record(first.id).unwrap(), Some(lying.unwrap()));
}

/// Few ids are looked up and many are picked from a list: either way those on record, of the kind, ended or not.
pub(crate) fn many_are_found_by_their_ids(registry: &dyn Registry, _: &Fixture) {
    let identities: Vec<RecordId> = (0..20)
        .map(|number| holder(registry, &format!("svc{number}")))
        .collect();
    let grant = declare_grant(registry, identities[0], "bucket", 1).unwrap();
    registry.revoke(&actor(), identities[1], "leaked").unwrap();
    let nobody = RecordId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    for count in [0, 1, 2, 15, 17, 20] {
        let asked = &identities[..count];
        let all = [asked, &[grant.id, nobody][..]].concat();
        let found = registry
            .reading(|view| view.of_ids::<Identity>(all.iter().copied()))
            .unwrap();
        let mut expected = asked.to_vec();
        expected.sort_unstable();
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), expected, "{count}");
        assert!(found.iter().all(|(id, identity)| identity.id() == *id));
        assert_eq!(
            found
                .get(&identities[1])
                .is_some_and(|identity| identity.revoked_at().is_some()),
            count > 1
        );
    }
}
