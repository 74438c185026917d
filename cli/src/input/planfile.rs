//! Recognises plan files and tells which command made one.
//!
//! A plan file is a ZIP archive that also holds the dependency lock file, in which the providers' registry tells
//! OpenTofu from Terraform. OpenTofu's encrypted plan files are JSON around one long ciphertext.

use nhi_plan::json;

use super::zip;

const LOCK_FILE: &[u8] = b".terraform.lock.hcl";
/// A lock file has some hundred bytes per provider.
const LOCK_FILE_BYTES_MAX: usize = 4 << 20;

/// How far into an encrypted plan its metadata may reach.
const ENCRYPTED_HEAD_BYTES: usize = 64 << 10;

/// What a file that is not plan JSON is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanFile {
    /// A plan file, and who made it, as far as that can be told.
    Zip(Option<Maker>),
    /// Encrypted by OpenTofu.
    Encrypted,
}

/// Who writes plan files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    OpenTofu,
    Terraform,
}

/// Whether the bytes are a plan file; `None` for anything else.
pub(super) fn kind(bytes: &[u8]) -> Option<PlanFile> {
    if bytes.starts_with(zip::MAGIC) {
        return Some(PlanFile::Zip(lock_file(bytes).and_then(|lock| maker(&lock))));
    }
    is_encrypted(bytes).then_some(PlanFile::Encrypted)
}

fn is_encrypted(bytes: &[u8]) -> bool {
    let head = bytes.get(..ENCRYPTED_HEAD_BYTES).unwrap_or(bytes);
    let key = b"\"encrypted_data\"";
    if !head.starts_with(b"{") || !head.windows(key.len()).any(|window| window == key) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    json::parse(text).is_ok_and(|document| {
        let root = document.root();
        root.get("encrypted_data").is_some() && root.get("encryption_version").is_some()
    })
}

/// OpenTofu writes its own registry for every provider without a host; Terraform never does.
fn maker(lock: &[u8]) -> Option<Maker> {
    let names = |host: &[u8]| lock.windows(host.len()).any(|window| window == host);
    if names(b"\"registry.opentofu.org/") {
        Some(Maker::OpenTofu)
    } else if names(b"\"registry.terraform.io/") {
        Some(Maker::Terraform)
    } else {
        None
    }
}

/// The text of the lock file inside the archive.
fn lock_file(archive: &[u8]) -> Option<Vec<u8>> {
    let entry = zip::entries(archive)?.find(|entry| entry.name == LOCK_FILE)?;
    entry.content(LOCK_FILE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::zip::tests::zip;
    use crate::input::zip::{DEFLATED, STORED};
    use proptest::prelude::*;

    const TOFU: &[u8] = b"provider \"registry.opentofu.org/hashicorp/aws\" {\n  version = \"5.100.0\"\n}\n";
    const TERRAFORM: &[u8] = b"provider \"registry.terraform.io/hashicorp/aws\" {\n  version = \"5.100.0\"\n}\n";

    #[test]
    fn the_lock_file_tells_the_maker() {
        let lock = ".terraform.lock.hcl";
        let cases = [
            (zip(lock, TOFU, DEFLATED), Some(PlanFile::Zip(Some(Maker::OpenTofu)))),
            (zip(lock, TOFU, STORED), Some(PlanFile::Zip(Some(Maker::OpenTofu)))),
            (
                zip(lock, TERRAFORM, DEFLATED),
                Some(PlanFile::Zip(Some(Maker::Terraform))),
            ),
            (zip(lock, b"# nothing is locked", DEFLATED), Some(PlanFile::Zip(None))),
            (zip("tfplan", TOFU, DEFLATED), Some(PlanFile::Zip(None))),
            (zip(lock, TOFU, 99), Some(PlanFile::Zip(None))),
            (b"PK\x03\x04".to_vec(), Some(PlanFile::Zip(None))),
            (
                br#"{"meta":{},"encrypted_data":"AAAA","encryption_version":"v0"}"#.to_vec(),
                Some(PlanFile::Encrypted),
            ),
            (br#"{"format_version":"1.2","x":"\"encrypted_data\""}"#.to_vec(), None),
            (br#"{"encrypted_data":"AAAA"}"#.to_vec(), None),
            (b"".to_vec(), None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(kind(&bytes), expected, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    proptest! {
        #[test]
        fn damage_is_never_fatal(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = zip(".terraform.lock.hcl", TOFU, DEFLATED);
            let position = at.index(bytes.len());
            bytes[position] = byte;
            let _ = kind(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            let _ = kind(&bytes);
        }
    }
}
