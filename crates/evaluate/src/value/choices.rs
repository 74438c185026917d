//! Values that are one of several: what they may turn out to be, one by one.

use super::{Data, Value};

/// All that a value may turn out to be, with no choice left in it; `None` where that is more than `most`.
fn choices(value: &Value, most: usize) -> Option<Vec<Value>> {
    if !value.is_choice() {
        return Some(vec![value.clone()]);
    }
    let sensitive = value.sensitive;
    match &value.data {
        Data::OneOf(items) => {
            let mut all = Vec::new();
            for item in &items.items {
                all.extend(choices(item, most)?);
            }
            (all.len() <= most).then(|| all.into_iter().map(|value| value.marked(sensitive)).collect())
        }
        Data::List(items) | Data::Set(items) => {
            let is_set = matches!(value.data, Data::Set(_));
            let rows = combinations(items.items.iter(), most)?;
            Some(
                rows.into_iter()
                    .map(|row| if is_set { Value::set(row) } else { Value::list(row) }.marked(sensitive))
                    .collect(),
            )
        }
        Data::Map(items) => {
            let rows = combinations(items.items.values(), most)?;
            let build = |row: Vec<Value>| Value::map(items.items.keys().cloned().zip(row).collect()).marked(sensitive);
            Some(rows.into_iter().map(build).collect())
        }
        _ => Some(vec![value.clone()]),
    }
}

/// Every combination of what the values may turn out to be.
pub(crate) fn combinations<'v>(values: impl Iterator<Item = &'v Value>, most: usize) -> Option<Vec<Vec<Value>>> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for value in values {
        let mut options = choices(value, most)?;
        if options.len() == 1 {
            if let Some(only) = options.pop() {
                for row in &mut rows {
                    row.push(only.clone());
                }
            }
            continue;
        }
        if rows.len() * options.len() > most {
            return None;
        }
        let mut next = Vec::with_capacity(rows.len() * options.len());
        for row in &rows {
            for option in &options {
                let mut row = row.clone();
                row.push(option.clone());
                next.push(row);
            }
        }
        rows = next;
    }
    Some(rows)
}

/// The value with every choice in it made an unknown, so that the rest of it stays known.
pub(crate) fn collapsed(value: &Value) -> Value {
    if !value.is_choice() {
        return value.clone();
    }
    let plain = match &value.data {
        Data::OneOf(items) => {
            let sensitive = items.traits.sensitive;
            Value::unknown(&format!("one of {} values", items.items.len())).marked(sensitive)
        }
        Data::List(items) => Value::list(items.items.iter().map(collapsed).collect()),
        Data::Set(items) => Value::set(items.items.iter().map(collapsed).collect()),
        Data::Map(items) => Value::map(
            items
                .items
                .iter()
                .map(|(key, value)| (key.clone(), collapsed(value)))
                .collect(),
        ),
        _ => value.clone(),
    };
    plain.marked(value.sensitive)
}
