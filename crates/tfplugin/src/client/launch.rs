//! Starts a provider's process as a core does, and watches it end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::transport::Channel;

use super::connect::{self, Tls, channel};
use super::{ClientError, Identity};
use crate::proto::plugin::Empty;
use crate::proto::plugin::grpc_broker_client::GrpcBrokerClient;
use crate::proto::plugin::grpc_controller_client::GrpcControllerClient;
use crate::proto::plugin::grpc_stdio_client::GrpcStdioClient;
use crate::proto::tfplugin6::provider_client::ProviderClient;
use crate::transport::handshake::{CERTIFICATE_KEY, COOKIE_KEY, COOKIE_VALUE, VERSIONS_KEY};

/// Long enough for a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// How to start a provider. What is not changed is as a core does it.
#[derive(Debug)]
pub struct Launcher {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, Option<OsString>)>,
    dir: Option<PathBuf>,
    identity: Identity,
}

impl Launcher {
    /// Starts `program`.
    pub fn new(program: impl Into<PathBuf>) -> Result<Self, ClientError> {
        let identity = Identity::core()?;
        let env = [
            (COOKIE_KEY, COOKIE_VALUE),
            (VERSIONS_KEY, "6,5"),
            (CERTIFICATE_KEY, &identity.pem()),
            ("PLUGIN_MIN_PORT", "10000"),
            ("PLUGIN_MAX_PORT", "25000"),
        ];
        let env = env
            .into_iter()
            .map(|(key, value)| (key.into(), Some(value.into())))
            .collect();
        Ok(Self {
            program: program.into(),
            args: Vec::new(),
            env,
            dir: None,
            identity,
        })
    }

    /// Adds an argument, which no core does.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets a variable of the provider's environment.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), Some(value.into())));
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn without_env(mut self, key: impl Into<OsString>) -> Self {
        self.env.push((key.into(), None));
        self
    }

    /// Sets the provider's working directory.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Runs a provider that is expected to refuse, to its end.
    pub async fn output(&self) -> Result<Output, ClientError> {
        let output = self.command().output();
        let output = timeout(PATIENCE, output)
            .await
            .map_err(|_| ClientError::TooSlow("end"))?;
        output.map_err(|error| ClientError::Io("run the provider", error))
    }

    /// Starts the provider and reads its handshake.
    pub async fn start(self) -> Result<Plugin, ClientError> {
        let started = Instant::now();
        let (child, mut stdout, stderr, line) = self.first_line().await?;
        let start_time = started.elapsed();
        let Some((socket, certificate)) = handshake(&line) else {
            return Err(no_handshake(line, stderr).await);
        };
        let tls = Tls::new(&certificate, Some(&self.identity))?;
        let mut plugin = Plugin {
            child,
            stdout: None,
            stderr: None,
            line,
            socket,
            certificate,
            start_time,
            identity: self.identity,
            channel: None,
        };
        // Read on in the background, as a core does: a full pipe would stop the provider.
        plugin.stdout = Some(tokio::spawn(async move { read_to_end(&mut stdout).await }));
        plugin.stderr = Some(tokio::spawn(
            async move { read_to_end(&mut BufReader::new(stderr)).await },
        ));
        plugin.channel = Some(channel(&plugin.socket, Some(&tls)).await?);
        Ok(plugin)
    }

    /// Starts the provider and reads the first line it prints, whatever it is.
    pub async fn first_line(&self) -> Result<(Child, BufReader<ChildStdout>, ChildStderr, String), ClientError> {
        let mut child = self
            .command()
            .spawn()
            .map_err(|error| ClientError::Io("start the provider", error))?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(ClientError::Io(
                "start the provider",
                std::io::ErrorKind::BrokenPipe.into(),
            ));
        };
        let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
        let read = timeout(PATIENCE, stdout.read_line(&mut line)).await;
        read.map_err(|_| ClientError::TooSlow("shake hands"))?
            .map_err(|error| ClientError::Io("read the handshake", error))?;
        Ok((child, stdout, stderr, line))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        for (key, value) in &self.env {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        command
    }
}

