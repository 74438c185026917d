//! Registries: pushing and pulling artefacts and their signatures by the OCI distribution specification, 1.1.
//!
//! Only what a person asked for talks to a registry: nothing here is on the way of a check. What comes from one is
//! believed as far as its digest goes.

use nhi_governance::{Digest, Problem};
use nhi_policy_file::{Source, Version};
use serde_json::Value;

use crate::artifact::{Artifact, Descriptor, MANIFEST_BYTES_MAX, MANIFEST_TYPE, Manifest};
use crate::code::{DIGEST, REGISTRY};
use crate::http::{Answer, Ask, Http};
use crate::login::Access;

/// The most tags of a repository that are looked at.
const TAGS_MAX: usize = 10_000;
/// Tags in one answer.
const PAGE: usize = 1_000;
/// The longest answer that is neither a manifest nor a blob.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// How often something is put before a registry's own fault is told.
const ATTEMPTS: u32 = 3;

/// A repository of a registry.
pub struct Remote {
    pub(crate) http: Http,
    pub(crate) name: String,
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

    /// Tells the caller about transfers that take long: how many bytes of how many.
    #[must_use]
    pub fn watched(mut self, watch: impl FnMut(u64, u64) + 'static) -> Self {
        self.http.watch(watch);
        self
    }

    /// Asks for something; `None` where the registry has nothing of the kind.
    pub(crate) fn get(&self, path: &str, accept: &str, most: u64) -> Result<Option<Vec<u8>>, Problem> {
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

    pub(crate) fn manifest_at(&self, reference: &str, media_type: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.get(&format!("manifests/{reference}"), media_type, MANIFEST_BYTES_MAX as u64)
    }

    pub(crate) fn manifest(&self, digest: &Digest) -> Result<Vec<u8>, Problem> {
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

    pub(crate) fn blob(&self, described: &Descriptor) -> Result<Vec<u8>, Problem> {
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
        if self.refuse_other(version, &digest)? {
            return Ok(digest);
        }
        self.put_blob(&artifact.config)?;
        self.put_blob(&artifact.wasm)?;
        self.put_manifest(&format!("sha256:{digest}"), &artifact.manifest, MANIFEST_TYPE)?;
        // The bytes may have taken minutes; registries have no way to set a tag only where there is none.
        self.refuse_other(version, &digest)?;
        self.put_manifest(&version.to_string(), &artifact.manifest, MANIFEST_TYPE)?;
        self.refuse_other(version, &digest)?;
        Ok(digest)
    }

    /// Whether a version is free, or is this manifest already.
    fn refuse_other(&self, version: &Version, digest: &Digest) -> Result<bool, Problem> {
        match self.tagged(version)? {
            Some((there, _)) if there == *digest => Ok(true),
            Some((there, _)) => {
                let message = format!("version {version} is published already, as sha256:{there}");
                let help = "Give the module a new version: others have locked what is there.";
                Err(Problem::new(&REGISTRY, message, help))
            }
            None => Ok(false),
        }
    }

    /// Puts bytes there, unless they are there already. A registry that stumbles over two who put the same bytes at once
    /// is asked again: by then it mostly has them.
    pub(crate) fn put_blob(&self, bytes: &[u8]) -> Result<(), Problem> {
        let digest = Digest::of(bytes);
        self.insistently(|| {
            let there = self.upload("HEAD", &format!("blobs/sha256:{digest}"), &[])?;
            if there.status == 200 {
                return Ok(there);
            }
            let begun = self.upload("POST", "blobs/uploads/", &[])?;
            let location = match (begun.status, &begun.location) {
                (202, Some(location)) => location,
                (200..=299, _) => return Err(self.http.strange()),
                _ => return Ok(begun),
            };
            let sign = if location.contains('?') { '&' } else { '?' };
            self.upload("PUT", &format!("{location}{sign}digest=sha256:{digest}"), bytes)
        })
    }

    fn upload(&self, method: &'static str, path: &str, body: &[u8]) -> Result<Answer, Problem> {
        self.http.ask(&Ask {
            method,
            path,
            headers: &[("content-type", "application/octet-stream")],
            body,
            most: ANSWER_BYTES_MAX,
        })
    }

    /// Does what may be done twice, and does it again where the registry says that the fault is its own.
    fn insistently(&self, put: impl Fn() -> Result<Answer, Problem>) -> Result<(), Problem> {
        let mut left = ATTEMPTS;
        loop {
            let done = put()?;
            left = left.saturating_sub(1);
            match done.status {
                200..=299 => return Ok(()),
                500.. if left > 0 => {}
                _ => return Err(self.told(&done)),
            }
        }
    }

    pub(crate) fn put_manifest(&self, reference: &str, bytes: &[u8], media_type: &str) -> Result<(), Problem> {
        self.insistently(|| {
            self.http.ask(&Ask {
                method: "PUT",
                path: &format!("manifests/{reference}"),
                headers: &[("content-type", media_type)],
                body: bytes,
                most: ANSWER_BYTES_MAX,
            })
        })
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
