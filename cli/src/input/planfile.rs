//! Recognises plan files and tells which command made one.
//!
//! A plan file is a ZIP archive that also holds the dependency lock file, in which the providers' registry tells
//! OpenTofu from Terraform. OpenTofu's encrypted plan files are JSON around one long ciphertext.

use nhi_plan::json;

/// The first bytes of every ZIP archive that holds a file.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
const ZIP_ENTRY: &[u8] = b"PK\x01\x02";
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_END_BYTES: usize = 22;
/// The end record may be followed by a comment of this size.
const ZIP_COMMENT_BYTES_MAX: usize = u16::MAX as usize;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

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
    if bytes.starts_with(ZIP_MAGIC) {
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
fn lock_file(zip: &[u8]) -> Option<Vec<u8>> {
    let tail = zip.len().saturating_sub(ZIP_END_BYTES + ZIP_COMMENT_BYTES_MAX);
    let end = tail
        + zip
            .get(tail..)?
            .windows(ZIP_END.len())
            .rposition(|window| window == ZIP_END)?;
    let count = u16_at(zip, end + 10)?;
    let mut entry = usize::try_from(u32_at(zip, end + 16)?).ok()?;
    for _ in 0..count {
        if zip.get(entry..)?.get(..ZIP_ENTRY.len())? != ZIP_ENTRY {
            return None;
        }
        let name_length = usize::from(u16_at(zip, entry + 28)?);
        let name = zip.get(entry + 46..)?.get(..name_length)?;
        if name == LOCK_FILE {
            return content(zip, entry);
        }
        entry += 46 + name_length + usize::from(u16_at(zip, entry + 30)?) + usize::from(u16_at(zip, entry + 32)?);
    }
    None
}

fn content(zip: &[u8], entry: usize) -> Option<Vec<u8>> {
    let method = u16_at(zip, entry + 10)?;
    let length = usize::try_from(u32_at(zip, entry + 20)?).ok()?;
    let local = usize::try_from(u32_at(zip, entry + 42)?).ok()?;
    let header = usize::from(u16_at(zip, local.checked_add(26)?)?) + usize::from(u16_at(zip, local.checked_add(28)?)?);
    let data = zip.get(local.checked_add(30 + header)?..)?.get(..length)?;
    match method {
        STORED => Some(data.to_vec()),
        DEFLATED => miniz_oxide::inflate::decompress_to_vec_with_limit(data, LOCK_FILE_BYTES_MAX).ok(),
        _ => None,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An archive with one entry, as the format's description has it.
    fn zip(name: &str, text: &[u8], method: u16) -> Vec<u8> {
        let data = if method == DEFLATED {
            miniz_oxide::deflate::compress_to_vec(text, 6)
        } else {
            text.to_vec()
        };
        let sizes = |out: &mut Vec<u8>| {
            out.extend([0; 4]);
            out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            out.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            out.extend([0; 2]);
        };
        let mut out = ZIP_MAGIC.to_vec();
        out.extend([20, 0, 0, 0]);
        out.extend(method.to_le_bytes());
        out.extend([0; 4]);
        sizes(&mut out);
        out.extend(name.as_bytes());
        out.extend(&data);
        let directory = u32::try_from(out.len()).unwrap();
        out.extend(ZIP_ENTRY);
        out.extend([20, 0, 20, 0, 0, 0]);
        out.extend(method.to_le_bytes());
        out.extend([0; 4]);
        sizes(&mut out);
        out.extend([0; 14]);
        out.extend(name.as_bytes());
        let end = u32::try_from(out.len()).unwrap();
        out.extend(ZIP_END);
        out.extend([0, 0, 0, 0, 1, 0, 1, 0]);
        out.extend((end - directory).to_le_bytes());
        out.extend(directory.to_le_bytes());
        out.extend([0, 0]);
        out
    }

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
