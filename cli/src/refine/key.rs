//! What makes a finding the same finding, in another plan of the same estate.
//!
//! Who, and what it can do: neither an address, which changes when code is reorganised, nor a position in a list.

use crate::report::Entry;

/// Facts that tell one capability from another where a rule does not name it in one word.
const CAPABILITIES: [&str; 9] = [
    "actions", "excepted", "how", "kind", "method", "methods", "role", "roles", "services",
];

/// The same for the same finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) code: String,
    pub(super) resource_type: String,
    /// The principal, or what the object is known by in the world, or at last its address.
    pub(super) subject: String,
    pub(super) capability: String,
    /// Without positions in lists.
    pub(super) attribute: String,
}

impl Key {
    pub(super) fn of(entry: &Entry) -> Self {
        let block = entry.block.as_ref();
        let in_the_world = block.and_then(|block| block.identity.as_deref().or(block.previous_address.as_deref()));
        let named = entry.fact("principal").filter(|text| !text.is_empty());
        // A principal that is a block of the plan is known by what it is, whatever the block is called.
        let principal = entry.principal.as_deref().or(named);
        let capability = entry.fact("capability").filter(|text| !text.is_empty());
        // Who can do what: where it is written does not matter.
        let says_all = principal.is_some() && capability.is_some();
        let resource_type = block
            .filter(|_| principal.is_none())
            .map(|block| block.resource_type.clone());
        Self {
            code: entry.code.clone(),
            resource_type: resource_type.unwrap_or_default(),
            subject: principal.or(in_the_world).unwrap_or(&entry.address).to_owned(),
            capability: capability.map_or_else(|| told_apart(entry), str::to_owned),
            attribute: if says_all {
                String::new()
            } else {
                without_positions(&entry.path)
            },
        }
    }
}

fn told_apart(entry: &Entry) -> String {
    let facts = CAPABILITIES.iter().filter_map(|key| entry.fact(key));
    facts.collect::<Vec<_>>().join("; ")
}

/// `statement[3].actions` as `statement[].actions`: a list that is put in another order says the same.
fn without_positions(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = after.split_at_checked(digits).unwrap_or(("", after));
        out.push_str(before);
        out.push('[');
        if !tail.starts_with(']') {
            out.push_str(number);
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_do_not_count_and_keys_do() {
        let cases = [
            ("policy", "policy"),
            ("statement[3].actions[0]", "statement[].actions[]"),
            ("tags[\"a[1]\"]", "tags[\"a[]\"]"),
            ("tags[\"12x\"]", "tags[\"12x\"]"),
            ("", ""),
        ];
        for (path, expected) in cases {
            assert_eq!(without_positions(path), expected, "{path}");
        }
    }
}
