//! Works out what the lock file has to say of a module: which bytes, who signed them, what they say of themselves.
//!
//! Whatever is locked was loaded as a check will load it, has the name and the version that it is locked by, and takes
//! the settings of the policy file. A version never goes below the floor unless somebody names the module for it.

use nhi_governance::Digest;
use nhi_modules::{Artifact, Facts, NamedBy, Store, choose, digest_in, hear};
use nhi_policy_file::{Locked, ModuleTerms, Source, Version};
use nhi_policy_host::{Host, HostLimits, Module};

use super::refused;
use crate::artefacts::{self, RemoteArgs, Trust};
use crate::exit::Failure;
use crate::locked::{self, Files, Pinned};
use crate::sandbox;

/// What is needed to work a module out.
pub(super) struct Resolver<'f> {
    pub(super) files: &'f Files,
    pub(super) store: Store,
    pub(super) notes: Vec<String>,
    trust: Trust,
    remote: RemoteArgs,
    host: Host,
    lower: &'f [String],
}

/// A module that may be locked.
pub(super) struct Resolved {
    pub(super) locked: Locked,
    pub(super) module: Module,
    pub(super) wasm: Vec<u8>,
}

/// Bytes, and what vouches for them.
struct Got {
    wasm: Vec<u8>,
    manifest: Option<Digest>,
    signers: Vec<String>,
    /// By the tag; a file has none.
    version: Option<Version>,
}

impl<'f> Resolver<'f> {
    /// `lower` names the modules that may go below their floor.
    pub(super) fn new(files: &'f Files, remote: RemoteArgs, lower: &'f [String]) -> Result<Self, Failure> {
        if let Some(name) = lower.iter().find(|name| !files.terms.modules.contains_key(*name)) {
            return Err(Failure::usage(format!("the policy file names no module `{name}`")));
        }
        let mut notes = Vec::new();
        let host = sandbox::host(HostLimits::default(), &mut notes);
        Ok(Self {
            files,
            store: artefacts::store()?,
            trust: Trust::Terms(files.terms.clone()),
            remote,
            host: host.map_err(|error| refused(sandbox::problem("(sandbox)", error)))?,
            lower,
            notes,
        })
    }

    /// What is locked already, where that is what the policy file asks for; else the newest that it asks for.
    pub(super) fn keep(&mut self, name: &str, terms: &ModuleTerms) -> Result<Resolved, Failure> {
        let locked = self.files.locked(name);
        let kept = locked.filter(|locked| {
            // What is granted is written down anew; all else has to fit.
            let granted = ModuleTerms {
                sensitive_values: locked.sensitive_values,
                ..terms.clone()
            };
            locked::difference(&granted, locked).is_none()
        });
        let got = match (kept, &terms.source) {
            (Some(locked), Source::Oci { .. }) => self.pinned(name, locked)?,
            _ => self.newest_bytes(name, terms)?,
        };
        self.finish(name, terms, got)
    }

    /// The newest that the policy file asks for.
    pub(super) fn newest(&mut self, name: &str, terms: &ModuleTerms) -> Result<Resolved, Failure> {
        let got = self.newest_bytes(name, terms)?;
        self.finish(name, terms, got)
    }

    /// The bytes that were locked, if they are still at hand; what they are compared with is not run for a verdict.
    pub(super) fn before(&self, name: &str) -> Option<(&'f Locked, Vec<u8>)> {
        let locked = self.files.locked(name)?;
        let wasm = match locked.manifest.as_deref().and_then(digest_in) {
            Some(manifest) => self.store.artifact(&manifest).ok()??.wasm,
            None => self.store.wasm(&digest_in(&locked.wasm)?).ok()??,
        };
        (digest_in(&locked.wasm) == Some(Digest::of(&wasm))).then_some((locked, wasm))
    }

    /// What is locked of a repository, from the store or else, by its digest, from there.
    fn pinned(&self, name: &str, locked: &Locked) -> Result<Got, Failure> {
        let told = |problem| refused(locked::told(name, problem));
        let manifest = locked.manifest.as_deref().and_then(digest_in);
        let stored = match &manifest {
            Some(manifest) => self.store.artifact(manifest).map_err(told)?,
            None => None,
        };
        let Some(artifact) = stored else {
            return self.fetch(name, &locked.source, &locked.version, manifest.as_ref());
        };
        let manifest = artifact.digest();
        let bundles = self.store.bundles(&manifest).map_err(told)?;
        let heard = match hear(&self.files.terms, &locked.source, &artifact.manifest, &bundles) {
            Ok(heard) => heard,
            // Somebody may have signed since it was fetched.
            Err(problem) => {
                let fetched = self.fetch(name, &locked.source, &locked.version, Some(&manifest));
                return fetched.map_err(|_| told(problem));
            }
        };
        Ok(Got {
            wasm: artifact.wasm,
            manifest: Some(manifest),
            signers: heard.signers,
            version: Some(locked.version.clone()),
        })
    }

