//! Modules in one file, for places that no registry reaches: an OCI image layout as a tar archive.
//!
//! Nothing is unpacked to names that an archive chooses: entries are read into memory, within limits, and only blobs
//! that are what their names say reach the store.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use nhi_governance::{Digest, Problem};
use nhi_policy_file::Source;
use serde_json::{Value, json};
use tar::{Archive, Builder, EntryType, Header};

use crate::artifact::{Artifact, MANIFEST_BYTES_MAX, MANIFEST_TYPE, Manifest, WASM_BYTES_MAX, digest_in};
use crate::attachment::{Attachment, Kind};
use crate::code::{ARCHIVE, DIGEST};
use crate::store::Store;

/// The most entries of an archive, and the most bytes of all of them.
const ENTRIES_MAX: usize = 10_000;
const BYTES_MAX: u64 = 1 << 30;

const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const HELP: &str = "Make it again with `nhi module save`.";

/// Writes artefacts with their signatures. The same ones in the same order make the same archive.
///
/// # Errors
///
/// A manifest that is not in the store, and whatever keeps the archive from being written.
pub fn save(store: &Store, wanted: &[Wanted], out: impl Write) -> Result<(), Problem> {
    let mut blobs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut listed = Vec::new();
    for Wanted {
        manifest: digest,
        source,
    } in wanted
    {
        let artifact = store.artifact(digest)?.ok_or_else(|| {
            let message = format!("sha256:{digest} is not in the store");
            Problem::new(&ARCHIVE, message, "Fetch it with `nhi module pull`.")
        })?;
        let mut entry = json!({
            "mediaType": MANIFEST_TYPE,
            "digest": format!("sha256:{digest}"),
            "size": artifact.manifest.len(),
        });
        if let (Some(source), Some(entry)) = (source, entry.as_object_mut()) {
            entry.insert(
                "annotations".to_owned(),
                json!({ "dev.nhi.source": source.to_string() }),
            );
        }
        listed.push(entry);
        for attachment in store.attachments(digest)? {
            listed.push(json!({
                "mediaType": attachment.kind.media_type(),
                "digest": format!("sha256:{}", attachment.digest()),
                "size": attachment.bytes.len(),
                "annotations": { "dev.nhi.subject": format!("sha256:{digest}") },
            }));
            blobs.insert(attachment.digest().to_string(), attachment.bytes);
        }
        for bytes in [artifact.manifest, artifact.config, artifact.wasm] {
            blobs.insert(Digest::of(&bytes).to_string(), bytes);
        }
    }
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": listed });
    let written = (|| {
        let mut archive = Builder::new(out);
        put(&mut archive, "oci-layout", LAYOUT)?;
        put(&mut archive, "index.json", index.to_string().as_bytes())?;
        for (name, bytes) in &blobs {
            put(&mut archive, &format!("blobs/sha256/{name}"), bytes)?;
        }
        archive.into_inner()?.flush()
    })();
    written.map_err(|error: io::Error| {
        let message = format!("the archive cannot be written: {error}");
        Problem::new(&ARCHIVE, message, "Look at the disk, and write it again.")
    })
}

fn put(archive: &mut Builder<impl Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    header.set_mode(0o644);
    header.set_entry_type(EntryType::Regular);
    archive.append_data(&mut header, name, bytes)
}

/// What goes into an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The digest of its manifest.
    pub manifest: Digest,
    /// Where it came from, if that is known.
    pub source: Option<Source>,
}

/// A module out of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// The module.
    pub artifact: Artifact,
    /// What belongs to it.
    pub attachments: Vec<Attachment>,
    /// Where the archive says that it came from, which nobody has signed.
    pub source: Option<Source>,
}

/// Reads what an archive holds. Nothing is given out before the whole archive was understood.
///
/// # Errors
///
/// What is no archive of modules, is too large, or holds a blob that is not what its name says.
pub fn open(archive: impl Read) -> Result<Vec<Archived>, Problem> {
    let mut files = files(archive)?;
    if files.remove("oci-layout").as_deref() != Some(LAYOUT) {
        return Err(refuse("it is no OCI image layout of version 1.0.0"));
    }
    let index = files
        .remove("index.json")
        .ok_or_else(|| refuse("it has no `index.json`"))?;
    let index: Value = serde_json::from_slice(&index).map_err(|_| refuse("its `index.json` cannot be read"))?;
    let entries = index.get("manifests").and_then(Value::as_array);
    let entries = entries.ok_or_else(|| refuse("its `index.json` lists nothing"))?;
    let blobs = Blobs(files);
    let (mut archived, mut attachments) = (Vec::new(), Vec::new());
    for entry in entries {
        let digest = digest_of(entry.get("digest")).ok_or_else(|| refuse("it lists something without a digest"))?;
        let media_type = entry.get("mediaType").and_then(Value::as_str).unwrap_or_default();
        if media_type == MANIFEST_TYPE {
            archived.push(module(&blobs, &digest, entry)?);
        } else if let Some(kind) = Kind::of_media_type(media_type) {
            let subject = digest_of(entry.pointer("/annotations/dev.nhi.subject"));
            let subject = subject.ok_or_else(|| refuse("it holds a signature of nothing"))?;
            let bytes = blobs.take(&digest, kind.bytes_max())?;
            is_size(entry, &bytes)?;
            attachments.push((subject, Attachment { kind, bytes }));
        } else {
            return Err(refuse("it lists something that is neither a module nor belongs to one"));
        }
    }
    for (subject, attachment) in attachments {
        let of = archived.iter_mut().find(|module| module.artifact.digest() == subject);
        let of = of.ok_or_else(|| refuse("it holds a signature of a module that it does not hold"))?;
        of.attachments.push(attachment);
    }
    Ok(archived)
}

