//! Maps that are quick to ask and the same in every run.
//!
//! A sandbox has no randomness, so that the hasher of the standard library protects no better here: its key is always
//! the same. What keeps a hostile plan from taking long is fuel, which is given out by the byte; a run that ends
//! without it is no verdict.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;

/// A map; nothing may depend on the order of its entries.
pub(crate) type Map<K, V> = HashMap<K, V, FxBuildHasher>;
/// A set; nothing may depend on the order of its entries.
pub(crate) type Set<T> = HashSet<T, FxBuildHasher>;

/// An empty map that need not be moved before it holds so many entries.
pub(crate) fn map_of<K, V>(count: usize) -> Map<K, V> {
    Map::with_capacity_and_hasher(count, FxBuildHasher)
}
