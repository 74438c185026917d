//! Functions that take something out of collections, or ask something of them.

use super::{Answer, elements, known};
use crate::evaluator::Evaluator;
use crate::fault::{Fault, error};
use crate::number::Number;
use crate::value::{Data, Value};

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, arguments: &[Value]) -> Answer {
    let found = match (name, arguments) {
        ("length", [value]) => length(evaluator, value)?,
        ("keys", [map]) => match map.members() {
            Some(members) => Value::list(members.keys().map(|key| Value::text(key.clone())).collect()),
            None => unless_unknown(evaluator, name, map)?,
        },
        ("values", [map]) => match map.members() {
            Some(members) => Value::list(members.values().cloned().collect()),
            None => unless_unknown(evaluator, name, map)?,
        },
        ("lookup", [map, key]) => lookup(evaluator, map, key, None)?,
        ("lookup", [map, key, default]) => lookup(evaluator, map, key, Some(default))?,
        ("element", [list, index]) => element(evaluator, list, index)?,
        ("index", [list, wanted]) => index(evaluator, list, wanted)?,
        ("contains", [list, wanted]) => contains(evaluator, list, wanted)?,
        ("coalesce", _) => coalesce(evaluator, arguments)?,
        ("coalescelist", _) => coalesce_list(evaluator, arguments)?,
        ("one", [list]) => one(evaluator, list)?,
        ("alltrue" | "anytrue", [list]) => truths(evaluator, name, list)?,
        ("matchkeys", [values, keys, wanted]) => match_keys(evaluator, values, keys, wanted)?,
        _ => return Ok(None),
    };
    Ok(Some(found))
}

fn unless_unknown(evaluator: &Evaluator<'_>, name: &str, value: &Value) -> Result<Value, Fault> {
    if value.is_unknown() {
        return Ok(evaluator.opaque(name, std::slice::from_ref(value)));
    }
    error(format!("a map is needed, not {}", value.kind()))
}

fn length(evaluator: &Evaluator<'_>, value: &Value) -> Result<Value, Fault> {
    let count = match &value.data {
        Data::List(items) => Some(items.items.len()),
        // Unknown elements of a set may turn out to be the same.
        Data::Set(items) => (!items.traits.unknown || items.items.len() < 2).then_some(items.items.len()),
        Data::Map(items) => Some(items.items.len()),
        Data::Text(_) => value.known_text().map(|text| text.chars().count()),
        _ if value.is_unknown() => None,
        _ => return error(format!("{} has no length", value.kind())),
    };
    Ok(count.map_or_else(
        || evaluator.opaque("length", std::slice::from_ref(value)),
        |count| Value::number(Number::count(count)),
    ))
}

fn lookup(evaluator: &mut Evaluator<'_>, map: &Value, key: &Value, default: Option<&Value>) -> Result<Value, Fault> {
    let all = [map.clone(), key.clone()];
    let most = evaluator.limits.alternatives;
    let Some(members) = map.members() else {
        return match default {
            Some(default) if map.is_unknown() => Ok(Value::one_of(
                vec![evaluator.opaque("lookup", &all), default.clone()],
                most,
            )),
            _ => unless_unknown(evaluator, "lookup", map),
        };
    };
    let Some(key) = known(key)? else {
        let mut options: Vec<Value> = members.values().cloned().collect();
        options.extend(default.cloned());
        let none = options.is_empty();
        return Ok(if none {
            evaluator.opaque("lookup", &all)
        } else {
            Value::one_of(options, most)
        });
    };
    match (members.get(&*key), default) {
        (Some(found), _) => Ok(found.clone()),
        (None, Some(default)) => Ok(default.clone()),
        // The key may be a secret.
        (None, None) => error("the map has no such key"),
    }
}

fn element(evaluator: &Evaluator<'_>, list: &Value, index: &Value) -> Result<Value, Fault> {
    let (Some(items), Some(at)) = (elements(list)?, known(index)?) else {
        return Ok(evaluator.opaque("element", &[list.clone(), index.clone()]));
    };
    let Some(at) = Number::parse(&at).and_then(Number::as_i64) else {
        return error("a whole number is needed");
    };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let at = at.checked_rem_euclid(length).and_then(|at| usize::try_from(at).ok());
    match at.and_then(|at| items.get(at)) {
        Some(found) => Ok(found.clone()),
        None => error("an empty list has no elements"),
    }
}

