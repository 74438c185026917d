//! Spreads a privilege backwards over a graph that is never built: from those who have it to those who can become
//! them.
//!
//! Whoever is reached once is never asked again, so the work is bounded by the questions that fail; those are counted
//! against a budget.

use std::collections::VecDeque;

use crate::facts::graph::Certainty;

/// How a node comes to the privilege.
#[derive(Debug, Clone)]
pub(crate) struct Reach<H> {
    pub(crate) certainty: Certainty,
    /// The step to make and the node it leads to; `None` where the node has the privilege.
    pub(crate) next: Option<(H, Option<usize>)>,
}

/// The world as the fixpoint sees it.
pub(crate) trait Ways {
    type Hop;

    /// Nodes that may be able to become this one; more than necessary does no harm.
    fn candidates(&self, target: usize) -> Vec<usize>;

    /// Whether a node can become another one, and how.
    fn hop(&self, from: usize, target: usize) -> Option<(Certainty, Self::Hop)>;
}

/// The outcome: for each node how it comes to the privilege, and whether the budget sufficed.
#[derive(Debug)]
pub(crate) struct Spread<H> {
    pub(crate) reach: Vec<Option<Reach<H>>>,
    pub(crate) complete: bool,
}

/// Spreads from the nodes that are reached already.
pub(crate) fn spread<W: Ways>(ways: &W, mut reach: Vec<Option<Reach<W::Hop>>>, budget: &mut usize) -> Spread<W::Hop> {
    let mut complete = true;
    let mut doubtful: Vec<(usize, usize, W::Hop)> = Vec::new();
    let seeds = |reach: &[Option<Reach<W::Hop>>], certainty: Certainty| -> VecDeque<usize> {
        let certain = |entry: &Option<Reach<W::Hop>>| entry.as_ref().is_some_and(|reach| reach.certainty == certainty);
        reach
            .iter()
            .enumerate()
            .filter(|(_, entry)| certain(entry))
            .map(|(node, _)| node)
            .collect()
    };
    // What is certain first: a possible way says nothing where there is a certain one.
    let mut queue = seeds(&reach, Certainty::Yes);
    while let Some(target) = queue.pop_front() {
        for from in ways.candidates(target) {
            let is_open = reach.get(from).is_some_and(|entry| {
                entry
                    .as_ref()
                    .is_none_or(|reach| reach.certainty == Certainty::Possibly)
            });
            if from == target || !is_open {
                continue;
            }
            if *budget == 0 {
                complete = false;
                break;
            }
            *budget -= 1;
            match ways.hop(from, target) {
                Some((Certainty::Yes, hop)) => {
                    set(&mut reach, from, Certainty::Yes, hop, target);
                    queue.push_back(from);
                }
                Some((Certainty::Possibly, hop)) => doubtful.push((from, target, hop)),
                None => {}
            }
        }
    }
    let mut queue = seeds(&reach, Certainty::Possibly);
    for (from, target, hop) in doubtful {
        if reach.get(from).is_some_and(Option::is_none) {
            set(&mut reach, from, Certainty::Possibly, hop, target);
            queue.push_back(from);
        }
    }
    while let Some(target) = queue.pop_front() {
        for from in ways.candidates(target) {
            if from == target || !reach.get(from).is_some_and(Option::is_none) {
                continue;
            }
            if *budget == 0 {
                complete = false;
                break;
            }
            *budget -= 1;
            if let Some((_, hop)) = ways.hop(from, target) {
                set(&mut reach, from, Certainty::Possibly, hop, target);
                queue.push_back(from);
            }
        }
    }
    Spread { reach, complete }
}

fn set<H>(reach: &mut [Option<Reach<H>>], from: usize, certainty: Certainty, hop: H, target: usize) {
    if let Some(slot) = reach.get_mut(from) {
        *slot = Some(Reach {
            certainty,
            next: Some((hop, Some(target))),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edges as they are.
    struct Fake(Vec<(usize, usize, Certainty)>);

    impl Ways for Fake {
        type Hop = ();

        fn candidates(&self, target: usize) -> Vec<usize> {
            self.0
                .iter()
                .filter(|edge| edge.1 == target)
                .map(|edge| edge.0)
                .collect()
        }

        fn hop(&self, from: usize, target: usize) -> Option<(Certainty, ())> {
            let found = self.0.iter().find(|edge| (edge.0, edge.1) == (from, target));
            found.map(|edge| (edge.2, ()))
        }
    }

    fn run(edges: &[(usize, usize, Certainty)], seeds: &[usize], budget: usize) -> (Vec<Option<Certainty>>, bool) {
        let mut reach: Vec<_> = (0..6).map(|_| None).collect();
        for seed in seeds {
            reach[*seed] = Some(Reach {
                certainty: Certainty::Yes,
                next: None,
            });
        }
        let mut budget = budget;
        let spread = spread(&Fake(edges.to_vec()), reach, &mut budget);
        let certainties = spread
            .reach
            .iter()
            .map(|entry| entry.as_ref().map(|reach| reach.certainty));
        (certainties.collect(), spread.complete)
    }

    const YES: Option<Certainty> = Some(Certainty::Yes);
    const POSSIBLY: Option<Certainty> = Some(Certainty::Possibly);

    #[test]
    fn chains_and_cycles() {
        use Certainty::Yes;
        let (reach, _) = run(
            &[
                (0, 1, Yes),
                (1, 2, Yes),
                (2, 1, Yes),
                (1, 0, Yes),
                (3, 4, Yes),
                (4, 3, Yes),
            ],
            &[2],
            99,
        );
        assert_eq!(reach, [YES, YES, YES, None, None, None]);
    }

    #[test]
    fn a_certain_way_wins_over_a_possible_one() {
        use Certainty::{Possibly, Yes};
        let (reach, _) = run(
            &[
                (0, 2, Possibly),
                (0, 1, Yes),
                (1, 2, Yes),
                (3, 0, Possibly),
                (4, 3, Yes),
            ],
            &[2],
            99,
        );
        assert_eq!(reach, [YES, YES, YES, POSSIBLY, POSSIBLY, None]);
    }

    #[test]
    fn the_budget_is_said() {
        use Certainty::Yes;
        let edges = [(0, 2, Yes), (1, 0, Yes), (3, 1, Yes)];
        assert_eq!(run(&edges, &[2], 2), (vec![YES, YES, YES, None, None, None], false));
        assert_eq!(run(&edges, &[2], 3), (vec![YES, YES, YES, YES, None, None], true));
    }
}
