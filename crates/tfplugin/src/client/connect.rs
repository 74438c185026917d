//! Connections to a provider's socket.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::codegen::{Service, http::Uri};
use tonic::transport::{Channel, Endpoint};

use super::{ClientError, Identity};

/// What cores accept, and more than a provider sends.
const MESSAGE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How a client goes about TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Trusts `server` and presents `identity`, or no certificate.
    pub fn new(server: &CertificateDer<'_>, identity: Option<&Identity>) -> Result<Self, ClientError> {
        let mut roots = RootCertStore::empty();
        roots.add(server.clone().into_owned())?;
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let mut config = match identity {
            Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            config: Arc::new(config),
        })
    }

    /// Offers other application protocols than HTTP/2.
    #[must_use]
    pub fn with_alpn(&self, protocols: &[&str]) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Self {
            config: Arc::new(config),
        }
    }
}

/// Connects and finishes the client's half of the TLS handshake. In TLS 1.3 that succeeds before the provider has
/// looked at the client's certificate: a refusal shows on the first read.
pub async fn dial(socket: &Path, tls: &Tls) -> io::Result<TlsStream<UnixStream>> {
    let stream = UnixStream::connect(socket).await?;
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    TlsConnector::from(Arc::clone(&tls.config)).connect(name, stream).await
}

/// Opens a gRPC channel; without TLS when `tls` is `None`.
pub async fn channel(socket: &Path, tls: Option<&Tls>) -> Result<Channel, ClientError> {
    let connector = Connector {
        socket: socket.to_path_buf(),
        tls: tls.cloned(),
    };
    // The name in the address is never resolved: the connector knows where to go.
    Ok(Endpoint::from_static("http://localhost")
        .connect_with_connector(connector)
        .await?)
}

/// The provider's client with the core's limits.
pub(super) fn provider(channel: Channel) -> crate::proto::tfplugin6::provider_client::ProviderClient<Channel> {
    crate::proto::tfplugin6::provider_client::ProviderClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}

#[derive(Clone)]
struct Connector {
    socket: PathBuf,
    tls: Option<Tls>,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let Self { socket, tls } = self.clone();
        Box::pin(async move {
            let stream: Box<dyn Stream> = match tls {
                Some(tls) => Box::new(dial(&socket, &tls).await?),
                None => Box::new(UnixStream::connect(&socket).await?),
            };
            Ok(TokioIo::new(stream))
        })
    }
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Stream for T {}
