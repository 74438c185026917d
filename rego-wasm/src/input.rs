//! The plan as policies know it: `resource_changes` as `tofu show -json` writes them, made of the changes of the contract.

use nhi_plan::path::{self, Segment};
use nhi_policy_sdk::{Action, Change, Mode};
use regorus::Value;

/// An element of a list that stands only for those before it; a plan cannot have more.
const INDEX_MAX: usize = 100_000;

/// An object of these members.
pub(crate) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut object = Value::new_object();
    for (name, value) in members {
        insert(&mut object, name, value);
    }
    object
}

pub(crate) fn insert(object: &mut Value, name: &str, value: Value) {
    if let Ok(members) = object.as_object_mut() {
        members.insert(Value::from(name), value);
    }
}

fn json(text: Option<&str>) -> Result<Value, String> {
    let text = text.unwrap_or("null");
    Value::from_json_str(text).map_err(|error| format!("a value of the plan cannot be read: {error}"))
}

/// A member of `resource_changes`.
pub(crate) fn resource(change: &Change<'_>) -> Result<Value, String> {
    let attribute = |name: &str| {
        let found = change.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_ref())
    };
    let mut resource = object([
        ("address", Value::from(change.address.as_ref())),
        ("mode", Value::from(change.mode.as_str())),
        ("type", Value::from(change.resource_type.as_ref())),
        ("name", Value::from(name(&change.config_address))),
        ("provider_name", Value::from(change.provider.as_ref())),
        ("change", difference(change)?),
    ]);
    if !change.module_address.is_empty() {
        insert(
            &mut resource,
            "module_address",
            Value::from(change.module_address.as_ref()),
        );
    }
    if let Some(previous) = &change.previous_address {
        insert(&mut resource, "previous_address", Value::from(previous.as_ref()));
    }
    if let Some(index) = index(&change.address) {
        insert(&mut resource, "index", index);
    }
    for (name, key) in [("deposed", "deposed"), ("action_reason", "action_reason")] {
        if let Some(text) = attribute(name) {
            insert(&mut resource, key, Value::from(text));
        }
    }
    Ok(resource)
}

/// What `change` holds: actions, values, and where they are unknown or sensitive.
pub(crate) fn difference(change: &Change<'_>) -> Result<Value, String> {
    let actions: Vec<Value> = actions(&change.actions).map(Value::from).collect();
    let mut after = json(change.after.as_deref())?;
    // What was worked out beyond the plan is taken out again: these policies were written for what a plan says.
    let resolved = change.attributes.iter().filter(|(key, _)| key == "resolved");
    let resolved: Vec<&str> = resolved.flat_map(|(_, paths)| paths.split(' ')).collect();
    for path in &resolved {
        remove(&mut after, &path::parse(path).unwrap_or_default());
    }
    let unknown = change.unknown_paths.iter().map(AsRef::as_ref).chain(resolved);
    let is_gone = change.after.is_none();
    Ok(object([
        ("actions", Value::from(actions)),
        ("before", json(change.before.as_deref())?),
        ("after", after),
        (
            "after_unknown",
            if is_gone { Value::new_object() } else { mask(unknown) },
        ),
        (
            "before_sensitive",
            mask(change.sensitive_paths.iter().map(AsRef::as_ref)),
        ),
        (
            "after_sensitive",
            mask(change.sensitive_paths.iter().map(AsRef::as_ref)),
        ),
    ]))
}

fn actions(actions: &[Action]) -> impl Iterator<Item = &'static str> {
    actions.iter().map(|action| action.as_str())
}

/// An object with `true` at each of the paths.
fn mask<'p>(paths: impl Iterator<Item = &'p str>) -> Value {
    let mut mask = Value::new_object();
    for text in paths {
        match path::parse(text) {
            Some(segments) if segments.is_empty() => return Value::from(true),
            Some(segments) => mark(&mut mask, &segments),
            None => {}
        }
    }
    mask
}

