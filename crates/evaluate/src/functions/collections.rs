//! Functions that make lists and maps of lists and maps.

use std::collections::BTreeMap;

use super::{Answer, elements, known};
use crate::ast::Text;
use crate::evaluator::Evaluator;
use crate::fault::{Fault, error};
use crate::limits::ELEMENTS_MAX;
use crate::number::Number;
use crate::value::{Data, Value, order};

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, arguments: &[Value]) -> Answer {
    let made = match (name, arguments) {
        ("concat", _) => concat(evaluator, arguments)?,
        ("merge", _) => merge(evaluator, arguments)?,
        ("flatten", [list]) => flatten(evaluator, list)?,
        ("compact", [list]) => {
            let kept = |item: &&Value| !item.is_null() && item.known_text() != Some("");
            over(evaluator, name, list, |items| {
                Ok(items.iter().filter(kept).cloned().collect())
            })?
        }
        ("distinct", [list]) => {
            evaluator.charge_distinct(list.elements().unwrap_or_default())?;
            over(evaluator, name, list, |items| Ok(distinct(items)))?
        }
        ("reverse", [list]) => over(evaluator, name, list, |items| Ok(items.iter().rev().cloned().collect()))?,
        ("sort", [list]) => sort(evaluator, list)?,
        ("slice", [list, from, to]) => slice(evaluator, list, from, to)?,
        ("chunklist", [list, size]) => chunks(evaluator, list, size)?,
        ("range", _) => range(evaluator, arguments)?,
        ("zipmap", [keys, values]) => zipmap(evaluator, keys, values)?,
        _ => return Ok(None),
    };
    Ok(Some(made))
}

/// A list made of a list, unless that is unknown.
fn over(
    evaluator: &Evaluator<'_>,
    name: &str,
    list: &Value,
    make: impl FnOnce(&[Value]) -> Result<Vec<Value>, Fault>,
) -> Result<Value, Fault> {
    match elements(list)? {
        Some(items) => Ok(Value::list(make(items)?)),
        None => Ok(evaluator.opaque(name, std::slice::from_ref(list))),
    }
}

/// Each value once, in the order of its first.
fn distinct(items: &[Value]) -> Vec<Value> {
    let mut unique: Vec<Value> = Vec::new();
    let mut texts = std::collections::BTreeSet::new();
    for item in items {
        let new = match &item.data {
            Data::Text(text) => texts.insert((text.clone(), item.sensitive)),
            _ => !unique.iter().any(|known| known.is_same(item)),
        };
        if new {
            unique.push(item.clone());
        }
    }
    unique
}

fn concat(evaluator: &mut Evaluator<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for argument in arguments {
        let Some(items) = elements(argument)? else {
            return Ok(evaluator.opaque("concat", std::slice::from_ref(argument)));
        };
        all.extend(items.iter().map(|item| item.clone().marked(argument.sensitive)));
        evaluator.charge_items(all.len())?;
    }
    Ok(Value::list(all))
}

fn merge(evaluator: &mut Evaluator<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut all: BTreeMap<Text, Value> = BTreeMap::new();
    for argument in arguments {
        match &argument.data {
            Data::Null => {}
            Data::Map(items) => {
                for (key, value) in &items.items {
                    all.insert(key.clone(), value.clone().marked(argument.sensitive));
                }
                evaluator.charge_items(items.items.len())?;
            }
            _ if argument.is_unknown() => return Ok(evaluator.opaque("merge", std::slice::from_ref(argument))),
            _ => return error(format!("a map is needed, not {}", argument.kind())),
        }
    }
    Ok(Value::map(all))
}

fn flatten(evaluator: &mut Evaluator<'_>, list: &Value) -> Result<Value, Fault> {
    let Some(items) = elements(list)? else {
        return Ok(evaluator.opaque("flatten", std::slice::from_ref(list)));
    };
    let mut flat = Vec::new();
    // Values are nested to a limit, so this stack is small.
    let mut pending: Vec<Value> = items.iter().rev().cloned().collect();
    while let Some(item) = pending.pop() {
        evaluator.charge(1)?;
        match item.elements() {
            Some(inner) => pending.extend(inner.iter().rev().map(|inner| inner.clone().marked(item.sensitive))),
            None => flat.push(item),
        }
    }
    evaluator.charge_items(flat.len())?;
    Ok(Value::list(flat))
}

