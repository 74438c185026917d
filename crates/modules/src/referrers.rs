//! What stands beside a module in a registry: signatures, lists of dependencies, statements about how it was made.
//!
//! Each is a manifest of its own that names the module's manifest as its subject. A registry lists these by itself, or
//! a tag does: "Referrers tag schema" of the OCI distribution specification, 1.1.

use nhi_governance::{Digest, Problem};
use serde_json::{Value, json};

use crate::artifact::{Descriptor, MANIFEST_BYTES_MAX, MANIFEST_TYPE, digest_in};
use crate::attachment::{Attachment, Kind, bundles};
use crate::code::REGISTRY;
use crate::remote::Remote;

/// The most attachments that are fetched of one manifest.
const ATTACHMENTS_MAX: usize = 50;
/// The most bytes of all attachments of one manifest.
const BYTES_MAX: u64 = 32 << 20;
/// How often a list of attachments is written again when somebody else writes to it as well.
const ATTEMPTS: usize = 3;

/// The configuration of an artefact that needs none: the OCI image specification, 1.1, "Guidance for an empty
/// descriptor".
const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

impl Remote {
    /// Puts something beside a manifest, where the registry lists it by its referrers or, if it cannot, by a tag.
    pub fn attach(&self, manifest: &[u8], attachment: &Attachment) -> Result<(), Problem> {
        let subject = Digest::of(manifest);
        let (kind, bytes) = (attachment.kind.media_type(), attachment.bytes.as_slice());
        self.put_blob(EMPTY)?;
        self.put_blob(bytes)?;
        let described = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "digest": format!("sha256:{}", Digest::of(bytes)), "size": bytes.len() });
        let referrer = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": kind,
            "config": described(EMPTY_TYPE, EMPTY),
            "layers": [described(kind, bytes)],
            "subject": described(MANIFEST_TYPE, manifest),
        });
        let referrer = referrer.to_string().into_bytes();
        let digest = Digest::of(&referrer);
        self.put_manifest(&format!("sha256:{digest}"), &referrer, MANIFEST_TYPE)?;
        for _ in 0..ATTEMPTS {
            if self.referrers(&subject)?.contains(&digest) {
                return Ok(());
            }
            self.list_by_tag(&subject, &referrer, attachment.kind)?;
        }
        Err(Problem::new(
            &REGISTRY,
            format!("`{}` does not keep {} in its list", self.name, attachment.kind.noun()),
            "Try again; if it stays so, the registry cannot hold what belongs to a module.",
        ))
    }

    /// The list of what refers to a manifest, for registries without one of their own.
    fn list_by_tag(&self, subject: &Digest, referrer: &[u8], kind: Kind) -> Result<(), Problem> {
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
            "artifactType": kind.media_type(),
        }));
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries });
        self.put_manifest(&tag, index.to_string().as_bytes(), INDEX_TYPE)
    }

    /// The manifests of what stands beside a manifest.
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
        let is_known =
            |entry: &&Value| text(entry, "artifactType").is_none_or(|kind| Kind::of_media_type(&kind).is_some());
        let digest = |entry: &Value| digest_in(&text(entry, "digest")?);
        let digests = entries.iter().filter(is_known).filter_map(digest);
        Ok(digests.take(ATTACHMENTS_MAX).collect())
    }

    /// Fetches what stands beside a manifest. Whether a signature counts is for [`crate::hear`] to say.
    pub fn attachments(&self, manifest: &Digest) -> Result<Vec<Attachment>, Problem> {
        let (mut attachments, mut total) = (Vec::new(), 0);
        for referrer in self.referrers(manifest)? {
            if let Some((kind, described)) = attachment_of(&self.manifest(&referrer)?) {
                total += described.size;
                if total > BYTES_MAX {
                    return Err(self.too_much());
                }
                let bytes = self.blob(&described)?;
                attachments.push(Attachment { kind, bytes });
            }
        }
        Ok(attachments)
    }

    /// Fetches the signatures of a manifest.
    pub fn bundles(&self, manifest: &Digest) -> Result<Vec<Vec<u8>>, Problem> {
        Ok(bundles(&self.attachments(manifest)?))
    }
}

impl Remote {
    #[cold]
    fn too_much(&self) -> Problem {
        Problem::new(
            &REGISTRY,
            format!("`{}` holds more beside this module than is fetched", self.name),
            "Ask whoever runs the registry who has put so much there: 32 MiB are enough for any module.",
        )
    }
}

/// What the manifest of an attachment names.
fn attachment_of(manifest: &[u8]) -> Option<(Kind, Descriptor)> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    let [layer] = manifest.get("layers")?.as_array()?.as_slice() else {
        return None;
    };
    let text = |name: &str| layer.get(name).and_then(Value::as_str);
    let kind = Kind::of_media_type(text("mediaType")?)?;
    let size = layer.get("size")?.as_u64()?;
    let digest = digest_in(text("digest")?)?;
    (size <= kind.bytes_max()).then_some((kind, Descriptor { digest, size }))
}

/// The entries of an index.
fn entries_of(index: &[u8]) -> Option<Vec<Value>> {
    let mut index: Value = serde_json::from_slice(index).ok()?;
    match index.get_mut("manifests")?.take() {
        Value::Array(entries) => Some(entries),
        _ => None,
    }
}
