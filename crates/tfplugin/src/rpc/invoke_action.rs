//! `InvokeAction`: does what an action is for, and streams how it goes.
//!
//! The answer begins before the action ends, so what keeps the process alive for it is handed to its task.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Status;
use tonic::codegen::BoxStream;

use super::{Adapter, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::{Action, Progress};
use crate::transport::InFlight;
use crate::value::Value;

type Event = proto::invoke_action::Event;
type Events = mpsc::UnboundedSender<Result<Event, Status>>;

pub(super) fn answer<P>(
    adapter: &Adapter<P>,
    request: &proto::invoke_action::Request,
    in_flight: Option<InFlight>,
) -> BoxStream<Event> {
    let (events, stream) = mpsc::unbounded_channel();
    match find(adapter, request) {
        Ok((action, config)) => {
            tokio::spawn(run(action, config, events, in_flight));
        }
        Err(diagnostic) => send(&events, completed(diagnostic)),
    }
    Box::pin(UnboundedReceiverStream::new(stream))
}

fn find<P>(
    adapter: &Adapter<P>,
    request: &proto::invoke_action::Request,
) -> Result<(Arc<dyn Action>, Value), Diagnostic> {
    let entry = adapter.actions.find(&request.action_type)?;
    let config = wire::known_config(request.config.as_ref(), &entry.ty)?;
    Ok((Arc::clone(&entry.unit), config))
}

async fn run(action: Arc<dyn Action>, config: Value, events: Events, in_flight: Option<InFlight>) {
    let progress = Progress::new({
        let events = events.clone();
        move |message| send(&events, progressed(message))
    });
    // A task of its own: a panic must not leave the core without an end.
    let done = tokio::spawn(async move { action.invoke(config, &progress).await }).await;
    let diagnostics = done.unwrap_or_else(|_| {
        let detail = "What it was about may be done in part. This is a bug in the provider; please report it.";
        Diagnostic::error("The action broke off", detail).into()
    });
    send(&events, completed(diagnostics));
    drop(in_flight);
}

/// A core that has gone hears nothing, and the action goes on.
fn send(events: &Events, event: proto::invoke_action::event::Type) {
    let _ = events.send(Ok(Event { r#type: Some(event) }));
}

fn progressed(message: String) -> proto::invoke_action::event::Type {
    proto::invoke_action::event::Type::Progress(proto::invoke_action::event::Progress { message })
}

fn completed(diagnostics: impl Into<Diagnostics>) -> proto::invoke_action::event::Type {
    proto::invoke_action::event::Type::Completed(proto::invoke_action::event::Completed {
        diagnostics: wire::diagnostics(diagnostics),
    })
}
