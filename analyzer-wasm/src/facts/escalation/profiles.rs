//! Instance profiles: other names for roles.

use nhi_plan::symbol;

use super::Profile;
use super::names::{Place, block_of, module_of};
use super::places::Instances;
use super::workloads::Link;
use crate::facts::hash::Map;

/// Instance profiles by name and by place.
#[derive(Debug)]
pub(super) struct Profiles<'w> {
    all: &'w [Profile],
    names: Map<&'w str, Vec<usize>>,
    places: Instances<'w>,
}

impl<'w> Profiles<'w> {
    pub(super) fn new(all: &'w [Profile]) -> Self {
        let mut profiles = Self {
            all,
            names: Map::default(),
            places: Instances::default(),
        };
        for (index, profile) in all.iter().enumerate() {
            profiles.places.add(&profile.config_address, &profile.address, index);
            if let Some(name) = &profile.name {
                profiles.names.entry(name).or_default().push(index);
            }
        }
        profiles
    }

    /// The links to roles of the profiles that a value may mean, each with its place.
    pub(super) fn roles(&self, link: &Link, place: Place<'_>) -> Vec<(&'w Link, Place<'w>)> {
        let mut found: Vec<usize> = Vec::new();
        match &link.value {
            None => found.extend(link.blocks.iter().flat_map(|block| self.places.nearest(block, place))),
            Some(value) => {
                for text in symbol::alternatives(value) {
                    match block_of(text) {
                        Some(block) => found.extend(self.places.nearest(block, place)),
                        None => {
                            let name = text.rsplit('/').next().unwrap_or(text);
                            found.extend(self.names.get(name).into_iter().flatten());
                        }
                    }
                }
            }
        }
        let profiles = found.into_iter().filter_map(|index| self.all.get(index));
        let roles = profiles.map(|profile| {
            let address = profile.address.as_str();
            let module = module_of(address);
            (&profile.link, Place { address, module })
        });
        roles.collect()
    }
}
