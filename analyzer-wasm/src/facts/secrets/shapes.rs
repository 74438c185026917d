//! The shapes of tokens: a fixed part that the automaton finds, and what must stand around it.
//!
//! A shape is a row of the table. Where a provider publishes a checksum it is checked, so that a placeholder of the
//! right length is no finding; elsewhere length, alphabet and information decide.

mod table;

use nhi_plan::Severity;

use super::proofs;

pub(crate) use self::table::SHAPES;

/// Characters of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `_` and `-`.
    Url,
    /// As `Url`, and `.`, `~`.
    Dotted,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// Letters, digits, `+` and `/`.
    Plus,
    /// As `Base64`, and `_`, `-`, `%`, `:`.
    Loose,
    /// As `Loose`, and `@`.
    Path,
    /// Digits and `a` to `f`.
    Hex,
    /// Capital letters and digits.
    Upper,
    /// Small letters and digits.
    Lower,
    /// Digits.
    Digits,
}

impl Alphabet {
    pub(crate) fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
            Self::Loose => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'%' | b':')
            }
            Self::Plus => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
            Self::Path => byte == b'@' || Self::Loose.has(byte),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Lower => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Self::Digits => byte.is_ascii_digit(),
        }
    }
}

/// How many characters of which alphabet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run(pub(crate) Alphabet, pub(crate) usize, pub(crate) usize);

/// What else must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Enough information, and no placeholder.
    Random,
    /// The last six characters are a checksum.
    Checksum,
    /// Base64 of so many bytes, as storage keys have.
    Bytes(usize),
    /// Names an account.
    AwsKeyId,
    /// Routable tokens of GitLab end with a checksum; the older ones are random.
    Gitlab,
    /// The dots stand where this pattern of lengths says.
    Dots(&'static [usize]),
    /// Base64 of text that begins so.
    Text(&'static str),
}

/// A kind of token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) needle: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    /// What stands before the needle, for needles inside a token.
    pub(crate) before: Option<Run>,
    pub(crate) after: Run,
    pub(crate) proof: Proof,
}

/// An AWS key id by itself: whose secret may stand beside it.
pub(crate) const AWS_KEY_ID: &str = "AWS access key id";
/// The id of a temporary key, which is nothing without its secret.
pub(crate) const TEMPORARY_ID: &str = "temporary AWS access key id";

impl Shape {
    /// Whether a token may stand at the needle that begins at `at` of raw JSON, where letters may be escaped.
    pub(crate) fn may(&self, text: &str, at: usize) -> bool {
        let Run(alphabet, min, _) = self.after;
        let rest = text.as_bytes().get(at + self.needle.len()..).unwrap_or_default();
        let run = rest.iter().take(min);
        run.take_while(|byte| alphabet.has(**byte) || **byte == b'\\').count() == min
    }

    /// The secret around the needle that begins at `at`.
    pub(crate) fn prove<'t>(&self, text: &'t str, at: usize) -> Option<&'t str> {
        let bytes = text.as_bytes();
        let body = at + self.needle.len();
        let Run(alphabet, min, max) = self.after;
        // One more than the longest is enough to know that it is too long.
        let run = bytes.get(body..)?.iter().take(max + 1);
        let length = run.take_while(|byte| alphabet.has(**byte)).count();
        // A full stop ends a sentence, not a token.
        let length = length
            - bytes
                .get(body..body + length)?
                .iter()
                .rev()
                .take_while(|byte| **byte == b'.')
                .count();
        if !(min..=max).contains(&length) {
            return None;
        }
        let start = match self.before {
            None => at,
            Some(Run(alphabet, min, max)) => {
                let run = bytes.get(..at)?.iter().rev().take(max + 1);
                let before = run.take_while(|byte| alphabet.has(**byte)).count();
                if before < min || before > max {
                    return None;
                }
                at - before
            }
        };
        let before = bytes.get(..start)?;
        // The letter of `%3D` belongs to a separator.
        let is_percent = matches!(before, [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
        let glued = before.last().is_some_and(u8::is_ascii_alphanumeric) && !is_percent;
        let token = text.get(start..body + length)?;
        let body = text.get(body..body + length)?;
        // What ends with `=` is a name before a secret.
        let secret = if self.needle.ends_with('=') { body } else { token };
        (!glued && self.holds(token, body)).then_some(secret)
    }

    fn holds(&self, token: &str, body: &str) -> bool {
        let free = if self.before.is_some() { token } else { body };
        let is_random = || !proofs::is_placeholder(free) && proofs::entropy(free) > 2.8;
        match self.proof {
            Proof::Checksum => proofs::has_checksum(body),
            Proof::AwsKeyId => {
                proofs::is_aws_key_id(token) && !proofs::is_placeholder(token) && proofs::entropy(body) > 2.5
            }
            Proof::Bytes(length) => {
                super::base64::decode(free).is_some_and(|bytes| bytes.len() == length) && !proofs::is_placeholder(free)
            }
            Proof::Gitlab => gitlab(token, body) && is_random(),
            Proof::Dots(lengths) => {
                let parts = body.split('.').map(str::len);
                parts.clone().count() == lengths.len()
                    && parts
                        .zip(lengths)
                        .all(|(length, wanted)| *wanted == 0 || length == *wanted)
                    && is_random()
            }
            Proof::Text(start) => super::base64::decode(body.trim_end_matches('='))
                .is_some_and(|bytes| bytes.starts_with(start.as_bytes())),
            Proof::Random => is_random(),
        }
    }
}