    fn newest_bytes(&self, name: &str, terms: &ModuleTerms) -> Result<Got, Failure> {
        let told = |problem| refused(locked::told(name, problem));
        let (Source::Oci { .. }, Some(constraint)) = (&terms.source, &terms.version) else {
            let path = self.files.path_of(&terms.source.to_string());
            let wasm = sandbox::read(&path).map_err(refused)?;
            let heard = hear(&self.files.terms, &terms.source, &[], &[]).map_err(told)?;
            return Ok(Got {
                wasm,
                manifest: None,
                signers: heard.signers,
                version: None,
            });
        };
        let remote = self.remote.open(&terms.source, NamedBy::File)?;
        let versions = remote.versions().map_err(told)?;
        let version = choose(name, &versions, constraint, self.floor(name)).map_err(told)?;
        // A version that is locked is what it was, or somebody has exchanged it.
        let before = self.files.locked(name);
        let before = before.filter(|locked| locked.source == terms.source && locked.version == *version);
        let manifest = before.and_then(|locked| digest_in(locked.manifest.as_deref()?));
        self.fetch(name, &terms.source, version, manifest.as_ref())
    }

    fn fetch(&self, name: &str, source: &Source, version: &Version, digest: Option<&Digest>) -> Result<Got, Failure> {
        let remote = self.remote.open(source, NamedBy::File)?;
        let fetched = artefacts::fetch(&remote, source, version, digest, &self.trust, &self.store)
            .map_err(|problem| refused(locked::told(name, problem)))?;
        Ok(Got {
            wasm: fetched.artifact.wasm,
            manifest: Some(fetched.named.manifest),
            signers: fetched.signers,
            version: Some(version.clone()),
        })
    }

    /// The lowest version that may be locked.
    fn floor(&self, name: &str) -> Option<&'f Version> {
        let locked = self.files.locked(name)?;
        let may_fall = self.lower.iter().any(|lower| lower == name);
        (!may_fall).then_some(&locked.floor)
    }

    fn finish(&mut self, name: &str, terms: &ModuleTerms, got: Got) -> Result<Resolved, Failure> {
        let loaded = sandbox::load_bytes(&self.host, name, &got.wasm, &mut self.notes).map_err(refused)?;
        let module = loaded.module;
        let version = self.version(name, &module, got.version.as_ref())?;
        let floor = self.floor(name).cloned().unwrap_or_else(|| version.clone());
        let wasm = Digest::of(&got.wasm);
        let locked = Locked {
            source: terms.source.clone(),
            floor: floor.max(version.clone()),
            manifest: got.manifest.map(|manifest| format!("sha256:{manifest}")),
            wasm: format!("sha256:{wasm}"),
            abi: locked::contract(&module),
            imports: module.facts().imports.clone(),
            signers: got.signers,
            sensitive_values: terms.sensitive_values,
            version,
        };
        let pinned = Pinned::new(name, terms, &locked, got.wasm);
        if let Err(error) = self.host.validate_settings(&module, &pinned.settings) {
            return Err(refused(locked::refuse_settings(name, error)));
        }
        if got.manifest.is_none() {
            self.remember(name, &module, &locked, &pinned.wasm)?;
        }
        Ok(Resolved {
            locked,
            module,
            wasm: pinned.wasm,
        })
    }

    /// The version that a module says it is: that of its tag, and not below the floor.
    fn version(&self, name: &str, module: &Module, tag: Option<&Version>) -> Result<Version, Failure> {
        let description = module.description();
        if description.name != name {
            let message = format!("module `{name}` calls itself something else");
            let help = format!("write `module \"{}\"` in the policy file", description.name);
            return Err(Failure::undecided(message).help(help));
        }
        let own = Version::parse(&description.version).map_err(|_| {
            Failure::undecided(format!(
                "the version of module `{name}` is not one that can be compared"
            ))
            .help("have its author write major, minor and patch, such as `1.2.3`")
        })?;
        if let Some(tag) = tag.filter(|tag| **tag != own) {
            let problem = nhi_modules::mislabelled(tag, Some(&own.to_string()));
            return Err(refused(locked::told(name, problem)));
        }
        match self.floor(name).filter(|floor| own < **floor) {
            None => Ok(own),
            Some(floor) => {
                let message = format!("NHI-MODULE-VERSION: module `{name}` would go down from {floor} to {own}");
                let help =
                    format!("find out why; to go down on purpose say `--allow-lower {name}`, and have that reviewed");
                Err(Failure::undecided(message).help(help))
            }
        }
    }

    /// Keeps the bytes of a file, so that the next version can be compared with them.
    fn remember(&mut self, name: &str, module: &Module, locked: &Locked, wasm: &[u8]) -> Result<(), Failure> {
        let facts = Facts {
            name: name.to_owned(),
            version: locked.version.to_string(),
            abi: locked.abi.clone(),
            exports: module.facts().exports.clone(),
            imports: locked.imports.clone(),
        };
        let put = self.store.put(&Artifact::pack(&facts, wasm.to_vec()));
        put.map_err(|problem| refused(locked::told(name, problem)))?;
        let before = self.files.locked(name);
        if before.is_some_and(|before| before.version == locked.version && before.wasm != locked.wasm) {
            self.notes.push(format!(
                "version {} of module `{name}` is other bytes than before: give it a version of its own",
                locked.version
            ));
        }
        Ok(())
    }
}
