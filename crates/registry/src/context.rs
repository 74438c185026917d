//! What else is on record that the standing of an identity depends on: its teams, its vendor and the kill switch.

use std::collections::BTreeMap;
use std::sync::Arc;

use nhi_governance::{Context, Declaration, Identity, Record, RecordId, Registered, Team, Vendor};

use crate::{RecordFilter, RegistryError, View};

impl View<'_> {
    /// The context of an identity that is declared like this.
    pub fn context(&self, declaration: &Declaration) -> Result<Context, RegistryError> {
        let gathered = Context::gather(
            declaration,
            |key| self.all_of::<Registered<Team>>(key),
            |key| match RecordId::parse(key) {
                Ok(id) => Ok(self.get::<Registered<Vendor>>(id)?.into_iter().collect()),
                Err(_) => self.all_of::<Registered<Vendor>>(key),
            },
        );
        Ok(gathered?.with_kills(self.kills()?))
    }

    /// The contexts of many identities, in their order: teams and vendors are read once.
    pub fn contexts<'i>(
        &self,
        identities: impl IntoIterator<Item = &'i Identity>,
    ) -> Result<Vec<Context>, RegistryError> {
        let everything = RecordFilter {
            with_ended: true,
            ..RecordFilter::default()
        };
        let teams = by(Registered::<Team>::key, self.list(&everything)?);
        let vendors: Vec<Registered<Vendor>> = self.list(&everything)?;
        let (vendors_by_id, vendors) = (
            by(Registered::<Vendor>::id, vendors.clone()),
            by(Registered::key, vendors),
        );
        let kills = self.kills()?;
        let contexts = identities.into_iter().map(|identity| {
            let gathered = Context::gather(
                identity.declaration(),
                |key| Ok(teams.get(key).cloned().unwrap_or_default()),
                |key| {
                    let found = match RecordId::parse(key) {
                        Ok(id) => vendors_by_id.get(&id),
                        Err(_) => vendors.get(key),
                    };
                    Ok(found.cloned().unwrap_or_default())
                },
            );
            gathered.map(|context: Context| context.with_kills(Arc::clone(&kills)))
        });
        contexts.collect()
    }

    /// Every record of a key, ended ones included.
    fn all_of<R: Record>(&self, key: &str) -> Result<Vec<R>, RegistryError> {
        self.list(&RecordFilter {
            // Neither kind has one, and with it an index serves the question.
            environment: Some(String::new()),
            key: Some(key.to_owned()),
            with_ended: true,
            ..RecordFilter::default()
        })
    }
}

/// Records by what is looked for: there are many identities, and each asks.
fn by<K: Ord, R>(what: impl Fn(&R) -> K, records: Vec<R>) -> BTreeMap<K, Vec<R>> {
    let mut by = BTreeMap::<K, Vec<R>>::new();
    for record in records {
        by.entry(what(&record)).or_default().push(record);
    }
    by
}
