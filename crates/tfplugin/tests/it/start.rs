//! How a provider starts, and how it refuses to.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use tokio::io::AsyncReadExt as _;

use crate::support::{Place, apply, ping, program, signal};

#[tokio::test]
async fn a_core_is_answered_as_go_plugin_answers() {
    let place = Place::new();
    let plugin = place.start().await;

    let fields: Vec<&str> = plugin.line().strip_suffix('\n').unwrap().split('|').collect();
    let socket = plugin.socket().to_str().unwrap().to_owned();
    assert_eq!(fields[..5], ["1", "6", "unix", socket.as_str(), "grpc"]);
    assert!(
        fields.len() == 6 && fields[5].len() > 50 && !fields[5].contains('='),
        "{fields:?}"
    );

    let dir = plugin.socket().parent().unwrap();
    assert_eq!(dir.parent(), Some(place.sockets().as_path()));
    assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert!(plugin.socket().metadata().unwrap().file_type().is_socket());

    ping(plugin.channel().unwrap()).await.unwrap();
    let streams = plugin.open_streams().await.unwrap();
    let ended = plugin.shutdown().await.unwrap();
    drop(streams);
    assert!(ended.status.success());
    assert_eq!(ended.stdout, "", "nothing follows the handshake");
}

#[tokio::test]
async fn an_unwritten_call_is_unimplemented_and_a_large_message_passes() {
    let place = Place::new();
    let plugin = place.start().await;
    let mut provider = plugin.provider().unwrap();
    let status = provider
        .get_metadata(tfplugin::proto::tfplugin6::get_metadata::Request {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unimplemented);

    let private: Vec<u8> = (0..=u8::MAX).cycle().take(20 << 20).collect();
    let response = provider
        .apply_resource_change(apply("probe_echo", private.clone()))
        .await
        .unwrap();
    assert!(response.into_inner().private == private, "20 MiB came back changed");
    plugin.shutdown().await.unwrap();
}

#[tokio::test]
async fn without_what_a_core_sends_it_says_so_and_ends() {
    let place = Place::new();
    let long = format!("/tmp/{}", "x".repeat(100));
    let launcher = || place.launcher();
    let cases = [
        (
            launcher().without_env("TF_PLUGIN_MAGIC_COOKIE"),
            "this binary is a provider",
        ),
        (
            launcher().env("TF_PLUGIN_MAGIC_COOKIE", "other"),
            "this binary is a provider",
        ),
        (
            launcher().without_env("PLUGIN_CLIENT_CERT"),
            "unset `TF_DISABLE_PLUGIN_TLS`",
        ),
        (
            launcher().env("PLUGIN_CLIENT_CERT", "x"),
            "`PLUGIN_CLIENT_CERT` does not hold exactly one PEM certificate",
        ),
        (launcher().env("PLUGIN_PROTOCOL_VERSIONS", "5"), "the core offers `5`"),
        (launcher().without_env("PLUGIN_PROTOCOL_VERSIONS"), "plugin protocol 6"),
        (
            launcher().env("PLUGIN_UNIX_SOCKET_DIR", &long),
            "`PLUGIN_UNIX_SOCKET_DIR`) to a directory with a short plain name",
        ),
        (
            launcher().env("PLUGIN_UNIX_SOCKET_DIR", "/tmp/there/is/none"),
            "`/tmp/there/is/none`",
        ),
    ];
    for (launcher, message) in cases {
        let output = launcher.output().await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(output.stdout.is_empty(), "{message}");
        assert!(stderr.contains(message), "`{message}` is not in `{stderr}`");
        assert!(!stderr.contains("panic"), "{stderr}");
    }
    place.assert_no_sockets();
}

#[tokio::test]
async fn a_developer_may_attach_a_core() {
    let place = Place::new();
    // TMPDIR and not the core's variable: no core started this one.
    let launcher = place
        .launcher()
        .arg("--debug")
        .env("TMPDIR", place.sockets())
        .without_env("TF_PLUGIN_MAGIC_COOKIE");
    let (mut child, mut stdout, _stderr, line) = launcher.first_line().await.unwrap();
    let json = line
        .strip_prefix("export TF_REATTACH_PROVIDERS='")
        .unwrap()
        .strip_suffix("'\n")
        .unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let provider = &json["registry.terraform.io/test/probe"];
    assert_eq!(provider["Pid"], child.id().unwrap());
    let socket = provider["Addr"]["String"].as_str().unwrap();

    let channel = tfplugin::client::channel(socket.as_ref(), None).await.unwrap();
    ping(channel).await.unwrap();
    signal(child.id().unwrap(), "INT");
    assert!(child.wait().await.unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "");
    place.assert_no_sockets();
}

/// Seeding from CPU jitter makes every start ten times slower; docs/design/0002-startup-entropy.md.
#[test]
fn the_build_leaves_the_jitter_collector_out() {
    let program = std::fs::read(program()).unwrap();
    let text = String::from_utf8_lossy(&program);
    let holds = |symbol: &str| text.contains(symbol);
    assert!(holds("EC_KEY_generate_key"), "the binary has no symbols to look at");
    assert!(
        !holds("jent_entropy_collector"),
        "`AWS_LC_SYS_NO_JITTER_ENTROPY` of .cargo/config.toml did not reach the build script of aws-lc-sys"
    );
}
