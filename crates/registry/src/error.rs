//! Everything that can go wrong with a registry, each with a code and a way out.

use std::path::PathBuf;

use nhi_governance::{Code, Digest, Environment, Name, Problem, RecordId, RecordKind, codes};

use crate::verify::Tampering;

/// Why the registry did not do what it was asked. Nothing of it has happened then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is nothing to read.
    #[error("there is no registry at `{0}`")]
    Missing(String),
    /// There is no directory to create the file in.
    #[error("there is no directory `{}` to keep the registry in", .0.display())]
    DirectoryMissing(PathBuf),
    /// The file is something else.
    #[error("`{place}` is not a registry: {found}")]
    Foreign {
        /// Where it is.
        place: String,
        /// What it seems to be.
        found: String,
    },
    /// The file was written by a newer version.
    #[error("the registry `{place}` has schema {found}, and this version knows schema {known}")]
    Newer {
        /// Where it is.
        place: String,
        /// Its schema.
        found: i64,
        /// The newest schema that is known.
        known: i64,
    },
    /// The file was written by an older version and is opened for reading only.
    #[error("the registry `{place}` has schema {found}, older than schema {known} of this version")]
    Older {
        /// Where it is.
        place: String,
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
    /// Others than its owner can read the file of passwords.
    #[error("the file of passwords `{}` can be read by others than its owner (mode {mode:o})", path.display())]
    PasswordsExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The URL does not say where the registry is.
    #[error("the URL of the registry is not usable: {0}")]
    BadUrl(String),
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
    #[error("cannot {what} the registry `{place}`: {source}")]
    Database {
        /// What was tried.
        what: &'static str,
        /// Where it is.
        place: String,
        /// Why not.
        source: DatabaseError,
    },
    /// Writing failed in a way that leaves unknown what is on the disk.
    #[error("the registry `{0}` is closed, because a write to it could not be made durable")]
    Broken(String),
    /// It was opened for reading.
    #[error("the registry `{0}` is open for reading only")]
    ReadOnly(String),
    /// A copy that was never finished.
    #[error("the registry is the beginning of a copy that was not finished")]
    Unfinished,
    /// A copy would be written over something.
    #[error("`{0}` is not empty: a copy is never written over a registry")]
    NotEmpty(String),
    /// A copy does not say what its original says.
    #[error("the copy `{0}` does not verify against its original, and was not kept")]
    CopyDiffers(String),
    /// Somebody changed the file past the registry.
    #[error("the registry was tampered with: {0}")]
    Tampered(Tampering),
    /// The log is not the one that somebody kept the end of.
    #[error(
        "the registry is not the one that this state was written with: row {seq} of its log is missing or another, it ends at row {head}"
    )]
    RolledBack {
        /// The row that was there.
        seq: u64,
        /// The last row that is.
        head: u64,
    },
    /// There is no such identity.
    #[error("there is no identity `{0}` in the registry")]
    NotFound(RecordId),
    /// There is no such record of another kind.
    #[error("there is no {} `{id}` in the registry", words(*kind))]
    NoRecord {
        /// The kind.
        kind: RecordKind,
        /// The id.
        id: RecordId,
    },
    /// An approval was used before.
    #[error("the approval `{approval}` was used at {at}, for `{subject}`")]
    ApprovalUsed {
        /// The digest of its envelope.
        approval: Digest,
        /// The record that it was used for.
        subject: String,
        /// When.
        at: String,
    },
    /// An approval does not say of what it is one.
    #[error("the approval `{0}` is bound to no request")]
    ApprovalUnbound(Digest),
    /// What was decided is not what was asked for.
    #[error("the {} `{key}` was not declared under its own key", words(*kind))]
    Misdeclared {
        /// The kind.
        kind: RecordKind,
        /// The key that was asked for.
        key: String,
    },
    /// The name is taken.
    #[error("an identity named `{name}` exists in environment `{environment}`: `{id}`, {standing}")]
    Exists {
        /// Its id.
        id: RecordId,
        /// The environment.
        environment: Environment,
        /// The name.
        name: Name,
        /// What it is worth now.
        standing: String,
    },
    /// The same is being created elsewhere at this moment.
    #[error("identity `{name}` of environment `{environment}` is being created by another resource or apply: `{id}`")]
    Creating {
        /// Its id.
        id: RecordId,
        /// The environment.
        environment: Environment,
        /// The name.
        name: Name,
    },
    /// The record changed since it was read.
    #[error("{} `{id}` changed meanwhile: it is at revision {found}, not {expected}", words(*kind))]
    Stale {
        /// Its kind.
        kind: RecordKind,
        /// The record.
        id: RecordId,
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
        self.entry().id
    }

    /// Whether it says that nothing can be written now, rather than that this must not be.
    pub fn is_of_writing(&self) -> bool {
        matches!(
            self,
            Self::Broken(_) | Self::Database { .. } | Self::Io { .. } | Self::ReadOnly(_)
        )
    }

    /// The code with the reason behind it.
    pub fn entry(&self) -> &'static Code {
        match self {
            Self::Missing(_) => &MISSING,
            Self::DirectoryMissing(_) => &DIRECTORY,
            Self::Foreign { .. } => &FOREIGN,
            Self::Newer { .. } => &NEWER,
            Self::Older { .. } => &OLDER,
            Self::Exposed { .. } | Self::PasswordsExposed { .. } => &EXPOSED,
            Self::BadUrl(_) => &URL,
            Self::Io { .. } => &IO,
            Self::Database { .. } => &DATABASE,
            Self::Broken(_) => &BROKEN,
            Self::ReadOnly(_) => &READ_ONLY,
            Self::Unfinished => &UNFINISHED,
            Self::NotEmpty(_) => &NOT_EMPTY,
            Self::CopyDiffers(_) => &COPY,
            Self::RolledBack { .. } => &ROLLBACK,
            Self::Tampered(_) => &TAMPERED,
            Self::NotFound(_) | Self::NoRecord { .. } => &NOT_FOUND,
            Self::ApprovalUsed { .. } | Self::ApprovalUnbound(_) => &APPROVAL,
            Self::Misdeclared { .. } => &KEY,
            Self::Exists { .. } | Self::Creating { .. } => &EXISTS,
            Self::Stale { .. } => &STALE,
            Self::Refused(problem) => problem.code,
            Self::ClockBehind { .. } => &CLOCK,
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
            Self::PasswordsExposed { path, .. } => format!("Run `chmod 600 {}`, and change the password.", path.display()),
            Self::BadUrl(_) => {
                "Write `postgres://user@host/database`, with `?sslrootcert=/path/to/ca.pem` where the server's certificate is of an authority of your own."
                    .to_owned()
            }
            Self::Io { .. } => "Check that the path, its owner and the file system are the ones you mean.".to_owned(),
            Self::Database { source, .. } => source.help().to_owned(),
            Self::Broken(_) => "Check the disk, then run again; what was not acknowledged is asked for again.".to_owned(),
            Self::ReadOnly(_) => "Open it for writing; only the provider does.".to_owned(),
            Self::Unfinished => {
                "Run the same `nhi registry migrate` or `restore` again, which starts the copy over; the original is as it was."
                    .to_owned()
            }
            Self::NotEmpty(_) => "Name a file that does not exist yet, or a database that no registry was ever in.".to_owned(),
            Self::CopyDiffers(_) => "Run `nhi audit verify` on the original, then copy again.".to_owned(),
            Self::Tampered(_) => {
                "Run `nhi audit verify`, compare with a copy, and restore the last one that verifies.".to_owned()
            }
            Self::RolledBack { .. } => {
                "Restore the newest copy of the registry. Where it is lost, take the resource out of the state (`terraform state rm`) and import it again, which accepts what is on record now."
                    .to_owned()
            }
            Self::ApprovalUsed { .. } => {
                "Ask for fresh approvals: each is good for one use, also where the request is the same.".to_owned()
            }
            Self::ApprovalUnbound(_) | Self::Misdeclared { .. } => {
                "This is a defect of this program; nothing was changed. Please report it.".to_owned()
            }
            Self::NoRecord { .. } => {
                "Check that the registry is the one that this state belongs to; a record is never deleted from it.".to_owned()
            }
            Self::NotFound(_) => {
                "Check that the registry is the one that this state belongs to; an identity is never deleted from it.".to_owned()
            }
            Self::Exists { id, .. } => format!(
                "Import it (`terraform import <address> {id}`), or choose another name; a name is free again once its identity is revoked."
            ),
            Self::Creating { .. } => {
                "Give one of the two another name. If the other apply was cut off, run again when its processes have ended."
                    .to_owned()
            }
            Self::Stale { .. } => "Plan again: somebody else changed it after this plan was made.".to_owned(),
            Self::Refused(problem) => problem.help.clone(),
            Self::ClockBehind { .. } => {
                "Set the clock right. If the clock was ahead before and is right now, run `nhi audit accept-clock`.".to_owned()
            }
        }
    }
}