/// A routable token is `payload.version.` or `payload.`, the payload's length in two and a CRC-32 in seven digits of
/// base 36; what has no dot is an older one.
fn gitlab(token: &str, body: &str) -> bool {
    let Some((_, tail)) = body.rsplit_once('.') else {
        return true;
    };
    let Some((summed, checksum)) = token.len().checked_sub(7).and_then(|at| token.split_at_checked(at)) else {
        return false;
    };
    tail.len() == 9 && proofs::base36(proofs::crc32(summed.as_bytes())) == checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: &[u8] = b"q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtSwQs1D9fGh3JkMnBvCxZaPdFgHjKlQ4wE5rT6yU";

    fn letters(Run(alphabet, min, _): Run, offset: usize) -> String {
        let fits = RANDOM.iter().copied().cycle().skip(offset).filter_map(|byte| {
            let other = [byte, byte.to_ascii_uppercase(), byte.to_ascii_lowercase()];
            other.into_iter().find(|byte| alphabet.has(*byte))
        });
        fits.take(min).map(char::from).collect()
    }

    /// A token of this shape, made here so that no scanner takes the table for a leak.
    fn make(shape: &Shape) -> String {
        let before = shape.before.map(|run| letters(run, 3)).unwrap_or_default();
        let body = match shape.proof {
            Proof::Checksum => {
                let random = letters(Run(Alphabet::Alphanumeric, shape.after.1 - 6, 0), 0);
                format!("{random}{}", proofs::base62(proofs::crc32(random.as_bytes())))
            }
            Proof::AwsKeyId => String::from("QNZGKIQY56JQ7WML"),
            Proof::Bytes(length) if shape.before.is_none() => {
                crate::facts::secrets::encode(&letters(Run(Alphabet::Url, length, 0), 1))
            }
            Proof::Dots(lengths) => {
                let parts = lengths.iter().enumerate();
                let fixed: usize = lengths.iter().sum::<usize>() + lengths.len() - 1;
                let free = shape.after.1.saturating_sub(fixed).max(20);
                parts
                    .map(|(at, length)| {
                        letters(
                            Run(Alphabet::Alphanumeric, if *length == 0 { free } else { *length }, 0),
                            at * 5,
                        )
                    })
                    .collect::<Vec<_>>()
                    .join(".")
            }
            Proof::Text(start) => crate::facts::secrets::encode(&format!(
                "{start}{}",
                letters(Run(Alphabet::Alphanumeric, shape.after.1, 0), 2)
            ))
            .trim_end_matches('=')
            .to_owned(),
            _ => letters(shape.after, 7),
        };
        let mut token = format!("{before}{}{body}", shape.needle);
        // Base64 that ends as its issuer says.
        if let (Proof::Bytes(length), Some(_)) = (shape.proof, shape.before) {
            let digits = (length * 8).div_ceil(6);
            token.truncate(digits);
            let kept = token.len() - 1;
            token.truncate(kept);
            token.push('A');
            token.extend(std::iter::repeat_n('=', (4 - digits % 4) % 4));
        }
        token
    }

    #[test]
    fn every_shape_is_found_and_its_near_misses_are_not() {
        for shape in SHAPES {
            let token = make(shape);
            let at = token.find(shape.needle).expect("needle");
            let secret = if shape.needle.ends_with('=') {
                token.split_at(shape.needle.len()).1
            } else {
                &token
            };
            assert_eq!(
                shape.prove(&token, at),
                Some(secret),
                "{} `{}`",
                shape.kind,
                shape.needle
            );
            assert!(shape.may(&token, at), "{}", shape.kind);
            let quoted = format!("x=\"{token}\"");
            assert!(shape.prove(&quoted, at + 3).is_some(), "{} in quotes", shape.kind);
            let glued = format!("7a{token}");
            let stretches = shape.before.is_some_and(|Run(_, min, max)| min < max);
            assert!(
                stretches || shape.prove(&glued, at + 2).is_none(),
                "{} in a longer word",
                shape.kind
            );
            if shape.after.1 == 0 {
                continue;
            }
            let short = token
                .split_at(at + shape.needle.len() + shape.after.1.saturating_sub(2).min(8))
                .0;
            assert!(shape.prove(short, at).is_none(), "{} cut short", shape.kind);
            let (head, body) = token.split_at(at + shape.needle.len());
            let dull: String = body
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { 'a' } else { c })
                .collect();
            if !matches!(shape.proof, Proof::Bytes(_)) || shape.before.is_none() {
                assert!(
                    shape.prove(&format!("{head}{dull}"), at).is_none(),
                    "{} as a placeholder",
                    shape.kind
                );
            }
        }
    }

    #[test]
    fn routable_tokens_of_gitlab_prove_themselves() {
        let shape = SHAPES.iter().find(|shape| shape.needle == "glpat-").expect("glpat");
        let head = ["glpat", "-q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtSwQs1.01.10"].concat();
        let token = format!("{head}{}", proofs::base36(proofs::crc32(head.as_bytes())));
        assert_eq!(shape.prove(&token, 0), Some(token.as_str()));
        assert_eq!(shape.prove(&format!("{head}0abcdef"), 0), None);
    }

    #[test]
    fn a_sentence_ends_a_token() {
        let shape = SHAPES.iter().find(|shape| shape.needle == "glpat-").expect("glpat");
        let token = ["glpat", "-q8Zk2LmX0vRtY7bNcWdE"].concat();
        assert_eq!(shape.prove(&format!("{token}."), 0), Some(token.as_str()));
    }
}
