//! Where policy modules come from, and why their bytes can be trusted.
//!
//! A module is published as an [`Artifact`]: a manifest that names a small description and the module's bytes by their
//! digests. Who stands behind it signs the manifest ([`sign`]); [`verify`] and [`hear`] judge signatures offline.
//! The [`Store`] keeps artefacts by their digests on this machine; nothing leaves it that is not what its name says.

mod archive;
mod artifact;
mod choose;
mod code;
mod http;
mod key;
mod login;
mod remote;
mod signature;
mod store;
mod trust;

pub use archive::{load, save};
pub use artifact::{Artifact, Descriptor, Facts, MANIFEST_BYTES_MAX, Manifest, WASM_BYTES_MAX, mislabelled};
pub use choose::choose;
pub use code::CODES;
pub use key::{PublicKey, SigningKey};
pub use login::{Access, Login, NamedBy};
pub use remote::Remote;
pub use signature::{BUNDLE_BYTES_MAX, BUNDLE_TYPE, sign, verify};
pub use store::{Named, Store, moved};
pub use trust::{Heard, hear, hear_keys};
