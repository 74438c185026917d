//! Checkpoints: what a log says of itself at one size. C2SP's `tlog-checkpoint`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;

/// The head of a tree, as the text of a signed note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// The text is not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint: it is three lines, the log's origin, its size and the base64 of its root")]
pub struct NotACheckpoint;

impl Checkpoint {
    /// Reads the text of a note. Lines after the third are passed over, as the format wants it.
    pub fn parse(text: &str) -> Result<Self, NotACheckpoint> {
        let text = text.strip_suffix('\n').ok_or(NotACheckpoint)?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NotACheckpoint);
        };
        let number = size.parse::<u64>().map_err(|_| NotACheckpoint)?;
        let bytes = STANDARD.decode(root).map_err(|_| NotACheckpoint)?;
        // One checkpoint has one spelling.
        if origin.is_empty() || number.to_string() != size || lines.any(str::is_empty) {
            return Err(NotACheckpoint);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root: bytes.try_into().map_err(|_| NotACheckpoint)?,
        })
    }
}

impl std::fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))
    }
}
