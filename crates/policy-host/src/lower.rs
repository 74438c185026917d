//! Puts changes and the context into the generated, borrowing types.
//!
//! Texts stay where they are, in the plan; only lists of pointers are made, a few for each batch.

use std::borrow::Borrow;

use nhi_plan::{Action, Change, Context};

use crate::bindings::wit;

/// The lists of pointers that the records of one batch borrow, each list after the other.
#[derive(Default)]
struct Lists<'a> {
    actions: Vec<wit::Action>,
    unknown_paths: Vec<&'a str>,
    sensitive_paths: Vec<&'a str>,
    addresses: Vec<&'a str>,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Lists<'a> {
    fn of<'c: 'a>(batch: impl Iterator<Item = &'a Change<'c>>) -> Self {
        let mut lists = Self::default();
        for change in batch {
            lists.actions.extend(change.actions.iter().copied().map(action));
            lists
                .unknown_paths
                .extend(change.unknown_paths.iter().map(AsRef::as_ref));
            lists
                .sensitive_paths
                .extend(change.sensitive_paths.iter().map(AsRef::as_ref));
            for reference in &change.references {
                lists.addresses.extend(reference.addresses.iter().map(AsRef::as_ref));
            }
            let attributes = change.attributes.iter();
            lists
                .attributes
                .extend(attributes.map(|(key, value)| (key.as_ref(), value.as_ref())));
        }
        lists
    }
}

/// Gives lists out again, in the order in which they were put behind each other.
struct Rest<'l, T>(&'l [T]);

impl<'l, T> Rest<'l, T> {
    fn take(&mut self, count: usize) -> &'l [T] {
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }
}

/// Calls `with` with the records of `batch`.
pub(crate) fn with_records<'c, C: Borrow<Change<'c>>, T>(batch: &[C], with: impl FnOnce(&[wit::Change<'_>]) -> T) -> T {
    let changes = || batch.iter().map(Borrow::borrow);
    let lists = Lists::of(changes());
    let mut addresses = Rest(&lists.addresses);
    let references: Vec<wit::Reference<'_>> = changes()
        .flat_map(|change: &Change<'_>| &change.references)
        .map(|reference| wit::Reference {
            path: &reference.path,
            addresses: addresses.take(reference.addresses.len()),
        })
        .collect();
    let mut actions = Rest(&lists.actions);
    let mut unknown_paths = Rest(&lists.unknown_paths);
    let mut sensitive_paths = Rest(&lists.sensitive_paths);
    let mut attributes = Rest(&lists.attributes);
    let mut references = Rest(&references);
    let records: Vec<wit::Change<'_>> = changes()
        .map(|change: &Change<'_>| wit::Change {
            actions: actions.take(change.actions.len()),
            unknown_paths: unknown_paths.take(change.unknown_paths.len()),
            sensitive_paths: sensitive_paths.take(change.sensitive_paths.len()),
            references: references.take(change.references.len()),
            attributes: attributes.take(change.attributes.len()),
            ..record(change)
        })
        .collect();
    with(&records)
}

/// The record without its lists.
fn record<'a>(change: &'a Change<'_>) -> wit::Change<'a> {
    wit::Change {
        address: &change.address,
        config_address: &change.config_address,
        previous_address: change.previous_address.as_deref(),
        resource_type: &change.resource_type,
        provider: &change.provider,
        module_address: &change.module_address,
        mode: change.mode.as_str(),
        actions: &[],
        before: change.before.as_deref(),
        after: change.after.as_deref(),
        configuration: change.configuration.as_deref(),
        unknown_paths: &[],
        sensitive_paths: &[],
        references: &[],
        location: change.location.as_ref().map(|location| wit::Location {
            file: &location.file,
            line: location.line,
            column: location.column,
        }),
        attributes: &[],
    }
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
