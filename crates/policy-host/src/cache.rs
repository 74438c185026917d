//! Keeps compiled modules for the next run, and believes only what this user's own key has signed.
//!
//! Machine code is run as it stands, so whoever could write into the cache could run anything. An entry is therefore
//! read whole, its tag is verified, and only then is it mapped. The name follows from the module's bytes and from the
//! engine's settings: another module or another release of this program finds nothing.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::limits::{CACHE_ENTRIES, COMPILED_BYTES};

/// Separates these tags from whatever else a key could ever be used for.
const DOMAIN: &[u8] = b"nhi compiled module v1\0";
const TAG_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const KEY_FILE: &str = "key";
const ENDING: &str = "cwasm";
const RANDOM: &str = "/dev/urandom";

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

    /// The machine code of a module; `None` if there is none. An error says why what is there cannot be trusted.
    pub(crate) fn get(&self, wasm: &[u8], engine: &[u8; 32]) -> Result<Option<Vec<u8>>, String> {
        let name = name(wasm, engine);
        let path = self.directory.join(&name);
        let file = match OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("its compiled form in the cache cannot be read: {error}")),
        };
        let mut bytes = Vec::new();
        let max = u64::try_from(COMPILED_BYTES.saturating_add(TAG_BYTES)).unwrap_or(u64::MAX);
        let read = file.take(max).read_to_end(&mut bytes);
        read.map_err(|error| format!("its compiled form in the cache cannot be read: {error}"))?;
        let sound = bytes
            .split_at_checked(TAG_BYTES)
            .filter(|(tag, code)| self.mac(&name, code).is_some_and(|mac| mac.verify_slice(tag).is_ok()))
            .map(|(_, code)| code.to_vec());
        match sound {
            Some(code) => Ok(Some(code)),
            None => Err(String::from(
                "its compiled form in the cache was changed by somebody else, or is damaged",
            )),
        }
    }

    /// Keeps the machine code of a module.
    pub(crate) fn put(&self, wasm: &[u8], engine: &[u8; 32], code: &[u8]) -> io::Result<()> {
        let name = name(wasm, engine);
        let tag = self
            .mac(&name, code)
            .ok_or_else(|| io::Error::other("no tag"))?
            .finalize()
            .into_bytes();
        let fresh = self.directory.join(format!(".{name}.{}", std::process::id()));
        let written =
            write_private(&fresh, &[tag.as_ref(), code]).and_then(|()| fs::rename(&fresh, self.directory.join(&name)));
        if written.is_err() {
            drop(fs::remove_file(&fresh));
        }
        written.and_then(|()| self.prune())
    }

    fn mac(&self, name: &str, code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(DOMAIN);
        mac.update(name.as_bytes());
        mac.update(b"\0");
        mac.update(code);
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

fn name(wasm: &[u8], engine: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(wasm);
    let mut name = String::with_capacity(2 * (32 + 8) + 8);
    // Writing to a string cannot fail.
    for byte in &digest {
        let _ = write!(name, "{byte:02x}");
    }
    name.push('-');
    for byte in engine.iter().take(8) {
        let _ = write!(name, "{byte:02x}");
    }
    name.push('.');
    name.push_str(ENDING);
    name
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
