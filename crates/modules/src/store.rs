//! The store of modules on this machine: every blob under its digest, checked whenever it is read.

mod leftovers;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use nhi_governance::{Digest, Problem};
use nhi_policy_file::{Source, Version};
use serde::{Deserialize, Serialize};

use crate::artifact::{Artifact, MANIFEST_BYTES_MAX, Manifest, WASM_BYTES_MAX, digest_in};
use crate::attachment::{Attachment, Kind};
use crate::code::{DIGEST, MOVED, STORE};

/// The most attachments of one kind that are read of one manifest.
const ATTACHMENTS_MAX: usize = 50;

/// Bytes of what says which manifest a version is.
const NAME_BYTES_MAX: u64 = 4 << 10;

/// What a version of a source was when it came to this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Where it came from.
    pub source: Source,
    /// Its version.
    pub version: Version,
    /// Digest of its manifest.
    pub manifest: Digest,
}

#[derive(Serialize, Deserialize)]
struct WrittenName {
    source: String,
    version: String,
    manifest: String,
}

/// A folder with artefacts and their signatures.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in a folder, which is made when something is put in.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs").join("sha256").join(digest.to_string())
    }

    fn attached(&self, manifest: &Digest, kind: Kind) -> PathBuf {
        let folder = match kind {
            Kind::Bundle => "signatures",
            Kind::Sbom => "sboms",
            Kind::Statement => "statements",
        };
        self.folder.join(folder).join(manifest.to_string())
    }

    fn name_of(&self, source: &Source, version: &Version) -> PathBuf {
        let source = Digest::of(source.to_string().as_bytes()).to_string();
        self.folder.join("names").join(source).join(format!("{version}.json"))
    }

    /// The manifest that a version of a source was when it came here.
    ///
    /// # Errors
    ///
    /// What cannot be read, or is not what its place says.
    pub fn named(&self, source: &Source, version: &Version) -> Result<Option<Digest>, Problem> {
        let path = self.name_of(source, version);
        let Some(bytes) = read(&path, NAME_BYTES_MAX)? else {
            return Ok(None);
        };
        let found = name_in(&bytes).filter(|named| named.source == *source && named.version == *version);
        let found = found.ok_or_else(|| damaged(&path))?;
        Ok(Some(found.manifest))
    }

    /// Notes which manifest a version of a source is. One that is noted already is exchanged only by whoever names the
    /// digest.
    ///
    /// # Errors
    ///
    /// The version was another manifest before.
    pub fn name(&self, named: &Named, is_digest_given: bool) -> Result<(), Problem> {
        let Named {
            source,
            version,
            manifest,
        } = named;
        if !is_digest_given {
            self.refuse_moved(named)?;
        }
        let written = WrittenName {
            source: source.to_string(),
            version: version.to_string(),
            manifest: format!("sha256:{manifest}"),
        };
        // INVARIANT: three texts always have a JSON text.
        let bytes = serde_json::to_vec(&written).unwrap_or_default();
        write(&self.name_of(source, version), &bytes)
    }

    /// Whether a version is still the manifest that it was.
    ///
    /// # Errors
    ///
    /// It is another one: what was published is never exchanged.
    pub fn refuse_moved(&self, named: &Named) -> Result<(), Problem> {
        match self.named(&named.source, &named.version)? {
            Some(before) if before != named.manifest => {
                Err(moved(&named.source, &named.version, &before, &named.manifest))
            }
            _ => Ok(()),
        }
    }

    /// Puts an artefact in: the manifest last, so that what it names is there once it is.
    pub fn put(&self, artifact: &Artifact) -> Result<Digest, Problem> {
        for bytes in [&artifact.wasm, &artifact.config, &artifact.manifest] {
            write(&self.blob(&Digest::of(bytes)), bytes)?;
        }
        let digest = artifact.digest();
        leftovers::clear(&self.folder, &self.blob(&digest));
        Ok(digest)
    }

    /// The module of a digest, whatever manifests name it; `None` where it is not in the store.
    ///
    /// # Errors
    ///
    /// Bytes that are not what their name says.
    pub fn wasm(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Problem> {
        self.get(digest, WASM_BYTES_MAX)
    }

    /// Adds something to a manifest. That a signature counts is for its reader to say.
    pub fn attach(&self, manifest: &Digest, attachment: &Attachment) -> Result<(), Problem> {
        let name = format!("{}.json", attachment.digest());
        write(&self.attached(manifest, attachment.kind).join(name), &attachment.bytes)
    }

    /// Takes out an artefact; `None` where its manifest is not in the store.
    ///
    /// # Errors
    ///
    /// A blob that is missing, or is not what its name says.
    pub fn artifact(&self, manifest: &Digest) -> Result<Option<Artifact>, Problem> {
        let Some(bytes) = self.get(manifest, MANIFEST_BYTES_MAX as u64)? else {
            return Ok(None);
        };
        let described = Manifest::read(&bytes)?;
        let part = |digest: &Digest, size: u64| {
            self.get(digest, size)?.ok_or_else(|| {
                let path = self.blob(digest);
                let message = format!("{} is missing", path.display());
                Problem::new(&STORE, message, "Fetch the module again with `nhi module pull`.")
            })
        };
        let config = part(&described.config.digest, described.config.size)?;
        let wasm = part(&described.wasm.digest, described.wasm.size)?;
        Artifact::assemble(bytes, config, wasm).map(Some)
    }

    /// What belongs to a manifest, by kind and in the order of the digests.
    pub fn attachments(&self, manifest: &Digest) -> Result<Vec<Attachment>, Problem> {
        let mut attachments = Vec::new();
        for kind in Kind::ALL {
            for bytes in self.attachments_of(manifest, kind)? {
                attachments.push(Attachment { kind, bytes });
            }
        }
        Ok(attachments)
    }

    /// The signatures of a manifest, in the order of their digests.
    pub fn bundles(&self, manifest: &Digest) -> Result<Vec<Vec<u8>>, Problem> {
        self.attachments_of(manifest, Kind::Bundle)
    }

    fn attachments_of(&self, manifest: &Digest, kind: Kind) -> Result<Vec<Vec<u8>>, Problem> {
        let folder = self.attached(manifest, kind);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(broken(&folder, &error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| broken(&folder, &error))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.truncate(ATTACHMENTS_MAX);
        let most = kind.bytes_max();
        let read = |path: &PathBuf| read(path, most).map(Option::unwrap_or_default);
        paths.iter().map(read).collect()
    }

    /// The bytes of a digest.
    fn get(&self, digest: &Digest, most: u64) -> Result<Option<Vec<u8>>, Problem> {
        let path = self.blob(digest);
        let Some(bytes) = read(&path, most.min(WASM_BYTES_MAX))? else {
            return Ok(None);
        };
        if Digest::of(&bytes) == *digest {
            return Ok(Some(bytes));
        }
        let message = format!("{} does not hold what its name says", path.display());
        let help =
            "Delete the file and fetch the module again with `nhi module pull`; find out who wrote to the store.";
        Err(Problem::new(&DIGEST, message, help))
    }
}

fn name_in(bytes: &[u8]) -> Option<Named> {
    let written: WrittenName = serde_json::from_slice(bytes).ok()?;
    Some(Named {
        source: Source::parse(&written.source).ok()?,
        version: Version::parse(&written.version).ok()?,
        manifest: digest_in(&written.manifest)?,
    })
}

/// A version that is not what it was.
#[cold]
pub fn moved(source: &Source, version: &Version, before: &Digest, now: &Digest) -> Problem {
    let message = format!("version {version} of `{source}` was sha256:{before} and is now sha256:{now}");
    let help = format!(
        "Ask its publisher: a version that was published is never exchanged. To take the new one on purpose, name it: \
         `{source}:{version}@sha256:{now}`."
    );
    Problem::new(&MOVED, message, help)
}

#[cold]
fn damaged(path: &Path) -> Problem {
    let message = format!("{} does not say what its place says", path.display());
    let help = "Delete the file and fetch the module again with `nhi module pull`; find out who wrote to the store.";
    Problem::new(&STORE, message, help)
}

/// Reads a file within a limit, and one byte more, so that what is too long is noticed.
fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Problem> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(broken(path, &error)),
    }
}

/// Writes a file as a whole or not at all; one that is there already has the same bytes or is replaced.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| {
        let mut file = tempfile::Builder::new()
            .prefix(leftovers::UNFINISHED)
            .tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|error| broken(path, &error))
}

#[cold]
fn broken(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        &STORE,
        format!("{} cannot be used: {error}", path.display()),
        "Make the folder writable, or name another one with `NHI_MODULE_STORE`.",
    )
}
