//! Clears out of the store what a run left behind that was killed while it wrote.
//!
//! A file is written under a name of its own and then takes its place. Whoever is killed in between leaves the first one,
//! up to the size of a module, and nothing ever reads it. The next run that puts a module in removes such files. Another
//! run may be writing at this moment, on another machine that shares the folder too, so a file has to be old: how old is
//! told by the clock of the file system, which wrote both times. Nothing is removed that does not bear the store's own
//! mark, and a link is left alone, as is whatever cannot be looked at.

use std::fs::{self, DirEntry};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What the name of a file begins with until it takes its place.
pub(super) const UNFINISHED: &str = ".nhi-unfinished-";

/// No run writes one file for as long as this.
const AGE_MIN: Duration = Duration::from_hours(1);

/// The most folders that are looked through, so that a large store costs a bounded time.
const FOLDERS_MAX: usize = 10_000;

/// Removes what is left of runs that ended at least an hour before `just_written` was.
pub(super) fn clear(store: &Path, just_written: &Path) {
    let Ok(now) = fs::symlink_metadata(just_written).and_then(|metadata| metadata.modified()) else {
        return;
    };
    // Everything stands in `area/folder/file`.
    let folders = inside(store).flat_map(|area| inside(&area));
    for folder in folders.take(FOLDERS_MAX) {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        for file in files.filter(|file| is_leftover(file, now)) {
            // Another run may have removed it, and nothing hangs on it.
            drop(fs::remove_file(file.path()));
        }
    }
}

/// The folders in a folder; a link is none.
fn inside(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_folder = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries.filter(is_folder).map(|entry| entry.path())
}

fn is_leftover(entry: &DirEntry, now: SystemTime) -> bool {
    let is_ours = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
    // Of a link this is the link itself.
    let metadata = is_ours.then(|| entry.metadata().ok()).flatten();
    let written = metadata
        .filter(fs::Metadata::is_file)
        .and_then(|file| file.modified().ok());
    written.is_some_and(|written| now.duration_since(written).is_ok_and(|age| age >= AGE_MIN))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::{AGE_MIN, UNFINISHED};
    use crate::artifact::{Artifact, Facts};
    use crate::attachment::{Attachment, Kind};
    use crate::store::Store;

    fn artifact() -> Artifact {
        let facts = Facts {
            name: "naming".to_owned(),
            version: "1.0.0".to_owned(),
            abi: "nhi:policy@1.0.0".to_owned(),
            exports: Vec::new(),
            imports: Vec::new(),
        };
        Artifact::pack(&facts, b"wasm".to_vec())
    }

    /// A file that was written so long before the newest one in the store.
    fn aged(path: PathBuf, newest: &Path, age: Duration) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "half of a modu").unwrap();
        let now = fs::metadata(newest).unwrap().modified().unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(now - age)
            .unwrap();
        path
    }

    #[test]
    fn what_a_killed_run_left_goes_with_the_next_module_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("store"));
        let artifact = artifact();
        let digest = store.put(&artifact).unwrap();
        let bundle = Attachment {
            kind: Kind::Sbom,
            bytes: b"{}".to_vec(),
        };
        store.attach(&digest, &bundle).unwrap();
        let blobs = store.folder().join("blobs/sha256");
        let newest = store.blob(&digest);
        let old = AGE_MIN + Duration::from_mins(1);
        let unfinished = |name: &str| format!("{UNFINISHED}{name}");

        let gone = [
            aged(blobs.join(unfinished("a")), &newest, old),
            aged(
                store.folder().join("signatures").join("x").join(unfinished("b")),
                &newest,
                old,
            ),
            aged(
                store.folder().join("names").join("y").join(unfinished("c")),
                &newest,
                old,
            ),
        ];
        let outside = aged(folder.path().join("outside"), &newest, old);
        let kept = [
            // Another run may be writing it.
            aged(
                blobs.join(unfinished("young")),
                &newest,
                AGE_MIN.saturating_sub(Duration::from_mins(1)),
            ),
            aged(blobs.join(unfinished("of-another-clock")), &newest, Duration::ZERO),
            // Names that are not the store's own.
            aged(blobs.join(".tmpAbCdEf"), &newest, old),
            aged(blobs.join("nhi-unfinished-d"), &newest, old),
            aged(blobs.join("note.txt"), &newest, old),
            aged(blobs.join(unfinished("folder")).join("file"), &newest, old),
            // Where the store keeps nothing.
            aged(store.folder().join(unfinished("e")), &newest, old),
            outside.clone(),
        ];
        let link = blobs.join(unfinished("link"));
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        let behind = aged(elsewhere.join(unfinished("f")), &newest, old);
        std::os::unix::fs::symlink(&elsewhere, store.folder().join("blobs").join("linked")).unwrap();

        store.put(&artifact).unwrap();
        for path in &gone {
            assert!(!path.exists(), "{} is still there", path.display());
        }
        for path in kept.iter().chain([&behind]) {
            assert!(path.exists(), "{} is gone", path.display());
        }
        assert!(fs::symlink_metadata(&link).is_ok(), "a link is not followed, and stays");
        assert_eq!(store.artifact(&digest).unwrap().unwrap(), artifact);
        assert_eq!(store.attachments(&digest).unwrap(), [bundle]);
    }

    #[test]
    fn what_is_written_bears_the_mark_until_it_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let digest = store.put(&artifact()).unwrap();
        // Where a folder stands in its place, a file cannot take it: what was written goes at once.
        let place = store.blob(&digest);
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        assert!(store.put(&artifact()).is_err());
        let left: Vec<_> = fs::read_dir(place.parent().unwrap())
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
