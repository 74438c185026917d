//! Compiled modules that somebody changed where they are kept: none may be taken for what this user's key has signed.

use std::fs;
use std::path::{Path, PathBuf};

use super::Campaign;
use crate::Facts;
use crate::cache::{Cache, Kept, Key};

/// What is kept, in bytes: large enough that the places below are in all of its parts.
const CODE_BYTES: usize = 4_096;

/// A module's machine code, for who reads it: it is never run here.
fn kept(fill: u8) -> Kept {
    Kept {
        facts: Facts {
            bytes: 7,
            abi: Some(String::from("1.0.0")),
            ..Facts::default()
        },
        code: vec![fill; CODE_BYTES],
    }
}

fn key(module: u8, fits: u8) -> Key {
    Key {
        module: [module; 32],
        fits: [fits; 32],
    }
}

/// Runs the campaign in a folder that is nobody else's.
pub(super) fn campaign(folder: &Path, seed: u64) -> Campaign {
    match prepared(folder) {
        Ok(ready) => {
            let cases = changed(&ready.sound).into_iter().map(|(name, bytes)| {
                let verdict = ready.judge(&bytes);
                (name, verdict)
            });
            let mut cases: Vec<(String, Result<(), String>)> = cases.collect();
            cases.extend(ready.misplaced());
            // What nobody changed has to come back, or everything would pass for tampered with.
            let planted = ready.judge(&ready.sound);
            Campaign::of("tampered cache", seed, cases, planted.is_err())
        }
        Err(why) => Campaign::of("tampered cache", seed, vec![(String::from("a cache"), Err(why))], true),
    }
}

struct Ready {
    folder: PathBuf,
    cache: Cache,
    /// The entry of the first key.
    path: PathBuf,
    sound: Vec<u8>,
}

fn prepared(folder: &Path) -> Result<Ready, String> {
    let folder = folder.join("cache");
    let cache = Cache::open(&folder)?;
    let told = |error: std::io::Error| error.to_string();
    cache.put(&key(1, 1), &kept(1)).map_err(told)?;
    let path = entry(&folder).ok_or("nothing was kept")?;
    let sound = fs::read(&path).map_err(told)?;
    Ok(Ready {
        folder,
        cache,
        path,
        sound,
    })
}

/// The one entry of a folder.
fn entry(folder: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    files.find(|path| path.extension().is_some_and(|ending| ending == "cwasm"))
}

impl Ready {
    /// Puts bytes in the place of the entry; an error where they are taken for sound.
    fn judge(&self, bytes: &[u8]) -> Result<(), String> {
        fs::write(&self.path, bytes).map_err(|error| error.to_string())?;
        self.refused(&key(1, 1), &self.cache)
    }

    fn refused(&self, key: &Key, cache: &Cache) -> Result<(), String> {
        match cache.get(key) {
            Err(_) => Ok(()),
            Ok(Some(_)) => Err(String::from("was taken for what this user's key has signed")),
            Ok(None) => Err(format!("is not there, in {}", self.folder.display())),
        }
    }

    /// Sound bytes that are somewhere else, or under another key.
    fn misplaced(&self) -> Vec<(String, Result<(), String>)> {
        let told = |error: std::io::Error| error.to_string();
        let mut cases = Vec::new();
        for (name, key) in [("another module", key(2, 1)), ("another engine", key(1, 2))] {
            let verdict = self.cache.put(&key, &kept(2)).map_err(told).and_then(|()| {
                let all = fs::read_dir(&self.folder)
                    .map_err(told)?
                    .flatten()
                    .map(|entry| entry.path());
                let ours = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "cwasm");
                let theirs = all.filter(ours).find(|path| *path != self.path);
                let theirs = theirs.ok_or("nothing was kept")?;
                fs::write(&theirs, &self.sound).map_err(told)?;
                let verdict = self.refused(&key, &self.cache);
                fs::remove_file(&theirs).map_err(told)?;
                verdict
            });
            cases.push((format!("the entry in the place of {name}"), verdict));
        }
        let away = self.folder.join("away");
        let linked = fs::write(&away, &self.sound)
            .and_then(|()| fs::remove_file(&self.path))
            .and_then(|()| std::os::unix::fs::symlink(&away, &self.path));
        let verdict = linked
            .map_err(told)
            .and_then(|()| self.refused(&key(1, 1), &self.cache));
        cases.push((String::from("a link to the entry"), verdict));
        let restored = fs::remove_file(&self.path)
            .and_then(|()| fs::write(&self.path, &self.sound))
            .and_then(|()| fs::write(self.folder.join("key"), [7; 32]));
        let verdict = restored.map_err(told).and_then(|()| {
            let cache = Cache::open(&self.folder)?;
            self.refused(&key(1, 1), &cache)
        });
        cases.push((String::from("the entry under another key"), verdict));
        cases
    }
}

/// An entry, changed in every part of it.
fn changed(sound: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut cases = Vec::new();
    let last = sound.len().saturating_sub(1);
    // The code, what is known of it, its length, the tag.
    let near_the_end = (0..100).map(|back| last.saturating_sub(back));
    let places = [0, 1, 100, CODE_BYTES / 2, CODE_BYTES - 1, CODE_BYTES].into_iter();
    for at in places.chain(near_the_end) {
        for bit in [1, 0x80] {
            let mut bytes = sound.to_vec();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bit;
            }
            cases.push((format!("bit {bit:#x} of byte {at}"), bytes));
        }
    }
    for length in [0, 1, 31, 32, 35, 36, 37, CODE_BYTES, last] {
        cases.push((
            format!("cut off at {length}"),
            sound.get(..length).unwrap_or_default().to_vec(),
        ));
    }
    for (name, extra) in [("a byte", 1), ("a tag", 32), ("a page", 4_096)] {
        cases.push((format!("{name} more behind"), [sound, &vec![0; extra]].concat()));
        cases.push((format!("{name} more in front"), [&vec![0; extra], sound].concat()));
    }
    cases.push((String::from("twice"), [sound, sound].concat()));
    cases
}
