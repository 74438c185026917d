//! What the core says in the environment when it starts a provider, and the one line that answers it.
//!
//! Everything is read once, here, and refused with a sentence that a person can act on: what the core itself prints
//! when a provider exits early names neither the cause nor the cure.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The variable by which a core shows that it starts a provider, and nobody types its name in a shell.
pub(crate) const COOKIE_KEY: &str = "TF_PLUGIN_MAGIC_COOKIE";
/// The value of [`COOKIE_KEY`]: public, a guard against accidents and not against attackers.
pub(crate) const COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// Lists the protocol versions that the core speaks, in random order.
pub(crate) const VERSIONS_KEY: &str = "PLUGIN_PROTOCOL_VERSIONS";
/// Holds the certificate of the core, in PEM.
pub(crate) const CERTIFICATE_KEY: &str = "PLUGIN_CLIENT_CERT";
/// Where the core wants the socket to be.
const SOCKET_DIR_KEY: &str = "PLUGIN_UNIX_SOCKET_DIR";
/// The only version of the provider protocol spoken here.
const PROTOCOL: &str = "6";
/// go-plugin's own version, the first field of the line.
const CORE_PROTOCOL: &str = "1";

/// What the core offers: the proof of who it is and where it wants the socket.
#[derive(Debug)]
pub(super) struct Offer {
    /// The one certificate that may connect.
    pub(super) certificate: CertificateDer<'static>,
    /// Where the core wants the socket, if it cares.
    pub(super) socket_dir: Option<PathBuf>,
}

/// Why a provider does not start.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "this binary is a provider: it is started by `terraform` or `tofu`, never by hand\n\
         help: name it in `required_providers` and run `terraform init`, or start it with `--debug` to attach to it"
    )]
    NotStartedByCore,
    #[error(
        "this provider speaks plugin protocol 6 and the core offers `{0}`\n\
         help: use Terraform 1.11 or later, or OpenTofu 1.11 or later"
    )]
    Protocol(String),
    #[error(
        "the core sent no client certificate in `PLUGIN_CLIENT_CERT`, so nothing would tell it from another program\n\
         help: unset `TF_DISABLE_PLUGIN_TLS`; to debug, start the provider with `--debug` and set `TF_REATTACH_PROVIDERS`"
    )]
    NoCertificate,
    #[error(
        "`PLUGIN_CLIENT_CERT` does not hold exactly one PEM certificate\n\
         help: let `terraform` or `tofu` set it, it is made anew for every start"
    )]
    BadCertificate,
}

impl Offer {
    /// Reads the offer from the environment, which `variable` looks up.
    pub(super) fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Refusal> {
        if variable(COOKIE_KEY).is_none_or(|cookie| cookie != COOKIE_VALUE) {
            return Err(Refusal::NotStartedByCore);
        }
        let versions = variable(VERSIONS_KEY).unwrap_or_default();
        let versions = versions.to_string_lossy();
        if !versions.split(',').any(|version| version.trim() == PROTOCOL) {
            return Err(Refusal::Protocol(versions.into_owned()));
        }
        let pem = variable(CERTIFICATE_KEY)
            .filter(|pem| !pem.is_empty())
            .ok_or(Refusal::NoCertificate)?;
        let socket_dir = variable(SOCKET_DIR_KEY)
            .filter(|dir| !dir.is_empty())
            .map(PathBuf::from);
        Ok(Self {
            certificate: one_certificate(pem.as_encoded_bytes())?,
            socket_dir,
        })
    }
}

/// Two certificates would be two identities: refused rather than guessed at.
fn one_certificate(pem: &[u8]) -> Result<CertificateDer<'static>, Refusal> {
    let mut found = CertificateDer::pem_slice_iter(pem);
    match (found.next(), found.next()) {
        (Some(Ok(certificate)), None) if !certificate.is_empty() => Ok(certificate),
        _ => Err(Refusal::BadCertificate),
    }
}

/// The handshake line, with its newline.
pub(super) fn line(socket: &Path, certificate: &CertificateDer<'_>) -> String {
    // Without padding: go-plugin decodes the raw alphabet, and padding fails only for some lengths.
    let certificate = STANDARD_NO_PAD.encode(certificate);
    format!(
        "{CORE_PROTOCOL}|{PROTOCOL}|unix|{}|grpc|{certificate}\n",
        socket.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    fn read(change: &[(&str, Option<&str>)]) -> Result<Offer, Refusal> {
        let good = [
            (COOKIE_KEY, COOKIE_VALUE),
            (VERSIONS_KEY, "6,5"),
            (CERTIFICATE_KEY, PEM),
        ];
        Offer::read(|key| {
            let changed = change.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
            let usual = good.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
            changed.unwrap_or(usual).map(OsString::from)
        })
    }

    #[test]
    fn an_offer_is_read_or_refused() {
        let twice = PEM.repeat(2);
        let cases: [(&str, Option<&str>, Option<Refusal>); 14] = [
            (COOKIE_KEY, None, Some(Refusal::NotStartedByCore)),
            (COOKIE_KEY, Some(""), Some(Refusal::NotStartedByCore)),
            (COOKIE_KEY, Some("d602bf8f"), Some(Refusal::NotStartedByCore)),
            (VERSIONS_KEY, None, Some(Refusal::Protocol(String::new()))),
            (VERSIONS_KEY, Some("5"), Some(Refusal::Protocol("5".into()))),
            (VERSIONS_KEY, Some("16,60"), Some(Refusal::Protocol("16,60".into()))),
            (VERSIONS_KEY, Some("6"), None),
            (VERSIONS_KEY, Some("5,6,7"), None),
            (CERTIFICATE_KEY, None, Some(Refusal::NoCertificate)),
            (CERTIFICATE_KEY, Some(""), Some(Refusal::NoCertificate)),
            (
                CERTIFICATE_KEY,
                Some("not a certificate"),
                Some(Refusal::BadCertificate),
            ),
            (CERTIFICATE_KEY, Some(&twice), Some(Refusal::BadCertificate)),
            (SOCKET_DIR_KEY, Some("/run/plugins"), None),
            (SOCKET_DIR_KEY, None, None),
        ];
        for (key, value, refusal) in cases {
            assert_eq!(read(&[(key, value)]).err(), refusal, "{key}={value:?}");
        }
        assert_eq!(read(&[]).unwrap().certificate.as_ref(), [0x30, 0]);
        let offer = read(&[(SOCKET_DIR_KEY, Some("/run/plugins"))]).unwrap();
        assert_eq!(offer.socket_dir.as_deref(), Some(Path::new("/run/plugins")));
    }

    #[test]
    fn the_line_carries_no_padding_whatever_the_length() {
        for length in 0..6_u8 {
            let certificate = CertificateDer::from((0..length).collect::<Vec<_>>());
            let line = line(Path::new("/tmp/x/s"), &certificate);
            let fields: Vec<&str> = line.strip_suffix('\n').unwrap().split('|').collect();
            assert_eq!(fields[..5], ["1", "6", "unix", "/tmp/x/s", "grpc"]);
            assert!(!fields[5].contains('='), "{line}");
            assert_eq!(STANDARD_NO_PAD.decode(fields[5]).unwrap(), certificate.as_ref());
        }
    }
}
