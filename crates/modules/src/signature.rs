//! Signatures of modules: Sigstore bundles, version 0.3, made and verified with keys, without any service.
//!
//! What is signed is the digest of the manifest, as the subject of an in-toto statement in a DSSE envelope: the form
//! that `cosign sign --key` writes, <https://docs.sigstore.dev/about/bundle/>. A verifier for bundles by services asks
//! for a log entry or a timestamp, which the keys of an organisation do not have; so the few steps that a key needs are
//! here: one signature over type and bytes of the payload, then the statement in it, and nothing is read before the
//! signature holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nhi_governance::{Digest, Problem, pae};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::code::SIGNATURE;
use crate::key::{PublicKey, SigningKey};

/// Bytes of a bundle.
pub const BUNDLE_BYTES_MAX: usize = 256 << 10;
/// The media type of a bundle, also as an artefact of a registry.
pub const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// An envelope that holds a statement.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// What the statement says: that its signer signs for the subject, and does not just tell something about it.
const PREDICATE_TYPE: &str = "https://sigstore.dev/cosign/sign/v1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Value,
    /// A bundle by a certificate is of another kind, whatever else it holds.
    certificate: Option<Value>,
    x509_certificate_chain: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    sig: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Debug, Deserialize)]
struct Subject {
    digest: Digests,
}

#[derive(Debug, Deserialize)]
struct Digests {
    sha256: Option<String>,
}

/// Signs a manifest; the bundle is JSON.
///
/// # Errors
///
/// A key that makes no signature which its public half accepts.
pub fn sign(key: &SigningKey, manifest: &[u8]) -> Result<Vec<u8>, Problem> {
    let bundle = seal(key, &statement(manifest, PREDICATE_TYPE, &json!({})))?;
    verify(&bundle, key.public(), manifest)?;
    Ok(bundle)
}

/// A statement about a manifest.
pub(crate) fn statement(manifest: &[u8], predicate_type: &str, predicate: &Value) -> Vec<u8> {
    let statement = json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "digest": { "sha256": Digest::of(manifest).to_string() } }],
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    statement.to_string().into_bytes()
}

/// Signs a statement; the bundle is JSON.
pub(crate) fn seal(key: &SigningKey, statement: &[u8]) -> Result<Vec<u8>, Problem> {
    let signature = key.sign(&pae(PAYLOAD_TYPE, statement))?;
    let bundle = json!({
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": { "publicKey": { "hint": key.public().fingerprint() } },
        "dsseEnvelope": {
            "payload": STANDARD.encode(statement),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{ "sig": STANDARD.encode(&signature) }],
        },
    });
    Ok(bundle.to_string().into_bytes())
}

/// What somebody says of a manifest beside signing for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) predicate_type: String,
    pub(crate) predicate: Value,
}

impl Statement {
    fn told_of(self, manifest: &[u8]) -> Option<Told> {
        let digest = Digest::of(manifest).to_string();
        match self.subject.as_slice() {
            [subject] if subject.digest.sha256.as_deref() == Some(&digest) => Some(Told {
                predicate_type: self.predicate_type,
                predicate: self.predicate,
            }),
            _ => None,
        }
    }
}

/// What a statement without a signature says of a manifest.
pub(crate) fn told(statement: &[u8], manifest: &[u8]) -> Option<Told> {
    let statement: Statement = serde_json::from_slice(statement).ok()?;
    (statement.kind == STATEMENT_TYPE).then(|| statement.told_of(manifest))?
}

/// What a bundle says of a manifest, by the key that has signed it.
pub(crate) fn told_by(bundle: &[u8], key: &PublicKey, manifest: &[u8]) -> Option<Told> {
    open(bundle, key).ok()?.told_of(manifest)
}

/// A bundle before anybody has verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whether it claims to sign for a module; otherwise it tells something about one.
    pub is_signature: bool,
    /// The key that it says it is by.
    pub hint: String,
}

