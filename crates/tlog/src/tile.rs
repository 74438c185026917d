//! The tree and its entries as files that never change: C2SP's `tlog-tiles`.

use crate::hash::Hash;
use crate::tree::Tree;

/// Hashes in a full tile, entries in a full bundle.
const WIDTH: u64 = 256;
/// Levels of the tree that one level of tiles stands for.
const HEIGHT: usize = 8;
/// The longest entry that a bundle can hold, in bytes: its length is written in 16 bits.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// The place of a tile or of a bundle of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// The level; none for a bundle of entries.
    pub level: Option<u8>,
    /// The number within the level.
    pub index: u64,
    /// How many hashes or entries it has: 1 to 256.
    pub width: u16,
}

impl Tile {
    /// The path below the log's directory, for example `tile/0/x001/x234/067.p/8`.
    pub fn path(&self) -> String {
        let mut number = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            number = format!("x{:03}/{number}", rest % 1000);
            rest /= 1000;
        }
        let level = self.level.map_or("entries".to_owned(), |level| level.to_string());
        let partial = if u64::from(self.width) < WIDTH {
            format!(".p/{}", self.width)
        } else {
            String::new()
        };
        format!("tile/{level}/{number}{partial}")
    }

    /// The tiles that a tree of this size has and one of the old size had not, the lowest level first.
    fn added(level: Option<u8>, old: u64, new: u64) -> impl Iterator<Item = Tile> {
        let first = if old == new { u64::MAX } else { old / WIDTH };
        (first..new.div_ceil(WIDTH)).map(move |index| Tile {
            level,
            index,
            // INVARIANT: at most 256.
            width: u16::try_from((new - index * WIDTH).min(WIDTH)).unwrap_or(u16::MAX),
        })
    }
}

/// The files of hashes that are new when a log grows from one size to another: path and bytes.
///
/// A log writes them before it publishes the checkpoint that calls for them.
pub fn files_between(tree: &Tree, old: u64, new: u64) -> Vec<(Tile, Vec<u8>)> {
    let mut files = Vec::new();
    let (mut before, mut after) = (old, new.min(tree.size()));
    for level in 0..8_u8 {
        if after == 0 {
            break;
        }
        for tile in Tile::added(Some(level), before, after) {
            let from = tile.index * WIDTH;
            let hashes =
                (from..from + u64::from(tile.width)).filter_map(|index| tree.node(usize::from(level) * HEIGHT, index));
            files.push((tile, hashes.flatten().collect()));
        }
        before /= WIDTH;
        after /= WIDTH;
    }
    files
}

/// The bundles of entries that are new when a log grows from one size to another: each with the first entry and the
/// number of entries that belong to it.
pub fn entries(old: u64, new: u64) -> impl Iterator<Item = (Tile, u64)> {
    Tile::added(None, old, new).map(|tile| (tile, tile.index * WIDTH))
}

/// A bundle of entries.
///
/// # Errors
/// [`NotABundle`] where an entry is longer than [`ENTRY_BYTES_MAX`].
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, NotABundle> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| NotABundle)?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// An entry that no bundle can hold, or bytes that are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry of a log is at most 65,535 bytes long")]
pub struct NotABundle;

/// A hash is 32 bytes, so a full tile is 8 KiB.
const _: () = assert!(size_of::<Hash>() == 32);
