//! Puts changes and the context into the generated, borrowing types.
//!
//! Texts stay where they are, in the plan; only lists of pointers are made, and those only where a list has members.

use std::borrow::Cow;

use nhi_plan::{Action, Change, Context};

use crate::bindings::wit;

/// The lists of pointers that one change's record borrows.
struct Lists<'a> {
    actions: Vec<wit::Action>,
    unknown_paths: Vec<&'a str>,
    sensitive_paths: Vec<&'a str>,
    addresses: Vec<Vec<&'a str>>,
    attributes: Vec<(&'a str, &'a str)>,
}

/// Calls `with` with the records of `batch`.
pub(crate) fn with_records<T>(batch: &[Change<'_>], with: impl FnOnce(&[wit::Change<'_>]) -> T) -> T {
    let lists: Vec<Lists<'_>> = batch.iter().map(lists).collect();
    let references: Vec<Vec<wit::Reference<'_>>> = batch
        .iter()
        .zip(&lists)
        .map(|(change, lists)| {
            let pairs = change.references.iter().zip(&lists.addresses);
            pairs
                .map(|(reference, addresses)| wit::Reference {
                    path: &reference.path,
                    addresses,
                })
                .collect()
        })
        .collect();
    let records: Vec<wit::Change<'_>> = batch
        .iter()
        .zip(&lists)
        .zip(&references)
        .map(|((change, lists), references)| record(change, lists, references))
        .collect();
    with(&records)
}

fn lists<'a>(change: &'a Change<'_>) -> Lists<'a> {
    Lists {
        actions: change.actions.iter().copied().map(action).collect(),
        unknown_paths: texts(&change.unknown_paths),
        sensitive_paths: texts(&change.sensitive_paths),
        addresses: change
            .references
            .iter()
            .map(|reference| texts(&reference.addresses))
            .collect(),
        attributes: change
            .attributes
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_ref()))
            .collect(),
    }
}

fn record<'a>(change: &'a Change<'_>, lists: &'a Lists<'a>, references: &'a [wit::Reference<'a>]) -> wit::Change<'a> {
    wit::Change {
        address: &change.address,
        config_address: &change.config_address,
        previous_address: change.previous_address.as_deref(),
        resource_type: &change.resource_type,
        provider: &change.provider,
        module_address: &change.module_address,
        mode: change.mode.as_str(),
        actions: &lists.actions,
        before: change.before.as_deref(),
        after: change.after.as_deref(),
        configuration: change.configuration.as_deref(),
        unknown_paths: &lists.unknown_paths,
        sensitive_paths: &lists.sensitive_paths,
        references,
        location: change.location.as_ref().map(|location| wit::Location {
            file: &location.file,
            line: location.line,
            column: location.column,
        }),
        attributes: &lists.attributes,
    }
}

fn texts<'a>(list: &'a [Cow<'_, str>]) -> Vec<&'a str> {
    list.iter().map(AsRef::as_ref).collect()
}

fn action(action: Action) -> wit::Action {
    match action {
        Action::NoOp => wit::Action::NoOp,
        Action::Create => wit::Action::Create,
        Action::Read => wit::Action::Read,
        Action::Update => wit::Action::Update,
        Action::Delete => wit::Action::Delete,
        Action::Forget => wit::Action::Forget,
    }
}

/// Calls `with` with the context's record.
pub(crate) fn with_context<T>(context: &Context, with: impl FnOnce(wit::Context<'_>) -> T) -> T {
    let facts: Vec<Vec<(&str, &str)>> = context
        .exceptions
        .iter()
        .map(|exception| pairs(&exception.attributes))
        .collect();
    let exceptions: Vec<wit::Exception<'_>> = context
        .exceptions
        .iter()
        .zip(&facts)
        .map(|(exception, attributes)| wit::Exception {
            rule: &exception.rule,
            address: &exception.address,
            path: &exception.path,
            value_sha256: &exception.value_sha256,
            expires_at: &exception.expires_at,
            attributes,
        })
        .collect();
    let attributes = pairs(&context.attributes);
    with(wit::Context {
        now: &context.now,
        format_version: &context.format_version,
        terraform_version: &context.terraform_version,
        policy: context.policy.as_deref(),
        exceptions: &exceptions,
        graph: context.graph.as_deref(),
        attributes: &attributes,
    })
}

fn pairs(attributes: &[(String, String)]) -> Vec<(&str, &str)> {
    attributes
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}
