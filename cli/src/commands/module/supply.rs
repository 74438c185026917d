//! What goes along with a module that is published: the list of its dependencies, and how it was made.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nhi_governance::Digest;
use nhi_modules::{Attachment, Component, Kind, Origin, SBOM_BYTES_MAX};

use super::subject::{Held, Packed};
use crate::artefacts;
use crate::exit::Failure;
use crate::input;

/// The unpacked list of dependencies that `cargo auditable` writes.
const DEPENDENCIES_BYTES_MAX: usize = 4 << 20;
/// Bytes of a lock file.
const LOCK_BYTES_MAX: u64 = 4 << 20;
/// How far above a component's file its lock file may be: `target/wasm32-unknown-unknown/release/rules.wasm`.
const LEVELS_MAX: usize = 5;

/// A module, and the lock file of the folder that it was built in: both documents are of the same bytes of it.
pub(super) struct Supply<'h> {
    held: &'h Held,
    lock: OnceCell<Option<(PathBuf, Vec<u8>)>>,
}

impl<'h> Supply<'h> {
    pub(super) fn of(held: &'h Held) -> Self {
        Self {
            held,
            lock: OnceCell::new(),
        }
    }

    /// The list of dependencies: the one that is given, that of the module, what was linked into it, what its lock file
    /// names; none where nothing of the kind is there.
    pub(super) fn sbom(&self, given: Option<&Path>) -> Result<Option<Attachment>, Failure> {
        let (kind, held) = (Kind::Sbom, self.held);
        if let Some(path) = given {
            let bytes = input::read_file(path, SBOM_BYTES_MAX).map_err(|error| unreadable(path, &error.to_string()))?;
            let bytes = bytes.ok_or_else(|| unreadable(path, "it is too long"))?;
            nhi_modules::read_sbom(&bytes).map_err(artefacts::failure)?;
            return Ok(Some(Attachment { kind, bytes }));
        }
        if let Some(there) = held.attachments.iter().find(|attachment| attachment.kind == kind) {
            return Ok(Some(there.clone()));
        }
        let Some(packed) = &held.packed else { return Ok(None) };
        let bytes = self
            .components(packed)?
            .map(|list| nhi_modules::sbom(&packed.facts, &held.artifact.wasm, &list));
        Ok(bytes.map(|bytes| Attachment { kind, bytes }))
    }

    fn components(&self, packed: &Packed) -> Result<Option<Vec<Component>>, Failure> {
        if let Some(list) = &packed.dependencies {
            let json = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(list, DEPENDENCIES_BYTES_MAX);
            let json = json.map_err(|_| {
                Failure::undecided("what `cargo auditable` wrote into the module cannot be unpacked")
                    .help("build the module again, or name a list with `--sbom FILE`")
            })?;
            return nhi_modules::of_auditable(&json).map(Some).map_err(artefacts::failure);
        }
        let Some((path, text)) = self.lock(packed)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(text).map_err(|_| unreadable(path, "it is not text"))?;
        let list = nhi_modules::of_lock(text, &packed.facts.name);
        list.map(Some).map_err(artefacts::failure)
    }

