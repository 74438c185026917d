//! What is on record, as whoever reads sees it.

use nhi_governance::{Declared, Identity, Record as _, RecordId, Registered, Status};
use nhi_registry::{Filter, RecordFilter, RecordsExt as _, Registry, RegistryError};

pub(super) fn last(registry: &dyn Registry) -> Option<Identity> {
    let all = Filter {
        with_revoked: true,
        ..Filter::default()
    };
    registry.list(&all).unwrap().pop()
}

pub(super) fn found(registry: &dyn Registry) -> Option<Identity> {
    registry.list(&Filter::default()).unwrap().pop()
}

pub(super) fn id(registry: &dyn Registry) -> Result<RecordId, RegistryError> {
    let all = Filter {
        with_revoked: true,
        ..Filter::default()
    };
    Ok(registry.list(&all)?.pop().unwrap().id())
}

pub(super) fn status(registry: &dyn Registry, identity: &Identity) -> Status {
    let context = registry.reading(|view| view.context(identity.declaration())).unwrap();
    identity.status(registry.now().unwrap(), &context)
}

pub(super) fn is_there(registry: &dyn Registry) -> bool {
    found(registry).is_some()
}

pub(super) fn is_confirmed(registry: &dyn Registry) -> bool {
    found(registry).is_some_and(|identity| identity.is_confirmed())
}

pub(super) fn is_usable(registry: &dyn Registry) -> bool {
    found(registry).is_some_and(|identity| status(registry, &identity).is_usable())
}

pub(super) fn is_unusable(registry: &dyn Registry) -> bool {
    last(registry).is_some_and(|identity| !status(registry, &identity).is_usable())
}

pub(super) fn is_live<D: Declared>(registry: &dyn Registry) -> bool {
    registry
        .list_records::<Registered<D>>(&RecordFilter::default())
        .unwrap()
        .len()
        == 1
}

pub(super) fn is_over<D: Declared>(registry: &dyn Registry) -> bool {
    let all = RecordFilter {
        with_ended: true,
        ..RecordFilter::default()
    };
    let records = registry.list_records::<Registered<D>>(&all).unwrap();
    records.len() == 1 && records[0].ended_at().is_some()
}
