//! Keeps compiled modules for the next run, and believes only what this user's own key has signed.
//!
//! Machine code is run as it stands, so whoever could write into the cache could run anything. An entry is therefore
//! read whole, its tag is verified, and only then is it mapped. The name follows from the module's bytes, from the
//! engine's settings and from the limits: another module or another release of this program finds nothing.
//!
//! An entry is the machine code, what was found out about the module's bytes, how long that is, and the tag.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::inspect::{Facts, kept};
use crate::limits::{CACHE_ENTRIES, COMPILED_BYTES};

/// Separates these tags from whatever else a key could ever be used for.
const DOMAIN: &[u8] = b"nhi compiled module v2\0";
const TAG_BYTES: usize = 32;
const LENGTH_BYTES: usize = 4;
/// What was found out about a module's bytes.
const FACTS_BYTES: usize = 8 << 20;
const KEY_BYTES: usize = 32;
const KEY_FILE: &str = "key";
const ENDING: &str = "cwasm";
/// No run writes an entry for as long as this.
const UNFINISHED_AGE: Duration = Duration::from_hours(1);
const RANDOM: &str = "/dev/urandom";

/// What an entry is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// SHA-256 of the module's bytes.
    pub(crate) module: [u8; 32],
    /// What the engine's settings and the limits come to.
    pub(crate) fits: [u8; 32],
}

/// What is kept of a module that was accepted.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) facts: Facts,
    pub(crate) code: Vec<u8>,
}

/// A private directory with compiled modules.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
    key: [u8; KEY_BYTES],
}

impl Cache {
    /// Opens the cache in `directory`, which is made if it is not there. An error says why it cannot be used.
    pub fn open(directory: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("the cache `{}` cannot be used: {error}", directory.display());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(failed)?;
        private(directory, &fs::symlink_metadata(directory).map_err(failed)?, true)?;
        let key = key(&directory.join(KEY_FILE)).map_err(failed)?;
        Ok(Self {
            directory: directory.to_owned(),
            key,
        })
    }

    /// What is kept of a module; `None` if there is nothing. An error says why what is there cannot be trusted.
    pub(crate) fn get(&self, key: &Key) -> Result<Option<Kept>, String> {
        let name = name(key);
        let path = self.directory.join(&name);
        let unreadable = |error: io::Error| format!("its compiled form in the cache cannot be read: {error}");
        let file = match OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let max = u64::try_from(COMPILED_BYTES.saturating_add(FACTS_BYTES)).unwrap_or(u64::MAX);
        let length = file.metadata().map_err(unreadable)?.len().min(max);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(max).read_to_end(&mut bytes).map_err(unreadable)?;
        self.sound(&name, bytes)
            .map(Some)
            .ok_or_else(|| String::from("its compiled form in the cache was changed by somebody else, or is damaged"))
    }

