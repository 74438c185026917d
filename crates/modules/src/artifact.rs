//! A module as a registry keeps it: the layout for WebAssembly of the CNCF.
//!
//! One manifest, one configuration that says what the component exports and imports, one layer with its bytes:
//! <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>. The same module always has the same
//! manifest, so its digest can be compared between machines: the time in it is the epoch.

use std::collections::BTreeMap;

use nhi_governance::{Digest, Problem};
use nhi_policy_file::Version;
use serde::{Deserialize, Serialize};

use crate::code::{ARTIFACT, DIGEST, MOVED};

/// Bytes of a manifest, or of a configuration.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;
/// Bytes of a module.
pub const WASM_BYTES_MAX: u64 = 32 << 20;

pub(crate) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
const WASM_TYPE: &str = "application/wasm";
const VERSION: &str = "org.opencontainers.image.version";
const TITLE: &str = "org.opencontainers.image.title";
const ABI: &str = "dev.nhi.policy.abi";
const HELP: &str = "Publish the module with `nhi module push`, or name the repository that holds one.";

/// What is told of a module in its artefact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The name it gives itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The contract that it speaks, `nhi:policy@1.0.0`.
    pub abi: String,
    /// What it exports.
    pub exports: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
}

/// A module with what goes around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The manifest, as signed.
    pub manifest: Vec<u8>,
    /// The configuration.
    pub config: Vec<u8>,
    /// The module.
    pub wasm: Vec<u8>,
}

/// A blob by what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
}

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The configuration.
    pub config: Descriptor,
    /// The module.
    pub wasm: Descriptor,
    /// The version that its publisher wrote, which is a claim.
    pub version: Option<String>,
    /// The name that its publisher wrote.
    pub name: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenManifest {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    config: WrittenDescriptor,
    layers: Vec<WrittenDescriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenDescriptor {
    media_type: String,
    digest: String,
    size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenConfig<'f> {
    created: &'static str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [String; 1],
    component: WrittenComponent<'f>,
}

#[derive(Serialize)]
struct WrittenComponent<'f> {
    exports: &'f [String],
    imports: &'f [String],
}

impl Artifact {
    /// Puts a module into its artefact.
    pub fn pack(facts: &Facts, wasm: Vec<u8>) -> Self {
        let layer = Digest::of(&wasm);
        let config = json(&WrittenConfig {
            created: "1970-01-01T00:00:00Z",
            architecture: "wasm",
            os: "wasip2",
            layer_digests: [format!("sha256:{layer}")],
            component: WrittenComponent {
                exports: &facts.exports,
                imports: &facts.imports,
            },
        });
        let described = |media_type: &str, bytes: &[u8]| WrittenDescriptor {
            media_type: media_type.to_owned(),
            digest: format!("sha256:{}", Digest::of(bytes)),
            size: size(bytes),
        };
        let annotations = [(ABI, &facts.abi), (TITLE, &facts.name), (VERSION, &facts.version)];
        let manifest = json(&WrittenManifest {
            schema_version: 2,
            media_type: Some(MANIFEST_TYPE.to_owned()),
            config: described(CONFIG_TYPE, &config),
            layers: vec![described(WASM_TYPE, &wasm)],
            annotations: annotations
                .into_iter()
                .map(|(name, text)| (name.to_owned(), text.clone()))
                .collect(),
        });
        Self { manifest, config, wasm }
    }

    /// Puts together what was fetched piece by piece.
    ///
    /// # Errors
    ///
    /// A piece that is not what the manifest names.
    pub fn assemble(manifest: Vec<u8>, config: Vec<u8>, wasm: Vec<u8>) -> Result<Self, Problem> {
        let described = Manifest::read(&manifest)?;
        described.config.check("configuration", &config)?;
        described.wasm.check("module", &wasm)?;
        Ok(Self { manifest, config, wasm })
    }

    /// Digest of the manifest: what is signed and locked.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// What is not the manifest of one WebAssembly component of a size that may be run.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let refuse = |why: &str| Problem::new(&ARTIFACT, format!("the manifest {why}"), HELP);
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(refuse("is too long"));
        }
        let written: WrittenManifest =
            serde_json::from_slice(bytes).map_err(|_| refuse("is not that of an OCI artefact"))?;
        let is_image = written.schema_version == 2 && written.media_type.as_deref().is_none_or(|t| t == MANIFEST_TYPE);
        if !is_image || written.config.media_type != CONFIG_TYPE {
            return Err(refuse("is not that of a WebAssembly component"));
        }
        let [layer] = written.layers.as_slice() else {
            return Err(refuse("does not name exactly one layer"));
        };
        if layer.media_type != WASM_TYPE {
            return Err(refuse("does not name a layer of WebAssembly"));
        }
        let describe = |written: &WrittenDescriptor, most: u64| {
            let digest = digest_in(&written.digest);
            let digest = digest.ok_or_else(|| refuse("names a digest that is not SHA-256"))?;
            if written.size > most {
                return Err(refuse("names a part that is too large"));
            }
            Ok(Descriptor {
                digest,
                size: written.size,
            })
        };
        Ok(Self {
            config: describe(&written.config, MANIFEST_BYTES_MAX as u64)?,
            wasm: describe(layer, WASM_BYTES_MAX)?,
            version: written.annotations.get(VERSION).cloned(),
            name: written.annotations.get(TITLE).cloned(),
        })
    }
}

