//! A provider's process from start to end.
//!
//! The order matters: listen, then announce, then serve; at the end remove the socket first, so that a core which
//! loses patience and kills the process leaves nothing behind.

use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;

use super::connection::{Connection, Peer};
use super::control::{Broker, Controller, Stdio};
use super::guard::Guarded;
use super::handshake::{self, Offer, Refusal};
use super::life::{End, Life};
use super::listener::{self, PrivateSocket, SocketError};
use super::tls::{self, ServerIdentity};
use super::{panics, reattach, signals};
use crate::log;
use crate::proto::plugin::grpc_broker_server::GrpcBrokerServer;
use crate::proto::plugin::grpc_controller_server::GrpcControllerServer;
use crate::proto::plugin::grpc_stdio_server::GrpcStdioServer;
use crate::proto::tfplugin6::provider_server::{Provider, ProviderServer};

/// The largest message either way: what providers written in Go take. gRPC's own default is 4 MiB, and states are
/// larger.
const MESSAGE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The service that the core pings.
const HEALTH_SERVICE: &str = "plugin";
/// How long work may go on after the core is gone.
const WORK_LIMIT: Duration = Duration::from_mins(10);
/// How long connections may take to close once the services have ended.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);
/// How long the hook may take: the core kills the process two seconds after it asked.
const HOOK_LIMIT: Duration = Duration::from_millis(1200);
/// Admitted connections that wait for the server.
const CONNECTIONS_WAITING_MAX: usize = 16;

type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// How to serve.
pub struct ServeOptions {
    address: String,
    debug: bool,
    on_shutdown: Option<Hook>,
}

impl ServeOptions {
    /// Options for the provider at `address`, for example `registry.terraform.io/hashicorp/random`. Its last part names
    /// the provider in logs and in `TF_LOG_PROVIDER_<NAME>`.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            debug: false,
            on_shutdown: None,
        }
    }

    /// Serves whoever reaches the socket, without TLS, and prints how to attach a core to it: for a debugger.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }

    /// Runs `hook` for at most 1.2 s when the core has asked the process to end and every mutating call was answered:
    /// the moment at which the core is known to have what those calls returned. It does not run when the core was
    /// killed, or when an answer was lost or an error.
    #[must_use]
    pub fn on_shutdown<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.on_shutdown = Some(Box::new(move || Box::pin(hook())));
        self
    }

    fn name(&self) -> &str {
        self.address.rsplit('/').next().unwrap_or("provider")
    }
}

impl fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeOptions")
            .field("address", &self.address)
            .field("debug", &self.debug)
            .field("on_shutdown", &self.on_shutdown.is_some())
            .finish()
    }
}

/// Why a provider ends without having served.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    Refusal(#[from] Refusal),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error("start the async runtime: {0}")]
    Runtime(io::Error),
    #[error("handle signals: {0}")]
    Signals(io::Error),
    #[error("make the provider's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("tell the core where the socket is: {0}")]
    Announce(io::Error),
    #[error("serve: {0}")]
    Serve(#[from] tonic::transport::Error),
}