/// What a bundle claims, for people to read. Nothing may rest on it.
pub fn claim(bundle: &[u8]) -> Option<Claim> {
    let bundle: Bundle = serde_json::from_slice(bundle).ok()?;
    let payload = STANDARD.decode(&bundle.dsse_envelope.payload).ok()?;
    let statement: Statement = serde_json::from_slice(&payload).ok()?;
    let hint = bundle.verification_material.public_key.get("hint")?.as_str()?;
    Some(Claim {
        is_signature: statement.predicate_type == PREDICATE_TYPE,
        hint: hint.chars().take(80).collect(),
    })
}

/// The statement in a bundle, whoever has signed it.
pub(crate) fn payload_of(bundle: &[u8]) -> Option<Vec<u8>> {
    let bundle: Bundle = serde_json::from_slice(bundle).ok()?;
    STANDARD.decode(&bundle.dsse_envelope.payload).ok()
}

/// Whether a bundle holds the signature of a manifest by this key. Reads nothing and asks nobody.
///
/// # Errors
///
/// Anything else, with the reason.
pub fn verify(bundle: &[u8], key: &PublicKey, manifest: &[u8]) -> Result<(), Problem> {
    let statement = open(bundle, key).map_err(refuse)?;
    if statement.predicate_type != PREDICATE_TYPE {
        return Err(refuse("it tells something about the module, and does not sign for it"));
    }
    let digest = Digest::of(manifest).to_string();
    match statement.subject.as_slice() {
        [subject] if subject.digest.sha256.as_deref() == Some(&digest) => Ok(()),
        _ => Err(refuse("it is of another module or another version")),
    }
}

/// The statement of a bundle that this key has signed.
fn open(bundle: &[u8], key: &PublicKey) -> Result<Statement, &'static str> {
    if bundle.len() > BUNDLE_BYTES_MAX {
        return Err("the bundle is too long");
    }
    let bundle: Bundle = serde_json::from_slice(bundle).map_err(|_| "it is not a Sigstore bundle by a key")?;
    let Material {
        public_key,
        certificate,
        x509_certificate_chain,
    } = bundle.verification_material;
    if bundle.media_type != BUNDLE_TYPE || certificate.is_some() || x509_certificate_chain.is_some() {
        return Err("it is not a Sigstore bundle by a key");
    }
    // The hint in it decides nothing.
    if !public_key.is_object() {
        return Err("it is not a Sigstore bundle by a key");
    }
    let envelope = bundle.dsse_envelope;
    // The bundle's specification allows one signature only.
    let [signature] = envelope.signatures.as_slice() else {
        return Err("it does not hold exactly one signature");
    };
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| "it holds text that is not base64");
    let (payload, signature) = (decode(&envelope.payload)?, decode(&signature.sig)?);
    if !key.verifies(&pae(&envelope.payload_type, &payload), &signature) {
        return Err("it is not by this key, or was changed");
    }
    let statement: Option<Statement> = (envelope.payload_type == PAYLOAD_TYPE)
        .then(|| serde_json::from_slice(&payload).ok())
        .flatten();
    statement
        .filter(|statement| statement.kind == STATEMENT_TYPE)
        .ok_or("what was signed is not a statement about a module")
}

