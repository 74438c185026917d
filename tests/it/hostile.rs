//! Local processes that reach the socket of a running provider are refused, while the real core goes on undisturbed.
//!
//! The core is held in the middle of an apply by a gate in the configuration itself, so that the provider under attack
//! is the one that a real core started and is using.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use support::gate::Gate;
use support::{Core, Outcome, Stack, programs};
use tfplugin::client::{Identity, Launcher, Tls, channel, handshake};
use tfplugin::proto::tfplugin6::get_provider_schema::Request;
use tfplugin::proto::tfplugin6::provider_client::ProviderClient;

use crate::fixtures::{identity, named};

support::legs!(impostors_are_refused_while_the_core_goes_on);

/// What a watched provider of a real core shows: its handshake line, and the certificate of its core.
struct Watched {
    socket: PathBuf,
    line: String,
    core_certificate: String,
}

/// A provider that notes its handshake on the way to the core.
fn watching_provider(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let provider = programs::file("terraform-provider-nhi")?;
    let (notes, provider) = (folder.display(), provider.display());
    let script = format!(
        "#!/bin/sh\nprintf '%s' \"$PLUGIN_CLIENT_CERT\" > '{notes}'/$$.pem\n'{provider}' \"$@\" | tee '{notes}'/$$.line\n"
    );
    let path = folder.join("terraform-provider-nhi");
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// The one provider that is alive: those that have ended took their sockets along.
fn watched(folder: &Path) -> anyhow::Result<Watched> {
    let mut alive = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "line") {
            continue;
        }
        let line = std::fs::read_to_string(&path)?;
        let (socket, _) = handshake(&line).with_context(|| format!("`{line}` is no handshake"))?;
        if socket.exists() {
            let core_certificate = std::fs::read_to_string(path.with_extension("pem"))?;
            alive.push(Watched {
                socket,
                line,
                core_certificate,
            });
        }
    }
    ensure!(alive.len() == 1, "{} providers are alive, not one", alive.len());
    alive.pop().context("one is alive")
}

/// Asks the provider for its schema as this client; `None` is one without a certificate.
async fn admitted(line: &str, client: Option<&Identity>) -> anyhow::Result<bool> {
    let (socket, certificate) = handshake(line).context("a handshake line")?;
    let tls = Tls::new(&certificate, client)?;
    // In TLS 1.3 a refusal shows on the first read: only an answer counts.
    let Ok(channel) = channel(&socket, Some(&tls)).await else {
        return Ok(false);
    };
    Ok(ProviderClient::new(channel)
        .get_provider_schema(Request {})
        .await
        .is_ok())
}

async fn without_tls(socket: &Path) -> anyhow::Result<bool> {
    let Ok(channel) = channel(socket, None).await else {
        return Ok(false);
    };
    Ok(ProviderClient::new(channel)
        .get_provider_schema(Request {})
        .await
        .is_ok())
}

async fn attack(watched: &Watched) -> Outcome {
    let own = Identity::core()?;
    let thief = Identity::stolen(&watched.core_certificate, &own).context("the core's certificate is not PEM")?;
    let impostors = [
        ("another P-521 certificate", Some(own.clone())),
        ("a P-256 certificate", Some(Identity::p256()?)),
        ("no certificate", None),
        ("the core's certificate and another key", Some(thief.clone())),
        ("the core's certificate as its issuer", Some(Identity::below(&thief)?)),
        ("the core's certificate behind its own", Some(thief.behind(&own))),
        ("the core's certificate before its own", Some(own.behind(&thief))),
    ];
    for round in 0..3 {
        for (who, impostor) in &impostors {
            ensure!(
                !admitted(&watched.line, impostor.as_ref()).await?,
                "round {round}: {who} was admitted"
            );
        }
        ensure!(
            !without_tls(&watched.socket).await?,
            "round {round}: a client without TLS was admitted"
        );
    }
    Ok(())
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?)
}

fn impostors_are_refused_while_the_core_goes_on(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let notes = tempfile::tempdir()?;
    watching_provider(notes.path())?;
    stack.use_provider_in(notes.path())?;
    let gate = Gate::new(&stack)?;
    let late = named(
        "late",
        &[("name", r#""orders-late""#), ("depends_on", "[terraform_data.gate]")],
    );
    stack.main(&format!("{}{}{late}", identity(&[]), gate.block("nhi_identity.this")))?;

    let apply = stack.start(&["apply", "-no-color", "-auto-approve"])?;
    gate.reached()?;
    let result = watched(notes.path()).and_then(|watched| runtime()?.block_on(attack(&watched)));
    gate.open()?;
    let ran = apply.wait()?;
    result?;
    ran.succeeds()?.says(&["3 added"])?;
    stack.plans_empty()?;
    Ok(())
}

/// The control of the test above: the same call with the right certificate and key is answered.
#[test]
fn the_right_client_is_admitted() -> Outcome {
    runtime()?.block_on(async {
        let folder = tempfile::tempdir()?;
        let plugin = Launcher::new(programs::file("terraform-provider-nhi")?)?
            .dir(folder.path())
            .start()
            .await?;
        ensure!(
            admitted(plugin.line(), Some(plugin.identity())).await?,
            "the core itself was refused"
        );
        ensure!(!admitted(plugin.line(), None).await?, "no certificate was admitted");
        let ended = plugin.shutdown().await?;
        ensure!(ended.status.success() && ended.stdout.is_empty(), "{ended:?}");
        Ok(())
    })
}
