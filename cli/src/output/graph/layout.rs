//! Places for the nodes: columns by distance from a start, rows by the middle of what they are connected with.
//!
//! Edges that close a circle are drawn backwards and do not count for the columns.

use super::Graph;

/// How often rows are put in order, forwards and backwards.
const SWEEPS: usize = 6;

/// Column and row of every node, in the order of the nodes.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) places: Vec<(usize, usize)>,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Layout {
    pub(super) fn of(graph: &Graph<'_>) -> Self {
        let count = graph.nodes.len();
        let forward = forward_edges(graph);
        let columns_of = columns(count, &forward);
        let columns = columns_of.iter().max().map_or(0, |last| last + 1);
        let mut order: Vec<Vec<usize>> = vec![Vec::new(); columns];
        for (node, column) in columns_of.iter().enumerate() {
            if let Some(members) = order.get_mut(*column) {
                members.push(node);
            }
        }
        let mut rows_of = vec![0; count];
        number(&order, &mut rows_of);
        for sweep in 0..SWEEPS {
            let positions: Vec<usize> = if sweep % 2 == 0 {
                (0..columns).collect()
            } else {
                (0..columns).rev().collect()
            };
            for column in positions {
                if let Some(members) = order.get_mut(column) {
                    members.sort_by_key(|node| middle(*node, &forward, &rows_of));
                }
                number(&order, &mut rows_of);
            }
        }
        let rows = order.iter().map(Vec::len).max().unwrap_or_default();
        Self {
            places: columns_of.into_iter().zip(rows_of).collect(),
            columns,
            rows,
        }
    }
}

/// The edges without those that lead back to a node that is still being walked from.
fn forward_edges(graph: &Graph<'_>) -> Vec<(usize, usize)> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    let mut is_target = vec![false; graph.nodes.len()];
    for edge in graph.edges.iter().filter(|edge| edge.from != edge.to) {
        if let Some(list) = next.get_mut(edge.from) {
            list.push(edge.to);
        }
        if let Some(flag) = is_target.get_mut(edge.to) {
            *flag = true;
        }
    }
    // 0: not seen, 1: on the way, 2: done.
    let mut state = vec![0_u8; graph.nodes.len()];
    let mut kept = Vec::new();
    // From whoever nobody becomes, then from whoever cannot do everything: power is on the right.
    let starts = (0..graph.nodes.len()).filter(|node| is_target.get(*node) == Some(&false));
    let weak = (0..graph.nodes.len()).filter(|node| graph.nodes.get(*node).is_some_and(|node| !node.admin));
    for start in starts.chain(weak).chain(0..graph.nodes.len()) {
        let mut stack = vec![(start, 0_usize)];
        while let Some((node, at)) = stack.pop() {
            if at == 0 {
                match state.get_mut(node) {
                    Some(state) if *state == 0 => *state = 1,
                    _ => continue,
                }
            }
            let Some(target) = next.get(node).and_then(|list| list.get(at)).copied() else {
                if let Some(state) = state.get_mut(node) {
                    *state = 2;
                }
                continue;
            };
            stack.push((node, at + 1));
            match state.get(target) {
                Some(0) => {
                    kept.push((node, target));
                    stack.push((target, 0));
                }
                Some(2) => kept.push((node, target)),
                _ => {}
            }
        }
    }
    kept
}

/// The longest way to each node; there are no circles left.
fn columns(count: usize, forward: &[(usize, usize)]) -> Vec<usize> {
    let mut columns = vec![0_usize; count];
    for _ in 0..count {
        let mut is_settled = true;
        for (from, to) in forward {
            let wanted = columns.get(*from).copied().unwrap_or_default() + 1;
            if let Some(column) = columns.get_mut(*to)
                && *column < wanted
            {
                *column = wanted;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    columns
}

fn number(order: &[Vec<usize>], rows: &mut [usize]) {
    for column in order {
        for (row, node) in column.iter().enumerate() {
            if let Some(place) = rows.get_mut(*node) {
                *place = row;
            }
        }
    }
}

/// The mean row of the neighbours, in hundredths; a node without any stays where it is.
fn middle(node: usize, forward: &[(usize, usize)], rows: &[usize]) -> usize {
    let neighbours = forward
        .iter()
        .filter_map(|(from, to)| match (*from == node, *to == node) {
            (true, _) => rows.get(*to),
            (_, true) => rows.get(*from),
            _ => None,
        });
    let (sum, count) = neighbours.fold((0, 0), |(sum, count), row| (sum + row * 100, count + 1));
    sum.checked_div(count)
        .unwrap_or_else(|| rows.get(node).copied().unwrap_or_default() * 100)
}
