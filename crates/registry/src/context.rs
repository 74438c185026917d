//! What else is on record that the standing of an identity depends on: its teams and its vendor.

use nhi_governance::{Context, Declaration, Record, RecordId, Registered, Team, Vendor};

use crate::{RecordFilter, RegistryError, View};

impl View<'_> {
    /// The context of an identity that is declared like this.
    pub fn context(&self, declaration: &Declaration) -> Result<Context, RegistryError> {
        Context::gather(
            declaration,
            |key| self.all_of::<Registered<Team>>(key),
            |key| match RecordId::parse(key) {
                Ok(id) => Ok(self.get::<Registered<Vendor>>(id)?.into_iter().collect()),
                Err(_) => self.all_of::<Registered<Vendor>>(key),
            },
        )
    }

    /// Every record of a key, ended ones included.
    fn all_of<R: Record>(&self, key: &str) -> Result<Vec<R>, RegistryError> {
        // An empty key would select everything.
        if key.is_empty() {
            return Ok(Vec::new());
        }
        self.list(&RecordFilter {
            key: Some(key.to_owned()),
            with_ended: true,
            ..RecordFilter::default()
        })
    }
}
