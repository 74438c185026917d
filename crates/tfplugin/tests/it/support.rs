//! What every test of the transport needs.

use std::path::PathBuf;

use tempfile::TempDir;
use tfplugin::client::{Ended, Launcher, Plugin};
use tfplugin::proto::tfplugin6::{apply_resource_change, read_resource};
use tokio::net::{UnixListener, UnixStream};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// The probe, which cargo builds beside the tests.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("examples/probe");
    assert!(
        program.exists(),
        "`{}` is missing: `cargo test` without `--test` builds it",
        program.display()
    );
    program
}

/// A private place for one test: the socket's directory, and the files by which the probe tells what it did.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        // A short name: the socket's path must fit.
        let place = Self {
            dir: tempfile::Builder::new().prefix("t").tempdir_in("/tmp").unwrap(),
        };
        std::fs::create_dir(place.sockets()).unwrap();
        place
    }

    pub(crate) fn sockets(&self) -> PathBuf {
        self.dir.path().join("k")
    }

    /// Exists once the waiting apply has ended.
    pub(crate) fn done(&self) -> PathBuf {
        self.dir.path().join("done")
    }

    /// Exists once the hook has run.
    pub(crate) fn closed(&self) -> PathBuf {
        self.dir.path().join("closed")
    }

    pub(crate) fn launcher(&self) -> Launcher {
        Launcher::new(program())
            .unwrap()
            .env("PLUGIN_UNIX_SOCKET_DIR", self.sockets())
            .env("PROBE_MEET", self.meeting_point())
            .env("PROBE_DONE", self.done())
            .env("PROBE_CLOSED", self.closed())
            .env("TF_LOG", "DEBUG")
    }

    pub(crate) async fn start(&self) -> Plugin {
        self.launcher().start().await.unwrap()
    }

    /// Where the waiting apply comes to.
    pub(crate) fn meeting(&self) -> UnixListener {
        UnixListener::bind(self.meeting_point()).unwrap()
    }

    /// No provider has left anything behind.
    pub(crate) fn assert_no_sockets(&self) {
        let left: Vec<_> = std::fs::read_dir(self.sockets())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    fn meeting_point(&self) -> PathBuf {
        self.dir.path().join("m")
    }
}

/// The provider's side of an apply that waits.
pub(crate) async fn arrival(meeting: &UnixListener) -> UnixStream {
    use tokio::io::AsyncReadExt as _;
    let (mut stream, _) = meeting.accept().await.unwrap();
    let mut word = [0; 8];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"applying");
    stream
}

/// Lets a waiting apply end.
pub(crate) async fn release(mut apply: UnixStream) {
    use tokio::io::AsyncWriteExt as _;
    apply.write_u8(1).await.unwrap();
}

pub(crate) fn apply(type_name: &str, private: Vec<u8>) -> apply_resource_change::Request {
    apply_resource_change::Request {
        type_name: type_name.into(),
        planned_private: private,
        ..Default::default()
    }
}

pub(crate) fn read(type_name: &str, private: &str) -> read_resource::Request {
    read_resource::Request {
        type_name: type_name.into(),
        private: private.into(),
        ..Default::default()
    }
}

/// Pings as a core does.
pub(crate) async fn ping(channel: Channel) -> Result<(), tonic::Status> {
    let request = HealthCheckRequest {
        service: "plugin".to_owned(),
    };
    let response = HealthClient::new(channel).check(request).await?.into_inner();
    assert_eq!(response.status(), ServingStatus::Serving);
    Ok(())
}

/// The lines that a core would parse; a line that it could not is a failure, and so is one that would make it panic.
pub(crate) fn log_lines(ended: &Ended) -> Vec<serde_json::Value> {
    let lines = ended.stderr.lines().filter(|line| !line.starts_with("panic: "));
    lines
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            for key in ["@level", "@message", "@module", "@timestamp"] {
                assert!(line[key].is_string(), "{key} in {line}");
            }
            let timestamp = line["@timestamp"].as_str().unwrap();
            let fraction = timestamp.strip_suffix('Z').unwrap().rsplit_once('.').unwrap().1;
            assert_eq!(fraction.len(), 6, "{timestamp}");
            line
        })
        .collect()
}

/// `kill` of the shell: sending a signal from Rust takes unsafe code or another dependency.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = std::process::Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}
