//! `ApplyResourceChange`: creates, updates or destroys an object.
//!
//! Whatever goes wrong, the core must learn what exists now: an answer with an error still carries the state, as
//! complete as it can be.

use super::{Adapter, Managed, conform, identity, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::{CreateRequest, DeleteRequest, Private, Provider, StateAnswer, UpdateRequest};
use crate::value::{AttributePath, Value};

pub(super) async fn answer<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::apply_resource_change::Request,
) -> proto::apply_resource_change::Response {
    // Nothing has been done when the request cannot be understood: what was there before is there still.
    let prior = request.prior_state.clone();
    apply(adapter, request)
        .await
        .unwrap_or_else(|diagnostic| proto::apply_resource_change::Response {
            new_state: prior,
            diagnostics: wire::diagnostics(diagnostic),
            ..proto::apply_resource_change::Response::default()
        })
}

async fn apply<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::apply_resource_change::Request,
) -> Result<proto::apply_resource_change::Response, Diagnostic> {
    let managed = adapter.resource(&request.type_name)?;
    let change = Change {
        prior: wire::decode(request.prior_state.as_ref(), &managed.ty)?,
        planned: wire::decode(request.planned_state.as_ref(), &managed.ty)?,
        config: wire::decode(request.config.as_ref(), &managed.ty)?,
        private: request.planned_private,
    };
    let (operation, planned) = (change.operation(), change.planned.clone());
    let mut answer = change.run(managed).await;
    check(managed, operation, &planned, &mut answer);

    // A state that does not fit is reported above; what can be kept of it is what was planned, and never a secret.
    let keepable = |value: &Value| conform::write_only::removed(&managed.schema.attributes, &value.without_unknowns());
    let encoded =
        wire::encode(&keepable(&answer.state), &managed.ty).or_else(|_| wire::encode(&keepable(&planned), &managed.ty));
    let new_identity = identity::of(managed, &answer.state).unwrap_or_else(|breach| {
        let report = conform::report(breach, operation.name(), managed.resource.type_name());
        answer.diagnostics.push(report);
        None
    });
    Ok(proto::apply_resource_change::Response {
        new_identity,
        new_state: encoded.ok().or(request.prior_state),
        private: answer.private,
        diagnostics: wire::diagnostics(answer.diagnostics),
        ..proto::apply_resource_change::Response::default()
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Delete => "delete",
        }
    }
}

struct Change {
    prior: Value,
    planned: Value,
    config: Value,
    private: Private,
}

impl Change {
    fn operation(&self) -> Operation {
        if self.planned.is_null() {
            Operation::Delete
        } else if self.prior.is_null() {
            Operation::Create
        } else {
            Operation::Update
        }
    }

    async fn run(self, managed: &Managed) -> StateAnswer {
        let operation = self.operation();
        let Change {
            prior,
            planned,
            config,
            private,
        } = self;
        match operation {
            Operation::Create => {
                managed
                    .resource
                    .create(CreateRequest {
                        config,
                        planned,
                        private,
                    })
                    .await
            }
            Operation::Update => {
                managed
                    .resource
                    .update(UpdateRequest {
                        config,
                        prior,
                        planned,
                        private,
                    })
                    .await
            }
            Operation::Delete => managed.resource.delete(DeleteRequest { prior, private }).await,
        }
    }
}

fn check(managed: &Managed, operation: Operation, planned: &Value, answer: &mut StateAnswer) {
    let absent = answer.state.is_null();
    let breaches = if answer.diagnostics.has_errors() {
        // Half an object is what a failed apply leaves; only its form matters.
        if absent {
            Vec::new()
        } else {
            conform::stored(&managed.schema, &answer.state)
        }
    } else if absent != (operation == Operation::Delete) {
        let what = if absent {
            "is gone without an error"
        } else {
            "is left without an error"
        };
        vec![conform::Breach {
            path: AttributePath::root(),
            what: what.to_owned(),
        }]
    } else if absent {
        Vec::new()
    } else {
        conform::applied(&managed.schema, planned, &answer.state)
    };
    let type_name = managed.resource.type_name();
    let report = |breach| conform::report(breach, operation.name(), type_name);
    answer
        .diagnostics
        .extend(breaches.into_iter().map(report).collect::<Diagnostics>());
}
