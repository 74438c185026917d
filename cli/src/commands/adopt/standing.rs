//! How what was found stands on record: by the ids that records name in `external`.

use std::collections::BTreeMap;

use nhi_adopt::{Found, Taken};
use nhi_governance::{Context, Identity, Policy, Record as _, RecordId, Status, Timestamp};
use nhi_registry::{Access, RecordFilter, RecordsExt as _, Registry, RegistryError};

use crate::exit::Failure;
use crate::registry::{self, failure};

/// A record of an identity.
#[derive(Debug, Clone)]
pub(super) struct OnRecord {
    pub(super) identity: Identity,
    pub(super) status: Status,
    /// The standing in words, for example `in quarantine until …`.
    pub(super) reason: String,
}

/// How an identity stands.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// Nothing is on record.
    New,
    /// A record of it was revoked, and it is still there.
    Revoked(Box<OnRecord>),
    /// On record, and no configuration manages it yet or any more.
    Waiting(Box<OnRecord>),
    /// Its quarantine ended before anybody took it up.
    Overdue(Box<OnRecord>),
    /// On record and managed.
    Governed(Box<OnRecord>),
}

impl Standing {
    /// The word in every output.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Revoked(_) => "revoked",
            Self::Waiting(on_record) => on_record.status.as_str(),
            Self::Overdue(_) => "overdue",
            Self::Governed(_) => "governed",
        }
    }

    pub(super) fn is_governed(&self) -> bool {
        matches!(self, Self::Governed(_))
    }

    /// Whether its name is that of a record that has not ended.
    pub(super) fn is_on_record(&self) -> bool {
        matches!(self, Self::Waiting(_) | Self::Overdue(_) | Self::Governed(_))
    }

    pub(super) fn record(&self) -> Option<&OnRecord> {
        match self {
            Self::New => None,
            Self::Revoked(on_record)
            | Self::Waiting(on_record)
            | Self::Overdue(on_record)
            | Self::Governed(on_record) => Some(on_record),
        }
    }
}

/// Everything that is on record.
#[derive(Debug, Default)]
pub(super) struct Known {
    records: BTreeMap<RecordId, OnRecord>,
    /// The records that name an id, by it.
    by_id: BTreeMap<String, Vec<RecordId>>,
}

/// Opens the registry; `None` where there is none yet, which is where everybody begins.
pub(super) fn open(
    args: &registry::Args,
    access: Access,
    policy: Policy,
    notes: &mut Vec<String>,
) -> Result<Option<Box<dyn Registry>>, Failure> {
    let options = nhi_registry::Options {
        policy: policy.into(),
        ..nhi_registry::Options::default()
    };
    let location = args.location()?;
    match nhi_registry::open(&location, access, options) {
        Ok(registry) => Ok(Some(registry)),
        Err(RegistryError::Missing(_)) => {
            notes.push(format!(
                "there is no registry at `{location}`, so nothing counts as being on record; `--registry` names another"
            ));
            Ok(None)
        }
        Err(error) => Err(failure(&error)),
    }
}

/// Reads everything that is on record, on one snapshot.
pub(super) fn known(registry: Option<&dyn Registry>) -> Result<Known, Failure> {
    let Some(registry) = registry else {
        return Ok(Known::default());
    };
    let filter = RecordFilter {
        with_ended: true,
        ..RecordFilter::default()
    };
    let read = registry.reading(|view| {
        let identities: Vec<Identity> = view.list(&filter)?;
        Ok((view.now()?, view.contexts(&identities)?, identities))
    });
    let (now, contexts, identities) = read.map_err(|error| failure(&error))?;
    let mut known = Known::default();
    for (identity, context) in identities.into_iter().zip(contexts) {
        known.take(identity, &context, now);
    }
    Ok(known)
}

impl Known {
    fn take(&mut self, identity: Identity, context: &Context, now: Timestamp) {
        let standing = identity.standing(now, context);
        let id = identity.id();
        for name in identity.declaration().external().unwrap_or_default() {
            self.by_id.entry(name.clone()).or_default().push(id);
        }
        self.records.insert(
            id,
            OnRecord {
                identity,
                status: standing.status,
                reason: standing.reason,
            },
        );
    }

    /// The names that live records have.
    pub(super) fn taken(&self) -> Taken {
        let mut taken = Taken::default();
        for one in self.records.values().filter(|one| one.identity.ended_at().is_none()) {
            let declaration = one.identity.declaration();
            taken.take(declaration.environment().as_str(), declaration.name().as_str());
        }
        taken
    }

    /// How an identity stands: by the record that has not ended, else by the last one.
    ///
    /// An id that another cluster may have as well counts only in the environment that the identity is of.
    pub(super) fn standing(&self, found: &Found, environment: Option<&str>, general: Option<&str>) -> Standing {
        let environment = environment.or(general).filter(|_| found.is_local);
        let records = found.known_as.iter().filter_map(|id| self.by_id.get(id)).flatten();
        let records = records.filter_map(|id| self.records.get(id));
        let mut records: Vec<&OnRecord> = records
            .filter(|one| environment.is_none_or(|environment| one.identity.environment() == environment))
            .collect();
        records.sort_by_key(|one| (one.identity.ended_at().is_some(), std::cmp::Reverse(one.identity.id())));
        let Some(&first) = records.first() else {
            return Standing::New;
        };
        let boxed = Box::new(first.clone());
        match first.status {
            Status::Revoked | Status::Offboarded => Standing::Revoked(boxed),
            Status::Quarantined | Status::Unmanaged => Standing::Waiting(boxed),
            Status::Expired if first.identity.ends_at() < first.identity.expires_at() => Standing::Overdue(boxed),
            Status::Active | Status::Expiring | Status::Expired | Status::Suspended => Standing::Governed(boxed),
        }
    }
}
