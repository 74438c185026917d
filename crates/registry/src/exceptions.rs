//! What is held by exception only: looked up in the transaction that would put it on record.

use std::collections::BTreeMap;

use nhi_governance::{Declaration, Exception, Record as _, Registered, Timestamp};

use crate::{RecordFilter, RegistryError, View};

type OnRecord = Registered<Exception>;

/// The exceptions that have not ended, for whoever asks about many declarations.
#[derive(Debug, Clone)]
pub struct Exceptions(BTreeMap<String, OnRecord>);

impl Exceptions {
    /// Refuses what is declared where it calls for an exception and none is in force.
    pub fn refuse_unexcepted(&self, declaration: &Declaration, now: Timestamp) -> Result<(), RegistryError> {
        refused(declaration, now, |key| Ok(self.0.get(key).cloned()))
    }
}

impl View<'_> {
    /// The exceptions that have not ended.
    pub fn exceptions(&self) -> Result<Exceptions, RegistryError> {
        let exceptions: Vec<OnRecord> = self.list(&RecordFilter::default())?;
        let by_key = exceptions.into_iter().map(|exception| (exception.key(), exception));
        Ok(Exceptions(by_key.collect()))
    }

    /// Refuses what is declared where it calls for an exception and none is in force.
    pub fn refuse_unexcepted(&self, declaration: &Declaration, now: Timestamp) -> Result<(), RegistryError> {
        refused(declaration, now, |key| self.find("", key))
    }
}

fn refused(
    declaration: &Declaration,
    now: Timestamp,
    find: impl FnOnce(&str) -> Result<Option<OnRecord>, RegistryError>,
) -> Result<(), RegistryError> {
    let Some(excepted) = declaration.calls_for_exception() else {
        return Ok(());
    };
    if find(&excepted.key())?.is_some_and(|exception| excepted.is_waived_by(&exception, now)) {
        Ok(())
    } else {
        Err(excepted.missing().into())
    }
}
