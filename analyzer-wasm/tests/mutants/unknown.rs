//! Mutants in which something becomes known only after apply, with everything that rests on it.

use std::collections::BTreeSet;

use nhi_plan::json::{self, Kind, Value, quote};
use nhi_plan::path::{self, Segment};
use nhi_plan::{Change, Mode, Reference};

/// What becomes unknown is what this gives.
const ORIGIN: &str = "terraform_data.later";

/// Attributes of a block at which something is written, outside in. `depth` is how far inside is looked.
pub(crate) fn attributes(block: &Change<'_>, depth: usize) -> Vec<String> {
    let after = json::parse(block.after.as_deref().unwrap_or("{}")).expect("planned values");
    let mut found = Vec::new();
    below(after.root(), "", depth, &mut found);
    found
}

fn below(value: Value<'_>, at: &str, depth: usize, found: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    let mut inner: Vec<(String, Value<'_>)> = Vec::new();
    for (key, value) in value.members() {
        let mut path = at.to_owned();
        path::push_key(&mut path, &key);
        inner.push((path, value));
    }
    for (index, value) in value.elements().enumerate() {
        let mut path = at.to_owned();
        path::push_index(&mut path, index);
        inner.push((path, value));
    }
    let filled = |value: &Value<'_>| {
        !(value.is_null() || matches!(value.kind(), Kind::Array | Kind::Object) && value.is_empty())
    };
    for (path, value) in inner.into_iter().filter(|(_, value)| filled(value)) {
        found.push(path.clone());
        below(value, &path, depth - 1, found);
    }
}

/// The blocks with one attribute of one of them unknown, and with it every attribute that is made from it.
pub(crate) fn later<'a>(blocks: &[Change<'a>], index: usize, attribute: &str) -> Vec<Change<'a>> {
    let mut blocks = blocks.to_vec();
    let mut open = vec![(index, attribute.to_owned())];
    let mut seen: BTreeSet<(usize, String)> = BTreeSet::new();
    let mut first = true;
    while let Some((index, attribute)) = open.pop() {
        if !seen.insert((index, attribute.clone())) {
            continue;
        }
        let block = blocks.get_mut(index).expect("the block");
        forget(block, &attribute);
        if first {
            let plain = without_indices(&attribute);
            block.references.retain(|reference| reference.path != plain.as_str());
            block.references.push(Reference {
                path: plain.into(),
                addresses: vec![ORIGIN.into()],
            });
            first = false;
        }
        let origin = (
            block.module_address.to_string(),
            format!("{}.{attribute}", local(block)),
        );
        for (other, block) in blocks.iter().enumerate() {
            if block.mode == Mode::Managed && block.module_address == *origin.0 && other != index {
                open.extend(made_from(block, &origin.1).into_iter().map(|path| (other, path)));
            }
        }
    }
    blocks
}

/// The address of a block in its module.
fn local<'b>(block: &'b Change<'_>) -> &'b str {
    let address = block.config_address.as_ref();
    let parts: Vec<usize> = address.match_indices('.').map(|(at, _)| at).collect();
    let start = parts.len().checked_sub(2).and_then(|at| parts.get(at));
    start.map_or(address, |at| &address[at + 1..])
}

fn forget(block: &mut Change<'_>, attribute: &str) {
    let after = block.after.take().unwrap_or_default();
    let document = json::parse(&after).expect("planned values");
    let steps = path::parse(attribute).expect("a path");
    let text = without(document.root(), &steps);
    block.after = Some(text.into());
    block.unknown_paths.push(attribute.to_owned().into());
}

/// The value without what stands at a path: nothing in an object, null in a list.
fn without(value: Value<'_>, steps: &[Segment<'_>]) -> String {
    match steps {
        [] => String::from("null"),
        [Segment::Key(wanted), rest @ ..] => {
            let members = value.members().filter_map(|(key, value)| {
                let text = match (key == *wanted, rest) {
                    (true, []) => return None,
                    (true, rest) => without(value, rest),
                    (false, _) => value.raw().to_owned(),
                };
                Some(format!("{}:{text}", quote(&key)))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        [Segment::Index(wanted), rest @ ..] => {
            let elements = value.elements().enumerate().map(|(index, value)| {
                if index == *wanted {
                    without(value, rest)
                } else {
                    value.raw().to_owned()
                }
            });
            format!("[{}]", elements.collect::<Vec<_>>().join(","))
        }
    }
}

/// Attributes whose expression names the attribute, or one inside or around it.
fn made_from(block: &Change<'_>, origin: &str) -> Vec<String> {
    let Some(configuration) = block.configuration.as_deref() else {
        return Vec::new();
    };
    let document = json::parse(configuration).expect("expressions");
    let after = json::parse(block.after.as_deref().unwrap_or("{}")).expect("planned values");
    let mut found = Vec::new();
    let mut open = vec![(String::new(), document.root())];
    while let Some((at, value)) = open.pop() {
        if let Some(references) = value.get("references") {
            let mut names = references.elements().filter_map(Value::as_str);
            // What is unknown already, or was never written, stays as it is.
            let there = after.root().at(&at).is_some_and(|value| !value.is_null());
            if there && names.any(|name| rests_on(&name, origin)) {
                found.push(at);
            }
            continue;
        }
        for (key, value) in value.members() {
            let mut path = at.clone();
            path::push_key(&mut path, &key);
            open.push((path, value));
        }
        for (index, value) in value.elements().enumerate() {
            let mut path = at.clone();
            path::push_index(&mut path, index);
            open.push((path, value));
        }
    }
    found
}

/// Whether a name leads to what is at the origin; both begin with a block and name something in it.
fn rests_on(name: &str, origin: &str) -> bool {
    let (name, origin) = (without_indices(name), without_indices(origin));
    let inside = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    // The name of a block alone stands for all that comes before a more exact one.
    name.matches('.').count() >= 2 && (inside(&name, &origin) || inside(&origin, &name))
}

fn without_indices(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut depth = 0;
    for character in path.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ if depth == 0 => out.push(character),
            _ => {}
        }
    }
    out
}
