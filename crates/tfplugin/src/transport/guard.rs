//! What stands before every service: the peer is asked for again, and mutating calls cannot be cut.
//!
//! The server drops a handler when its connection goes. For a read that is right; an apply would stop at its next
//! await with a remote object half made. Handlers that change something therefore run as tasks of their own which the
//! end of the process waits for, and a provider's author writes plain async functions.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;

use super::connection::Peer;
use super::life::{Life, Work};
use crate::log;

/// The calls that change something outside of the process, sorted.
const MUTATING: [&str; 9] = [
    "ApplyResourceChange",
    "CloseEphemeralResource",
    "DeleteState",
    "InvokeAction",
    "LockState",
    "OpenEphemeralResource",
    "RenewEphemeralResource",
    "UnlockState",
    "WriteStateBytes",
];

/// A service behind the guard.
#[derive(Debug, Clone)]
pub(super) struct Guarded<S> {
    inner: S,
    admitted: Peer,
    life: Life,
}

impl<S> Guarded<S> {
    pub(super) fn new(inner: S, admitted: Peer, life: Life) -> Self {
        Self { inner, admitted, life }
    }
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

/// Work that the process does not end before. Every mutating call finds one in its request: a handler whose work goes
/// on after its answer has begun hands a clone to it.
#[derive(Debug, Clone)]
pub(crate) struct InFlight(#[expect(dead_code, reason = "only its end matters")] Arc<Work>);

impl InFlight {
    fn new(life: &Life) -> Self {
        Self(Arc::new(life.work()))
    }
}

type Reply = Result<http::Response<Body>, Infallible>;

impl<S> Service<http::Request<Body>> for Guarded<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        // INVARIANT: no handler runs for a peer other than the admitted one.
        if request.extensions().get::<Peer>() != Some(&self.admitted) {
            log::error("a call from a peer that was not admitted was refused", &[]);
            return Box::pin(ready(Ok(
                Status::permission_denied("the peer is not the core").into_http()
            )));
        }
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let mutating = MUTATING.contains(&method.as_str());
        let in_flight = mutating.then(|| InFlight::new(&self.life));
        if let Some(in_flight) = &in_flight {
            request.extensions_mut().insert(in_flight.clone());
        }
        let handler = self.inner.call(request);
        if let Some(in_flight) = in_flight {
            Box::pin(uncut(handler, method, in_flight, &self.life))
        } else {
            Box::pin(cuttable(handler, method))
        }
    }
}

/// Runs a handler to its end whatever becomes of the caller.
fn uncut<F>(handler: F, method: String, in_flight: InFlight, life: &Life) -> impl Future<Output = Reply> + Send + use<F>
where
    F: Future<Output = Reply> + Send + 'static,
{
    let answer = life.answer();
    let task = tokio::spawn(async move {
        let _in_flight = in_flight;
        handler.await
    });
    async move {
        let reply = join(task.await, &method);
        if reply.as_ref().is_ok_and(succeeded) {
            answer.given();
        }
        reply
    }
}

/// Runs a handler that ends with its caller. It is a task all the same: a panic costs one call and not the connection.
async fn cuttable<F>(handler: F, method: String) -> Reply
where
    F: Future<Output = Reply> + Send + 'static,
{
    let mut task = AbortOnDrop(tokio::spawn(handler));
    let joined = (&mut task.0).await;
    join(joined, &method)
}

/// A core keeps nothing of a call that failed: an error in the headers is an answer that was not given.
fn succeeded(response: &http::Response<Body>) -> bool {
    response.headers().get("grpc-status").is_none_or(|status| status == "0")
}

fn join(joined: Result<Reply, tokio::task::JoinError>, method: &str) -> Reply {
    joined.unwrap_or_else(|_| {
        Ok(Status::internal(format!(
            "the provider panicked in `{method}`: this is a bug in the provider"
        ))
        .into_http())
    })
}

struct AbortOnDrop(JoinHandle<Reply>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutating_call_is_one_of_the_protocol() {
        let wire = include_str!("../../proto/tfplugin6.10.proto");
        assert!(MUTATING.is_sorted());
        for method in MUTATING {
            assert!(wire.contains(&format!("rpc {method}(")), "{method}");
        }
    }

    #[test]
    fn an_error_is_no_answer() {
        assert!(succeeded(&http::Response::new(Body::empty())));
        assert!(!succeeded(&Status::internal("x").into_http()));
    }
}
