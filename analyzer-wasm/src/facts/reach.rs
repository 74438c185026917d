//! What principals can reach by becoming one another: a fixpoint over arcs, each principal settled once.

use std::collections::{BTreeMap, VecDeque};

/// Principals that a path is shown through.
const PATH_MAX: usize = 8;

/// One principal can become another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arc<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
}

/// The best that can be reached from a principal, and the arc that leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Best {
    pub(crate) rank: u8,
    /// What gives the rank: an index of the caller's.
    pub(crate) claim: usize,
    /// `None` where the principal has it by itself.
    pub(crate) arc: Option<usize>,
}

/// Rank and claim of each principal by itself: the highest of what it is given here.
pub(crate) fn own<'a>(claims: impl Iterator<Item = (&'a str, u8)>) -> BTreeMap<&'a str, (u8, usize)> {
    let mut own: BTreeMap<&str, (u8, usize)> = BTreeMap::new();
    for (index, (key, rank)) in claims.enumerate() {
        let entry = own.entry(key).or_insert((0, index));
        if rank > entry.0 {
            *entry = (rank, index);
        }
    }
    own
}

/// Carries ranks backwards over the arcs, the highest first.
pub(crate) fn spread<'a>(own: &BTreeMap<&'a str, (u8, usize)>, arcs: &[Arc<'a>]) -> BTreeMap<&'a str, Best> {
    let mut into: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, arc) in arcs.iter().enumerate() {
        into.entry(arc.to).or_default().push(index);
    }
    let highest = own.values().map(|(rank, _)| *rank).max().unwrap_or(0);
    let mut best: BTreeMap<&str, Best> = BTreeMap::new();
    for rank in (1..=highest).rev() {
        let mut open: VecDeque<&str> = VecDeque::new();
        for (key, (_, claim)) in own.iter().filter(|(_, (own, _))| *own == rank) {
            if !best.contains_key(key) {
                let claim = *claim;
                best.insert(key, Best { rank, claim, arc: None });
                open.push_back(key);
            }
        }
        while let Some(key) = open.pop_front() {
            let Some(claim) = best.get(key).map(|best| best.claim) else {
                continue;
            };
            for index in into.get(key).into_iter().flatten().copied() {
                let Some(from) = arcs.get(index).map(|arc| arc.from) else {
                    continue;
                };
                if !best.contains_key(from) {
                    let arc = Some(index);
                    best.insert(from, Best { rank, claim, arc });
                    open.push_back(from);
                }
            }
        }
    }
    best
}

/// The arcs from a principal to the best it can reach.
pub(crate) fn route(from: &str, best: &BTreeMap<&str, Best>, arcs: &[Arc<'_>]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut key = from;
    while let Some(index) = best.get(key).and_then(|best| best.arc) {
        found.push(index);
        match arcs.get(index) {
            Some(arc) if found.len() < PATH_MAX => key = arc.to,
            _ => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks by the plain definition: the highest of everything that can be walked to.
    fn slow(own: &[u8], arcs: &[(usize, usize)], from: usize) -> u8 {
        let mut seen = vec![from];
        let mut next = 0;
        while let Some(place) = seen.get(next).copied() {
            next += 1;
            for (left, right) in arcs {
                if *left == place && !seen.contains(right) {
                    seen.push(*right);
                }
            }
        }
        seen.iter().map(|place| own[*place]).max().unwrap_or(0)
    }

    #[test]
    fn the_fixpoint_agrees_with_walking() {
        const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((state >> 33) % below).expect("small")
        };
        for _ in 0..2_000 {
            let ranks: Vec<u8> = NAMES.iter().map(|_| u8::try_from(random(5)).expect("small")).collect();
            let pairs: Vec<_> = (0..random(12)).map(|_| (random(6), random(6))).collect();
            let arcs: Vec<_> = pairs
                .iter()
                .map(|(from, to)| Arc {
                    from: NAMES[*from],
                    to: NAMES[*to],
                })
                .collect();
            let own = own(NAMES.iter().copied().zip(ranks.iter().copied()));
            let best = spread(&own, &arcs);
            for (index, name) in NAMES.iter().enumerate() {
                let wanted = slow(&ranks, &pairs, index);
                assert_eq!(
                    best.get(name).map_or(0, |best| best.rank),
                    wanted,
                    "{ranks:?} {pairs:?} {name}"
                );
                let route = route(name, &best, &arcs);
                let end = route.last().map_or(*name, |index| arcs[*index].to);
                let rank = own.get(end).map_or(0, |(rank, _)| *rank);
                assert!(
                    route.len() == PATH_MAX || rank == wanted,
                    "the path ends where the rank is"
                );
            }
        }
    }
}
