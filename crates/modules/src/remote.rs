//! Registries: pushing and pulling artefacts and their signatures by the OCI distribution specification, 1.1.
//!
//! Only what a person asked for talks to a registry: nothing here is on the way of a check. What comes from one is
//! believed as far as its digest goes.

use nhi_governance::{Digest, Problem};
use nhi_policy_file::{Source, Version};
use serde_json::{Value, json};

use crate::artifact::{Artifact, Descriptor, MANIFEST_BYTES_MAX, MANIFEST_TYPE, Manifest};
use crate::code::{DIGEST, REGISTRY};
use crate::http::{Answer, Ask, Http};
use crate::login::Access;
use crate::signature::{BUNDLE_BYTES_MAX, BUNDLE_TYPE};

/// The most tags of a repository that are looked at.
const TAGS_MAX: usize = 10_000;
/// Tags in one answer.
const PAGE: usize = 1_000;
/// The most signatures that are fetched of one manifest.
const BUNDLES_MAX: usize = 50;
/// How often a list of signatures is written again when somebody else writes to it as well.
const ATTEMPTS: usize = 3;
/// The longest answer that is neither a manifest nor a blob.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// The configuration of an artefact that needs none: the OCI image specification, 1.1, "Guidance for an empty
/// descriptor".
const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// A repository of a registry.
pub struct Remote {
    http: Http,
    name: String,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Remote {
    /// The repository of a source, with the credentials that `docker login` keeps for its registry. A registry of this
    /// machine is spoken to without TLS.
    ///
    /// # Errors
    ///
    /// A source that is a file.
    pub fn of(source: &Source) -> Result<Self, Problem> {
        Self::with(source, Access::default())
    }

    /// The repository of a source, spoken to as the caller says.
    ///
    /// # Errors
    ///
    /// A source that is a file, and credentials that cannot be read.
    pub fn with(source: &Source, access: Access) -> Result<Self, Problem> {
        let Source::Oci { registry, repository } = source else {
            let help = "Name a repository: `oci://registry.example/team/rules`.";
            return Err(Problem::new(
                &REGISTRY,
                format!("`{source}` is not in a registry"),
                help,
            ));
        };
        Ok(Self {
            http: Http::new(registry, repository, access)?,
            name: format!("{registry}/{repository}"),
        })
    }

    /// Asks for something; `None` where the registry has nothing of the kind.
    fn get(&self, path: &str, accept: &str, most: u64) -> Result<Option<Vec<u8>>, Problem> {
        let answer = self.http.ask(&Ask {
            method: "GET",
            path,
            headers: &[("accept", accept)],
            body: &[],
            most,
        })?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            _ => Err(self.told(&answer)),
        }
    }

    /// The versions that the repository holds: its tags that are versions, in rising order.
    pub fn versions(&self) -> Result<Vec<Version>, Problem> {
        let mut tags: Vec<String> = Vec::new();
        loop {
            let after = tags.last().map(|last| format!("&last={last}")).unwrap_or_default();
            let page = self.get(
                &format!("tags/list?n={PAGE}{after}"),
                "application/json",
                ANSWER_BYTES_MAX,
            )?;
            let page = tags_of(&page.ok_or_else(|| self.missing())?).ok_or_else(|| self.http.strange())?;
            // A registry that knows no pages sends everything at once, again and again.
            let is_last = page.len() < PAGE || page.last() == tags.last();
            tags.extend(page);
            if is_last || tags.len() >= TAGS_MAX {
                break;
            }
        }
        let mut versions: Vec<Version> = tags.iter().filter_map(|tag| Version::parse(tag).ok()).collect();
        versions.sort();
        versions.dedup();
        Ok(versions)
    }

    /// The manifest that a version stands for now.
    pub fn resolve(&self, version: &Version) -> Result<(Digest, Vec<u8>), Problem> {
        self.tagged(version)?.ok_or_else(|| self.missing())
    }

    fn tagged(&self, version: &Version) -> Result<Option<(Digest, Vec<u8>)>, Problem> {
        let bytes = self.manifest_at(&version.to_string(), MANIFEST_TYPE)?;
        Ok(bytes.map(|bytes| (Digest::of(&bytes), bytes)))
    }

    fn manifest_at(&self, reference: &str, media_type: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.get(&format!("manifests/{reference}"), media_type, MANIFEST_BYTES_MAX as u64)
    }

    fn manifest(&self, digest: &Digest) -> Result<Vec<u8>, Problem> {
        let bytes = self.manifest_at(&format!("sha256:{digest}"), MANIFEST_TYPE)?;
        let bytes = bytes.ok_or_else(|| self.missing())?;
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(Problem::new(
            &DIGEST,
            format!("`{}` sent a manifest that is not the one its digest names", self.name),
            "Fetch it again. If it stays so, somebody has exchanged it: tell its publisher.",
        ))
    }

