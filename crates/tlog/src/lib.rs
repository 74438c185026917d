//! Transparency logs: what makes an append-only log provable to somebody who does not hold it.
//!
//! A log is a Merkle tree over its entries (RFC 6962, section 2.1, with SHA-256). Whoever keeps a [`Checkpoint`], a few
//! dozen bytes, can later be shown that an entry is in the log, and that the log of today continues the log of then.
//! The formats are those of C2SP, so that tools that exist can read and check what is written:
//! [`tlog-tiles`](https://c2sp.org/tlog-tiles), [`tlog-checkpoint`](https://c2sp.org/tlog-checkpoint) and
//! [`signed-note`](https://c2sp.org/signed-note).
//!
//! The crate does no IO, and no signatures either: who signs hands in a function.
//!
//! ```
//! use tlog::{Tree, verify_consistency, verify_inclusion};
//!
//! let mut tree = Tree::default();
//! for entry in ["created", "renewed", "revoked"] {
//!     tree.push(entry.as_bytes());
//! }
//! let (then, now) = (tree.root_at(2).unwrap(), tree.root());
//! let proof = tree.prove_inclusion(1, 3).unwrap();
//! assert!(verify_inclusion(&tlog::leaf_hash(b"renewed"), 1, 3, &proof, &now));
//! let proof = tree.prove_consistency(2, 3).unwrap();
//! assert!(verify_consistency(2, &then, 3, &now, &proof));
//! ```

mod checkpoint;
mod frontier;
mod hash;
mod note;
mod proof;
mod tile;
mod tree;

pub use checkpoint::{Checkpoint, NotACheckpoint};
pub use frontier::Frontier;
pub use hash::{Hash, empty_root, leaf_hash};
pub use note::{NotANote, Note, NoteKey, Untrusted};
pub use proof::{verify_consistency, verify_inclusion};
pub use tile::{ENTRY_BYTES_MAX, NotABundle, Tile, bundle, entries, files_between};
pub use tree::Tree;