fn sort(evaluator: &Evaluator<'_>, list: &Value) -> Result<Value, Fault> {
    let Some(items) = elements(list)? else {
        return Ok(evaluator.opaque("sort", std::slice::from_ref(list)));
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        match known(item)? {
            Some(text) => texts.push(Value::text(text).marked(item.any_sensitive())),
            // Where the unknown ones go is not known, but what is in the list is.
            None => return Ok(Value::list(items.to_vec())),
        }
    }
    texts.sort_by(order);
    Ok(Value::list(texts))
}

/// A number as an index; `None` while it is unknown.
pub(super) fn index_of(value: &Value) -> Result<Option<usize>, Fault> {
    match known(value)? {
        Some(text) => match Number::parse(&text).and_then(Number::as_usize) {
            Some(index) => Ok(Some(index)),
            None => error("a whole number that is not negative is needed"),
        },
        None => Ok(None),
    }
}

fn slice(evaluator: &Evaluator<'_>, list: &Value, from: &Value, to: &Value) -> Result<Value, Fault> {
    let (Some(items), Some(from), Some(to)) = (elements(list)?, index_of(from)?, index_of(to)?) else {
        return Ok(evaluator.opaque("slice", &[list.clone(), from.clone(), to.clone()]));
    };
    match items.get(from..to) {
        Some(items) => Ok(Value::list(items.to_vec())),
        None => error("the list is shorter than the slice"),
    }
}

fn chunks(evaluator: &Evaluator<'_>, list: &Value, size: &Value) -> Result<Value, Fault> {
    let (Some(items), Some(size)) = (elements(list)?, index_of(size)?) else {
        return Ok(evaluator.opaque("chunklist", &[list.clone(), size.clone()]));
    };
    if size == 0 {
        return Ok(Value::list(vec![Value::list(items.to_vec())]));
    }
    Ok(Value::list(
        items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect(),
    ))
}

fn range(evaluator: &mut Evaluator<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut numbers = Vec::with_capacity(3);
    for argument in arguments {
        match known(argument)?.map(|text| Number::parse(&text)) {
            None => return Ok(evaluator.opaque("range", arguments)),
            Some(Some(number)) => numbers.push(number),
            Some(None) => return error("a number is needed"),
        }
    }
    let zero = Number::whole(0);
    let (start, end, step) = match numbers.as_slice() {
        [end] => (zero, *end, None),
        [start, end] => (*start, *end, None),
        [start, end, step] => (*start, *end, Some(*step)),
        _ => return error("`range` takes one to three numbers"),
    };
    let down = step.map_or(end < start, |step| step < zero);
    let step = step.unwrap_or_else(|| Number::whole(if down { -1 } else { 1 }));
    if step == zero {
        return error("a step of zero goes nowhere");
    }
    let mut items = Vec::new();
    let mut at = start;
    while if down { at > end } else { at < end } {
        if items.len() >= ELEMENTS_MAX {
            return Err(Fault::Limit("a collection has too many elements"));
        }
        evaluator.charge(1)?;
        items.push(Value::number(at));
        match at.add(step) {
            Some(next) => at = next,
            None => return Ok(evaluator.opaque("range", arguments)),
        }
    }
    Ok(Value::list(items))
}

fn zipmap(evaluator: &Evaluator<'_>, keys: &Value, values: &Value) -> Result<Value, Fault> {
    let both = [keys.clone(), values.clone()];
    let (Some(keys), Some(values)) = (elements(keys)?, elements(values)?) else {
        return Ok(evaluator.opaque("zipmap", &both));
    };
    if keys.len() != values.len() {
        return error("there are not as many keys as values");
    }
    let mut members = BTreeMap::new();
    for (key, value) in keys.iter().zip(values) {
        match known(key)? {
            Some(key) => drop(members.insert(Text::from(key), value.clone())),
            None => return Ok(evaluator.opaque("zipmap", &both)),
        }
    }
    Ok(Value::map(members))
}
