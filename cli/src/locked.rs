//! The modules that the policy file names, as the lock file pins them: everything is judged here before anything runs.
//!
//! Nothing is fetched. A module that is not locked, not in the store, has other bytes than those of the lock, or lacks a
//! signature that counts is a problem of the report, and there is no verdict.

use std::path::{Path, PathBuf};

use nhi_governance::Digest;
use nhi_modules::{Artifact, Store, digest_in, hear};
use nhi_policy_file::{LOCK_FILE, Level, LoadError, Lock, Locked, ModuleTerms, ModulesTerms, Source, Version};
use nhi_policy_host::{HostError, Module};

use crate::artefacts;
use crate::codes;
use crate::exit::Failure;
use crate::policy;
use crate::report::Problem;
use crate::sandbox;

/// What stands before the version of the contract.
const CONTRACT: &str = "nhi:policy@";

/// A module that may run: its bytes are those of the lock, and what vouches for them counts.
#[derive(Debug)]
pub(crate) struct Pinned {
    pub(crate) name: String,
    pub(crate) level: Level,
    /// JSON text.
    pub(crate) settings: String,
    /// By the policy file, and recorded in the lock.
    pub(crate) sees_sensitive: bool,
    /// As the policy file writes it.
    pub(crate) source: String,
    pub(crate) wasm: Vec<u8>,
    version: Version,
    abi: String,
}

/// The policy file's modules and what pins them.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) policy: PathBuf,
    pub(crate) terms: ModulesTerms,
    /// `None` where there is no lock file.
    pub(crate) lock: Option<Lock>,
}

impl Files {
    /// Reads both. A lock file that cannot be read is never taken for none.
    pub(crate) fn read(policy: &Path) -> Result<Self, Failure> {
        let mut files = Self {
            policy: policy.to_owned(),
            terms: artefacts::terms(policy)?,
            lock: None,
        };
        files.lock = nhi_policy_file::load_lock(&files.lock_path()).map_err(|error| unusable(&error))?;
        Ok(files)
    }

    /// Where the lock file is.
    pub(crate) fn lock_path(&self) -> PathBuf {
        self.policy.with_file_name(LOCK_FILE)
    }

    /// Where the file of a source is: a path in the policy file starts at its folder.
    pub(crate) fn path_of(&self, file: &str) -> PathBuf {
        self.policy.parent().unwrap_or(Path::new("")).join(file)
    }

    /// What the lock pins of a module.
    pub(crate) fn locked(&self, name: &str) -> Option<&Locked> {
        self.lock.as_ref()?.modules.get(name)
    }

    /// What the lock pins and the policy file does not name.
    pub(crate) fn forgotten(&self) -> impl Iterator<Item = &str> {
        let locked = self.lock.iter().flat_map(|lock| lock.modules.keys());
        locked
            .map(String::as_str)
            .filter(|name| !self.terms.modules.contains_key(*name))
    }

    /// What the lock pins of a module, where that is what the policy file asks for.
    pub(crate) fn fitting(&self, name: &str, terms: &ModuleTerms) -> Result<&Locked, Problem> {
        let locked = self.locked(name).ok_or_else(|| unlocked(name, self))?;
        match difference(terms, locked) {
            None => Ok(locked),
            Some(why) => Err(stale(name, &why)),
        }
    }

    /// The bytes that the lock pins of a module, if what vouches for them counts.
    pub(crate) fn open(&self, store: Option<&Store>, name: &str, locked: &Locked) -> Result<Vec<u8>, Problem> {
        let (wasm, manifest, bundles) = match &locked.source {
            Source::File(file) => (sandbox::read(&self.path_of(file))?, Vec::new(), Vec::new()),
            Source::Oci { .. } => {
                let Some(manifest) = locked.manifest.as_deref().and_then(digest_in) else {
                    return Err(stale(name, "it names no manifest"));
                };
                let told = |problem: nhi_governance::Problem| told(name, problem);
                let store = store.ok_or_else(|| missing(name, &manifest))?;
                let artifact = store.artifact(&manifest).map_err(told)?;
                let Artifact {
                    manifest: bytes, wasm, ..
                } = artifact.ok_or_else(|| missing(name, &manifest))?;
                (wasm, bytes, store.bundles(&manifest).map_err(told)?)
            }
        };
        if digest_in(&locked.wasm) != Some(Digest::of(&wasm)) {
            return Err(other_bytes(name, locked, &Digest::of(&wasm)));
        }
        let heard = hear(&self.terms, &locked.source, &manifest, &bundles).map_err(|problem| told(name, problem))?;
        let lost = locked.signers.iter().filter(|signer| !heard.signers.contains(signer));
        let lost: Vec<&str> = lost.map(String::as_str).collect();
        if !lost.is_empty() {
            let why = format!("no signature by `{}` counts any more", lost.join("` and `"));
            return Err(stale(name, &why));
        }
        Ok(wasm)
    }
}

