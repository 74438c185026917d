//! Where policy modules come from, and why their bytes can be trusted.
//!
//! A module is published as an [`Artifact`]: a manifest that names a small description and the module's bytes by their
//! digests. Who stands behind it signs the manifest ([`sign`]); [`verify`] and [`hear`] judge signatures offline.
//! The [`Store`] keeps artefacts by their digests on this machine; nothing leaves it that is not what its name says.

mod archive;
mod artifact;
mod attachment;
mod choose;
mod code;
mod http;
mod key;
mod login;
mod provenance;
mod referrers;
mod remote;
mod sbom;
mod signature;
mod store;
mod trust;

pub use archive::{Archived, Wanted, open, save};
pub use artifact::{Artifact, Descriptor, Facts, MANIFEST_BYTES_MAX, Manifest, WASM_BYTES_MAX, digest_in, mislabelled};
pub use attachment::{Attachment, Kind, SBOM_BYTES_MAX, bundles};
pub use choose::choose;
pub use code::CODES;
pub use key::{KeyKind, PublicKey, SigningKey, no_passphrase};
pub use login::{Access, Login, NamedBy};
pub use provenance::{OWN_MACHINE, Origin, Provenance, provenance, provenance_in, read_provenance, seal_provenance};
pub use remote::Remote;
pub use sbom::{Component, Sbom, of_auditable, of_lock, read_sbom, sbom};
pub use signature::{BUNDLE_BYTES_MAX, BUNDLE_TYPE, Claim, claim, sign, verify};
pub use store::{Named, Store, moved};
pub use trust::{Heard, hear, hear_keys, signers};
