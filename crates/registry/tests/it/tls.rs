//! TLS to a real server that shows a certificate of our own making: the right one is accepted, every other one refused.

use std::net::TcpListener;

use base64::Engine as _;
use nhi_registry::{Access, Location, Options, Registry, RegistryError, open};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

use crate::server::Server;
use crate::support::{Fixture, actor, assert_intact, declaration, nothing, trust_domain};

fn pem(what: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key of a server of this name, good until the end of that year.
fn certificate(authority: &Authority, name: &str, year: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(year, 12, 31);
    let signed = params.signed_by(&key, authority).unwrap();
    (
        pem("CERTIFICATE", signed.der()),
        pem("PRIVATE KEY", key.serialized_der()),
    )
}

fn reach(url: &str) -> Result<Box<dyn Registry>, RegistryError> {
    open(&Location::parse(url)?, Access::Create, Options::default())
}

#[test]
fn only_the_right_certificate_is_accepted() {
    let Some(server) = Server::start() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (ours, others) = (authority("Ours"), authority("Theirs"));
    let roots = scratch.path().join("roots.pem");
    std::fs::write(&roots, pem("CERTIFICATE", ours.der())).unwrap();
    let database = server.database();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = |host: &str, more: &str| {
        let roots = roots.display();
        format!("postgres://nhi@{host}:{port}/{database}?sslrootcert={roots}&sslmode=verify-full{more}")
    };
    // Each with what has to be said of it; nothing where it is accepted.
    let cases = [
        (
            "the right one",
            certificate(&ours, "localhost", 2099),
            "localhost",
            None,
        ),
        (
            "by its address",
            certificate(&ours, "127.0.0.1", 2099),
            "127.0.0.1",
            None,
        ),
        (
            "another authority",
            certificate(&others, "localhost", 2099),
            "localhost",
            Some("UnknownIssuer"),
        ),
        (
            "another name",
            certificate(&ours, "db.example.com", 2099),
            "localhost",
            Some("not valid for name"),
        ),
        (
            "an address it does not name",
            certificate(&ours, "localhost", 2099),
            "127.0.0.1",
            Some("not valid for name"),
        ),
        (
            "expired",
            certificate(&ours, "localhost", 2001),
            "localhost",
            Some("expired"),
        ),
    ];
    for (what, (certificate, key), host, refusal) in cases {
        let certificate = server.keep("server.crt", &certificate);
        let key = server.keep("server.key", &key);
        server.restart_with(
            port,
            &format!(
                "-c ssl=on -c ssl_cert_file={} -c ssl_key_file={}",
                certificate.display(),
                key.display()
            ),
        );
        match (reach(&url(host, "")), refusal) {
            (Ok(registry), None) => {
                let name = format!("over-tls-{}", what.len());
                registry
                    .create(&actor(), &trust_domain(), declaration(&name), &nothing())
                    .unwrap();
                assert_intact(&*registry);
            }
            (Err(error), Some(words)) => {
                let told = format!("{error}").to_lowercase();
                assert_eq!(error.code(), "NHI-REGISTRY-DATABASE", "{what}");
                assert!(told.contains(&words.to_lowercase()), "{what}: {told}");
                assert!(error.help().contains("certificate"), "{what}: {}", error.help());
            }
            (Ok(_), Some(_)) => panic!("{what} is accepted"),
            (Err(error), None) => panic!("{what} is refused: {error}"),
        }
    }

    // A server without TLS is not spoken to in plain text, and a wrong file of roots is named.
    server.restart_with(port, "-c ssl=off");
    let error = reach(&url("localhost", "")).map(drop).unwrap_err();
    assert!(format!("{error}").contains("TLS"), "{error}");
    let error = reach(&format!(
        "postgres://nhi@localhost:{port}/{database}?sslmode=verify-full&sslrootcert={}",
        scratch.path().join("absent.pem").display()
    ));
    let error = error.map(drop).unwrap_err();
    assert!(format!("{error}").contains("absent.pem"), "{error}");
}

/// An older copy is noticed by whoever kept the end of the log, whatever keeps the registry.
#[test]
fn an_older_copy_is_noticed_by_its_anchor() {
    for fixture in Fixture::each() {
        let registry = fixture.open();
        let make = |registry: &dyn Registry, name: &str| {
            registry
                .create(&actor(), &trust_domain(), declaration(name), &nothing())
                .unwrap();
        };
        make(&*registry, "first");
        let older = older_copy(&fixture);
        let early = anchor(&*registry);
        make(&*registry, "second");
        let late = anchor(&*registry);
        registry.refuse_rollback(&early).unwrap();
        registry.refuse_rollback(&late).unwrap();

        let older = crate::support::open_at(&older, fixture.clock.options());
        older.refuse_rollback(&early).unwrap();
        let error = older.refuse_rollback(&late).unwrap_err();
        assert_eq!(error.code(), "NHI-REGISTRY-ROLLBACK");
        // The copy goes on in another way, and grows as long: it is still not the same.
        make(&*older, "other");
        assert_eq!(
            older.refuse_rollback(&late).unwrap_err().code(),
            "NHI-REGISTRY-ROLLBACK"
        );
    }
}

fn anchor(registry: &dyn Registry) -> nhi_registry::Anchor {
    use nhi_registry::RecordsExt as _;
    registry.anchor().unwrap()
}

/// The place of a copy of what is there now, made past the registry as a backup does it.
fn older_copy(fixture: &Fixture) -> String {
    let copy = fixture.directory.path().join("older.db").display().to_string();
    let place = fixture.place();
    let target = if place.starts_with("postgres") {
        let server = crate::server::shared().unwrap();
        server.url(&server.database())
    } else {
        copy
    };
    let (from, to) = (Location::parse(&place).unwrap(), Location::parse(&target).unwrap());
    nhi_registry::copy(&from, &to, nhi_registry::Stillness::Snapshot, &Options::default()).unwrap();
    target
}