fn mark(place: &mut Value, segments: &[Segment<'_>]) {
    let Some((first, rest)) = segments.split_first() else {
        *place = Value::from(true);
        return;
    };
    match first {
        Segment::Key(key) => {
            if place.as_object().is_err() {
                *place = Value::new_object();
            }
            let key = Value::from(key.as_ref());
            if let Ok(object) = place.as_object_mut() {
                let mut inner = object.get(&key).cloned().unwrap_or_else(Value::new_object);
                mark(&mut inner, rest);
                object.insert(key, inner);
            }
        }
        Segment::Index(index) if *index < INDEX_MAX => {
            if place.as_array().is_err() {
                *place = Value::new_array();
            }
            if let Ok(array) = place.as_array_mut() {
                while array.len() <= *index {
                    array.push(Value::new_object());
                }
                if let Some(element) = array.get_mut(*index) {
                    mark(element, rest);
                }
            }
        }
        Segment::Index(_) => {}
    }
}

fn remove(place: &mut Value, segments: &[Segment<'_>]) {
    match segments {
        [Segment::Key(key)] => {
            if let Ok(object) = place.as_object_mut() {
                object.remove(&Value::from(key.as_ref()));
            }
        }
        [Segment::Key(key), rest @ ..] => {
            if let Ok(object) = place.as_object_mut()
                && let Some(inner) = object.get_mut(&Value::from(key.as_ref()))
            {
                remove(inner, rest);
            }
        }
        [Segment::Index(index), rest @ ..] => {
            if let Ok(array) = place.as_array_mut()
                && let Some(inner) = array.get_mut(*index)
            {
                match rest {
                    [] => *inner = Value::Null,
                    _ => remove(inner, rest),
                }
            }
        }
        [] => {}
    }
}

/// The block's own name: the last part of its address without keys.
fn name(config_address: &str) -> &str {
    config_address.rsplit('.').next().unwrap_or_default()
}

/// The key of the instance: `["eu"]` or `[0]` at the end of an address.
fn index(address: &str) -> Option<Value> {
    let inner = address.strip_suffix(']')?;
    if inner.ends_with('"') {
        // A quote inside a key is escaped, so that the first bracket with a quote that is not opens the last key.
        let segments = path::parse(address)?;
        return match segments.last()? {
            Segment::Key(key) => Some(Value::from(key.as_ref())),
            Segment::Index(_) => None,
        };
    }
    let (_, digits) = inner.rsplit_once('[')?;
    Some(Value::from(digits.parse::<u64>().ok()?))
}

/// The plan around the changes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) format_version: Value,
    pub(crate) terraform_version: Value,
    pub(crate) resources: Vec<Value>,
    pub(crate) variables: Value,
    pub(crate) outputs: Value,
}

impl Plan {
    /// Adds a block.
    pub(crate) fn add(&mut self, change: &Change<'_>) -> Result<(), String> {
        match change.mode {
            Mode::Managed | Mode::Data => self.resources.push(resource(change)?),
            Mode::Variable => {
                if let Some(name) = change.address.strip_prefix("var.") {
                    let value = json(change.after.as_deref())?;
                    insert(&mut self.variables, name, object([("value", value)]));
                }
            }
            Mode::Output => {
                if let Some(name) = change.address.strip_prefix("output.") {
                    insert(&mut self.outputs, name, difference(change)?);
                }
            }
            Mode::Provider => {}
        }
        Ok(())
    }

    /// The document with these resources.
    pub(crate) fn document(&self, resources: Vec<Value>) -> Value {
        object([
            ("format_version", self.format_version.clone()),
            ("terraform_version", self.terraform_version.clone()),
            ("resource_changes", Value::from(resources)),
            ("variables", self.variables.clone()),
            ("output_changes", self.outputs.clone()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_give_names_and_keys() {
        let table = [
            ("aws_s3_bucket.a", None),
            ("aws_s3_bucket.a[0]", Some(Value::from(0_u64))),
            ("module.m[\"x\"].aws_s3_bucket.a", None),
            (
                "module.m[1].aws_s3_bucket.a[\"eu.west[1]\"]",
                Some(Value::from("eu.west[1]")),
            ),
            ("aws_s3_bucket.a[\"b\\\"]\"]", Some(Value::from("b\"]"))),
        ];
        for (address, key) in table {
            assert_eq!(index(address), key, "{address}");
        }
        assert_eq!(name("module.m.aws_s3_bucket.a"), "a");
    }

    #[test]
    fn paths_become_masks() {
        let table: [(&[&str], &str); 4] = [
            (&[], "{}"),
            (&["arn", "tags[\"a.b\"]"], r#"{"arn":true,"tags":{"a.b":true}}"#),
            (&["rule[1].id", "rule[0]"], r#"{"rule":[true,{"id":true}]}"#),
            (&["a[999999999]"], r#"{"a":{}}"#),
        ];
        for (paths, expected) in table {
            assert_eq!(
                mask(paths.iter().copied()),
                Value::from_json_str(expected).unwrap(),
                "{paths:?}"
            );
        }
        assert_eq!(mask(["", "a"].into_iter()), Value::from(true));
    }

    #[test]
    fn what_was_worked_out_is_unknown_again() {
        let mut change = nhi_policy_sdk::testing::change("aws_s3_bucket.a", r#"{"arn":"arn:aws:s3:::a","bucket":"a"}"#);
        change.attributes.push(("resolved".into(), "arn".into()));
        let value = difference(&change).unwrap();
        assert_eq!(value["after"], Value::from_json_str(r#"{"bucket":"a"}"#).unwrap());
        assert_eq!(value["after_unknown"], Value::from_json_str(r#"{"arn":true}"#).unwrap());
    }
}