impl From<Problem> for RegistryError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// The kind as it is said in a sentence.
fn words(kind: RecordKind) -> String {
    kind.as_str().replace('_', " ")
}

/// What a database says when it fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// SQLite.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL, or the way to it.
    #[error("{message}")]
    Postgres {
        /// The code of the server's error; none where the server did not speak.
        state: Option<String>,
        /// What was said.
        message: String,
    },
}

impl DatabaseError {
    fn help(&self) -> &'static str {
        match self {
            Self::Sqlite(source) => sqlite_help(source),
            Self::Postgres { state, .. } => postgres_help(state.as_deref().unwrap_or_default()),
        }
    }
}

fn sqlite_help(source: &rusqlite::Error) -> &'static str {
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

fn postgres_help(state: &str) -> &'static str {
    match state {
        "" => {
            "Check that the server runs, can be reached from here and shows a certificate of that name; nothing was changed."
        }
        "28000" | "28P01" => "Check user and password: in the URL, in `PGPASSWORD`, or in a password file of mode 600.",
        "3D000" => "Create the database first, with the encoding UTF8.",
        "42501" => "Run `nhi registry init` as the owner of the database, and grant this user what the guide lists.",
        "25006" => "Name the primary server: this one can only be read.",
        "55P03" | "57014" => "Another process holds its turn; run again when that one is done.",
        state if state.starts_with("53") => "Make room on the server, then run again; nothing was changed.",
        _ => "Look at the server's log, then run again; nothing was changed.",
    }
}

