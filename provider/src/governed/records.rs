//! The same life cycle for records of every other kind: policy → registry → audit.

use std::cell::Cell;

use nhi_governance::{
    Act, Containment, Declared, Evidence, Judged, Record as _, RecordId, RecordKind, Registered, Timestamp, Transition,
};
use nhi_registry::{Key, RecordsExt as _, RegistryError, View};
use tfplugin::log;
use tfplugin::value::Value;

use super::{DESTROYED, Governed, Trouble, armed, patiently};

/// What a transition may look at besides the record.
pub(crate) struct Scene<'a> {
    pub(crate) view: &'a View<'a>,
    pub(crate) act: Act<'a>,
}

/// What tells one kind from another, for a resource of it.
pub(crate) trait Spec: Send + Sync + 'static {
    /// What is declared of it.
    type Declared: Declared;

    /// The environment and the key that a declaration would have on record.
    fn environment(declared: &Self::Declared, view: &View<'_>) -> Result<String, RegistryError> {
        let _ = (declared, view);
        Ok(String::new())
    }

    /// A new record.
    fn create(
        id: RecordId,
        declared: Self::Declared,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<Self::Declared>>, RegistryError>;

    /// A record that changes.
    fn update(
        record: &Registered<Self::Declared>,
        declared: Self::Declared,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<Self::Declared>>, RegistryError>;

    /// The record as a state, but for what all kinds have.
    fn state(record: &Registered<Self::Declared>, now: Timestamp, view: &View<'_>) -> Result<Value, RegistryError>;
}

/// A record of a kind, and how a state shows it.
pub(crate) struct FoundRecord<S: Spec> {
    pub(crate) record: Registered<S::Declared>,
    pub(crate) state: Value,
}

impl<S: Spec> FoundRecord<S> {
    fn of(record: Option<Registered<S::Declared>>, view: &View<'_>) -> Result<Option<Self>, RegistryError> {
        let Some(record) = record else { return Ok(None) };
        let state = S::state(&record, view.now()?, view)?;
        Ok(Some(Self { record, state }))
    }

    /// Its id.
    pub(crate) fn id(&self) -> RecordId {
        self.record.id()
    }
}

impl Governed {
    /// The record of an id and its state. A registry that is not there is an error where `is_expected`.
    pub(crate) fn find_record<S: Spec>(
        &self,
        id: RecordId,
        is_expected: bool,
    ) -> Result<Option<FoundRecord<S>>, Trouble> {
        let Some(registry) = self.existing_registry()? else {
            return if is_expected {
                let path = self.location().map(ToString::to_string);
                Err(RegistryError::Missing(path.unwrap_or_default()).into())
            } else {
                Ok(None)
            };
        };
        Ok(registry.reading(|view| FoundRecord::of(view.get(id)?, view))?)
    }

    /// The record of a place that has not ended, and its state; none where there is no registry.
    pub(crate) fn find_record_at<S: Spec>(
        &self,
        environment: &str,
        key: &str,
    ) -> Result<Option<FoundRecord<S>>, Trouble> {
        let found =
            self.ask(|registry| registry.reading(|view| FoundRecord::of(view.find(environment, key)?, view)))?;
        Ok(found.flatten())
    }

    /// A new record, or the one that an interrupted creation left.
    pub(crate) fn create_record<S: Spec>(&self, judged: Judged<S::Declared>) -> Result<FoundRecord<S>, Trouble> {
        let declared = declared(judged)?;
        self.rule()?;
        let evidence = self.approved_record::<S>(None, &declared)?.evidence();
        let registry = self.registry()?;
        let environment = registry.reading(|view| S::environment(&declared, view))?;
        let (environment, name) = (environment.as_str(), declared.key());
        let under_way = Cell::new(None);
        let key = Key {
            environment,
            key: &name,
        };
        let attempt = || {
            under_way.set(None);
            registry.declare::<Registered<S::Declared>>(&self.actor, &evidence, key, |now, id, live, view| {
                let Some(live) = live else {
                    let act = self.act(&evidence, view, now);
                    return S::create(id, declared.clone(), &Scene { view, act });
                };
                let Some(transition) = live.adopt(&declared) else {
                    return Err(live.taken(false).into());
                };
                if view.is_under_way(live.id())? {
                    under_way.set(Some(live.id()));
                    return Err(live.taken(true).into());
                }
                Ok(transition)
            })
        };
        let record = patiently(
            || armed(attempt),
            |_| {
                under_way
                    .get()
                    .is_some_and(|id| !self.is_ours_of(S::Declared::KIND, id))
            },
        )?;
        self.lock_records().insert((S::Declared::KIND, record.id()));
        log::info("a record was created", &[("id", record.id().to_string().into())]);
        self.shown(record)
    }

    /// Changes a record, if nobody changed it meanwhile and `check` has nothing against it.
    pub(crate) fn change_record<S: Spec>(
        &self,
        id: RecordId,
        revision: u64,
        judged: Judged<S::Declared>,
        check: impl Fn(&Value) -> Result<(), Trouble>,
    ) -> Result<FoundRecord<S>, Trouble> {
        let declared = declared(judged)?;
        let on_record = self.find_record::<S>(id, true)?.ok_or_else(|| no_record::<S>(id))?;
        // A record of another revision is refused below, as one that somebody else has changed.
        if on_record.record.revision() == revision {
            check(&on_record.state)?;
        }
        self.rule()?;
        let evidence = self
            .approved_record::<S>(Some(&on_record.record), &declared)?
            .evidence();
        let registry = self.registry()?;
        let record = armed(|| {
            registry.change::<Registered<S::Declared>>(
                &self.actor,
                id,
                Some(revision),
                &evidence,
                |now, record, view| {
                    let act = self.act(&evidence, view, now);
                    S::update(record, declared.clone(), &Scene { view, act })
                },
            )
        })?;
        log::info("a record was updated", &[("id", id.to_string().into())]);
        self.shown(record)
    }

    /// Ends a record. That is never refused.
    pub(crate) fn end_record<S: Spec>(
        &self,
        id: RecordId,
        check: impl Fn(&Value) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let on_record = self.find_record::<S>(id, true)?.ok_or_else(|| no_record::<S>(id))?;
        check(&on_record.state)?;
        self.take_away::<Registered<S::Declared>>(id, Containment::End, DESTROYED)?;
        Ok(())
    }

    /// Notes that the core knows these ids.
    pub(crate) fn confirm_records<D: Declared>(&self, ids: &[RecordId]) {
        let confirmed = self.registry().and_then(|registry| {
            let confirm = |_, record: &Registered<D>, _: &View<'_>| Ok(record.confirm());
            Ok(registry.contain::<Registered<D>>(&self.actor, ids, confirm)?)
        });
        if let Err(trouble) = confirmed {
            // A plan may run where the registry can only be read; an unconfirmed record is no less good.
            log::warn("records were not confirmed", &[("reason", trouble.to_string().into())]);
        }
    }

    /// Notes that the core has the ids of every record of this kind that this process created.
    pub(super) fn confirm_created_of<D: Declared>(&self) {
        let ids: Vec<RecordId> = {
            let mut records = self.lock_records();
            let ids = records
                .iter()
                .filter(|(kind, _)| *kind == D::KIND)
                .map(|(_, id)| *id)
                .collect();
            records.retain(|(kind, _)| *kind != D::KIND);
            ids
        };
        if !ids.is_empty() {
            self.confirm_records::<D>(&ids);
        }
    }

    pub(crate) fn act<'a>(&'a self, evidence: &'a Evidence, view: &View<'a>, now: Timestamp) -> Act<'a> {
        Act {
            by: self.actor.as_str(),
            evidence,
            policy: view.policy(),
            now,
        }
    }

    fn is_ours_of(&self, kind: RecordKind, id: RecordId) -> bool {
        self.lock_records().contains(&(kind, id))
    }

    fn shown<S: Spec>(&self, record: Registered<S::Declared>) -> Result<FoundRecord<S>, Trouble> {
        let registry = self.registry()?;
        let state = registry.reading(|view| S::state(&record, view.now()?, view))?;
        Ok(FoundRecord { record, state })
    }
}

fn declared<D>(judged: Judged<D>) -> Result<D, Trouble> {
    if !judged.violations.is_empty() {
        return Err(Trouble::Violations(judged.violations));
    }
    judged.declaration.ok_or(Trouble::Unknown("an attribute"))
}

fn no_record<S: Spec>(id: RecordId) -> Trouble {
    let kind = S::Declared::KIND;
    RegistryError::NoRecord { kind, id }.into()
}
