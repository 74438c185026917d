//! What belongs to a module and is not part of it: it can be added later, and the module stays the same.

use nhi_governance::Digest;

use crate::signature::{BUNDLE_BYTES_MAX, BUNDLE_TYPE};

/// Bytes of a list of dependencies, or of a statement.
pub const SBOM_BYTES_MAX: u64 = 4 << 20;

/// What an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A Sigstore bundle: a signature, or something that its signer says of the module.
    Bundle,
    /// A list of dependencies, CycloneDX in JSON.
    Sbom,
    /// An in-toto statement that nobody has signed.
    Statement,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Bundle, Self::Sbom, Self::Statement];

    /// As a registry knows it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Bundle => BUNDLE_TYPE,
            Self::Sbom => "application/vnd.cyclonedx+json",
            Self::Statement => "application/vnd.in-toto+json",
        }
    }

    /// The kind of a media type.
    pub(crate) fn of_media_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.media_type() == text)
    }

    pub(crate) fn bytes_max(self) -> u64 {
        match self {
            Self::Bundle => BUNDLE_BYTES_MAX as u64,
            Self::Sbom | Self::Statement => SBOM_BYTES_MAX,
        }
    }

    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Bundle => "the signature",
            Self::Sbom => "the list of dependencies",
            Self::Statement => "the provenance",
        }
    }
}

/// Something that belongs to a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Attachment {
    /// A Sigstore bundle.
    pub fn bundle(bytes: Vec<u8>) -> Self {
        let kind = Kind::Bundle;
        Self { kind, bytes }
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

/// The bundles among attachments.
pub fn bundles(attachments: &[Attachment]) -> Vec<Vec<u8>> {
    let bundles = attachments.iter().filter(|attachment| attachment.kind == Kind::Bundle);
    bundles.map(|attachment| attachment.bytes.clone()).collect()
}
