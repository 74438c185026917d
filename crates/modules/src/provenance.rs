//! How a module was made: SLSA provenance, version 1, as an in-toto statement about its manifest.
//!
//! It says what whoever published the module knows of its making: the commit, the lock file, the place it was built at.
//! That is worth what its signature is worth. There is no time in it, so that the same module has the same statement.
//! <https://slsa.dev/spec/v1.0/provenance>

use nhi_governance::{Digest, Problem};
use serde_json::{Value, json};

use crate::key::{PublicKey, SigningKey};
use crate::signature::{Told, payload_of, seal, statement, told, told_by};

const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// What `nhi module build` does. A name by UUID needs no domain that somebody would have to own for as long as there are
/// statements; SLSA asks for a URI that means one thing, and only recommends that it can be opened.
/// <https://www.rfc-editor.org/rfc/rfc9562#section-4>, <https://slsa.dev/spec/v1.0/provenance#BuildDefinition>
const BUILD_TYPE: &str = "urn:uuid:90c69f8e-e8a9-45bf-994f-19fbe01c307d#nhi-policy-module-build-v1";
/// The builder where no CI system says what it is: a machine of a person, which vouches for nothing.
pub const OWN_MACHINE: &str = "urn:uuid:90c69f8e-e8a9-45bf-994f-19fbe01c307d#own-machine";

/// What its publisher knows of how a module was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Where it was built, as a URI.
    pub builder: String,
    /// The repository of its source, as a URI, and the commit.
    pub source: Option<(String, String)>,
    /// Whether files differed from the commit.
    pub is_modified: bool,
    /// The digest of its lock file.
    pub lock: Option<Digest>,
    /// The digest of the list of its dependencies.
    pub sbom: Option<Digest>,
}

/// What a statement says of how a module was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Where it was built.
    pub builder: String,
    /// The repository of its source.
    pub source: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Whether files differed from the commit.
    pub is_modified: bool,
    /// The digest of the list of its dependencies.
    pub sbom: Option<Digest>,
}

/// The statement, which nobody has signed yet.
pub fn provenance(manifest: &[u8], name: &str, origin: &Origin) -> Vec<u8> {
    let mut materials = Vec::new();
    if let Some((uri, commit)) = &origin.source {
        materials.push(json!({ "uri": uri, "digest": { "gitCommit": commit } }));
    }
    if let Some(lock) = &origin.lock {
        materials.push(json!({ "name": "Cargo.lock", "digest": { "sha256": lock.to_string() } }));
    }
    let byproducts: Vec<Value> = origin
        .sbom
        .iter()
        .map(|digest| {
            let media_type = crate::attachment::Kind::Sbom.media_type();
            json!({ "name": "sbom", "mediaType": media_type, "digest": { "sha256": digest.to_string() } })
        })
        .collect();
    let predicate = json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": { "module": name, "modified": origin.is_modified },
            "resolvedDependencies": materials,
        },
        "runDetails": { "builder": { "id": origin.builder }, "byproducts": byproducts },
    });
    statement(manifest, PREDICATE_TYPE, &predicate)
}

/// Signs such a statement; the bundle is JSON.
///
/// # Errors
///
/// A key that makes no signature.
pub fn seal_provenance(key: &SigningKey, statement: &[u8]) -> Result<Vec<u8>, Problem> {
    seal(key, statement)
}

/// What a statement without a signature says of a manifest; `None` where it is no provenance of it.
pub fn read_provenance(statement: &[u8], manifest: &[u8]) -> Option<Provenance> {
    of(&told(statement, manifest)?)
}

/// What a bundle says of a manifest: with a key only what that key has signed, without one whatever stands there.
pub fn provenance_in(bundle: &[u8], key: Option<&PublicKey>, manifest: &[u8]) -> Option<Provenance> {
    match key {
        Some(key) => of(&told_by(bundle, key, manifest)?),
        None => read_provenance(&payload_of(bundle)?, manifest),
    }
}

