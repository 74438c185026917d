//! Maps that are quick to ask and seeded anew in every process: a plan is foreign text, and whoever wrote it shall not
//! choose its collisions.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// A map; nothing may depend on the order of its entries.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;
/// A set; nothing may depend on the order of its entries.
pub(crate) type Set<T> = HashSet<T, RandomState>;
