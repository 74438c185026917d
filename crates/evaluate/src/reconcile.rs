//! A planned value with holes, and the configured one that fills them.
//!
//! Blocks and elements of sets stand in the plan in another order than in the configuration: an element fills the
//! hole whose known parts it agrees with.

use nhi_plan::path;

use crate::value::{Data, Value};

/// Elements that are compared with one another, at most.
const PAIRS_MAX: usize = 250_000;

/// The holes of `planned` with what `configured` has for them.
pub(crate) fn reconcile(planned: &Value, configured: &Value, at: String, out: &mut Vec<(String, Value)>) {
    if planned.is_unknown() {
        out.push((at, configured.clone().marked(planned.sensitive)));
        return;
    }
    if !planned.traits().unknown {
        return;
    }
    match (&planned.data, &configured.data) {
        (Data::Map(holes), Data::Map(values)) => {
            for (key, hole) in &holes.items {
                if let Some(value) = values.items.get(key).filter(|_| hole.traits().unknown) {
                    let mut at = at.clone();
                    path::push_key(&mut at, key);
                    reconcile(hole, &value.clone().marked(configured.sensitive), at, out);
                }
            }
        }
        (Data::List(holes), Data::List(values) | Data::Set(values))
            if holes.items.len().saturating_mul(values.items.len()) > PAIRS_MAX =>
        {
            out.push((at, Value::unknown("blocks that are too many to tell apart")));
        }
        (Data::List(holes), Data::List(values) | Data::Set(values)) => {
            for (index, value) in pair(&holes.items, &values.items) {
                if let Some(hole) = holes.items.get(index) {
                    let mut at = at.clone();
                    path::push_index(&mut at, index);
                    reconcile(hole, &value.clone().marked(configured.sensitive), at, out);
                }
            }
        }
        _ => {}
    }
}

/// Which value fills which element; elements without a hole, or without a sure value, are left out.
fn pair<'v>(holes: &[Value], values: &'v [Value]) -> Vec<(usize, &'v Value)> {
    let in_order = holes.len() == values.len() && holes.iter().zip(values).all(|(hole, value)| agrees(hole, value));
    if in_order {
        return values.iter().enumerate().collect();
    }
    let mut used = vec![false; values.len()];
    // Elements without holes take what is theirs first.
    for hole in holes.iter().filter(|hole| !hole.traits().unknown) {
        let at = values
            .iter()
            .zip(&used)
            .position(|(value, used)| !used && agrees(hole, value) && !value.is_unknown());
        if let Some(used) = at.and_then(|at| used.get_mut(at)) {
            *used = true;
        }
    }
    let mut pairs = Vec::new();
    let open: Vec<(usize, &Value)> = holes
        .iter()
        .enumerate()
        .filter(|(_, hole)| hole.traits().unknown)
        .collect();
    let left: Vec<&Value> = values
        .iter()
        .zip(&used)
        .filter(|(_, used)| !**used)
        .map(|(value, _)| value)
        .collect();
    for (index, hole) in &open {
        let fitting: Vec<&Value> = left.iter().copied().filter(|value| agrees(hole, value)).collect();
        match fitting.as_slice() {
            [only] => pairs.push((*index, *only)),
            // Holes that are alike: which is which makes no difference to a set.
            _ if hole.is_unknown() && open.len() == left.len() && open.iter().all(|(_, hole)| hole.is_unknown()) => {
                let place = open.iter().position(|(other, _)| other == index);
                pairs.extend(place.and_then(|place| left.get(place)).map(|value| (*index, *value)));
            }
            [first, rest @ ..] if rest.iter().all(|other| other.is_same(first)) => pairs.push((*index, *first)),
            _ => {}
        }
    }
    pairs
}

/// Whether a value may be what the plan shows in part.
fn agrees(planned: &Value, value: &Value) -> bool {
    if planned.is_unknown() || value.is_unknown() || matches!(value.data, Data::OneOf(_)) {
        return true;
    }
    match (&planned.data, &value.data) {
        // Arguments that are not set get what the provider has for them.
        (Data::Map(holes), Data::Map(values)) => holes.items.iter().all(|(key, hole)| match values.items.get(key) {
            Some(value) => value.is_null() || agrees(hole, value),
            None => true,
        }),
        (Data::List(holes), Data::List(values) | Data::Set(values)) => {
            holes.items.len() == values.items.len()
                && holes
                    .items
                    .iter()
                    .all(|hole| values.items.iter().any(|value| agrees(hole, value)))
        }
        (Data::Text(text), Data::Number(number)) => **text == *number.to_string(),
        (Data::Text(text), Data::Bool(value)) => **text == *value.to_string(),
        _ => planned.equals(value) != Some(false),
    }
}
