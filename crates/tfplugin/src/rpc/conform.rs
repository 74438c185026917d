//! Checks what a resource returned against the promises that the protocol makes to a core.
//!
//! A core checks the same and reports "Provider produced inconsistent result after apply"; here it is said which
//! attribute and which promise, and a state that cannot be saved as it is gets saved as far as it can.

pub(super) mod write_only;

use crate::codec;
use crate::diagnostic::Diagnostic;
use crate::schema::{Attribute, Kind, Nesting, Presence, Schema};
use crate::value::{AttributePath, Type, Value};

/// One broken promise.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) path: AttributePath,
    pub(super) what: String,
}

impl Breach {
    fn new(path: &AttributePath, what: impl Into<String>) -> Breach {
        Breach {
            path: path.clone(),
            what: what.into(),
        }
    }
}

/// The diagnostic for a breach by a resource type in an operation. It shows no value: it may be a secret.
pub(super) fn report(breach: Breach, operation: &str, type_name: &str) -> Diagnostic {
    let place = if breach.path.is_root() {
        "the object".to_owned()
    } else {
        format!("`{}`", breach.path)
    };
    let detail = format!(
        "{type_name} broke the plugin protocol while it was asked to {operation}: {place} {}. This is a bug in the \
         provider, not in your configuration; please report it.",
        breach.what
    );
    Diagnostic::error("Provider returned an invalid value", detail).at(breach.path)
}

/// Nothing was given back where something is due.
pub(super) fn missing() -> Breach {
    Breach::new(&AttributePath::root(), "is missing without an error")
}

/// A planned state: of the type, and true to the configuration wherever that says something.
pub(super) fn planned(schema: &Schema, prior: &Value, config: &Value, planned: &Value) -> Vec<Breach> {
    let root = AttributePath::root();
    if let Some(breach) = of_type(planned, &schema.ty()) {
        return vec![breach];
    }
    if planned.is_null() || planned.is_unknown() {
        return vec![Breach::new(&root, "was planned for absence although it is configured")];
    }
    let mut breaches = kept_out(schema, planned);
    plan_of_attributes(&schema.attributes, [prior, config, planned], &root, &mut breaches);
    breaches
}

/// What a data source or an ephemeral resource answered: of the type, wholly known, and true to its configuration.
pub(super) fn answered(schema: &Schema, config: &Value, value: &Value) -> Vec<Breach> {
    if value.is_null() {
        return vec![missing()];
    }
    let mut breaches = stored(schema, value);
    if breaches.is_empty() {
        breaches = planned(schema, &Value::Null, config, value);
    }
    breaches
}

fn kept_out(schema: &Schema, value: &Value) -> Vec<Breach> {
    let breach = |path: AttributePath| Breach::new(&path, "is write-only and was given back");
    write_only::held(&schema.attributes, value)
        .into_iter()
        .map(breach)
        .collect()
}

/// A state after a successful apply: of the type, wholly known, and as planned wherever the plan was known.
pub(super) fn applied(schema: &Schema, planned: &Value, state: &Value) -> Vec<Breach> {
    let mut breaches = stored(schema, state);
    if breaches.is_empty() {
        kept(planned, state, &AttributePath::root(), &mut breaches);
    }
    breaches
}

/// A state that is to be stored: of the type and wholly known.
pub(super) fn stored(schema: &Schema, state: &Value) -> Vec<Breach> {
    if let Some(breach) = of_type(state, &schema.ty()) {
        return vec![breach];
    }
    let mut breaches = kept_out(schema, state);
    known(state, &AttributePath::root(), &mut breaches);
    breaches
}

fn of_type(value: &Value, ty: &Type) -> Option<Breach> {
    let error = codec::encode_msgpack(value, ty).err()?;
    Some(Breach {
        path: error.path,
        what: format!("does not fit the schema: {}", error.message),
    })
}

/// `values` are prior, configured and planned.
fn plan_of_attributes(attributes: &[Attribute], values: [&Value; 3], path: &AttributePath, breaches: &mut Vec<Breach>) {
    for attribute in attributes {
        let values = values.map(|value| value.get(&attribute.name));
        plan_of_attribute(attribute, values, &path.attribute(&attribute.name), breaches);
    }
}

