//! Whom a statement names, one by one: what trust and resource policies turn on.
//!
//! A principal that is known only after apply is kept as a symbol with its origin, so that a judge can tell a role of
//! the same plan from a stranger.

use std::borrow::Cow;

use nhi_plan::json::Value;
use nhi_plan::symbol;

use super::document::{Document, one_or_many, text};
use crate::facts::Block;

/// Kinds of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// Accounts, users, roles, or everybody.
    Aws,
    /// A service of AWS.
    Service,
    /// An identity provider.
    Federated,
    /// A canonical user, or a kind that is not known yet.
    Other,
}

impl Sort {
    fn parse(kind: &str) -> Self {
        match kind.to_ascii_lowercase().as_str() {
            "aws" | "*" => Self::Aws,
            "service" => Self::Service,
            "federated" => Self::Federated,
            _ => Self::Other,
        }
    }
}

/// One principal of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) sort: Sort,
    /// May hold symbols; `None` where nothing at all is known of it.
    pub(crate) name: Option<String>,
}

/// The principals of a statement in JSON.
pub(super) fn of_policy(principal: Value<'_>) -> Vec<Named> {
    let named = |sort: Sort| {
        move |value: Value<'_>| Named {
            sort,
            name: text(value),
        }
    };
    if let Some(text) = principal.as_str() {
        let sort = if symbol::has_symbols(&text) {
            Sort::Other
        } else {
            Sort::Aws
        };
        return vec![Named {
            sort,
            name: Some(text.into_owned()),
        }];
    }
    let plain = principal.elements().map(named(Sort::Aws));
    let kinds = principal.members();
    plain
        .chain(kinds.flat_map(|(kind, values)| {
            let sort = Sort::parse(&kind);
            one_or_many(values).map(named(sort)).collect::<Vec<_>>()
        }))
        .collect()
}

/// The principals of a planned `statement` block; unknown identifiers are null, or absent as a whole.
pub(super) fn of_block(block: Value<'_>) -> Vec<Named> {
    let principals = block.get("principals").into_iter().flat_map(Value::elements);
    principals
        .flat_map(|principal| {
            let sort = principal
                .get("type")
                .and_then(Value::as_str)
                .map_or(Sort::Other, |kind| Sort::parse(&kind));
            let identifiers = principal.get("identifiers").filter(|value| !value.is_null());
            match identifiers {
                Some(identifiers) => one_or_many(identifiers)
                    .map(|value| Named {
                        sort,
                        name: text(value),
                    })
                    .collect(),
                None => vec![Named { sort, name: None }],
            }
        })
        .collect()
}

/// The principals of a `statement` block as the configuration holds it.
pub(super) fn of_expressions(block: Value<'_>) -> Vec<Named> {
    let principals = block.get("principals").into_iter().flat_map(one_or_many);
    principals
        .flat_map(|principal| {
            let constant = |name: &str| principal.get(name)?.get("constant_value");
            let sort = constant("type")
                .and_then(Value::as_str)
                .map_or(Sort::Other, |kind| Sort::parse(&kind));
            match constant("identifiers") {
                Some(identifiers) => one_or_many(identifiers)
                    .map(|value| Named {
                        sort,
                        name: text(value),
                    })
                    .collect(),
                None => {
                    let references = principal.get("identifiers").and_then(|value| value.get("references"));
                    let first = references.and_then(|list| list.elements().next()?.as_str());
                    vec![Named {
                        sort,
                        name: first.map(|origin| symbol::symbol(&origin)),
                    }]
                }
            }
        })
        .collect()
}

/// Gives principals that are not known yet the name of what they lead to.
pub(super) fn lead(document: &mut Document, block: &Block<'_>) {
    for (index, statement) in document.statements.iter_mut().enumerate() {
        if statement.named.iter().all(|named| named.name.is_some()) {
            continue;
        }
        let inside = format!("statement[{index}].principals");
        let mut origins: Vec<&str> = Vec::new();
        for reference in &block.change.references {
            let about = reference.path.starts_with(inside.as_str()) || is_general(&reference.path);
            if about {
                origins.extend(reference.addresses.iter().map(|address| &**address));
            }
        }
        origins.sort_unstable();
        origins.dedup();
        // Several origins: which identifier is which cannot be told.
        let origin: Cow<'_, str> = match origins.as_slice() {
            [] => continue,
            [one] => Cow::Borrowed(one),
            many => Cow::Owned(many.join(" ")),
        };
        for named in statement.named.iter_mut().filter(|named| named.name.is_none()) {
            named.name = Some(symbol::symbol(&origin));
        }
    }
}

/// A path that says of all statements alike where principals lead.
fn is_general(path: &str) -> bool {
    path == "statement.principals.identifiers" || path == "statement.principals" || path == "statement"
}