fn index(evaluator: &Evaluator<'_>, list: &Value, wanted: &Value) -> Result<Value, Fault> {
    let Some(items) = elements(list)? else {
        return Ok(evaluator.opaque("index", std::slice::from_ref(list)));
    };
    for (at, item) in items.iter().enumerate() {
        match item.equals(wanted) {
            Some(true) => return Ok(Value::number(Number::count(at))),
            Some(false) => {}
            None => return Ok(evaluator.opaque("index", &[list.clone(), wanted.clone()])),
        }
    }
    error("the list does not hold the value")
}

fn contains(evaluator: &Evaluator<'_>, list: &Value, wanted: &Value) -> Result<Value, Fault> {
    let all = [list.clone(), wanted.clone()];
    let Some(items) = elements(list)? else {
        return Ok(evaluator.opaque("contains", &all));
    };
    let mut sure = true;
    for item in items {
        match item.equals(wanted) {
            Some(true) => return Ok(Value::bool(true)),
            Some(false) => {}
            None => sure = false,
        }
    }
    Ok(if sure {
        Value::bool(false)
    } else {
        evaluator.opaque("contains", &all)
    })
}

/// The first value that is neither null nor an empty text.
fn coalesce(evaluator: &Evaluator<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut options = Vec::new();
    for argument in arguments {
        match &argument.data {
            Data::Null => {}
            Data::Text(text) if text.is_empty() => {}
            _ if argument.is_unknown() => options.push(argument.clone()),
            _ => {
                options.push(argument.clone());
                return Ok(Value::one_of(options, evaluator.limits.alternatives));
            }
        }
    }
    if options.is_empty() {
        error("all values are null or empty")
    } else {
        Ok(Value::one_of(options, evaluator.limits.alternatives))
    }
}

fn coalesce_list(evaluator: &Evaluator<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut options = Vec::new();
    for argument in arguments {
        match argument.elements() {
            Some([]) => {}
            Some(_) => {
                options.push(argument.clone());
                return Ok(Value::one_of(options, evaluator.limits.alternatives));
            }
            None if argument.is_unknown() => options.push(argument.clone()),
            None if argument.is_null() => {}
            None => return error(format!("a list is needed, not {}", argument.kind())),
        }
    }
    if options.is_empty() {
        error("all lists are empty")
    } else {
        Ok(Value::one_of(options, evaluator.limits.alternatives))
    }
}

fn one(evaluator: &Evaluator<'_>, list: &Value) -> Result<Value, Fault> {
    match elements(list)? {
        None => Ok(evaluator.opaque("one", std::slice::from_ref(list))),
        Some([]) => Ok(Value::null()),
        Some([only]) => Ok(only.clone()),
        Some(_) => error("the list has more than one element"),
    }
}

fn truths(evaluator: &Evaluator<'_>, name: &str, list: &Value) -> Result<Value, Fault> {
    let Some(items) = elements(list)? else {
        return Ok(evaluator.opaque(name, std::slice::from_ref(list)));
    };
    let decides = name == "anytrue";
    let mut sure = true;
    for item in items {
        match known(item).ok().flatten().as_deref() {
            Some("true") if decides => return Ok(Value::bool(true)),
            Some("false") if !decides => return Ok(Value::bool(false)),
            Some(_) => {}
            None if item.is_null() && !decides => return Ok(Value::bool(false)),
            None if item.is_null() => {}
            None => sure = false,
        }
    }
    Ok(if sure {
        Value::bool(!decides)
    } else {
        evaluator.opaque(name, std::slice::from_ref(list))
    })
}

fn match_keys(evaluator: &Evaluator<'_>, values: &Value, keys: &Value, wanted: &Value) -> Result<Value, Fault> {
    let all = [values.clone(), keys.clone(), wanted.clone()];
    let (Some(values), Some(keys), Some(wanted)) = (elements(values)?, elements(keys)?, elements(wanted)?) else {
        return Ok(evaluator.opaque("matchkeys", &all));
    };
    let mut found = Vec::new();
    for (value, key) in values.iter().zip(keys) {
        let mut known = Some(false);
        for wanted in wanted {
            match key.equals(wanted) {
                Some(true) => known = Some(true),
                None if known == Some(false) => known = None,
                Some(false) | None => {}
            }
        }
        match known {
            Some(true) => found.push(value.clone()),
            Some(false) => {}
            None => return Ok(evaluator.opaque("matchkeys", &all)),
        }
    }
    Ok(Value::list(found))
}
