//! The module that a command is about: a component's file, one in the store by its digest or its name, an archive.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use nhi_governance::Digest;
use nhi_modules::{Artifact, Attachment, Facts, Manifest, Named, Store};
use nhi_policy_file::{Source, Version};
use nhi_policy_host::HostLimits;

use super::refused;
use crate::artefacts::{self, Reference};
use crate::exit::Failure;
use crate::sandbox;

/// What every component begins with.
const MAGIC: &[u8; 4] = b"\0asm";

/// How a module is named on the command line.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    File(PathBuf),
    Digest(Digest),
    Reference(Reference),
}

/// A module, and what belongs to it.
#[derive(Debug)]
pub(super) struct Held {
    /// What to call it.
    pub(super) label: String,
    pub(super) artifact: Artifact,
    pub(super) attachments: Vec<Attachment>,
    /// Where it comes from, as far as somebody said.
    pub(super) source: Option<Source>,
    /// What was read out of a component's file.
    pub(super) packed: Option<Packed>,
}

/// What a component's file says.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) path: PathBuf,
    pub(super) facts: Facts,
    /// The list of dependencies as `cargo auditable` wrote it.
    pub(super) dependencies: Option<Vec<u8>>,
}

impl Subject {
    /// Reads how a module is named.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("oci://") {
            return Reference::parse(text).map(Self::Reference);
        }
        match text.strip_prefix("sha256:") {
            Some(hex) => Digest::parse(hex)
                .map(Self::Digest)
                .map_err(|_| "the digest is not SHA-256 in hexadecimal".to_owned()),
            None if text.is_empty() => Err("name a component's file, `oci://…:1.2.3` or `sha256:…`".to_owned()),
            None => Ok(Self::File(text.into())),
        }
    }

    /// The module, of which there is exactly one.
    pub(super) fn one(&self, store: &Store) -> Result<Held, Failure> {
        let mut held = self.all(store)?.into_iter();
        match (held.next(), held.next()) {
            (Some(held), None) => Ok(held),
            (first, _) => Err(Failure::usage(format!(
                "the archive holds {} modules",
                if first.is_some() { "several" } else { "no" }
            ))
            .help("load it with `nhi module load`, and name the module")),
        }
    }

    /// The module, or all of those in an archive.
    pub(super) fn all(&self, store: &Store) -> Result<Vec<Held>, Failure> {
        match self {
            Self::File(path) if is_component(path) => Ok(vec![pack(path, store)?]),
            Self::File(path) => archived(path),
            Self::Digest(digest) => Ok(vec![stored(store, digest, None)?]),
            Self::Reference(reference) => Ok(vec![stored(store, &known(reference, store)?, Some(&reference.source))?]),
        }
    }
}

impl Held {
    /// The version that it is published under.
    pub(super) fn version(&self) -> Result<Version, Failure> {
        let told = Manifest::read(&self.artifact.manifest)
            .map_err(artefacts::failure)?
            .version;
        let told = told.unwrap_or_default();
        let version = Version::parse(&told).ok().filter(|version| version.build.is_empty());
        version.ok_or_else(|| {
            Failure::undecided(format!(
                "`{}` says that its version is `{told}`, which cannot be published",
                self.label
            ))
            .help("give the module a version of major, minor and patch, such as `1.2.3`, and build it again")
        })
    }

    /// The name that it gives itself.
    pub(super) fn name(&self) -> String {
        let manifest = Manifest::read(&self.artifact.manifest);
        manifest.ok().and_then(|manifest| manifest.name).unwrap_or_default()
    }

    /// As the store knows it, where it says where it comes from.
    pub(super) fn named(&self) -> Result<Option<Named>, Failure> {
        let Some(source) = &self.source else { return Ok(None) };
        Ok(Some(Named {
            source: source.clone(),
            version: self.version()?,
            manifest: self.artifact.digest(),
        }))
    }
}

/// Whether a file is to be taken for a component and not for an archive: one in text form, and one that cannot be read,
/// are told of by whoever reads components.
pub(super) fn is_component(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4).read_to_end(&mut head));
    read.is_err() || head == MAGIC || head.starts_with(b"(")
}

/// Puts a component into its artefact, once it was found to be what a run would take.
fn pack(path: &Path, store: &Store) -> Result<Held, Failure> {
    let label = path.display().to_string();
    let wasm = sandbox::read(path).map_err(refused)?;
    let mut notes = Vec::new();
    let host =
        sandbox::host(HostLimits::default(), &mut notes).map_err(|error| refused(sandbox::problem(&label, error)))?;
    let module = sandbox::load_bytes(&host, &label, &wasm, &mut notes)
        .map_err(refused)?
        .module;
    let (seen, description) = (module.facts(), module.description());
    let facts = Facts {
        name: description.name.clone(),
        version: description.version.clone(),
        abi: format!("nhi:policy@{}", seen.abi.as_deref().unwrap_or_default()),
        exports: seen.exports.clone(),
        imports: seen.imports.clone(),
    };
    let artifact = Artifact::pack(&facts, wasm);
    Ok(Held {
        label,
        attachments: store.attachments(&artifact.digest()).map_err(artefacts::failure)?,
        artifact,
        source: None,
        packed: Some(Packed {
            path: path.to_owned(),
            dependencies: seen.dependencies.clone(),
            facts,
        }),
    })
}

fn archived(path: &Path) -> Result<Vec<Held>, Failure> {
    let opened =
        File::open(path).map_err(|error| Failure::usage(format!("`{}` cannot be read: {error}", path.display())))?;
    let modules = nhi_modules::open(opened).map_err(artefacts::failure)?;
    let held = |module: nhi_modules::Archived| Held {
        label: format!("sha256:{}", module.artifact.digest()),
        artifact: module.artifact,
        attachments: module.attachments,
        source: module.source,
        packed: None,
    };
    Ok(modules.into_iter().map(held).collect())
}

fn known(reference: &Reference, store: &Store) -> Result<Digest, Failure> {
    let source = &reference.source;
    let Some(version) = &reference.version else {
        return match reference.digest {
            Some(digest) => Ok(digest),
            None => Err(Failure::usage(format!("`{source}` names no version"))
                .help(format!("write `{source}:1.2.3` with the version that is meant"))),
        };
    };
    let found = store.named(source, version).map_err(artefacts::failure)?;
    let found = found.ok_or_else(|| {
        Failure::undecided(format!("`{source}:{version}` is not in the store of this machine"))
            .help(format!("fetch it with `nhi module pull {source}:{version}`"))
    })?;
    match reference.digest {
        Some(wanted) if wanted != found => {
            Err(artefacts::failure(nhi_modules::moved(source, version, &wanted, &found)))
        }
        _ => Ok(found),
    }
}

fn stored(store: &Store, digest: &Digest, source: Option<&Source>) -> Result<Held, Failure> {
    let artifact = store.artifact(digest).map_err(artefacts::failure)?;
    let artifact = artifact.ok_or_else(|| {
        Failure::undecided(format!("sha256:{digest} is not in the store of this machine"))
            .help("fetch it with `nhi module pull`, or load an archive with `nhi module load`")
    })?;
    Ok(Held {
        label: format!("sha256:{digest}"),
        attachments: store.attachments(digest).map_err(artefacts::failure)?,
        artifact,
        source: source.cloned(),
        packed: None,
    })
}
