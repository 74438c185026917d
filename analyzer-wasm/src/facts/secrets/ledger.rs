//! All credentials of a plan, each told once.
//!
//! A value that comes in through a variable stands in the variable, in every resource that takes it and in outputs: it
//! is told where it can be changed, and the other places are named.

use std::collections::BTreeMap;

use nhi_plan::json::Value;
use nhi_plan::{Mode, Severity};

use super::fingerprint::{self, Mark};
use super::{Hit, hidden, provider, schema, walk};
use crate::facts::Block;
use crate::facts::block::without_indices;

/// Credentials of one plan that are kept; beyond it they are counted.
const SIGHTINGS_MAX: usize = 20_000;

/// Types that are about credentials by themselves and have rules of their own.
const OWN_RULES: [&str; 2] = ["aws_iam_access_key", "aws_iam_access_keys"];

/// A credential at a place.
#[derive(Debug)]
pub(crate) struct Sighting {
    pub(crate) address: String,
    pub(crate) mode: Mode,
    pub(crate) hit: Hit,
    /// What keeps it out of the state, by the provider's schema.
    pub(crate) instead: &'static str,
    config_address: String,
    /// Where the attribute leads.
    pub(crate) references: Vec<String>,
}

/// A credential with all its places.
#[derive(Debug)]
pub(crate) struct Told<'l> {
    pub(crate) source: &'l Sighting,
    /// The variable that brings it in, where only the attribute's schema says that it is one.
    pub(crate) variable: Option<&'l str>,
    /// Where else it stands because of its source.
    pub(crate) uses: Vec<&'l str>,
    pub(crate) severity: Severity,
}

/// What was seen of credentials.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    sightings: Vec<Sighting>,
    /// Variables by what they hold.
    variables: BTreeMap<Mark, String>,
    /// Credentials that were not kept, and the address of the first.
    pub(crate) omitted: Option<(usize, String)>,
    /// Values of which nothing is known, where a credential may be written out: by block, address and path.
    hidden: BTreeMap<String, (String, String)>,
}

impl Ledger {
    /// Takes in what stands in a block; `is_told` says of a hit that another rule tells it.
    pub(crate) fn collect(&mut self, block: &Block<'_>, is_told: impl Fn(&Hit) -> bool) {
        let change = block.change;
        if OWN_RULES.contains(&change.resource_type.as_ref()) {
            return;
        }
        if change.mode == Mode::Variable
            && let Some(text) = block.after().and_then(Value::as_str)
        {
            let mark = fingerprint::mark(text.trim().as_bytes());
            self.variables.entry(mark).or_insert_with(|| change.address.to_string());
        }
        let mut hits = walk::scan(block);
        if let Some(path) = hidden::attribute(block).filter(|_| hits.is_empty() && self.hidden.len() < SIGHTINGS_MAX) {
            let place = (change.address.to_string(), path);
            self.hidden.entry(change.config_address.to_string()).or_insert(place);
        }
        if change.mode == Mode::Provider {
            for hit in &mut hits {
                hit.severity = Severity::Critical;
                hit.in_configuration = true;
            }
            // What has a shape is told with its kind.
            let more: Vec<_> = provider::constants(block)
                .into_iter()
                .filter(|hit| hits.iter().all(|other| other.path != hit.path))
                .collect();
            hits.extend(more);
        }
        for hit in hits.into_iter().filter(|hit| !is_told(hit)) {
            self.add(block, hit);
        }
    }

    fn add(&mut self, block: &Block<'_>, hit: Hit) {
        let change = block.change;
        if self.sightings.len() >= SIGHTINGS_MAX {
            let (count, _) = self.omitted.get_or_insert_with(|| (0, change.address.to_string()));
            *count += 1;
            return;
        }
        let rows = schema::rows(change.mode, &change.resource_type);
        let row = schema::find(rows, &without_indices(&hit.path));
        self.sightings.push(Sighting {
            address: change.address.to_string(),
            config_address: change.config_address.to_string(),
            mode: change.mode,
            instead: row.map(|row| row.instead).unwrap_or_default(),
            references: block.references(&hit.path),
            hit,
        });
    }

    /// Addresses and paths where a credential may be written out that nobody can see yet.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = &(String, String)> {
        self.hidden.values()
    }

    /// The variable that holds all of a credential and that its attribute takes it from.
    fn variable_of(&self, sighting: &Sighting) -> Option<&str> {
        let variable = self.variables.get(&sighting.hit.mark)?;
        (sighting.mode != Mode::Variable && sighting.references.contains(variable)).then_some(variable)
    }

    /// Whether a credential stands at this place.
    pub(crate) fn holds(&self, address: &str, path: Option<&str>) -> bool {
        self.sightings.iter().any(|sighting| {
            sighting.address == address
                && path.is_none_or(|path| without_indices(&sighting.hit.path) == without_indices(path))
        })
    }

    /// Every credential once, in the order of the plan.
    pub(crate) fn told(&self) -> Vec<Told<'_>> {
        let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, sighting) in self.sightings.iter().enumerate() {
            groups.entry(&sighting.hit.mark).or_default().push(index);
        }
        let mut told: Vec<(usize, Told<'_>)> = Vec::new();
        for mut group in groups.into_values() {
            group.sort_by_key(|index| (self.sightings.get(*index).map(rank), *index));
            let mut own: Vec<(usize, Told<'_>)> = Vec::new();
            for index in group {
                let Some(sighting) = self.sightings.get(index) else {
                    continue;
                };
                match own.iter_mut().find(|(_, told)| sighting.uses(told.source)) {
                    Some((_, told)) => {
                        told.severity = told.severity.max(sighting.hit.severity);
                        if told.source.address != sighting.address && told.uses.last() != Some(&&*sighting.address) {
                            told.uses.push(&sighting.address);
                        }
                    }
                    None => own.push((
                        index,
                        Told {
                            source: sighting,
                            variable: self.variable_of(sighting),
                            uses: Vec::new(),
                            severity: sighting.hit.severity,
                        },
                    )),
                }
            }
            told.extend(own);
        }
        told.sort_by_key(|(index, _)| *index);
        told.into_iter().map(|(_, told)| told).collect()
    }
}

/// Where a value is changed comes before where it ends up.
fn rank(sighting: &Sighting) -> u8 {
    match sighting.mode {
        Mode::Variable if sighting.address.starts_with("var.") => 0,
        Mode::Variable => 1,
        Mode::Provider => 2,
        Mode::Managed => 3,
        Mode::Data => 4,
        Mode::Output => 5,
    }
}

impl Sighting {
    /// Whether the same value stands here because it stands there.
    fn uses(&self, source: &Self) -> bool {
        let is_shared = |address: &String| address.contains("local.") || address.contains("var.");
        source.mode == Mode::Variable
            || self.mode == Mode::Output
            || self.mode == Mode::Data && source.mode == Mode::Managed
            || self.config_address == source.config_address
                && without_indices(&self.hit.path) == without_indices(&source.hit.path)
            || self.references.contains(&source.config_address)
            || self
                .references
                .iter()
                .any(|address| is_shared(address) && source.references.contains(address))
    }
}
