//! Makes batches of the changes that a module wants to see, without what it did not ask for and may not know.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::mpsc;

use nhi_plan::{Change, Description, Mode, Needs};

use crate::canary::{self, Placed};
use crate::host::Module;
use crate::limits::{BATCH_BYTES, BATCH_CHANGES, CHANGE_BYTES, SHARD_BYTES, SHARD_CHANGES};

/// A change in a batch: of the batch's own, or shared with other modules.
pub(crate) trait Handed<'p>: Borrow<Change<'p>> + From<Change<'p>> {}

impl<'p, C: Borrow<Change<'p>> + From<Change<'p>>> Handed<'p> for C {}

/// Changes for one call, and what they weigh.
#[derive(Debug)]
pub(crate) struct Batch<C> {
    pub(crate) changes: Vec<C>,
    pub(crate) bytes: usize,
}

impl<C> Batch<C> {
    pub(crate) fn new() -> Self {
        Self {
            changes: Vec::with_capacity(BATCH_CHANGES),
            bytes: 0,
        }
    }

    /// Whether it goes to the module as it is.
    pub(crate) fn is_full(&self) -> bool {
        self.changes.len() >= BATCH_CHANGES || self.bytes >= BATCH_BYTES
    }

    pub(crate) fn push(&mut self, change: C, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.changes.push(change);
    }

    /// What the canaries' place follows from.
    pub(crate) fn seed<'p>(&self) -> Option<String>
    where
        C: Handed<'p>,
    {
        let first = self.changes.first()?;
        Some(first.borrow().address.clone().into_owned())
    }

    /// Puts the module's canaries among the changes.
    pub(crate) fn mix_canaries<'p, 'd>(&mut self, description: &'d Description) -> Vec<Placed<'d>>
    where
        C: Handed<'p>,
    {
        let Some(seed) = self.seed() else { return Vec::new() };
        let placed = canary::place(description, &seed);
        for (number, canary) in placed.iter().enumerate() {
            let position = canary::position(&seed, number, self.changes.len());
            self.bytes = self.bytes.saturating_add(weigh(&canary.change));
            self.changes.insert(position, C::from(canary.change.clone()));
        }
        placed
    }
}

/// What one session of a split plan has been handed.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    changes: usize,
    bytes: usize,
}

impl Shard {
    /// Whether the next batch begins another session. It follows from the batches alone, so that every machine cuts a
    /// plan at the same places.
    pub(crate) fn is_full(&self) -> bool {
        self.changes >= SHARD_CHANGES || self.bytes >= SHARD_BYTES
    }

    pub(crate) fn add<C>(&mut self, batch: &Batch<C>) {
        self.changes = self.changes.saturating_add(batch.changes.len());
        self.bytes = self.bytes.saturating_add(batch.bytes);
    }
}

/// The batches of a run, in order.
pub(crate) struct Feed<'m, 'p, I: Iterator<Item = Change<'p>>> {
    blocks: I,
    interests: Interests<'m>,
    /// Lists that the module is done with.
    used: Option<mpsc::Receiver<Vec<Change<'p>>>>,
}

impl<'m, 'p, I: Iterator<Item = Change<'p>>> Feed<'m, 'p, I> {
    pub(crate) fn new(module: &'m Module, blocks: I) -> Self {
        Self {
            blocks,
            interests: Interests {
                module,
                known: HashMap::new(),
            },
            used: None,
        }
    }

    /// Takes back what the module is done with and clears it away, so that the module does not wait for that.
    pub(crate) fn clearing(mut self, used: mpsc::Receiver<Vec<Change<'p>>>) -> Self {
        self.used = Some(used);
        self
    }

    /// A list for the next batch, where possible one that was used before.
    fn empty(&self) -> Vec<Change<'p>> {
        let used = self.used.iter().flat_map(mpsc::Receiver::try_iter);
        let cleared = used.map(|mut changes| {
            changes.clear();
            changes
        });
        cleared.last().unwrap_or_else(|| Vec::with_capacity(BATCH_CHANGES))
    }
}

impl<'p, I: Iterator<Item = Change<'p>>> Iterator for Feed<'_, 'p, I> {
    type Item = Batch<Change<'p>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch = Batch {
            changes: self.empty(),
            bytes: 0,
        };
        for mut change in self.blocks.by_ref() {
            if !self.interests.deliver(&mut change) {
                continue;
            }
            if !self.interests.module.sees_sensitive() {
                change = redacted(change);
            }
            let bytes = weigh(&change);
            batch.push(change, bytes);
            if batch.is_full() {
                break;
            }
        }
        (!batch.changes.is_empty()).then_some(batch)
    }
}

/// The change without what is sensitive; most have nothing that is.
pub(crate) fn redacted(change: Change<'_>) -> Change<'_> {
    if change.sensitive_paths.is_empty() {
        return change;
    }
    nhi_plan::redact(&change)
}

/// A module's interests, with the answers remembered: a plan has many blocks and few types.
struct Interests<'m> {
    module: &'m Module,
    known: HashMap<Mode, HashMap<String, Option<Needs>>>,
}

impl Interests<'_> {
    /// Takes out of the change what the module did not ask for, and says whether it wants it at all.
    fn deliver(&mut self, change: &mut Change<'_>) -> bool {
        let known = self.known.entry(change.mode).or_default();
        if !known.contains_key(&*change.resource_type) {
            let needs = self.module.description.needs(change.mode, &change.resource_type);
            known.insert(change.resource_type.clone().into_owned(), needs);
        }
        let needs = known.get(&*change.resource_type).and_then(Option::as_ref);
        needs.is_some_and(|needs| needs.deliver(change))
    }
}

/// The bytes of input that a change counts for.
pub(crate) fn weigh(change: &Change<'_>) -> usize {
    let texts = [
        &change.address,
        &change.config_address,
        &change.resource_type,
        &change.provider,
        &change.module_address,
    ];
    let options = [
        &change.previous_address,
        &change.before,
        &change.after,
        &change.configuration,
    ];
    let lists = change.unknown_paths.iter().chain(&change.sensitive_paths);
    let references = change
        .references
        .iter()
        .flat_map(|reference| std::iter::once(&reference.path).chain(&reference.addresses));
    let attributes = change.attributes.iter().flat_map(|(key, value)| [key, value]);
    let all = texts
        .into_iter()
        .chain(options.into_iter().flatten())
        .chain(lists)
        .chain(references)
        .chain(attributes);
    all.fold(CHANGE_BYTES, |sum, text| sum.saturating_add(text.len()))
}
