//! What is held by exception only: looked up in the transaction that would put it on record.

use nhi_governance::{Declaration, Exception, Registered, Timestamp};

use crate::{RegistryError, View};

impl View<'_> {
    /// Refuses what is declared where it calls for an exception and none is in force.
    pub fn refuse_unexcepted(&self, declaration: &Declaration, now: Timestamp) -> Result<(), RegistryError> {
        let Some(excepted) = declaration.calls_for_exception() else {
            return Ok(());
        };
        let exception: Option<Registered<Exception>> = self.find("", &excepted.key())?;
        if exception.is_some_and(|exception| excepted.is_waived_by(&exception, now)) {
            Ok(())
        } else {
            Err(excepted.missing().into())
        }
    }
}
