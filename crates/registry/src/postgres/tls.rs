//! TLS to the server, by the one crypto provider of this project: the server's name is always verified.
//!
//! The channel is not bound into SCRAM: the certificate is verified by name against the roots, so that nobody who
//! could stand between holds a certificate to bind.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;

/// Where systems keep the certificates that they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// The files that TLS takes its certificates from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Files {
    /// The roots; those of the system where none is named.
    pub(super) roots: Option<PathBuf>,
    /// The certificate and the key of this client.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

/// Makes TLS connections.
#[derive(Clone)]
pub(super) struct MakeTls(Arc<ClientConfig>);

impl MakeTls {
    /// Reads the certificates; the path in an error is the file that is wrong.
    pub(super) fn new(files: &Files) -> Result<Self, (PathBuf, io::Error)> {
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| (PathBuf::new(), io::Error::other(error)))?
            .with_root_certificates(roots(files)?);
        let config = match &files.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let read = PrivateKeyDer::from_pem_file(key).map_err(|error| (key.clone(), io::Error::other(error)))?;
                builder
                    .with_client_auth_cert(chain, read)
                    .map_err(|error| (certificate.clone(), io::Error::other(error)))?
            }
        };
        Ok(Self(Arc::new(config)))
    }
}

fn roots(files: &Files) -> Result<RootCertStore, (PathBuf, io::Error)> {
    let from_environment = || std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let of_system = || SYSTEM_ROOTS.iter().map(PathBuf::from).find(|path| path.exists());
    let file = files.roots.clone().or_else(from_environment).or_else(of_system);
    let file = file.ok_or_else(|| {
        let reason = "no certificates of the system were found: name a file with `sslrootcert`";
        (
            PathBuf::from("sslrootcert"),
            io::Error::new(io::ErrorKind::NotFound, reason),
        )
    })?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(&file)?);
    if roots.is_empty() {
        return Err((
            file,
            io::Error::new(io::ErrorKind::InvalidData, "it holds no certificate"),
        ));
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, (PathBuf, io::Error)> {
    let at = |error| (file.to_owned(), io::Error::other(error));
    let found = CertificateDer::pem_file_iter(file).map_err(at)?;
    found.collect::<Result<_, _>>().map_err(at)
}

impl<S> MakeTlsConnect<S> for MakeTls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Connect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Connect> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Connect {
            config: Arc::clone(&self.0),
            name,
        })
    }
}

/// One connection to be made.
pub(super) struct Connect {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl<S> TlsConnect<S> for Connect
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let stream = TlsConnector::from(self.config).connect(self.name, stream).await?;
            Ok(Stream(Box::new(stream)))
        })
    }
}

/// An encrypted stream.
pub(super) struct Stream<S>(Box<tokio_rustls::client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    fn inner(self: Pin<&mut Self>) -> Pin<&mut tokio_rustls::client::TlsStream<S>> {
        Pin::new(&mut *self.get_mut().0)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_shutdown(cx)
    }
}