/// Serves the protocol until the core ends the provider or is gone, and returns the process's exit code.
///
/// It takes over the process: standard output (one line, then silence), signals, the panic hook. Calls that change
/// something run to their end even when the core is killed meanwhile; the process waits for them.
pub fn serve_service<P: Provider>(provider: P, options: ServeOptions) -> ExitCode {
    panics::install();
    log::init(options.name());
    match start(provider, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not a log line: the core shows stderr as it is when a provider does not start.
            let _ = writeln!(io::stderr().lock(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn start<P: Provider>(provider: P, options: ServeOptions) -> Result<(), ServeError> {
    let offer = if options.debug {
        None
    } else {
        Some(Offer::read(|key| std::env::var_os(key))?)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Runtime)?;
    let ended = runtime.block_on(async {
        match offer {
            Some(offer) => serve_core(provider, offer, options).await,
            None => serve_developer(provider, options).await,
        }
    });
    // Tasks that are still parked must not hold the exit up.
    runtime.shutdown_background();
    ended
}

async fn serve_core<P: Provider>(provider: P, offer: Offer, options: ServeOptions) -> Result<(), ServeError> {
    signals::outlive_the_terminal().map_err(ServeError::Signals)?;
    let mut terminations = signals::terminations().map_err(ServeError::Signals)?;
    let life = Life::new();

    let identity = ServerIdentity::generate()?;
    let (socket, listener) = PrivateSocket::bind(offer.socket_dir.as_deref())?;
    let announcement = handshake::line(socket.path(), &identity.certificate);
    let config = Arc::new(tls::server_config(identity, offer.certificate.clone())?);

    let (admitted, incoming) = mpsc::channel(CONNECTIONS_WAITING_MAX);
    let peer = Peer::Core(offer.certificate.clone());
    let door = tokio::spawn(listener::admit_core(
        listener,
        config,
        offer.certificate,
        life.clone(),
        admitted,
    ));
    let server = tokio::spawn(serve_services(provider, peer, life.clone(), incoming));
    announce(&announcement)?;

    let end = tokio::select! {
        end = life.asked() => end,
        end = life.abandoned() => end,
        _ = terminations.recv() => End::Terminated,
    };
    log::debug("the provider ends", &[("reason", format!("{end:?}").into())]);
    door.abort();
    socket.remove();
    finish(end, &life, server, options.on_shutdown).await
}

async fn serve_developer<P: Provider>(provider: P, options: ServeOptions) -> Result<(), ServeError> {
    let mut interrupts = signals::interrupts().map_err(ServeError::Signals)?;
    let mut terminations = signals::terminations().map_err(ServeError::Signals)?;
    let life = Life::new();
    let (socket, listener) = PrivateSocket::bind(None)?;

    let (admitted, incoming) = mpsc::channel(CONNECTIONS_WAITING_MAX);
    let door = tokio::spawn(listener::admit_developer(listener, life.clone(), admitted));
    let server = tokio::spawn(serve_services(provider, Peer::Developer, life.clone(), incoming));
    announce(&reattach::export(&options.address, socket.path()))?;

    tokio::select! {
        _ = interrupts.recv() => {}
        _ = terminations.recv() => {}
    }
    door.abort();
    socket.remove();
    finish(End::Terminated, &life, server, None).await
}

/// The line must be complete and out before the core's patience ends, and it is the only one.
fn announce(line: &str) -> Result<(), ServeError> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(ServeError::Announce)
}

async fn serve_services<P, IO>(
    provider: P,
    peer: Peer,
    life: Life,
    incoming: mpsc::Receiver<io::Result<Connection<IO>>>,
) -> Result<(), tonic::transport::Error>
where
    P: Provider,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (health, health_server) = tonic_health::server::health_reporter();
    health
        .set_service_status(HEALTH_SERVICE, tonic_health::ServingStatus::Serving)
        .await;
    let provider = ProviderServer::new(provider)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let controller = GrpcControllerServer::new(Controller(life.clone()));
    let broker = GrpcBrokerServer::new(Broker(life.clone()));
    let stdio = GrpcStdioServer::new(Stdio(life.clone()));
    Server::builder()
        .add_service(Guarded::new(provider, peer.clone(), life.clone()))
        .add_service(Guarded::new(controller, peer.clone(), life.clone()))
        .add_service(Guarded::new(broker, peer.clone(), life.clone()))
        .add_service(Guarded::new(stdio, peer.clone(), life.clone()))
        .add_service(Guarded::new(health_server, peer, life.clone()))
        .serve_with_incoming_shutdown(ReceiverStream::new(incoming), async move { life.closing().await })
        .await
}

/// Lets work end, then the services, then runs the hook if the core has everything it was owed.
async fn finish(
    end: End,
    life: &Life,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
    hook: Option<Hook>,
) -> Result<(), ServeError> {
    if timeout(WORK_LIMIT, life.idle()).await.is_err() {
        log::error(
            "work was still in flight long after the core had gone, and was cut",
            &[],
        );
    }
    life.close();
    let closed = timeout(CLOSE_LIMIT, server);
    let hooked = async {
        if let (End::Asked { answered: true }, Some(hook)) = (end, hook)
            && timeout(HOOK_LIMIT, hook()).await.is_err()
        {
            log::warn("what the provider does before it ends took too long and was cut", &[]);
        }
    };
    match tokio::join!(closed, hooked).0 {
        Ok(Ok(result)) => Ok(result?),
        // A connection that does not close, or a server task that panicked (the hook has said so), ends with us.
        Ok(Err(_)) | Err(_) => Ok(()),
    }
}
