//! Compressed data, opened within a bound.

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

/// What gzip or zlib data holds, at most `limit` bytes of it; `None` where the bytes are neither.
pub(crate) fn open(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let result = match bytes {
        [0x1f, 0x8b, 8, flags, ..] => decompress_to_vec_with_limit(body(bytes, *flags)?, limit),
        // The two bytes of zlib are a multiple of 31 together.
        [0x78, level, ..] if (0x7800 + u16::from(*level)).is_multiple_of(31) => {
            decompress_to_vec_zlib_with_limit(bytes, limit)
        }
        _ => return None,
    };
    // More than the bound is cut.
    let output = result.or_else(|error| {
        if error.status == TINFLStatus::HasMoreOutput {
            Ok(error.output)
        } else {
            Err(error)
        }
    });
    let output = output.ok()?;
    (!output.is_empty()).then_some(output)
}

/// The deflated part of gzip data.
fn body(bytes: &[u8], flags: u8) -> Option<&[u8]> {
    let mut rest = bytes.get(10..)?;
    if flags & 4 != 0 {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        rest = tail.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    // A name and a comment end with zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

#[cfg(test)]
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    out.extend(miniz_oxide::deflate::compress_to_vec(text, 6));
    out.extend([0; 8]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_within_a_bound() {
        let text = b"export TOKEN=x\n".repeat(1_000);
        assert_eq!(open(&gzip(&text), 1 << 20).as_deref(), Some(&text[..]));
        assert!(open(&gzip(&text), 100).is_some_and(|output| output.len() <= 100 && text.starts_with(&output)));
        let mut named = gzip(&text);
        named[3] = 8;
        named.splice(10..10, *b"name\0");
        assert_eq!(open(&named, 1 << 20).as_deref(), Some(&text[..]));
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(&text, 6);
        assert_eq!(open(&zlib, 1 << 20).as_deref(), Some(&text[..]));
        for bytes in [
            &b""[..],
            b"\x1f\x8b",
            b"\x1f\x8b\x08\x04\0\0\0\0\0\0\xff\xff",
            b"plain text",
            b"\x78\x9c",
        ] {
            assert_eq!(open(bytes, 100), None);
        }
    }
}