    /// The parts of an entry whose tag is right.
    fn sound(&self, name: &str, mut bytes: Vec<u8>) -> Option<Kept> {
        let (content, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        self.mac(name, &[content])?.verify_slice(tag).ok()?;
        let (content, length) = content.split_last_chunk::<LENGTH_BYTES>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (_, facts) = content.split_at_checked(content.len().checked_sub(length)?)?;
        let (facts, end) = (kept::read(facts)?, content.len() - length);
        // What is behind the machine code goes, and nothing is copied.
        bytes.truncate(end);
        Some(Kept { facts, code: bytes })
    }

    /// Keeps what came of a module.
    pub(crate) fn put(&self, key: &Key, kept: &Kept) -> io::Result<()> {
        let name = name(key);
        let facts = kept::write(&kept.facts);
        let length = u32::try_from(facts.len()).map_err(io::Error::other)?.to_le_bytes();
        if facts.len() > FACTS_BYTES / 2 {
            return Err(io::Error::other("too much to keep"));
        }
        let parts: [&[u8]; 3] = [&kept.code, &facts, &length];
        let tag = self
            .mac(&name, &parts)
            .ok_or_else(|| io::Error::other("no tag"))?
            .finalize()
            .into_bytes();
        let fresh = self.directory.join(format!(".{name}.{}", std::process::id()));
        let [code, facts, length] = parts;
        let written = write_private(&fresh, &[code, facts, length, tag.as_ref()])
            .and_then(|()| fs::rename(&fresh, self.directory.join(&name)));
        if written.is_err() {
            drop(fs::remove_file(&fresh));
        }
        written?;
        let now = fs::symlink_metadata(self.directory.join(&name)).and_then(|metadata| metadata.modified());
        if let Ok(now) = now {
            self.clear(now);
        }
        self.prune()
    }

    /// Removes what runs left behind that were killed while they wrote, an hour ago or more by the clock of the file
    /// system: what is younger another run may be writing. Only what bears such a run's name goes, and no link.
    fn clear(&self, now: SystemTime) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let is_ours = is_unfinished(&entry.file_name().to_string_lossy());
            let metadata = is_ours.then(|| entry.metadata().ok()).flatten();
            let written = metadata
                .filter(fs::Metadata::is_file)
                .and_then(|file| file.modified().ok());
            if written.is_some_and(|written| now.duration_since(written).is_ok_and(|age| age >= UNFINISHED_AGE)) {
                // Another run may have removed it, and nothing hangs on it.
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    fn mac(&self, name: &str, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(DOMAIN);
        mac.update(name.as_bytes());
        mac.update(b"\0");
        for part in parts {
            mac.update(part);
        }
        Some(mac)
    }

    /// Lets the oldest entries go.
    fn prune(&self) -> io::Result<()> {
        let mut entries: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.directory)?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
            .filter_map(|path| Some((fs::symlink_metadata(&path).ok()?.modified().ok()?, path)))
            .collect();
        entries.sort();
        let surplus = entries.len().saturating_sub(CACHE_ENTRIES);
        for (_, path) in entries.into_iter().take(surplus) {
            drop(fs::remove_file(path));
        }
        Ok(())
    }
}

/// `O_NOFOLLOW`: a link in the place of an entry or of the key is not ours.
const NO_FOLLOW: i32 = nix::libc::O_NOFOLLOW;

fn name(key: &Key) -> String {
    let fits = key.fits.first_chunk::<8>().map(|fits| hex(fits)).unwrap_or_default();
    format!("{}-{fits}.{ENDING}", hex(&key.module))
}

/// Whether a name is that of an entry until it takes its place: `.NAME.cwasm.PROCESS`.
fn is_unfinished(name: &str) -> bool {
    let parts = name.strip_prefix('.').and_then(|rest| rest.rsplit_once('.'));
    parts.is_some_and(|(entry, process)| {
        let is_process = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
        is_process && Path::new(entry).extension().is_some_and(|ending| ending == ENDING)
    })
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Only this user may be able to write: the key would otherwise prove nothing.
fn private(path: &Path, metadata: &fs::Metadata, is_directory: bool) -> Result<(), String> {
    let shown = path.display();
    if metadata.is_dir() != is_directory || metadata.file_type().is_symlink() {
        return Err(format!("the cache `{shown}` is not what it should be: remove it"));
    }
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(format!("the cache `{shown}` belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(format!(
            "the cache `{shown}` is open to other users: run `chmod go= {shown}`"
        ));
    }
    Ok(())
}

/// The key of this user, made when it is needed for the first time.
fn key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    match read_key(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut fresh = [0; KEY_BYTES];
            File::open(RANDOM)?.read_exact(&mut fresh)?;
            match write_private(path, &[&fresh]) {
                // Another run made one at the same moment: that one counts.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => read_key(path),
                other => other.map(|()| fresh),
            }
        }
        other => other,
    }
}

fn read_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut file = OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(path)?;
    private(path, &file.metadata()?, false).map_err(io::Error::other)?;
    let mut key = [0; KEY_BYTES];
    file.read_exact(&mut key)?;
    Ok(key)
}

fn write_private(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    parts.iter().try_for_each(|part| file.write_all(part))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::{Cache, UNFINISHED_AGE, is_unfinished};

    #[test]
    fn what_a_killed_run_left_goes_and_nothing_else() {
        let entry = "0123-4567.cwasm";
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let (now, minute) = (SystemTime::now(), Duration::from_mins(1));
        let old = UNFINISHED_AGE + minute;
        let table = [
            (format!(".{entry}.4711"), old, false),
            (
                format!(".{entry}.4712"),
                UNFINISHED_AGE.checked_sub(minute).unwrap(),
                true,
            ),
            (format!(".{entry}.4713"), Duration::ZERO, true),
            (entry.to_owned(), old, true),
            (format!(".{entry}"), old, true),
            (format!(".{entry}.a1"), old, true),
            (format!(".{entry}."), old, true),
            (".note.txt.4711".to_owned(), old, true),
        ];
        for (name, age, _) in &table {
            let path = cache.directory.join(name);
            fs::write(&path, "half").unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(now - *age).unwrap();
        }
        let link = cache.directory.join(format!(".{entry}.4714"));
        std::os::unix::fs::symlink(cache.directory.join(entry), &link).unwrap();
        cache.clear(now);
        for (name, _, stays) in &table {
            assert_eq!(cache.directory.join(name).exists(), *stays, "{name}");
        }
        assert!(fs::symlink_metadata(&link).is_ok() && cache.directory.join("key").exists());
        assert!(!is_unfinished("key"));
    }
}