#[cold]
fn refuse(why: &str) -> Problem {
    let help = "Sign the module with `nhi module sign`, with the key of a signer that the policy file names.";
    Problem::new(&SIGNATURE, format!("a signature does not count: {why}"), help)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use nhi_governance::pae;

    use super::{BUNDLE_TYPE, open};
    use crate::key::PublicKey;

    /// SHA-256 of the text that the vectors are about.
    const SUBJECT: &str = "a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";

    /// Bundles by P-256 keys from the conformance suite of Sigstore, test/assets/bundle-verify at 8524c2b and 983ed92:
    /// key, payload, signature, and whether it is to be accepted. Log entries are left out, since nothing reads them.
    const VECTORS: [(&str, &str, &str, &str, bool); 3] = [
        (
            "intoto-canonical-log-entry",
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7pBlkILi/WN1X8FiQTlZBK2/GlQDOl9bn1iDaSE8B5Eu+uccNndQid2Nmgp8mrTWhT2XhZbshUGMDSDx/6jwvw==",
            "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJuYW1lIjoiYS50eHQiLCJkaWdlc3QiOnsic2hhMjU2IjoiYTBjZmM3MTI3MWQ2ZTI3OGU1N2NkMzMyZmY5NTdjM2Y3MDQzZmRkYTM1NGM0Y2JiMTkwYTMwZDU2ZWZhMDFiZiJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL2V4YW1wbGUuY29tL3Rlc3QiLCJwcmVkaWNhdGUiOnt9fQ==",
            "MEUCIBb8Pe4/Z0vKtXSvAHV6pcC1F3eTwCZnVejwWERFVwKeAiEAre6v18YSEs3mKaeMgE8Ti0l62CzT5yZvwfGiVd1eTIw=",
            true,
        ),
        (
            "dsse-statement-unknown-type_fail",
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC5EkE5q94pBsk2vRdne6qEVUD/MqlDL7n3YoVZnDH+WBOuJxvZ3Gn5ZBaHlTpEEKvYddt0qeNHmxE73TIt6/0g==",
            "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjIiLCJzdWJqZWN0IjpbeyJuYW1lIjoiYS50eHQiLCJkaWdlc3QiOnsic2hhMjU2IjoiYTBjZmM3MTI3MWQ2ZTI3OGU1N2NkMzMyZmY5NTdjM2Y3MDQzZmRkYTM1NGM0Y2JiMTkwYTMwZDU2ZWZhMDFiZiJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL2V4YW1wbGUuY29tL3Rlc3QiLCJwcmVkaWNhdGUiOnt9fQ==",
            "MEYCIQC8CK7TyeBcCepdArzLh+5oeiVpsDnrBt3tc+phrQqloQIhAIQU0AC306V0SGOM0gyriXgDHYJOoU/Ysp96s98lP1S6",
            false,
        ),
        (
            "dsse-statement-missing-type_fail",
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEoqYqh04fciZX+CehPGMGbSP1tikQwHkp3BPE3j/Xexk/qXCgzfGwp8IQY5JoRqpAM6DUnyYta76FLDVmn4pWGg==",
            "eyJzdWJqZWN0IjpbeyJuYW1lIjoiYS50eHQiLCJkaWdlc3QiOnsic2hhMjU2IjoiYTBjZmM3MTI3MWQ2ZTI3OGU1N2NkMzMyZmY5NTdjM2Y3MDQzZmRkYTM1NGM0Y2JiMTkwYTMwZDU2ZWZhMDFiZiJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL2V4YW1wbGUuY29tL3Rlc3QiLCJwcmVkaWNhdGUiOnt9fQ==",
            "MEUCIQDQk2/eVe+KnBf00Kge1VVAZqNi7SvzcYP2aYxfsRBsCgIgLh0c6RG2u5Ix1nLkQCLIuinSpRGifwW2a3BtIi2udvM=",
            false,
        ),
    ];

    #[test]
    fn vectors_of_the_conformance_suite() {
        for (name, key, payload, signature, is_good) in VECTORS {
            let pem = format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----");
            let key = PublicKey::parse(&pem).unwrap();
            let bundle = json!({
                "mediaType": BUNDLE_TYPE,
                "verificationMaterial": { "publicKey": { "hint": "" }, "tlogEntries": [] },
                "dsseEnvelope": {
                    "payload": payload,
                    "payloadType": "application/vnd.in-toto+json",
                    "signatures": [{ "sig": signature, "keyid": "" }],
                },
            });
            match open(bundle.to_string().as_bytes(), &key) {
                Ok(statement) => {
                    assert!(is_good, "{name}");
                    assert_eq!(statement.subject[0].digest.sha256.as_deref(), Some(SUBJECT));
                }
                // The signature holds: only the statement is not one.
                Err(why) => assert_eq!(
                    (is_good, why),
                    (false, "what was signed is not a statement about a module"),
                    "{name}"
                ),
            }
            // Each key has signed its own vector and no other.
            for (other, other_key, ..) in VECTORS.iter().filter(|vector| vector.0 != name) {
                let pem = format!("-----BEGIN PUBLIC KEY-----\n{other_key}\n-----END PUBLIC KEY-----");
                let key = PublicKey::parse(&pem).unwrap();
                let verdict = open(bundle.to_string().as_bytes(), &key).unwrap_err();
                assert_eq!(verdict, "it is not by this key, or was changed", "{name} {other}");
            }
        }
    }

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        // The example of the specification, version 1.0.0.
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