    /// Fetches the artefact of a manifest.
    pub fn pull(&self, manifest: &Digest) -> Result<Artifact, Problem> {
        let bytes = self.manifest(manifest)?;
        let described = Manifest::read(&bytes)?;
        let config = self.blob(&described.config)?;
        let wasm = self.blob(&described.wasm)?;
        Artifact::assemble(bytes, config, wasm)
    }

    fn blob(&self, described: &Descriptor) -> Result<Vec<u8>, Problem> {
        let path = format!("blobs/sha256:{}", described.digest);
        let bytes = self.get(&path, "*/*", described.size)?.ok_or_else(|| self.missing())?;
        described.check("part that the registry sent", &bytes)?;
        Ok(bytes)
    }

    /// Puts an artefact under the tag of its version.
    ///
    /// # Errors
    ///
    /// The version is there already with other bytes: what was published is never exchanged.
    pub fn push(&self, artifact: &Artifact, version: &Version) -> Result<Digest, Problem> {
        let digest = artifact.digest();
        match self.tagged(version)? {
            Some((there, _)) if there == digest => return Ok(digest),
            Some((there, _)) => {
                let message = format!("version {version} is published already, as sha256:{there}");
                let help = "Give the module a new version: others have locked what is there.";
                return Err(Problem::new(&REGISTRY, message, help));
            }
            None => {}
        }
        self.put_blob(&artifact.config)?;
        self.put_blob(&artifact.wasm)?;
        self.put_manifest(&version.to_string(), &artifact.manifest, MANIFEST_TYPE)?;
        Ok(digest)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<(), Problem> {
        let digest = Digest::of(bytes);
        let ask = |method: &'static str, path: &str, body: &[u8]| {
            self.http.ask(&Ask {
                method,
                path,
                headers: &[("content-type", "application/octet-stream")],
                body,
                most: ANSWER_BYTES_MAX,
            })
        };
        if ask("HEAD", &format!("blobs/sha256:{digest}"), &[])?.status == 200 {
            return Ok(());
        }
        let begun = ask("POST", "blobs/uploads/", &[])?;
        let upload = match (begun.status, &begun.location) {
            (202, Some(location)) => location,
            (202, None) => return Err(self.http.strange()),
            _ => return Err(self.told(&begun)),
        };
        let sign = if upload.contains('?') { '&' } else { '?' };
        let done = ask("PUT", &format!("{upload}{sign}digest=sha256:{digest}"), bytes)?;
        match done.status {
            201 | 204 => Ok(()),
            _ => Err(self.told(&done)),
        }
    }

    fn put_manifest(&self, reference: &str, bytes: &[u8], media_type: &str) -> Result<(), Problem> {
        let done = self.http.ask(&Ask {
            method: "PUT",
            path: &format!("manifests/{reference}"),
            headers: &[("content-type", media_type)],
            body: bytes,
            most: ANSWER_BYTES_MAX,
        })?;
        match done.status {
            200..=299 => Ok(()),
            _ => Err(self.told(&done)),
        }
    }