fn plan_of_attribute(
    attribute: &Attribute,
    [prior, config, planned]: [&Value; 3],
    path: &AttributePath,
    breaches: &mut Vec<Breach>,
) {
    // Null in every plan, as was checked before.
    if attribute.write_only {
        return;
    }
    let kept_prior = planned == prior && !prior.is_null() && !config.is_null();
    if planned == config || kept_prior || attribute.presence == Presence::Computed {
        return;
    }
    if config.is_null() {
        if attribute.presence != Presence::OptionalComputed {
            breaches.push(Breach::new(
                path,
                "was planned with a value although the configuration has none",
            ));
        }
        return;
    }
    match &attribute.kind {
        Kind::Nested(nesting, attributes) if !planned.is_null() && !planned.is_unknown() && !config.is_unknown() => {
            plan_of_nested(*nesting, attributes, [prior, config, planned], path, breaches);
        }
        _ => breaches.push(Breach::new(
            path,
            "was planned with neither its configured nor its prior value",
        )),
    }
}

fn plan_of_nested(
    nesting: Nesting,
    attributes: &[Attribute],
    [prior, config, planned]: [&Value; 3],
    path: &AttributePath,
    breaches: &mut Vec<Breach>,
) {
    match nesting {
        Nesting::Single => plan_of_attributes(attributes, [prior, config, planned], path, breaches),
        Nesting::List | Nesting::Set => {
            let items = |value: &Value| value.elements().unwrap_or_default().to_vec();
            let (prior, config, planned) = (items(prior), items(config), items(planned));
            if planned.len() != config.len() {
                breaches.push(Breach::new(
                    path,
                    "was planned with another number of elements than configured",
                ));
            } else if nesting == Nesting::List {
                for (index, (config, planned)) in config.iter().zip(&planned).enumerate() {
                    let prior = prior.get(index).unwrap_or(&Value::Null);
                    plan_of_attributes(attributes, [prior, config, planned], &path.index(index), breaches);
                }
            }
            // Elements of sets have nothing to be matched by; a core trusts the provider here too.
        }
        Nesting::Map => {
            let keys = |value: &Value| {
                value
                    .entries()
                    .map(|entries| entries.keys().cloned().collect::<Vec<_>>())
            };
            if keys(planned) != keys(config) {
                breaches.push(Breach::new(path, "was planned with other keys than configured"));
                return;
            }
            for key in keys(config).unwrap_or_default() {
                let values = [prior, config, planned].map(|value| value.get(&key));
                plan_of_attributes(attributes, values, &path.key(&key), breaches);
            }
        }
    }
}

fn known(value: &Value, path: &AttributePath, breaches: &mut Vec<Breach>) {
    match value {
        Value::Unknown(_) => breaches.push(Breach::new(path, "is still unknown")),
        Value::Object(attributes) => {
            for (name, value) in attributes {
                known(value, &path.attribute(name), breaches);
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                known(value, &path.key(key), breaches);
            }
        }
        Value::List(items) | Value::Tuple(items) => {
            for (index, value) in items.iter().enumerate() {
                known(value, &path.index(index), breaches);
            }
        }
        value if !value.is_wholly_known() => breaches.push(Breach::new(path, "holds something still unknown")),
        _ => {}
    }
}

fn kept(planned: &Value, state: &Value, path: &AttributePath, breaches: &mut Vec<Breach>) {
    match (planned, state) {
        (Value::Unknown(_), _) => {}
        (Value::Object(planned), Value::Object(state)) => {
            for (name, planned) in planned {
                let state = state.get(name).unwrap_or(&Value::Null);
                kept(planned, state, &path.attribute(name), breaches);
            }
        }
        (Value::Map(planned), Value::Map(state)) if planned.keys().eq(state.keys()) => {
            for ((key, planned), state) in planned.iter().zip(state.values()) {
                kept(planned, state, &path.key(key), breaches);
            }
        }
        (Value::List(planned), Value::List(state)) | (Value::Tuple(planned), Value::Tuple(state))
            if planned.len() == state.len() =>
        {
            for (index, (planned, state)) in planned.iter().zip(state).enumerate() {
                kept(planned, state, &path.index(index), breaches);
            }
        }
        (Value::Set(planned), Value::Set(state))
            if planned
                .iter()
                .filter(|planned| planned.is_wholly_known())
                .all(|planned| state.contains(planned))
                && (planned.len() >= state.len()) => {}
        (planned, state) if planned == state => {}
        _ => breaches.push(Breach::new(path, "differs from what was planned")),
    }
}

#[cfg(test)]
mod tests;