/// The modules of a policy file that may run; the others are problems.
pub(crate) fn read(policy: &Path, problems: &mut Vec<Problem>) -> Result<Vec<Pinned>, Failure> {
    let files = Files::read(policy)?;
    problems.extend(files.forgotten().map(forgotten));
    let mut store = None;
    if files
        .terms
        .modules
        .values()
        .any(|terms| matches!(terms.source, Source::Oci { .. }))
    {
        store = Some(artefacts::store()?);
    }
    let mut pinned = Vec::new();
    for (name, terms) in &files.terms.modules {
        match pin(&files, store.as_ref(), name, terms) {
            Ok(module) => pinned.push(module),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(pinned)
}

fn pin(files: &Files, store: Option<&Store>, name: &str, terms: &ModuleTerms) -> Result<Pinned, Problem> {
    let locked = files.fitting(name, terms)?;
    let wasm = files.open(store, name, locked)?;
    Ok(Pinned::new(name, terms, locked, wasm))
}

/// In what the lock is not what the policy file asks for.
pub(crate) fn difference(terms: &ModuleTerms, locked: &Locked) -> Option<String> {
    if terms.source != locked.source {
        return Some(format!(
            "it is from `{}`, and the policy file says `{}`",
            locked.source, terms.source
        ));
    }
    let version = &locked.version;
    if let Some(constraint) = terms.version.as_ref().filter(|constraint| !constraint.allows(version)) {
        return Some(format!(
            "it is version {version}, and the policy file asks for `{constraint}`"
        ));
    }
    if *version < locked.floor {
        return Some(format!("it is version {version}, below its own floor {}", locked.floor));
    }
    if terms.sensitive_values != locked.sensitive_values {
        let (one, other) = if terms.sensitive_values {
            ("grants", "does not record that")
        } else {
            ("does not grant", "does")
        };
        return Some(format!(
            "the policy file {one} it sensitive values, and the lock {other}"
        ));
    }
    None
}

/// The contract as lock files name it.
pub(crate) fn contract(module: &Module) -> String {
    format!("{CONTRACT}{}", module.facts().abi.as_deref().unwrap_or_default())
}

impl Pinned {
    /// A module by the policy file and its lock.
    pub(crate) fn new(name: &str, terms: &ModuleTerms, locked: &Locked, wasm: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            level: terms.level,
            settings: terms.settings.to_string(),
            sees_sensitive: terms.sensitive_values && locked.sensitive_values,
            source: terms.source.to_string(),
            wasm,
            version: locked.version.clone(),
            abi: locked.abi.clone(),
        }
    }

    /// Compares what a module says of itself with what the lock says of it.
    pub(crate) fn compare(&self, module: &Module) -> Result<(), Problem> {
        let description = module.description();
        let told = [
            ("name", self.name.clone(), description.name.clone()),
            ("version", self.version.to_string(), description.version.clone()),
            ("contract", self.abi.clone(), contract(module)),
        ];
        match told.into_iter().find(|(_, locked, own)| locked != own) {
            None => Ok(()),
            Some((what, locked, own)) => {
                let why = format!("its {what} is `{locked}` there, and the module says `{own}`");
                Err(stale(&self.name, &why))
            }
        }
    }
}

/// The settings of the policy file do not fit the module of this name.
#[cold]
pub(crate) fn refuse_settings(name: &str, error: HostError) -> Problem {
    let mut problem = sandbox::problem(name, error);
    problem.message = format!("the settings of the policy file do not fit: {}", problem.message);
    problem.help =
        format!("correct `settings` in the block `module \"{name}\"`; `nhi module inspect` shows the schema");
    problem
}

/// What is wrong with a module's artefact, as a problem of the report.
#[cold]
pub(crate) fn told(name: &str, problem: nhi_governance::Problem) -> Problem {
    Problem {
        code: problem.code.id,
        subject: name.to_owned(),
        byte_offset: None,
        message: problem.message,
        help: problem.help,
    }
}

/// The lock pins a module that the policy file does not name.
#[cold]
pub(crate) fn forgotten(name: &str) -> Problem {
    stale(name, "the policy file does not name it")
}

#[cold]
fn stale(name: &str, why: &str) -> Problem {
    Problem {
        code: codes::MODULE_STALE,
        subject: name.to_owned(),
        byte_offset: None,
        message: format!("what `{LOCK_FILE}` pins of the module does not hold: {why}"),
        help: codes::help(codes::MODULE_STALE),
    }
}

#[cold]
fn unlocked(name: &str, files: &Files) -> Problem {
    let lock = files.lock_path().display().to_string();
    Problem {
        code: codes::MODULE_UNLOCKED,
        subject: name.to_owned(),
        byte_offset: None,
        message: match files.lock {
            Some(_) => format!("`{lock}` does not pin the module"),
            None => format!("there is no `{lock}`, so nothing pins the module"),
        },
        help: codes::help(codes::MODULE_UNLOCKED),
    }
}

#[cold]
fn missing(name: &str, manifest: &Digest) -> Problem {
    Problem {
        code: "NHI-MODULE-STORE",
        subject: name.to_owned(),
        byte_offset: None,
        message: format!("sha256:{manifest} is not in the store of this machine"),
        help: "fetch what the lock file pins with `nhi module lock --fetch`, or `nhi module load` an archive of it"
            .to_owned(),
    }
}

#[cold]
fn other_bytes(name: &str, locked: &Locked, found: &Digest) -> Problem {
    Problem {
        code: "NHI-MODULE-DIGEST",
        subject: name.to_owned(),
        byte_offset: None,
        message: format!(
            "`{}` is sha256:{found}, and the lock file pins {}",
            locked.source, locked.wasm
        ),
        help: "find out who changed it; if it was meant, run `nhi module lock` and have the change reviewed".to_owned(),
    }
}

/// The lock file cannot be used: its first mistake.
#[cold]
fn unusable(error: &LoadError) -> Failure {
    let mut failure = policy::failure(error);
    "restore it from version control: to write it anew would forget how far down versions may go"
        .clone_into(&mut failure.help);
    failure
}
