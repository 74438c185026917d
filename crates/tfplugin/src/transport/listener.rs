//! The socket in its private directory, and the door before the gRPC server.
//!
//! Each connection proves itself in its own task under a time limit: a slow or hostile client delays nobody, and its
//! failure never enters the stream that the server accepts from.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::{Connection, Peer};
use super::life::Life;
use super::tls;
use crate::log;

/// What a `sockaddr_un` holds on every system, less the closing zero: Linux takes 107 bytes, others 103.
const SOCKET_PATH_BYTES_MAX: usize = 103;
/// How long a client may take to prove itself.
const TLS_HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// How many clients may be proving themselves at once.
const TLS_HANDSHAKES_MAX: usize = 64;
/// The pause after a failed accept, so that a lack of descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// Where the socket goes when the usual directory's name is too long for one.
const SHORT_DIR: &str = "/tmp";

/// A listening socket in a directory of its own that nobody else may enter; both go when this drops.
#[derive(Debug)]
pub(super) struct PrivateSocket {
    dir: TempDir,
    path: PathBuf,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    #[error(
        "no directory for the socket: `{0}` has a name that is too long or that the handshake cannot carry\n\
         help: set `TMPDIR` (or `PLUGIN_UNIX_SOCKET_DIR`) to a directory with a short plain name"
    )]
    Name(PathBuf),
    #[error("make a private directory for the socket in `{0}`: {1}")]
    Directory(PathBuf, io::Error),
    #[error("listen on `{0}`: {1}")]
    Listen(PathBuf, io::Error),
}

impl PrivateSocket {
    /// Listens in `wanted`, or where the system keeps its temporary files. Runs inside the async runtime.
    pub(super) fn bind(wanted: Option<&Path>) -> Result<(Self, UnixListener), SocketError> {
        let usual = std::env::temp_dir();
        let parent = match wanted {
            Some(wanted) => wanted,
            None if has_room(&usual) => &usual,
            None => Path::new(SHORT_DIR),
        };
        if !has_room(parent) {
            return Err(SocketError::Name(parent.to_path_buf()));
        }
        let dir = tempfile::Builder::new()
            .prefix("tfp")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|error| SocketError::Directory(parent.to_path_buf(), error))?;
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).map_err(|error| SocketError::Listen(path.clone(), error))?;
        Ok((Self { dir, path }, listener))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the socket and its directory.
    pub(super) fn remove(self) {
        if let Err(error) = self.dir.close() {
            log::warn(
                "the socket's directory could not be removed",
                &[("error", error.to_string().into())],
            );
        }
    }
}

/// Whether a socket in a new directory under `parent` can be named in the handshake and bound.
fn has_room(parent: &Path) -> bool {
    let longest = parent.join("tfpXXXXXX").join("s");
    let Some(name) = longest.to_str() else { return false };
    longest.is_absolute() && name.len() <= SOCKET_PATH_BYTES_MAX && !name.contains(['|', '\n', '\r'])
}

/// Admits the holder of the pinned certificate and nobody else, until the task is dropped.
pub(super) async fn admit_core(
    listener: UnixListener,
    config: Arc<ServerConfig>,
    pinned: CertificateDer<'static>,
    life: Life,
    admitted: mpsc::Sender<io::Result<Connection<TlsStream<UnixStream>>>>,
) {
    let acceptor = TlsAcceptor::from(config);
    let handshakes = Arc::new(Semaphore::new(TLS_HANDSHAKES_MAX));
    // The semaphore is never closed, so this ends only with the task.
    while let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await {
        let stream = accept(&listener).await;
        let (acceptor, pinned, life, admitted) = (acceptor.clone(), pinned.clone(), life.clone(), admitted.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match tokio::time::timeout(TLS_HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => match tls::admitted(stream.get_ref().1, &pinned) {
                    Some(certificate) => {
                        let connection = Connection::new(stream, Peer::Core(certificate), life.connection());
                        // Fails only when the server has ended.
                        let _ = admitted.send(Ok(connection)).await;
                    }
                    None => refused("it proved another identity than the core's, or does not speak HTTP/2"),
                },
                Ok(Err(error)) => refused(&error.to_string()),
                Err(_) => refused("it did not finish the TLS handshake in time"),
            }
        });
    }
}

/// Admits everybody who can reach the socket, until the task is dropped: for `--debug` only.
pub(super) async fn admit_developer(
    listener: UnixListener,
    life: Life,
    admitted: mpsc::Sender<io::Result<Connection<UnixStream>>>,
) {
    loop {
        let connection = Connection::new(accept(&listener).await, Peer::Developer, life.connection());
        if admitted.send(Ok(connection)).await.is_err() {
            return;
        }
    }
}

async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                log::warn(
                    "a connection could not be accepted",
                    &[("error", error.to_string().into())],
                );
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn refused(reason: &str) {
    log::warn("a client was refused", &[("reason", reason.into())]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_room_for_a_socket_or_not() {
        let longest = format!("/{}", "x".repeat(SOCKET_PATH_BYTES_MAX - 1 - "/tfpXXXXXX/s".len()));
        let cases = [
            ("/tmp", true),
            ("/var/folders/zz/with space", true),
            (longest.as_str(), true),
            (&format!("{longest}x"), false),
            ("relative", false),
            ("/tmp/a|b", false),
            ("/tmp/a\nb", false),
        ];
        for (dir, room) in cases {
            assert_eq!(has_room(Path::new(dir)), room, "{dir}");
        }
    }

    #[tokio::test]
    async fn the_directory_is_private_and_goes_with_the_socket() {
        let parent = tempfile::tempdir().unwrap();
        let (socket, listener) = PrivateSocket::bind(Some(parent.path())).unwrap();
        let dir = socket.path().parent().unwrap().to_path_buf();
        assert_eq!(dir.parent(), Some(parent.path()));
        assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(listener);
        socket.remove();
        assert!(!dir.exists());
    }
}
