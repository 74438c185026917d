//! Instances of blocks by where they stand: of a plan with thousands of instances the nearest is looked up, never
//! searched for.

use std::collections::hash_map::Entry;
use std::hash::Hash;

use super::names::{Place, instance_key, module_of, without_keys};
use crate::facts::hash::{Map, map_of};

/// Instances of one block that a reference without a key is followed to; of more it is any, and these stand for them.
const INSTANCES_MAX: usize = 512;

/// Instances by their address, and by their block.
#[derive(Debug, Default)]
pub(super) struct Instances<'w> {
    exact: Map<&'w str, Indices>,
    blocks: Map<&'w str, Block<'w>>,
}

/// Mostly one.
#[derive(Debug)]
pub(super) enum Indices {
    One(usize),
    Many(Vec<usize>),
}

impl Indices {
    pub(super) fn as_slice(&self) -> &[usize] {
        match self {
            Self::One(index) => std::slice::from_ref(index),
            Self::Many(indices) => indices,
        }
    }

    fn push(&mut self, index: usize) {
        match self {
            Self::One(first) if *first == index => {}
            Self::One(first) => *self = Self::Many(vec![*first, index]),
            Self::Many(indices) if indices.last() == Some(&index) => {}
            Self::Many(indices) => indices.push(index),
        }
    }

    /// Adds to what stands under a key, once in a row.
    pub(super) fn add<K: Eq + Hash>(map: &mut Map<K, Self>, key: K, index: usize) {
        match map.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(Self::One(index));
            }
            Entry::Occupied(mut entry) => entry.get_mut().push(index),
        }
    }
}

/// The instances of one block.
#[derive(Debug)]
struct Block<'w> {
    all: Indices,
    /// By module instance; empty where there is only one instance, which is always the nearest.
    modules: Map<&'w str, Beside<'w>>,
    first: &'w str,
}

/// The instances of one block in one instance of its module.
#[derive(Debug, Default)]
struct Beside<'w> {
    all: Vec<usize>,
    /// By their own key; the first counts.
    keys: Map<&'w str, usize>,
}

impl<'w> Block<'w> {
    fn place(&mut self, address: &'w str, index: usize) {
        let beside = self.modules.entry(module_of(address)).or_default();
        beside.all.push(index);
        beside.keys.entry(instance_key(address)).or_insert(index);
    }
}

impl<'w> Instances<'w> {
    /// None yet, of about so many.
    pub(super) fn of(count: usize) -> Self {
        Self {
            exact: map_of(count),
            blocks: map_of(count),
        }
    }

    /// Adds what stands at `address`, an instance of `block`.
    pub(super) fn add(&mut self, block: &'w str, address: &'w str, index: usize) {
        Indices::add(&mut self.exact, address, index);
        match self.blocks.entry(block) {
            Entry::Vacant(entry) => {
                entry.insert(Block {
                    all: Indices::One(index),
                    modules: Map::default(),
                    first: address,
                });
            }
            Entry::Occupied(mut entry) => {
                let block = entry.get_mut();
                if let Indices::One(first) = block.all {
                    block.place(block.first, first);
                }
                block.all.push(index);
                block.place(address, index);
            }
        }
    }

    /// What stands at this address.
    pub(super) fn exactly(&self, address: &str) -> &[usize] {
        self.exact.get(address).map_or(&[], Indices::as_slice)
    }

    /// All instances of a block.
    pub(super) fn all(&self, block: &str) -> &[usize] {
        self.blocks.get(block).map_or(&[], |block| block.all.as_slice())
    }

    /// What something in this place means by `block`: the instance that it names, the one with the same key, those of
    /// the same module instance, or all.
    pub(super) fn nearest(&self, block: &str, place: Place<'_>) -> &[usize] {
        let exact = self.exactly(block);
        if !exact.is_empty() {
            exact
        } else if block.contains('[') {
            self.near(&without_keys(block), place)
        } else {
            self.near(block, place)
        }
    }

    /// The same for a block that is named without a key.
    pub(super) fn near(&self, plain: &str, place: Place<'_>) -> &[usize] {
        let Some(found) = self.blocks.get(plain) else {
            return &[];
        };
        let some = |all: &'_ [usize]| all.len().min(INSTANCES_MAX);
        let all = found.all.as_slice();
        match found.modules.get(place.module) {
            Some(beside) => match beside.keys.get(instance_key(place.address)) {
                Some(twin) => std::slice::from_ref(twin),
                None => beside.all.get(..some(&beside.all)).unwrap_or_default(),
            },
            None => all.get(..some(all)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_counts() {
        let addresses = [
            "aws_iam_role.r[0]",
            "aws_iam_role.r[1]",
            "module.a[\"x.y\"].aws_iam_role.r[1]",
            "module.b.aws_iam_role.r",
        ];
        let mut instances = Instances::default();
        let blocks = addresses.map(without_keys);
        for (index, (address, block)) in addresses.iter().zip(&blocks).enumerate() {
            instances.add(block, address, index);
        }
        let nearest = |block: &str, address: &str| {
            let module = module_of(address);
            instances.nearest(block, Place { address, module }).to_vec()
        };
        assert_eq!(nearest("aws_iam_role.r[0]", "aws_lambda_function.f[1]"), [0], "named");
        assert_eq!(nearest("aws_iam_role.r", "aws_lambda_function.f[1]"), [1], "same key");
        assert_eq!(nearest("aws_iam_role.r", "aws_lambda_function.f"), [0, 1], "beside");
        let module = "module.a[\"x.y\"].aws_lambda_function.f[1]";
        assert_eq!(nearest("module.a.aws_iam_role.r", module), [2], "in a module");
        assert_eq!(nearest("module.b.aws_iam_role.r", module), [3], "elsewhere");
        assert_eq!(nearest("aws_iam_role.other", module), [0_usize; 0], "nowhere");
    }

    #[test]
    fn of_very_many_instances_the_twin_is_found() {
        let addresses: Vec<_> = (0..2_000).map(|index| format!("aws_iam_role.r[{index}]")).collect();
        let mut instances = Instances::default();
        for (index, address) in addresses.iter().enumerate() {
            instances.add("aws_iam_role.r", address, index);
        }
        let place = |address| Place { address, module: "" };
        assert_eq!(instances.near("aws_iam_role.r", place("aws_instance.i[1999]")), [1999]);
        assert_eq!(
            instances.near("aws_iam_role.r", place("aws_instance.i")).len(),
            INSTANCES_MAX
        );
    }
}
