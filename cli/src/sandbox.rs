//! The sandbox as commands set it up: compiling happens in a process of its own, and its result is kept.

use std::path::{Path, PathBuf};

use nhi_policy_host::{Cache, Compilation, Host, HostError, HostErrorKind, HostLimits, Module, Origin, Trust};

use crate::codes;
use crate::input;
use crate::report::Problem;

/// The hidden subcommand that compiles one module, from standard input to standard output.
pub(crate) const CHILD: [&str; 2] = ["module", "compile-child"];

/// A module's file, read and loaded.
#[derive(Debug)]
pub(crate) struct LoadedFile {
    pub(crate) module: Module,
    pub(crate) sha256: String,
}

/// A host, and what its user should know about it.
pub(crate) fn host(limits: HostLimits, notes: &mut Vec<String>) -> Result<Host, HostError> {
    let cache = cache_directory().and_then(|directory| match Cache::open(&directory) {
        Ok(cache) => Some(cache),
        Err(why) => {
            notes.push(format!("{why}; modules are compiled for every run"));
            None
        }
    });
    Ok(Host::new(limits)?.compile_with(compilation(cache)?))
}

/// How modules are compiled: by this very program, started anew.
pub(crate) fn compilation(cache: Option<Cache>) -> Result<Compilation, HostError> {
    let program = std::env::current_exe().map_err(|error| HostError {
        module: String::from("(sandbox)"),
        kind: HostErrorKind::Engine,
        message: format!("this program cannot find itself: {error}"),
        help: HostErrorKind::Engine.help().to_owned(),
    })?;
    Ok(Compilation {
        program,
        arguments: CHILD.map(Into::into).to_vec(),
        cache,
    })
}

/// Where compiled modules are kept; nowhere without a home.
fn cache_directory() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(directory) = set("NHI_CACHE_DIR") {
        return Some(directory);
    }
    let base = set("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    base.is_absolute().then(|| base.join("nhi").join("modules"))
}

/// Loads a component from a file. What its user should know goes to `notes`.
pub(crate) fn load(host: &Host, path: &Path, notes: &mut Vec<String>) -> Result<LoadedFile, Problem> {
    load_bytes(host, &path.display().to_string(), &read(path)?, notes)
}

/// Loads a component from its bytes, wherever they are from; its digest is that of these very bytes.
pub(crate) fn load_bytes(host: &Host, name: &str, wasm: &[u8], notes: &mut Vec<String>) -> Result<LoadedFile, Problem> {
    let module = host
        .load_as(name, wasm, Trust::ThirdParty)
        .map_err(|error| problem(name, error))?;
    if let Origin::Recompiled(why) = module.origin() {
        notes.push(format!("module `{name}`: {why}; it was compiled again"));
    }
    Ok(LoadedFile {
        sha256: module.sha256().to_owned(),
        module,
    })
}

/// The bytes of a component's file, as many as a module may have.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let bytes_max = u64::try_from(HostLimits::default().module_bytes).unwrap_or(u64::MAX);
    let unreadable = |message: String| Problem {
        code: codes::MODULE_READ,
        subject: path.display().to_string(),
        byte_offset: None,
        message,
        help: codes::help(codes::MODULE_READ),
    };
    input::read_file(path, bytes_max)
        .map_err(|error| unreadable(format!("the module cannot be read: {error}")))?
        .ok_or_else(|| unreadable(format!("the module has more than {bytes_max} bytes")))
}

pub(crate) fn problem(subject: &str, error: HostError) -> Problem {
    Problem {
        code: error.code(),
        subject: subject.to_owned(),
        byte_offset: None,
        message: error.message,
        help: error.help,
    }
}