codes! {
    APPROVAL = "NHI-REGISTRY-APPROVAL", "an approval cannot be used",
        "An approval is a decision about one change; used twice it would allow what nobody looked at.";
    BROKEN = "NHI-REGISTRY-BROKEN", "a write could not be made durable",
        "After a failed write nobody knows what is on the disk until the file is opened anew.";
    CLOCK = "NHI-REGISTRY-CLOCK", "the clock is behind the registry",
        "A clock that was set back must not bring an expired identity back to life.";
    COPY = "NHI-REGISTRY-COPY", "a copy differs from its original",
        "A registry that lost a record in moving has lost who answers for it.";
    DATABASE = "NHI-REGISTRY-DATABASE", "the database failed",
        "A change that is not certain to be on record is not made.";
    DIRECTORY = "NHI-REGISTRY-DIRECTORY", "the registry's directory is missing",
        "A mistyped path must not start a second, empty registry somewhere else.";
    EXISTS = "NHI-REGISTRY-EXISTS", "the name is taken",
        "Two configurations must not share an identity unnoticed.";
    EXPOSED = "NHI-REGISTRY-EXPOSED", "others can reach what keeps the registry safe",
        "Whoever can write the file can rewrite its history, and whoever reads the password can write.";
    FOREIGN = "NHI-REGISTRY-FOREIGN", "the file is not a registry",
        "A file of something else is never written to.";
    IO = "NHI-REGISTRY-IO", "the operating system refused",
        "A registry that cannot be reached can neither grant nor answer.";
    KEY = "NHI-REGISTRY-KEY", "a record was declared under another key",
        "The key is what two configurations are kept apart by.";
    MISSING = "NHI-REGISTRY-MISSING", "there is no registry",
        "An empty answer would look as if there were no identities.";
    NEWER = "NHI-REGISTRY-NEWER", "the registry is of a newer version",
        "A version that does not know a schema could damage what it does not understand.";
    NOT_EMPTY = "NHI-REGISTRY-NOT-EMPTY", "the place of a copy is taken",
        "Two histories in one registry would vouch for neither.";
    NOT_FOUND = "NHI-REGISTRY-NOT-FOUND", "the record is not there",
        "A record is never deleted, so an unknown id points to another registry.";
    OLDER = "NHI-REGISTRY-OLDER", "the registry is of an older version",
        "Reading must not change the file, and only a change brings its schema up to date.";
    READ_ONLY = "NHI-REGISTRY-READ-ONLY", "the registry is open for reading",
        "Who only asks must not be able to change the answer.";
    ROLLBACK = "NHI-REGISTRY-ROLLBACK", "the registry is an older copy, or its log was made anew",
        "What happened since is on record nowhere: whoever was revoked or suspended then would be back.";
    STALE = "NHI-REGISTRY-STALE", "the record changed meanwhile",
        "An apply must not undo what somebody else did after the plan was made.";
    TAMPERED = "NHI-REGISTRY-TAMPERED", "the registry was tampered with",
        "What was written past the registry has no author, no date and no reason on record.";
    UNFINISHED = "NHI-REGISTRY-UNFINISHED", "a copy was not finished",
        "Half a registry looks like one from which identities were taken away.";
    URL = "NHI-REGISTRY-URL", "the URL of the registry is not usable",
        "A connection that is not certain to be private and to the right server is not made.";
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_are_sorted_unique_and_explained() {
        assert!(CODES.is_sorted_by(|left, right| left.id < right.id));
        for code in CODES {
            assert!(
                code.id.starts_with("NHI-REGISTRY-") && code.why.ends_with('.') && !code.title.ends_with('.'),
                "{code:?}"
            );
        }
    }
}