fn module(blobs: &Blobs, digest: &Digest, entry: &Value) -> Result<Archived, Problem> {
    let manifest = blobs.take(digest, MANIFEST_BYTES_MAX as u64)?;
    is_size(entry, &manifest)?;
    let described = Manifest::read(&manifest)?;
    let config = blobs.take(&described.config.digest, described.config.size)?;
    let wasm = blobs.take(&described.wasm.digest, described.wasm.size)?;
    let source = match entry.pointer("/annotations/dev.nhi.source").map(Value::as_str) {
        None => None,
        Some(text) => match text.and_then(|text| Source::parse(text).ok()) {
            Some(source @ Source::Oci { .. }) => Some(source),
            _ => return Err(refuse("it names a source that is none")),
        },
    };
    Ok(Archived {
        artifact: Artifact::assemble(manifest, config, wasm)?,
        attachments: Vec::new(),
        source,
    })
}

impl Store {
    /// Puts a module with all that belongs to it into the store, the module last.
    pub fn put_archived(&self, archived: &Archived) -> Result<Digest, Problem> {
        let digest = archived.artifact.digest();
        for attachment in &archived.attachments {
            self.attach(&digest, attachment)?;
        }
        self.put(&archived.artifact)
    }
}

/// The regular files of an archive by their names.
fn files(archive: impl Read) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let unreadable = |_| refuse("it is no tar archive, or ends too early");
    let mut archive = Archive::new(archive.take(BYTES_MAX));
    let mut files = BTreeMap::new();
    for (position, entry) in archive.entries().map_err(unreadable)?.enumerate() {
        let mut entry = entry.map_err(unreadable)?;
        if position >= ENTRIES_MAX {
            return Err(refuse("it has too many entries"));
        }
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        let name = std::str::from_utf8(&entry.path_bytes()).map(str::to_owned);
        let name = name.map_err(|_| refuse("it has a name that is not text"))?;
        let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
        let is_blob = name
            .strip_prefix("blobs/sha256/")
            .is_some_and(|hex| Digest::parse(hex).is_ok());
        let is_known = is_blob || matches!(name.as_str(), "oci-layout" | "index.json");
        // A link, or a file elsewhere, is no accident.
        if !kind.is_file() || !is_known {
            return Err(refuse("it holds something that no image layout has"));
        }
        if entry.size() > WASM_BYTES_MAX {
            return Err(refuse("it holds a part that is too large"));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(unreadable)?;
        if files.insert(name, bytes).is_some() {
            return Err(refuse("it holds the same name twice"));
        }
    }
    Ok(files)
}

/// Blobs that were not asked for yet, by their names.
struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    fn take(&self, digest: &Digest, most: u64) -> Result<Vec<u8>, Problem> {
        let name = format!("blobs/sha256/{digest}");
        let bytes = self
            .0
            .get(&name)
            .ok_or_else(|| refuse("it lacks a part that it lists"))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most || Digest::of(bytes) != *digest {
            let message = format!("the archive's `{name}` does not hold what its name says");
            return Err(Problem::new(&DIGEST, message, HELP));
        }
        // Two modules may share a configuration.
        Ok(bytes.clone())
    }
}

/// Whether a list tells the size of what it lists: one that does not was changed by somebody.
fn is_size(entry: &Value, bytes: &[u8]) -> Result<(), Problem> {
    match entry.get("size").and_then(Value::as_u64) {
        Some(size) if usize::try_from(size) == Ok(bytes.len()) => Ok(()),
        _ => Err(refuse("it lists something of another size")),
    }
}

fn digest_of(text: Option<&Value>) -> Option<Digest> {
    digest_in(text?.as_str()?)
}

#[cold]
fn refuse(why: &str) -> Problem {
    Problem::new(&ARCHIVE, format!("the archive does not count: {why}"), HELP)
}
