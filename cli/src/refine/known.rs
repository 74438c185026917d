//! Findings that are known already, each as often as it was seen.
//!
//! What has become worse, or certain, is not what was known.

use std::collections::HashMap;

use nhi_plan::Severity;

use super::key::Key;
use crate::report::{Entry, Status};

/// Findings that count as known, by what makes them the same.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<Key, Vec<Seen>>);

#[derive(Debug)]
struct Seen {
    address: String,
    severity: Severity,
    certain: bool,
    /// Where it is known: what exactly was said.
    message: Option<String>,
}

impl Known {
    /// The findings of another run over the same objects.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut known = Self::default();
        for entry in entries.iter().filter(|entry| entry.status != Status::Undecided) {
            known.add(
                Key::of(entry),
                &entry.address,
                entry.severity,
                entry.status == Status::Violation,
                Some(claim(entry)),
            );
        }
        known
    }

    pub(super) fn add(&mut self, key: Key, address: &str, severity: Severity, certain: bool, message: Option<String>) {
        self.0.entry(key).or_default().push(Seen {
            address: address.to_owned(),
            severity,
            certain,
            message,
        });
    }

    /// Which of these entries are known. One that was seen once makes one entry known, that at its address first.
    pub(super) fn among(&mut self, entries: &[Entry]) -> Vec<bool> {
        let mut is_known = vec![false; entries.len()];
        for same_address in [true, false] {
            for (entry, is_known) in entries.iter().zip(&mut is_known) {
                if !*is_known && entry.status != Status::Undecided {
                    *is_known = self.take(entry, same_address);
                }
            }
        }
        is_known
    }

    /// How many were not met.
    pub(super) fn left(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    fn take(&mut self, entry: &Entry, same_address: bool) -> bool {
        let Some(list) = self.0.get_mut(&Key::of(entry)) else {
            return false;
        };
        let found = list.iter().position(|seen| {
            let is_here = !same_address || seen.address == entry.address;
            let is_said = seen.message.as_ref().is_none_or(|message| *message == claim(entry));
            let is_certain = seen.certain || entry.status == Status::Unverified;
            is_here && is_said && is_certain && seen.severity >= entry.severity
        });
        found.map(|at| list.swap_remove(at)).is_some()
    }
}

/// What is said, whatever the block is called.
fn claim(entry: &Entry) -> String {
    entry.message.replace(&entry.address, "it")
}