/// A started provider with an open connection.
#[derive(Debug)]
pub struct Plugin {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    line: String,
    socket: PathBuf,
    certificate: CertificateDer<'static>,
    start_time: Duration,
    identity: Identity,
    channel: Option<Channel>,
}

impl Plugin {
    /// The handshake line as it was printed.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// From the start of the process to the handshake.
    pub fn start_time(&self) -> Duration {
        self.start_time
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Its certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// What the core that started it presents.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The connection that was opened at the start.
    pub fn channel(&self) -> Result<Channel, ClientError> {
        let gone = || ClientError::Io("use the connection", std::io::ErrorKind::NotConnected.into());
        self.channel.clone().ok_or_else(gone)
    }

    /// The provider's service.
    pub fn provider(&self) -> Result<ProviderClient<Channel>, ClientError> {
        Ok(connect::provider(self.channel()?))
    }

    /// Opens the broker's and the stdio stream as cores do, and keeps them open.
    pub async fn open_streams(&self) -> Result<impl Send + use<>, ClientError> {
        let (keep, outbound) = tokio::sync::mpsc::channel(1);
        let outbound = tokio_stream::wrappers::ReceiverStream::new(outbound);
        let broker = GrpcBrokerClient::new(self.channel()?).start_stream(outbound).await?;
        let stdio = GrpcStdioClient::new(self.channel()?).stream_stdio(()).await?;
        Ok((keep, broker, stdio))
    }

    /// Ends the provider as cores do: asks, hangs up, waits. Returns how it ended and all that it wrote to stderr.
    pub async fn shutdown(mut self) -> Result<Ended, ClientError> {
        GrpcControllerClient::new(self.channel()?).shutdown(Empty {}).await?;
        self.channel = None;
        self.ended().await
    }

    /// Goes as a killed core does: no word, no connection, nobody reading the output.
    pub async fn vanish(&mut self) {
        self.channel = None;
        for reader in [self.stdout.take(), self.stderr.take()].into_iter().flatten() {
            reader.abort();
            let _ = reader.await;
        }
    }

    /// Waits for the process to end.
    pub async fn ended(mut self) -> Result<Ended, ClientError> {
        let asked = Instant::now();
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .map_err(|_| ClientError::TooSlow("end"))?;
        let status = status.map_err(|error| ClientError::Io("wait for the provider", error))?;
        let took = asked.elapsed();
        let stdout = text(self.stdout.take()).await;
        let stderr = text(self.stderr.take()).await;
        Ok(Ended {
            status,
            took,
            stdout,
            stderr,
        })
    }
}

/// How a provider ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// How long it took.
    pub took: Duration,
    /// What it printed after the handshake: nothing, if it is well made.
    pub stdout: String,
    /// All that it wrote to stderr.
    pub stderr: String,
}

/// The socket and the certificate of a handshake line.
pub fn handshake(line: &str) -> Option<(PathBuf, CertificateDer<'static>)> {
    let mut fields = line.strip_suffix('\n')?.split('|');
    let head = [fields.next()?, fields.next()?, fields.next()?];
    let (socket, protocol, certificate) = (fields.next()?, fields.next()?, fields.next()?);
    let good = head == ["1", "6", "unix"] && protocol == "grpc" && fields.next().is_none();
    let certificate = STANDARD_NO_PAD.decode(certificate).ok()?;
    good.then(|| (PathBuf::from(socket), CertificateDer::from(certificate)))
}

async fn no_handshake(line: String, mut stderr: ChildStderr) -> ClientError {
    let stderr = timeout(PATIENCE, read_to_end(&mut stderr)).await.unwrap_or_default();
    ClientError::NoHandshake {
        line: line.trim_end().to_owned(),
        stderr,
    }
}

async fn read_to_end(source: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // What came before an error is still worth showing.
    let _ = source.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn text(reader: Option<JoinHandle<String>>) -> String {
    match reader {
        Some(reader) => reader.await.unwrap_or_default(),
        None => String::new(),
    }
}
