//! What a request changes about what is possible: the part that an approver has to see.
//!
//! Privileges are compared by what they cover, not by how they are written: where `s3:*` becomes `s3:GetObject`, nothing
//! is gained.

use std::collections::BTreeSet;

use nhi_governance::{Access, ScopeEntry};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::request::{Request, Terms};

/// One action on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Privilege {
    /// The service.
    pub backend: String,
    /// What may be acted on.
    pub resource: String,
    /// What may be done.
    pub action: String,
}

/// A term that is another than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Which term.
    pub what: String,
    /// What it was; `None` where there was none.
    pub before: Option<String>,
    /// What it is to be; `None` where there is to be none.
    pub after: Option<String>,
}

/// What a request changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What becomes possible that was not.
    pub gained: Vec<Privilege>,
    /// What stops to be possible.
    pub lost: Vec<Privilege>,
    /// Everything else that changes; nothing for what is new.
    pub changed: Vec<Changed>,
}

impl Privilege {
    /// What the action does.
    pub fn access(&self) -> Access {
        Access::of(&self.resource, &self.action)
    }
}

impl Difference {
    /// Compares what is asked for with what is on record.
    pub fn of(request: &Request) -> Self {
        let after = privileges(&request.terms.scope);
        let before = request
            .previous
            .as_ref()
            .map(|terms| privileges(&terms.scope))
            .unwrap_or_default();
        Self {
            gained: uncovered(&after, &before),
            lost: uncovered(&before, &after),
            changed: request
                .previous
                .as_ref()
                .map(|before| changed(before, &request.terms))
                .unwrap_or_default(),
        }
    }
}

fn privileges(scope: &[ScopeEntry]) -> BTreeSet<Privilege> {
    let of_entry = |entry: &ScopeEntry| {
        let (backend, resource) = (entry.backend().to_owned(), entry.resource().to_owned());
        let actions = entry.actions().to_vec();
        actions.into_iter().map(move |action| Privilege {
            backend: backend.clone(),
            resource: resource.clone(),
            action,
        })
    };
    scope.iter().flat_map(of_entry).collect()
}

/// What some privileges allow and others do not.
fn uncovered(some: &BTreeSet<Privilege>, others: &BTreeSet<Privilege>) -> Vec<Privilege> {
    let has_wildcard = |text: &str| text.contains(['*', '?']);
    let patterns: Vec<&Privilege> = others
        .iter()
        .filter(|other| has_wildcard(&other.resource) || has_wildcard(&other.action))
        .collect();
    let is_covered = |one: &Privilege| {
        others.contains(one)
            || patterns.iter().any(|pattern| {
                pattern.backend == one.backend
                    && covers(&pattern.resource, &one.resource)
                    && covers(&pattern.action, &one.action)
            })
    };
    some.iter().filter(|one| !is_covered(one)).cloned().collect()
}

/// Whether everything that a pattern of `*` and `?` allows is allowed by another one. What it cannot tell is not.
fn covers(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut position, mut retry) = (0, 0, None);
    while let Some(c) = text.get(position) {
        match pattern.get(at) {
            Some('*') => {
                at += 1;
                retry = Some((at, position));
            }
            // A `?` is one character, and a `*` of the text may be many.
            Some(expected) if expected == c || (*expected == '?' && *c != '*') => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((after_star, taken)) = retry else { return false };
                at = after_star;
                position = taken + 1;
                retry = Some((after_star, position));
            }
        }
    }
    pattern.iter().skip(at).all(|c| *c == '*')
}

fn changed(before: &Terms, after: &Terms) -> Vec<Changed> {
    let mut changed = Vec::new();
    let (before, after) = (flat(before), flat(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for what in names {
        let (before, after) = (before.get(what), after.get(what));
        if before != after {
            changed.push(Changed {
                what: what.clone(),
                before: before.map(text),
                after: after.map(text),
            });
        }
    }
    changed
}

/// The terms in one level, without the scope and what is not there.
fn flat(terms: &Terms) -> Map<String, Value> {
    let mut members = match serde_json::to_value(terms) {
        Ok(Value::Object(members)) => members,
        // INVARIANT: terms are a struct with string keys.
        _ => Map::new(),
    };
    members.remove("scope");
    for group in ["subject", "purpose"] {
        if let Some(Value::Object(inner)) = members.remove(group) {
            members.extend(inner);
        }
    }
    members.retain(|_, value| !value.is_null());
    members
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn patterns() {
        for (pattern, text) in [
            ("s3:*", "s3:GetObject"),
            ("s3:*", "s3:*"),
            ("s3:Get*", "s3:GetObject*"),
            ("*", ""),
            ("a*b*c", "aXbYbZc"),
            ("s3:Get?bject", "s3:GetObject"),
            ("s3:Get?bject", "s3:Get?bject"),
            ("same", "same"),
        ] {
            assert!(covers(pattern, text), "{pattern} covers {text}");
        }
        for (pattern, text) in [
            ("s3:Get*", "s3:*"),
            ("s3:GetObject", "s3:*"),
            ("s3:?", "s3:*"),
            ("s3:*", "s4:GetObject"),
            ("a*b", "aXc"),
            ("", "a"),
            ("same", "samesame"),
            ("s3:*?", "s3:*"),
        ] {
            assert!(!covers(pattern, text), "{pattern} does not cover {text}");
        }
    }
}
