//! Only the core that started a provider gets in.

use std::io::ErrorKind;

use tfplugin::client::{Identity, Tls, channel, dial};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::support::{Place, log_lines, ping};

#[tokio::test]
async fn hostile_clients_are_refused_and_the_core_is_undisturbed() {
    let place = Place::new();
    let plugin = place.start().await;
    let core = plugin.identity();
    let stranger = Identity::core().unwrap();
    let hostile = [
        ("another P-521 certificate", Some(stranger.clone())),
        ("a P-256 certificate", Some(Identity::p256().unwrap())),
        ("no certificate", None),
        (
            "the core's certificate with another key",
            Some(core.with_key_of(&stranger)),
        ),
        (
            "a leaf below the core's certificate",
            Some(Identity::below(core).unwrap()),
        ),
        ("the core's certificate behind another", Some(core.behind(&stranger))),
        ("the core's certificate before another", Some(stranger.behind(core))),
    ];
    for (who, identity) in &hostile {
        let tls = Tls::new(plugin.certificate(), identity.as_ref()).unwrap();
        assert_refused(&plugin, &tls, who).await;
        ping(plugin.channel().unwrap()).await.unwrap();
    }
    // The core's own identity, and yet not a core: gRPC over nothing but HTTP/2.
    for protocols in [&["http/1.1"][..], &[]] {
        let tls = Tls::new(plugin.certificate(), Some(core)).unwrap().with_alpn(protocols);
        assert_refused(&plugin, &tls, "the core without HTTP/2").await;
    }
    ping(plugin.channel().unwrap()).await.unwrap();

    // The near miss: the same client with the right identity gets in.
    let tls = Tls::new(plugin.certificate(), Some(core)).unwrap();
    ping(channel(plugin.socket(), Some(&tls)).await.unwrap()).await.unwrap();

    let refusals = hostile.len() * 2 + 4;
    let ended = plugin.shutdown().await.unwrap();
    let logged = log_lines(&ended)
        .iter()
        .filter(|line| line["@message"] == "a client was refused")
        .count();
    assert!(
        logged >= refusals,
        "{logged} of {refusals} refusals were logged: {}",
        ended.stderr
    );
}

/// In TLS 1.3 the client is done before the server has looked at its certificate: only a read tells.
async fn assert_refused(plugin: &tfplugin::client::Plugin, tls: &Tls, who: &str) {
    if let Ok(mut stream) = dial(plugin.socket(), tls).await {
        // The beginning of HTTP/2, which an admitted client sees answered.
        let _ = stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .await;
        let mut buffer = [0; 64];
        let error = match stream.read(&mut buffer).await {
            Ok(0) => ErrorKind::UnexpectedEof.into(),
            Ok(count) => panic!("{who}: {count} bytes came back"),
            Err(error) => error,
        };
        // An alert, or the pipe was closed before it could be read.
        let kind = error.kind();
        let refused = [
            ErrorKind::InvalidData,
            ErrorKind::BrokenPipe,
            ErrorKind::ConnectionReset,
            ErrorKind::UnexpectedEof,
        ];
        assert!(refused.contains(&kind), "{who}: {error}");
    }
    match channel(plugin.socket(), Some(tls)).await {
        Err(_) => {}
        Ok(channel) => assert!(ping(channel).await.is_err(), "{who}: the ping was answered"),
    }
}

#[tokio::test]
async fn plaintext_and_silence_are_refused() {
    let place = Place::new();
    let plugin = place.start().await;
    // Held open and silent to the end: it must not keep the provider from serving, or alive.
    let silent = UnixStream::connect(plugin.socket()).await.unwrap();

    let mut plain = UnixStream::connect(plugin.socket()).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    // At most a TLS alert (type 21), never HTTP/2.
    assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
    if let Ok(channel) = channel(plugin.socket(), None).await {
        assert!(ping(channel).await.is_err(), "plaintext was answered");
    }

    ping(plugin.channel().unwrap()).await.unwrap();
    let ended = plugin.shutdown().await.unwrap();
    assert!(ended.status.success() && ended.took.as_millis() < 1000, "{ended:?}");
    drop(silent);
    place.assert_no_sockets();
}
