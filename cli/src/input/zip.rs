//! Reads ZIP archives as far as plan files need it: names and contents, within limits.
//!
//! Only the directory at the end of the archive is believed; nothing is ever written under the names it gives.

/// The first bytes of every archive that holds a file.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";
const ENTRY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const ENTRY_BYTES: usize = 46;
/// The end record may be followed by a comment of this size.
const COMMENT_BYTES_MAX: usize = u16::MAX as usize;
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// A file in an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'z> {
    archive: &'z [u8],
    pub(super) name: &'z [u8],
    method: u16,
    length: u32,
    local: u32,
}

/// The files of an archive; `None` if it has no directory. A damaged directory ends where the damage is.
pub(super) fn entries(archive: &[u8]) -> Option<impl Iterator<Item = Entry<'_>>> {
    let tail = archive.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let end = tail
        + archive
            .get(tail..)?
            .windows(END.len())
            .rposition(|window| window == END)?;
    let count = u16_at(archive, end + 10)?;
    let mut at = usize::try_from(u32_at(archive, end + 16)?).ok()?;
    let mut next = move || {
        let head = archive.get(at..)?;
        if !head.starts_with(ENTRY) {
            return None;
        }
        let name_length = usize::from(u16_at(archive, at + 28)?);
        let entry = Entry {
            archive,
            name: archive.get(at + ENTRY_BYTES..)?.get(..name_length)?,
            method: u16_at(archive, at + 10)?,
            length: u32_at(archive, at + 20)?,
            local: u32_at(archive, at + 42)?,
        };
        let extra = usize::from(u16_at(archive, at + 30)?) + usize::from(u16_at(archive, at + 32)?);
        at += ENTRY_BYTES + name_length + extra;
        Some(entry)
    };
    Some((0..count).map_while(move |_| next()))
}

impl Entry<'_> {
    /// What the file holds; `None` if it is damaged, packed in an unknown way, or longer than `bytes_max`.
    pub(super) fn content(&self, bytes_max: usize) -> Option<Vec<u8>> {
        let zip = self.archive;
        let length = usize::try_from(self.length).ok()?;
        let local = usize::try_from(self.local).ok()?;
        let header =
            usize::from(u16_at(zip, local.checked_add(26)?)?) + usize::from(u16_at(zip, local.checked_add(28)?)?);
        let data = zip.get(local.checked_add(30 + header)?..)?.get(..length)?;
        match self.method {
            STORED if length <= bytes_max => Some(data.to_vec()),
            DEFLATED => miniz_oxide::inflate::decompress_to_vec_with_limit(data, bytes_max).ok(),
            _ => None,
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An archive with one entry.
    pub(in crate::input) fn zip(name: &str, text: &[u8], method: u16) -> Vec<u8> {
        archive(&[(name, text)], method)
    }

    /// An archive, as the format's description has it.
    pub(in crate::input) fn archive(files: &[(&str, &[u8])], method: u16) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, text) in files {
            let data = if method == DEFLATED {
                miniz_oxide::deflate::compress_to_vec(text, 6)
            } else {
                text.to_vec()
            };
            let local = u32::try_from(out.len()).unwrap();
            let sizes = |out: &mut Vec<u8>| {
                out.extend([0; 4]);
                out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
                out.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
                out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
                out.extend([0; 2]);
            };
            out.extend(MAGIC);
            out.extend([20, 0, 0, 0]);
            out.extend(method.to_le_bytes());
            out.extend([0; 4]);
            sizes(&mut out);
            out.extend(name.as_bytes());
            out.extend(&data);
            directory.extend(ENTRY);
            directory.extend([20, 0, 20, 0, 0, 0]);
            directory.extend(method.to_le_bytes());
            directory.extend([0; 4]);
            sizes(&mut directory);
            directory.extend([0; 10]);
            directory.extend(local.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let start = u32::try_from(out.len()).unwrap();
        out.extend(&directory);
        let count = u16::try_from(files.len()).unwrap().to_le_bytes();
        out.extend(END);
        out.extend([0; 4]);
        out.extend(count);
        out.extend(count);
        out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    #[test]
    fn all_files_are_listed_and_read_within_a_limit() {
        let files: [(&str, &[u8]); 3] = [("a", b"one"), ("b/c", b""), ("d", &[b'x'; 5_000])];
        for method in [STORED, DEFLATED] {
            let zip = archive(&files, method);
            let found: Vec<_> = entries(&zip).unwrap().collect();
            assert_eq!(found.len(), 3);
            for (entry, (name, text)) in found.iter().zip(files) {
                assert_eq!(entry.name, name.as_bytes());
                assert_eq!(entry.content(5_000).unwrap(), text);
            }
            assert_eq!(
                found[2].content(4_999),
                None,
                "a limit is a limit, however well it is packed"
            );
        }
    }

    proptest! {
        #[test]
        fn damage_is_never_fatal(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = archive(&[("a", b"text"), ("b", b"more")], DEFLATED);
            let position = at.index(bytes.len());
            bytes[position] = byte;
            bytes.truncate(cut.index(bytes.len() + 1));
            for entry in entries(&bytes).into_iter().flatten() {
                let _ = entry.content(100);
            }
        }
    }
}
