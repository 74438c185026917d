//! Private keys in binary files: DER, PKCS#12, Java key stores.

use nhi_plan::Severity;

/// What the bytes of a key file are.
pub(crate) fn key_file(bytes: &[u8]) -> Option<(&'static str, Severity)> {
    const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
    const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
    // A magic number, version 1 or 2, a count that is small.
    if let [a, b, c, d, 0, 0, 0, 1 | 2, 0, 0, _, _, _, ..] = bytes
        && [JKS, JCEKS].contains(&[*a, *b, *c, *d])
    {
        return Some(("Java key store", Severity::Medium));
    }
    let (tag, inner, rest) = element(bytes)?;
    if tag != SEQUENCE || !rest.is_empty() {
        return None;
    }
    let (tag, version, rest) = element(inner)?;
    if tag == SEQUENCE {
        return is_encrypted(version, rest).then_some(("encrypted private key", Severity::Medium));
    }
    let (tag_after, body, tail) = element(rest)?;
    match (tag, version, tag_after) {
        // PFX: version 3, content of type data.
        (INTEGER, [3], SEQUENCE) if body.starts_with(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]) => {
            Some(("PKCS#12 key store", Severity::Medium))
        }
        // PKCS#8: version, algorithm, octets.
        (INTEGER, [0 | 1], SEQUENCE) if body.first() == Some(&OID) && tail.first() == Some(&OCTETS) => PRIVATE,
        // SEC 1: version 1, octets.
        (INTEGER, [1], OCTETS) if (20..=66).contains(&body.len()) => PRIVATE,
        // PKCS#1: version, modulus, exponent and six numbers more.
        (INTEGER, [0], INTEGER) if body.len() >= 64 && tail.first() == Some(&INTEGER) => PRIVATE,
        _ => None,
    }
}

const PRIVATE: Option<(&str, Severity)> = Some(("private key", Severity::High));
const INTEGER: u8 = 2;
const OCTETS: u8 = 4;
const OID: u8 = 6;
const SEQUENCE: u8 = 0x30;

/// PKCS#8 with a pass phrase: an algorithm of PKCS#5 or PKCS#12 and octets.
fn is_encrypted(algorithm: &[u8], rest: &[u8]) -> bool {
    let pbe = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5];
    algorithm.starts_with(&pbe) && rest.first() == Some(&OCTETS)
}

/// Tag and content of the element at the start, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)),
                rest,
            )
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        if content.len() < 0x80 {
            out.push(u8::try_from(content.len()).expect("short"));
        } else {
            out.push(0x82);
            out.extend(u16::try_from(content.len()).expect("short").to_be_bytes());
        }
        out.extend(content);
        out
    }

    #[test]
    fn files_and_what_is_none() {
        let integer = |bytes: &[u8]| wrap(INTEGER, bytes);
        let oid = [6, 3, 0x2b, 0x65, 0x70];
        let pkcs8 = wrap(
            SEQUENCE,
            &[integer(&[0]), wrap(SEQUENCE, &oid), wrap(OCTETS, &[7; 34])].concat(),
        );
        let pkcs1 = wrap(
            SEQUENCE,
            &[integer(&[0]), integer(&[5; 128]), integer(&[1, 0, 1])].concat(),
        );
        let sec1 = wrap(SEQUENCE, &[integer(&[1]), wrap(OCTETS, &[9; 32])].concat());
        let data = [&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1][..], &[0xa0, 0]].concat();
        let pfx = wrap(SEQUENCE, &[integer(&[3]), wrap(SEQUENCE, &data)].concat());
        for (bytes, kind) in [
            (&pkcs8, "private key"),
            (&pkcs1, "private key"),
            (&sec1, "private key"),
            (&pfx, "PKCS#12 key store"),
        ] {
            assert_eq!(key_file(bytes).map(|found| found.0), Some(kind));
            let cut = &bytes[..bytes.len() - 1];
            assert_eq!(key_file(cut), None, "{kind} cut short");
        }
        let jks = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1][..], &[0; 20]].concat();
        assert_eq!(key_file(&jks).map(|found| found.0), Some("Java key store"));
        // A certificate begins with a sequence in a sequence.
        let certificate = wrap(
            SEQUENCE,
            &[wrap(SEQUENCE, &integer(&[2])), wrap(SEQUENCE, &oid), wrap(3, &[0; 65])].concat(),
        );
        assert_eq!(key_file(&certificate), None);
        let public = wrap(SEQUENCE, &[wrap(SEQUENCE, &oid), wrap(3, &[0; 33])].concat());
        assert_eq!(key_file(&public), None);
    }
}
