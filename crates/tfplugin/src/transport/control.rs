//! go-plugin's own services: the controller, which ends the process, and two streams that are opened and never used.
//!
//! The core opens the broker's and the stdio stream on every connection and logs a warning when they are missing.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::life::Life;
use crate::proto::plugin::grpc_broker_server::GrpcBroker;
use crate::proto::plugin::grpc_controller_server::GrpcController;
use crate::proto::plugin::grpc_stdio_server::GrpcStdio;
use crate::proto::plugin::{ConnInfo, Empty, StdioData};

/// The controller.
#[derive(Debug)]
pub(super) struct Controller(pub(super) Life);

#[async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.0.ask();
        Ok(Response::new(Empty {}))
    }
}

/// The broker: it would carry connections from the provider to the core, which protocol 6 has none of.
#[derive(Debug)]
pub(super) struct Broker(pub(super) Life);

#[async_trait]
impl GrpcBroker for Broker {
    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<BoxStream<ConnInfo>>, Status> {
        Ok(Response::new(Box::pin(Parked::new(&self.0, request))))
    }
}

/// Stdio: it would carry what a provider prints, which is nothing, since logs go to stderr.
#[derive(Debug)]
pub(super) struct Stdio(pub(super) Life);

#[async_trait]
impl GrpcStdio for Stdio {
    async fn stream_stdio(&self, request: Request<()>) -> Result<Response<BoxStream<StdioData>>, Status> {
        Ok(Response::new(Box::pin(Parked::new(&self.0, request))))
    }
}

/// A stream that says nothing and ends with the process's services.
#[derive(Debug)]
struct Parked<T>(mpsc::Receiver<Result<T, Status>>);

impl<T: Send + 'static> Parked<T> {
    /// Keeps `held` (the caller's half) until the stream ends.
    fn new(life: &Life, held: impl Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let life = life.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = life.closing() => {}
                () = sender.closed() => {}
            }
            drop(held);
        });
        Self(receiver)
    }
}

impl<T> Stream for Parked<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}
