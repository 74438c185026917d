//! Functions on sets.

use super::{Answer, elements};
use crate::evaluator::Evaluator;
use crate::fault::{Fault, error};
use crate::limits::ELEMENTS_MAX;
use crate::value::{Data, Value};

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, arguments: &[Value]) -> Answer {
    let made = match (name, arguments) {
        ("toset", [list]) => match elements(list)? {
            Some(items) => {
                let items = alike(evaluator, items)?;
                evaluator.set_of(items)?
            }
            None => evaluator.opaque(name, arguments),
        },
        ("setunion", _) => {
            let mut all = Vec::new();
            for argument in arguments {
                match elements(argument)? {
                    Some(items) => all.extend_from_slice(items),
                    None => return Ok(Some(evaluator.opaque(name, arguments))),
                }
            }
            let all = alike(evaluator, &all)?;
            evaluator.set_of(all)?
        }
        ("setintersection", [first, rest @ ..]) => intersection(evaluator, first, rest, arguments)?,
        ("setsubtract", [from, take]) => filtered(evaluator, name, from, take, false)?,
        ("setproduct", _) => product(evaluator, arguments)?,
        _ => return Ok(None),
    };
    Ok(Some(made))
}

/// Elements of one type: beside a text, numbers and bools are texts too.
pub(super) fn alike(evaluator: &mut Evaluator<'_>, items: &[Value]) -> Result<Vec<Value>, Fault> {
    let texts = items.iter().any(|item| matches!(item.data, Data::Text(_)));
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let scalar = matches!(item.data, Data::Number(_) | Data::Bool(_));
        all.push(if texts && scalar {
            evaluator.written(item)?
        } else {
            item.clone()
        });
    }
    Ok(all)
}

fn intersection(evaluator: &mut Evaluator<'_>, first: &Value, rest: &[Value], all: &[Value]) -> Result<Value, Fault> {
    let mut kept = first.clone();
    for other in rest {
        kept = filtered(evaluator, "setintersection", &kept, other, true)?;
        if kept.is_unknown() {
            return Ok(evaluator.opaque("setintersection", all));
        }
    }
    match elements(&kept)? {
        Some(items) => {
            let items = items.to_vec();
            evaluator.set_of(items)
        }
        None => Ok(evaluator.opaque("setintersection", all)),
    }
}

/// The elements of one set that are, or are not, in another.
fn filtered(
    evaluator: &mut Evaluator<'_>,
    name: &str,
    from: &Value,
    other: &Value,
    keep: bool,
) -> Result<Value, Fault> {
    let (Some(items), Some(others)) = (elements(from)?, elements(other)?) else {
        return Ok(evaluator.opaque(name, &[from.clone(), other.clone()]));
    };
    let mut kept = Vec::new();
    for item in items {
        evaluator.charge_items(others.len())?;
        let mut found = Some(false);
        for other in others {
            match item.equals(other) {
                Some(true) => found = Some(true),
                None if found == Some(false) => found = None,
                _ => {}
            }
        }
        match found {
            Some(found) if found == keep => kept.push(item.clone()),
            Some(_) => {}
            None => return Ok(evaluator.opaque(name, &[from.clone(), other.clone()])),
        }
    }
    evaluator.set_of(kept)
}

fn product(evaluator: &mut Evaluator<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    if arguments.len() < 2 {
        return error("`setproduct` takes two sets or more");
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for argument in arguments {
        let Some(items) = elements(argument)? else {
            return Ok(evaluator.opaque("setproduct", arguments));
        };
        let size = rows.len().saturating_mul(items.len());
        if size > ELEMENTS_MAX {
            return Err(Fault::Limit("a collection has too many elements"));
        }
        evaluator.charge_items(size)?;
        let mut next = Vec::with_capacity(size);
        for row in &rows {
            for item in items {
                let mut row = row.clone();
                row.push(item.clone());
                next.push(row);
            }
        }
        rows = next;
    }
    Ok(Value::list(rows.into_iter().map(Value::list).collect()))
}