fn of(told: &Told) -> Option<Provenance> {
    if told.predicate_type != PREDICATE_TYPE {
        return None;
    }
    let predicate = &told.predicate;
    let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let materials = predicate
        .pointer("/buildDefinition/resolvedDependencies")
        .and_then(Value::as_array);
    let source = materials
        .into_iter()
        .flatten()
        .find(|material| material.pointer("/digest/gitCommit").is_some());
    let byproducts = predicate.pointer("/runDetails/byproducts").and_then(Value::as_array);
    let media_type = crate::attachment::Kind::Sbom.media_type();
    let sbom = byproducts.into_iter().flatten().find_map(|byproduct| {
        let digest =
            text(byproduct, "/digest/sha256").filter(|_| text(byproduct, "/mediaType").as_deref() == Some(media_type));
        Digest::parse(&digest?).ok()
    });
    Some(Provenance {
        builder: text(predicate, "/runDetails/builder/id")?,
        source: source.and_then(|source| text(source, "/uri")),
        commit: source.and_then(|source| text(source, "/digest/gitCommit")),
        is_modified: predicate.pointer("/buildDefinition/externalParameters/modified") == Some(&Value::Bool(true)),
        sbom,
    })
}

#[cfg(test)]
mod tests {
    use nhi_governance::Digest;

    use super::{BUILD_TYPE, OWN_MACHINE, Origin, provenance, provenance_in, read_provenance, seal_provenance};
    use crate::key::{KeyKind, SigningKey};
    use crate::signature::{sign, verify};

    fn key(kind: KeyKind) -> SigningKey {
        let pem = SigningKey::generate(kind).unwrap();
        SigningKey::read(pem.as_bytes(), || panic!("no passphrase is needed")).unwrap()
    }

    #[test]
    fn what_names_the_build_hangs_on_no_domain() {
        let (build, _) = BUILD_TYPE.split_once('#').unwrap();
        let (machine, _) = OWN_MACHINE.split_once('#').unwrap();
        assert_eq!(build, machine, "one name for all that is ours");
        let uuid = build.strip_prefix("urn:uuid:").unwrap();
        let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert!(uuid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()));
        let text = provenance(b"manifest", "naming", &Origin::default());
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(BUILD_TYPE), "{text}");
    }

    #[test]
    fn what_is_written_is_read_and_is_no_signature() {
        let origin = Origin {
            builder: "https://builder.example/1".to_owned(),
            source: Some(("git+https://git.example/team/rules".to_owned(), "c".repeat(40))),
            is_modified: true,
            lock: Some(Digest::of(b"lock")),
            sbom: Some(Digest::of(b"sbom")),
        };
        let text = provenance(b"manifest", "naming", &origin);
        assert_eq!(text, provenance(b"manifest", "naming", &origin));
        let read = read_provenance(&text, b"manifest").unwrap();
        assert_eq!(read.builder, origin.builder);
        assert_eq!(
            (read.source, read.commit),
            (origin.source.clone().map(|s| s.0), origin.source.map(|s| s.1))
        );
        assert!(read.is_modified && read.sbom == origin.sbom);
        assert_eq!(read_provenance(&text, b"another"), None);
        for kind in [KeyKind::Ed25519, KeyKind::P256] {
            let (own, stranger) = (key(kind), key(kind));
            let bundle = seal_provenance(&own, &text).unwrap();
            assert!(provenance_in(&bundle, Some(own.public()), b"manifest").is_some());
            assert!(provenance_in(&bundle, None, b"manifest").is_some());
            assert_eq!(provenance_in(&bundle, Some(stranger.public()), b"manifest"), None);
            // Whoever tells how a module was made does not stand behind it.
            let verdict = verify(&bundle, own.public(), b"manifest").unwrap_err();
            assert!(verdict.message.contains("does not sign for it"), "{verdict}");
            let signature = sign(&own, b"manifest").unwrap();
            assert_eq!(provenance_in(&signature, Some(own.public()), b"manifest"), None);
        }
    }
}
