//! Everything that can go wrong with a registry, each with a code and a way out.

use std::path::PathBuf;

use nhi_governance::{Environment, IdentityId, Name, Problem};

use crate::verify::Tampering;

/// Why the registry did not do what it was asked. Nothing of it has happened then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no file to read.
    #[error("there is no registry at `{}`", .0.display())]
    Missing(PathBuf),
    /// There is no directory to create the file in.
    #[error("there is no directory `{}` to keep the registry in", .0.display())]
    DirectoryMissing(PathBuf),
    /// The file is something else.
    #[error("`{}` is not a registry: {found}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// The file was written by a newer version.
    #[error("the registry `{}` has schema {found}, and this version knows schema {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that is known.
        known: i64,
    },
    /// The file was written by an older version and is opened for reading only.
    #[error("the registry `{}` has schema {found}, older than schema {known} of this version", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The schema that is needed.
        known: i64,
    },
    /// Others than its owner can write the file.
    #[error("the registry `{}` can be written by others than its owner (mode {mode:o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The operating system refused.
    #[error("cannot {what} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database failed.
    #[error("cannot {what} the registry `{}`: {source}", path.display())]
    Database {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// Writing failed in a way that leaves unknown what is on the disk.
    #[error("the registry `{}` is closed, because a write to it could not be made durable", .0.display())]
    Broken(PathBuf),
    /// It was opened for reading.
    #[error("the registry `{}` is open for reading only", .0.display())]
    ReadOnly(PathBuf),
    /// Somebody changed the file past the registry.
    #[error("the registry was tampered with: {0}")]
    Tampered(Tampering),
    /// There is no such identity.
    #[error("there is no identity `{0}` in the registry")]
    NotFound(IdentityId),
    /// The name is taken.
    #[error("an identity named `{name}` exists in environment `{environment}`: `{id}`, {standing}")]
    Exists {
        /// Its id.
        id: IdentityId,
        /// The environment.
        environment: Environment,
        /// The name.
        name: Name,
        /// What it is worth now.
        standing: String,
    },
    /// The record changed since it was read.
    #[error("identity `{id}` changed meanwhile: it is at revision {found}, not {expected}")]
    Stale {
        /// The identity.
        id: IdentityId,
        /// The revision that the caller read.
        expected: u64,
        /// The revision that is stored.
        found: u64,
    },
    /// The life cycle does not allow it.
    #[error("{}", .0.message)]
    Refused(Problem),
    /// The clock runs behind the record.
    #[error("the clock is {seconds} s behind the latest moment in the registry")]
    ClockBehind {
        /// By how much.
        seconds: i64,
    },
}

impl RegistryError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "NHI-REGISTRY-MISSING",
            Self::DirectoryMissing(_) => "NHI-REGISTRY-DIRECTORY",
            Self::Foreign { .. } => "NHI-REGISTRY-FOREIGN",
            Self::Newer { .. } => "NHI-REGISTRY-NEWER",
            Self::Older { .. } => "NHI-REGISTRY-OLDER",
            Self::Exposed { .. } => "NHI-REGISTRY-EXPOSED",
            Self::Io { .. } => "NHI-REGISTRY-IO",
            Self::Database { .. } => "NHI-REGISTRY-DATABASE",
            Self::Broken(_) => "NHI-REGISTRY-BROKEN",
            Self::ReadOnly(_) => "NHI-REGISTRY-READ-ONLY",
            Self::Tampered(_) => "NHI-REGISTRY-TAMPERED",
            Self::NotFound(_) => "NHI-REGISTRY-NOT-FOUND",
            Self::Exists { .. } => "NHI-REGISTRY-EXISTS",
            Self::Stale { .. } => "NHI-REGISTRY-STALE",
            Self::Refused(problem) => problem.code.id,
            Self::ClockBehind { .. } => "NHI-REGISTRY-CLOCK",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Missing(_) => {
                "Name the file that the provider writes, with `--registry` or `NHI_REGISTRY`; the first apply creates it."
                    .to_owned()
            }
            Self::DirectoryMissing(path) => format!("Create it first, for example with `mkdir -m 700 {}`.", path.display()),
            Self::Foreign { .. } => "Name another file; this one is left as it is.".to_owned(),
            Self::Newer { .. } => "Use the version that wrote it, or a later one.".to_owned(),
            Self::Older { .. } => "Run an apply with this version of the provider, which brings the schema up to date.".to_owned(),
            Self::Exposed { path, .. } => {
                format!("Find out who wrote to it (`nhi audit verify`), then run `chmod 600 {}`.", path.display())
            }
            Self::Io { .. } => "Check that the path, its owner and the file system are the ones you mean.".to_owned(),
            Self::Database { source, .. } => database_help(source).to_owned(),
            Self::Broken(_) => "Check the disk, then run again; what was not acknowledged is asked for again.".to_owned(),
            Self::ReadOnly(_) => "Open it for writing; only the provider does.".to_owned(),
            Self::Tampered(_) => {
                "Run `nhi audit verify`, compare with a copy, and restore the last one that verifies.".to_owned()
            }
            Self::NotFound(_) => {
                "Check that the registry is the one that this state belongs to; an identity is never deleted from it.".to_owned()
            }
            Self::Exists { id, .. } => format!(
                "Import it (`terraform import <address> {id}`), or choose another name; a name is free again once its identity is revoked."
            ),
            Self::Stale { .. } => "Plan again: somebody else changed it after this plan was made.".to_owned(),
            Self::Refused(problem) => problem.help.clone(),
            Self::ClockBehind { .. } => {
                "Set the clock right. If the clock was ahead before and is right now, run `nhi audit accept-clock`.".to_owned()
            }
        }
    }
}

fn database_help(source: &rusqlite::Error) -> &'static str {
    use rusqlite::ErrorCode;
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "Another process holds it; run again when that one is done."
        }
        Some(ErrorCode::DiskFull) => "Make room on the disk, then run again; nothing was changed.",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "Give this user the right to write the file and its directory."
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "The file is damaged: keep it for the inquiry and restore the last copy that verifies."
        }
        _ => "Check the disk and the file system, then run again; nothing was changed.",
    }
}
