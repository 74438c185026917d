//! What blocks of their own gave a principal before the change.
//!
//! A refreshed role repeats what separate blocks give it, as of before the plan: what such a block takes away, or
//! gives in another form from now on, the role still lists.

use nhi_plan::json::{self, Value};

use super::rows::{self, Row};
use crate::facts::Block;
use crate::facts::hash::Set;
use crate::facts::iam::access::PrincipalKind;

/// Kind and name of a principal, and the ARN or the name of a policy.
#[derive(Debug, Default)]
pub(super) struct Former(Set<(PrincipalKind, String, String)>);

impl Former {
    /// Takes in a managed resource as it was.
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        let row = rows::row(block.change.resource_type.as_ref()).filter(|row| row.owner.is_none());
        let before = block.change.before.as_deref().filter(|before| *before != "null");
        let (Some(row), Some(before)) = (row, before) else {
            return;
        };
        let Ok(before) = json::parse(before) else { return };
        let policies = policies(row, before.root());
        for (kind, path) in row.targets {
            for holder in texts(before.root(), path) {
                let named = policies.iter().map(|policy| (*kind, holder.clone(), policy.clone()));
                self.0.extend(named);
            }
        }
    }

    /// Whether a block of its own gave the principal this policy.
    pub(super) fn gave(&self, kind: PrincipalKind, name: &str, policy: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&(kind, name.to_owned(), policy.to_owned()))
    }
}

/// ARNs of managed policies, and names of inline ones.
fn policies(row: &Row, before: Value<'_>) -> Vec<String> {
    let mut found: Vec<String> = row.policies.iter().flat_map(|path| texts(before, path)).collect();
    if !row.documents.is_empty() {
        found.extend(["name", "policy_name"].iter().flat_map(|name| texts(before, name)));
    }
    found
}

/// The texts at a path with at most one `[*]` at its end.
fn texts(value: Value<'_>, path: &str) -> Vec<String> {
    let text = |value: Value<'_>| value.as_str().map(std::borrow::Cow::into_owned);
    match path.strip_suffix("[*]") {
        Some(list) => value
            .get(list)
            .into_iter()
            .flat_map(Value::elements)
            .filter_map(text)
            .collect(),
        None => value.get(path).and_then(text).into_iter().collect(),
    }
}