impl Descriptor {
    /// Whether bytes are what is described.
    pub(crate) fn check(&self, what: &str, bytes: &[u8]) -> Result<(), Problem> {
        if size(bytes) == self.size && Digest::of(bytes) == self.digest {
            return Ok(());
        }
        let help = "Fetch it again. If it stays so, somebody has exchanged it: tell its publisher.";
        Err(Problem::new(
            &DIGEST,
            format!("the {what} is not the one that the manifest names"),
            help,
        ))
    }
}

/// What a tag says of a manifest is not what the manifest says of itself.
#[cold]
pub fn mislabelled(tag: &Version, told: Option<&str>) -> Problem {
    let shown: String = told
        .unwrap_or("nothing")
        .chars()
        .filter(|c| !c.is_control())
        .take(80)
        .collect();
    let message = format!("what stands under version {tag} says that it is version `{shown}`");
    let help = "Ask its publisher: somebody has put another version there. `nhi module push` never does.";
    Problem::new(&MOVED, message, help)
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Members stand in the order of the types, so that one content has one text.
fn json(value: &impl Serialize) -> Vec<u8> {
    // INVARIANT: these types hold texts, numbers and lists of them, which always have a JSON text.
    serde_json::to_vec(value).unwrap_or_default()
}

/// The digest in a text such as `sha256:9f86…`, as manifests and lock files write it.
pub fn digest_in(text: &str) -> Option<Digest> {
    Digest::parse(text.strip_prefix("sha256:")?).ok()
}

#[cfg(test)]
mod tests {
    use nhi_governance::Digest;

    use super::{Artifact, Facts, Manifest};

    fn facts() -> Facts {
        Facts {
            name: "naming".to_owned(),
            version: "1.2.3".to_owned(),
            abi: "nhi:policy@1.0.0".to_owned(),
            exports: vec!["nhi:policy/policy@1.0.0".to_owned()],
            imports: Vec::new(),
        }
    }

    #[test]
    fn the_same_module_has_the_same_digest() {
        let artifact = Artifact::pack(&facts(), b"\0asm".to_vec());
        assert_eq!(artifact, Artifact::pack(&facts(), b"\0asm".to_vec()));
        // Held here, so that a change of the layout is noticed: no lock would match any more.
        let expected = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.wasm.config.v0+json","digest":"sha256:{}","size":{}}},"layers":[{{"mediaType":"application/wasm","digest":"sha256:cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f","size":4}}],"annotations":{{"dev.nhi.policy.abi":"nhi:policy@1.0.0","org.opencontainers.image.title":"naming","org.opencontainers.image.version":"1.2.3"}}}}"#,
            Digest::of(&artifact.config),
            artifact.config.len()
        );
        assert_eq!(String::from_utf8(artifact.manifest).unwrap(), expected);
        let expected = r#"{"created":"1970-01-01T00:00:00Z","architecture":"wasm","os":"wasip2","layerDigests":["sha256:cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f"],"component":{"exports":["nhi:policy/policy@1.0.0"],"imports":[]}}"#;
        assert_eq!(String::from_utf8(artifact.config).unwrap(), expected);
    }

    #[test]
    fn what_is_packed_is_assembled_and_nothing_else() {
        let good = Artifact::pack(&facts(), b"\0asm".to_vec());
        let manifest = Manifest::read(&good.manifest).unwrap();
        assert_eq!((manifest.wasm.size, manifest.version.as_deref()), (4, Some("1.2.3")));
        let Artifact { manifest, config, wasm } = good.clone();
        assert_eq!(
            Artifact::assemble(manifest.clone(), config.clone(), wasm).unwrap(),
            good
        );
        let exchanged = Artifact::assemble(manifest.clone(), config.clone(), b"\0asn".to_vec()).unwrap_err();
        assert_eq!(exchanged.code.id, "NHI-MODULE-DIGEST");
        assert!(Artifact::assemble(manifest.clone(), b"{}".to_vec(), b"\0asm".to_vec()).is_err());

        let text = String::from_utf8(manifest).unwrap();
        for (from, to) in [
            ("\"schemaVersion\":2", "\"schemaVersion\":1"),
            ("vnd.oci.image.manifest.v1+json", "vnd.oci.image.index.v1+json"),
            ("vnd.wasm.config.v0+json", "vnd.oci.image.config.v1+json"),
            ("application/wasm", "application/gzip"),
            ("sha256:cd5d", "sha512:cd5d"),
            ("\"size\":4}", "\"size\":4000000000}"),
            (
                "\"layers\":[{",
                "\"layers\":[{\"mediaType\":\"application/wasm\",\"digest\":\"sha256:0\",\"size\":1},{",
            ),
            ("{\"schema", "[{\"schema"),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_ne!(bad, text, "{from}");
            assert_eq!(
                Manifest::read(bad.as_bytes()).unwrap_err().code.id,
                "NHI-MODULE-ARTIFACT",
                "{bad}"
            );
        }
    }
}