    /// How a module was made, as a statement that nobody has signed yet; none where neither a commit nor a lock file says
    /// anything about it.
    pub(super) fn provenance(&self, sbom: Option<&Attachment>) -> Result<Option<Vec<u8>>, Failure> {
        let held = self.held;
        let Some(packed) = &held.packed else { return Ok(None) };
        let folder = packed.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let commit = git(folder, &["rev-parse", "HEAD"]).filter(|text| text.len() == 40 || text.len() == 64);
        let remote = git(folder, &["config", "--get", "remote.origin.url"]).and_then(|url| public_address(&url));
        let source = commit.map(|commit| (remote.unwrap_or_else(|| "git+unknown:".to_owned()), commit));
        let lock = self.lock(packed)?.map(|(_, bytes)| Digest::of(bytes));
        if source.is_none() && lock.is_none() {
            return Ok(None);
        }
        let origin = Origin {
            builder: builder(),
            is_modified: source.is_some()
                && git(folder, &["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty()),
            source,
            lock,
            sbom: sbom.map(Attachment::digest),
        };
        Ok(Some(nhi_modules::provenance(
            &held.artifact.manifest,
            &packed.facts.name,
            &origin,
        )))
    }

    /// The lock file, which is read once.
    fn lock(&self, packed: &Packed) -> Result<Option<(&Path, &[u8])>, Failure> {
        let known = match self.lock.get() {
            Some(known) => known,
            None => {
                let read = lock(packed)?;
                self.lock.get_or_init(|| read)
            }
        };
        Ok(known.as_ref().map(|(path, bytes)| (path.as_path(), bytes.as_slice())))
    }
}

/// The lock file of the folder that a component was built in.
fn lock(packed: &Packed) -> Result<Option<(PathBuf, Vec<u8>)>, Failure> {
    let path = packed.path.canonicalize().unwrap_or_else(|_| packed.path.clone());
    let folder = path
        .ancestors()
        .skip(1)
        .take(LEVELS_MAX)
        .find(|folder| folder.join("Cargo.toml").is_file());
    let Some(path) = folder
        .map(|folder| folder.join("Cargo.lock"))
        .filter(|path| path.is_file())
    else {
        return Ok(None);
    };
    let bytes = input::read_file(&path, LOCK_BYTES_MAX).map_err(|error| unreadable(&path, &error.to_string()))?;
    let bytes = bytes.ok_or_else(|| unreadable(&path, "it is too long"))?;
    Ok(Some((path, bytes)))
}

/// What git says; nothing where it is not there or knows nothing of the folder.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        // No program that a repository names is started.
        .args(["-c", "core.fsmonitor=false"])
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())??;
    Some(text.trim().to_owned())
}

/// The address of a repository without what lets somebody in; none for a folder of this machine.
fn public_address(url: &str) -> Option<String> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme @ ("https" | "http" | "ssh" | "git"), rest)) => (scheme, rest.to_owned()),
        Some(_) => return None,
        // `git@host:team/rules`, as ssh has it.
        None => {
            let (host, path) = url
                .split_once(':')
                .filter(|(host, _)| host.contains('@') && !host.contains('/'))?;
            ("ssh", format!("{host}/{path}"))
        }
    };
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit('@').next().unwrap_or(authority);
    // What follows a question mark may let somebody in as well.
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let is_plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
    (is_plain(host) && is_plain(path)).then(|| format!("git+{scheme}://{host}/{path}"))
}

/// Where this runs: the workflow or the project of a CI system that says so, or somebody's machine.
fn builder() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let github = || Some(format!("{}/{}", set("GITHUB_SERVER_URL")?, set("GITHUB_WORKFLOW_REF")?));
    let gitlab = || Some(format!("{}/-/runners/{}", set("CI_PROJECT_URL")?, set("CI_RUNNER_ID")?));
    let found = github().or_else(gitlab);
    found
        .filter(|uri| uri.starts_with("https://"))
        .unwrap_or_else(|| nhi_modules::OWN_MACHINE.to_owned())
}

#[cold]
fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::undecided(format!("`{}` cannot be read: {why}", path.display()))
        .help("name a list of dependencies in CycloneDX 1.5 or later with `--sbom FILE`")
}

#[cfg(test)]
mod tests {
    use super::public_address;

    #[test]
    fn no_address_holds_what_lets_somebody_in() {
        for (url, expected) in [
            (
                "https://git.example/team/rules.git",
                Some("git+https://git.example/team/rules.git"),
            ),
            (
                "https://name:token@git.example/team/rules",
                Some("git+https://git.example/team/rules"),
            ),
            (
                "https://token@git.example:8443/rules?token=1",
                Some("git+https://git.example:8443/rules"),
            ),
            ("ssh://git@git.example/rules", Some("git+ssh://git.example/rules")),
            (
                "git@git.example:team/rules.git",
                Some("git+ssh://git.example/team/rules.git"),
            ),
            ("/srv/git/rules", None),
            ("file:///srv/git/rules", None),
            ("../rules", None),
            ("", None),
        ] {
            assert_eq!(public_address(url).as_deref(), expected, "{url}");
        }
    }
}
