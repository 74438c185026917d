//! What else is on record that the standing of an identity depends on: its teams, its vendor and the kill switch.

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
        let teams: Vec<Registered<Team>> = self.list(&everything)?;
        let vendors: Vec<Registered<Vendor>> = self.list(&everything)?;
        let kills = self.kills()?;
        let contexts = identities.into_iter().map(|identity| {
            let gathered = Context::gather(
                identity.declaration(),
                |key| Ok(of_key(&teams, |team| team.key() == key)),
                |key| {
                    Ok(match RecordId::parse(key) {
                        Ok(id) => of_key(&vendors, |vendor| vendor.id() == id),
                        Err(_) => of_key(&vendors, |vendor| vendor.key() == key),
                    })
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

fn of_key<R: Clone>(records: &[R], suits: impl Fn(&R) -> bool) -> Vec<R> {
    records.iter().filter(|record| suits(record)).cloned().collect()
}