    /// Puts a signature beside a manifest, where the registry lists it by its referrers or, if it cannot, by a tag.
    pub fn attach(&self, manifest: &[u8], bundle: &[u8]) -> Result<(), Problem> {
        let subject = Digest::of(manifest);
        self.put_blob(EMPTY)?;
        self.put_blob(bundle)?;
        let described = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "digest": format!("sha256:{}", Digest::of(bytes)), "size": bytes.len() });
        let referrer = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": BUNDLE_TYPE,
            "config": described(EMPTY_TYPE, EMPTY),
            "layers": [described(BUNDLE_TYPE, bundle)],
            "subject": described(MANIFEST_TYPE, manifest),
        });
        let referrer = referrer.to_string().into_bytes();
        let digest = Digest::of(&referrer);
        self.put_manifest(&format!("sha256:{digest}"), &referrer, MANIFEST_TYPE)?;
        for _ in 0..ATTEMPTS {
            if self.referrers(&subject)?.contains(&digest) {
                return Ok(());
            }
            self.list_by_tag(&subject, &referrer)?;
        }
        Err(Problem::new(
            &REGISTRY,
            format!("`{}` does not keep the signature in its list", self.name),
            "Try again; if it stays so, the registry cannot hold signatures.",
        ))
    }

    /// The list of what refers to a manifest, for registries without one of their own: "Referrers tag schema".
    fn list_by_tag(&self, subject: &Digest, referrer: &[u8]) -> Result<(), Problem> {
        let tag = format!("sha256-{subject}");
        let mut entries = match self.manifest_at(&tag, INDEX_TYPE)? {
            Some(bytes) => entries_of(&bytes).ok_or_else(|| self.http.strange())?,
            None => Vec::new(),
        };
        let digest = format!("sha256:{}", Digest::of(referrer));
        entries.retain(|entry| entry.get("digest").and_then(Value::as_str) != Some(&digest));
        entries.push(json!({
            "mediaType": MANIFEST_TYPE,
            "digest": digest,
            "size": referrer.len(),
            "artifactType": BUNDLE_TYPE,
        }));
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries });
        self.put_manifest(&tag, index.to_string().as_bytes(), INDEX_TYPE)
    }

    /// The manifests of signatures of a manifest.
    fn referrers(&self, subject: &Digest) -> Result<Vec<Digest>, Problem> {
        let most = MANIFEST_BYTES_MAX as u64;
        let index = match self.get(&format!("referrers/sha256:{subject}"), INDEX_TYPE, most)? {
            Some(index) => Some(index),
            None => self.manifest_at(&format!("sha256-{subject}"), INDEX_TYPE)?,
        };
        let Some(index) = index else {
            return Ok(Vec::new());
        };
        let entries = entries_of(&index).ok_or_else(|| self.http.strange())?;
        let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        // Some registries leave the type of an artefact out.
        let is_bundle = |entry: &&Value| text(entry, "artifactType").is_none_or(|kind| kind == BUNDLE_TYPE);
        let digest = |entry: &Value| Digest::parse(text(entry, "digest")?.strip_prefix("sha256:")?).ok();
        let digests = entries.iter().filter(is_bundle).filter_map(digest);
        Ok(digests.take(BUNDLES_MAX).collect())
    }

    /// Fetches the signatures of a manifest. Whether they count is for [`crate::hear`] to say.
    pub fn bundles(&self, manifest: &Digest) -> Result<Vec<Vec<u8>>, Problem> {
        let mut bundles = Vec::new();
        for referrer in self.referrers(manifest)? {
            if let Some(described) = bundle_of(&self.manifest(&referrer)?) {
                bundles.push(self.blob(&described)?);
            }
        }
        Ok(bundles)
    }

    /// What a registry refuses, by the codes that the specification gives.
    #[cold]
    fn told(&self, answer: &Answer) -> Problem {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let errors = body.get("errors").and_then(Value::as_array);
        let codes = errors
            .into_iter()
            .flatten()
            .filter_map(|error| error.get("code")?.as_str());
        let is_code = |code: &&str| code.len() <= 40 && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let codes: Vec<&str> = codes.filter(is_code).take(5).collect();
        let why = if codes.is_empty() {
            String::new()
        } else {
            format!(", {}", codes.join(", "))
        };
        Problem::new(
            &REGISTRY,
            format!("`{}` answers with {}{why}", self.name, answer.status),
            "Look at what you may do there, and at its log.",
        )
    }

    #[cold]
    fn missing(&self) -> Problem {
        Problem::new(
            &REGISTRY,
            format!("`{}` does not hold what was asked for", self.name),
            "Look at the name of the repository and at the version; `nhi module push` publishes one.",
        )
    }
}

fn tags_of(answer: &[u8]) -> Option<Vec<String>> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    match answer.as_object()?.get("tags") {
        // An empty repository.
        None | Some(Value::Null) => Some(Vec::new()),
        Some(tags) => {
            let tags = tags.as_array()?.iter();
            // What cannot be a tag cannot stand in an address.
            let is_tag = |tag: &str| tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            tags.map(|tag| tag.as_str().filter(|tag| is_tag(tag)).map(str::to_owned))
                .collect()
        }
    }
}

/// The bundle that the manifest of a signature names.
fn bundle_of(manifest: &[u8]) -> Option<Descriptor> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    let [layer] = manifest.get("layers")?.as_array()?.as_slice() else {
        return None;
    };
    let text = |name: &str| layer.get(name).and_then(Value::as_str);
    let size = layer.get("size")?.as_u64()?;
    let is_bundle = text("mediaType") == Some(BUNDLE_TYPE) && size <= BUNDLE_BYTES_MAX as u64;
    let digest = Digest::parse(text("digest")?.strip_prefix("sha256:")?).ok()?;
    is_bundle.then_some(Descriptor { digest, size })
}

/// The entries of an index.
fn entries_of(index: &[u8]) -> Option<Vec<Value>> {
    let mut index: Value = serde_json::from_slice(index).ok()?;
    match index.get_mut("manifests")?.take() {
        Value::Array(entries) => Some(entries),
        _ => None,
    }
}
