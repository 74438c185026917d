//! A provider on the raw wire types that does what a test asks of it: waits in an apply, panics, echoes.
//!
//! It shows that the transport needs nothing of the rest of the crate, and it is the process that the tests of the
//! transport start. A resource type `probe_meet` connects to the unix socket that `PROBE_MEET` names, says `applying`,
//! waits for a byte, and then writes the file that `PROBE_DONE` names: a test decides when an apply may end.

use std::path::PathBuf;
use std::process::ExitCode;

use tfplugin::proto::tfplugin6::provider_server::Provider;
use tfplugin::proto::tfplugin6::{apply_resource_change, diagnostic, read_resource, stop_provider};
use tfplugin::{ServeOptions, log, serve_service};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tonic::{Request, Response, Status, async_trait};

struct Probe;

#[async_trait]
impl Provider for Probe {
    async fn apply_resource_change(
        &self,
        request: Request<apply_resource_change::Request>,
    ) -> Result<Response<apply_resource_change::Response>, Status> {
        let request = request.into_inner();
        log::info("applying", &[("type", request.type_name.as_str().into())]);
        match request.type_name.as_str() {
            "probe_meet" => meet().await.map_err(|error| Status::internal(error.to_string()))?,
            "probe_fail" => return Err(Status::internal("asked to fail")),
            _ => {}
        }
        let echo = apply_resource_change::Response {
            private: request.planned_private,
            ..Default::default()
        };
        Ok(Response::new(echo))
    }

    #[expect(clippy::panic, reason = "a test asks for it")]
    async fn read_resource(
        &self,
        request: Request<read_resource::Request>,
    ) -> Result<Response<read_resource::Response>, Status> {
        let request = request.into_inner();
        match request.type_name.as_str() {
            "probe_panic" => panic!("a literal"),
            "probe_panic_with" => panic!("private: {}", String::from_utf8_lossy(&request.private)),
            _ => Ok(Response::new(read_resource::Response::default())),
        }
    }

    async fn stop_provider(
        &self,
        _request: Request<stop_provider::Request>,
    ) -> Result<Response<stop_provider::Response>, Status> {
        let severity = diagnostic::Severity::Warning;
        Ok(Response::new(stop_provider::Response {
            error: severity.as_str_name().to_owned(),
        }))
    }
}

async fn meet() -> std::io::Result<()> {
    let mut test = UnixStream::connect(path("PROBE_MEET")?).await?;
    test.write_all(b"applying").await?;
    test.read_u8().await?;
    std::fs::write(path("PROBE_DONE")?, "applied")
}

fn path(variable: &str) -> std::io::Result<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| std::io::Error::other(format!("`{variable}` is not set")))
}

fn main() -> ExitCode {
    let options = ServeOptions::new("registry.terraform.io/test/probe")
        .debug(std::env::args_os().any(|arg| arg == "--debug"))
        .on_shutdown(|| async {
            if let Ok(path) = path("PROBE_CLOSED") {
                // Without the file the test fails, which says enough.
                let _ = std::fs::write(path, "closed");
            }
        });
    serve_service(Probe, options)
}
