//! Whether whoever began a creation is still at work.
//!
//! A creation that was cut off may be taken up by the next apply, one that is still under way may not: two resources
//! would share an identity, and the end of one would be the end of both. A process that creates therefore holds a lock
//! on a small file beside the registry, named in the audit row of each creation. The system lets go of the lock when
//! the process ends, however it ends; where it cannot be told, the creation counts as still under way.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nhi_governance::RecordId;

/// Stands in the file's name between that of the registry and the session's id.
const INFIX: &str = "-session-";

/// Open as long as the process that creates lives and keeps it.
#[derive(Debug)]
pub(super) struct Session {
    id: RecordId,
    file: PathBuf,
    _lock: File,
}

impl Session {
    /// Begins a session. Only who has the turn to write may call it: a file that nobody has locked is a dead one then.
    pub(super) fn begin(registry: &Path, id: RecordId) -> io::Result<Self> {
        let registry = registry.canonicalize()?;
        sweep(&registry);
        let file = file_of(&registry, &id.to_string());
        let lock = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)?;
        lock.try_lock()?;
        Ok(Self { id, file, _lock: lock })
    }

    /// Its id, for the audit rows.
    pub(super) fn id(&self) -> RecordId {
        self.id
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // One that stays is swept by the next session.
        let _ = fs::remove_file(&self.file);
    }
}

/// Whether a session that an audit row names is open, in whatever process.
pub(super) fn is_open(registry: &Path, id: &str) -> bool {
    // The id comes from the file, so it may try to be a path.
    let Ok(id) = RecordId::parse(id) else { return true };
    let Ok(registry) = registry.canonicalize() else {
        return true;
    };
    match File::open(file_of(&registry, &id.to_string())) {
        Ok(file) => file.try_lock().is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Removes the files of sessions that were cut off.
fn sweep(registry: &Path) {
    let Some(prefix) = file_of(registry, "").file_name().map(ToOwned::to_owned) else {
        return;
    };
    let entries = registry.parent().and_then(|directory| fs::read_dir(directory).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_session = name
            .as_encoded_bytes()
            .strip_prefix(prefix.as_encoded_bytes())
            .and_then(|id| std::str::from_utf8(id).ok())
            .is_some_and(|id| RecordId::parse(id).is_ok());
        if is_session && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn file_of(registry: &Path, id: &str) -> PathBuf {
    let mut name = registry.as_os_str().to_owned();
    name.push(INFIX);
    name.push(id);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use nhi_governance::{RecordId, Timestamp};

    use super::{Session, file_of, is_open};

    #[test]
    fn a_session_is_open_until_it_ends_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let registry = directory.path().join("r.db");
        fs::write(&registry, "").unwrap();
        let id = |random| RecordId::new(Timestamp::from_unix(0), random);
        let names = || fs::read_dir(directory.path()).unwrap().count();

        let first = Session::begin(&registry, id(1)).unwrap();
        let second = Session::begin(&registry, id(2)).unwrap();
        assert!(is_open(&registry, &first.id().to_string()) && is_open(&registry, &second.id().to_string()));
        let link = directory.path().join("link.db");
        std::os::unix::fs::symlink(&registry, &link).unwrap();
        assert!(is_open(&link, &first.id().to_string()), "another name of the registry");
        drop(first);
        assert!(!is_open(&registry, &id(1).to_string()) && is_open(&registry, &id(2).to_string()));
        drop(second);
        assert_eq!(names(), 2, "the registry and the link");

        assert!(is_open(&registry, "../../etc/passwd"), "what cannot be told is open");

        // What a killed process leaves: a file without a lock. Others that look like it stay.
        fs::write(file_of(&registry, &id(3).to_string()), "").unwrap();
        fs::write(file_of(&registry, "notes"), "").unwrap();
        assert!(!is_open(&registry, &id(3).to_string()));
        drop(Session::begin(&registry, id(4)).unwrap());
        assert_eq!(names(), 3);
    }
}
