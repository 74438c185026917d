//! Certificates as a core makes them, and as no core does.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P521_SHA512, SignatureAlgorithm,
};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, SignatureScheme};

use super::ClientError;

/// What a client presents: a chain of certificates, and a key that need not fit it.
#[derive(Debug, Clone)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<dyn SigningKey>,
}

impl Identity {
    /// A certificate as cores make it: ECDSA P-521, self-signed, a CA, for `localhost`.
    pub fn core() -> Result<Self, ClientError> {
        Self::self_signed(&PKCS_ECDSA_P521_SHA512)
    }

    /// A certificate as cores make it but for the curve.
    pub fn p256() -> Result<Self, ClientError> {
        Self::self_signed(&PKCS_ECDSA_P256_SHA256)
    }

    /// This identity's certificate with the key of another.
    #[must_use]
    pub fn with_key_of(&self, other: &Self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: Arc::clone(&other.key),
        }
    }

    /// A certificate that was seen, in PEM, with the key of another: all that a thief of the certificate can present.
    pub fn stolen(pem: &str, key: &Self) -> Option<Self> {
        let body: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .map(str::trim)
            .collect();
        let certificate = STANDARD.decode(body).ok().filter(|der| !der.is_empty())?;
        Some(Self {
            chain: vec![CertificateDer::from(certificate)],
            key: Arc::clone(&key.key),
        })
    }

    /// A certificate of its own that claims to be issued by `issuer`, with that one's certificate after it.
    pub fn below(issuer: &Self) -> Result<Self, ClientError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?;
        let forger = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?;
        let signed = leaf_params()?.signed_by(&key, &Issuer::new(core_params()?, &forger))?;
        let mut chain = vec![signed.der().clone()];
        chain.extend(issuer.chain.iter().cloned());
        Ok(Self {
            chain,
            key: signing_key(&key)?,
        })
    }

    /// The certificates of another identity before this one's own: the right certificate is there but not first.
    #[must_use]
    pub fn behind(&self, first: &Self) -> Self {
        let chain = first.chain.iter().chain(&self.chain).cloned().collect();
        Self {
            chain,
            key: Arc::clone(&first.key),
        }
    }

    /// The first certificate, in PEM, as a core puts it into the environment.
    pub fn pem(&self) -> String {
        let der = self
            .chain
            .first()
            .map(|certificate| STANDARD.encode(certificate))
            .unwrap_or_default();
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        let mut rest = der.as_str();
        while let Some((line, next)) = rest.split_at_checked(64) {
            pem.push_str(line);
            pem.push('\n');
            rest = next;
        }
        format!("{pem}{rest}\n-----END CERTIFICATE-----\n")
    }

    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        // Unchecked on purpose: rustls would notice that a key does not fit its certificate.
        Arc::new(Always(Arc::new(CertifiedKey::new(
            self.chain.clone(),
            Arc::clone(&self.key),
        ))))
    }

    fn self_signed(algorithm: &'static SignatureAlgorithm) -> Result<Self, ClientError> {
        let key = KeyPair::generate_for(algorithm)?;
        let certificate = core_params()?.self_signed(&key)?;
        Ok(Self {
            chain: vec![certificate.der().clone()],
            key: signing_key(&key)?,
        })
    }
}

fn leaf_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    Ok(params)
}

fn core_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = leaf_params()?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::KeyAgreement,
        KeyUsagePurpose::KeyCertSign,
    ];
    Ok(params)
}

fn signing_key(key: &KeyPair) -> Result<Arc<dyn SigningKey>, Error> {
    any_supported_type(&PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())))
}

/// Presents its certificate whatever the server asks for.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
