//! Functions that change how a value is written, or what is said of it.

use std::fmt::Write as _;

use super::sets::alike;
use super::{Answer, elements, known};
use crate::evaluator::Evaluator;
use crate::fault::{Fault, error};
use crate::json_text;
use crate::number::Number;
use crate::value::{Data, Value};

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, arguments: &[Value]) -> Answer {
    let value = match (name, arguments) {
        (_, [value]) => value,
        ("textencodebase64", [value, _]) => return evaluator.enclosed(name, value).map(Some),
        _ => return Ok(None),
    };
    let made = match name {
        "jsonencode" => evaluator.json_of(value)?,
        "jsondecode" => match &value.data {
            Data::Text(text) => {
                // Values take many times the room of their text.
                evaluator.charge_text(text.len())?;
                evaluator.charge(u64::try_from(text.len() / 4).unwrap_or(u64::MAX))?;
                json_text::decode(text)?
            }
            _ if value.is_unknown() => {
                evaluator.doubt();
                evaluator.opaque(name, arguments)
            }
            _ => return error("a string is needed"),
        },
        "tostring" | "tonumber" | "tobool" => scalar(evaluator, name, value)?,
        "tolist" => match elements(value) {
            Ok(Some(items)) => Value::list(alike(evaluator, items)?),
            Ok(None) => value.clone(),
            Err(_) if value.is_null() => value.clone(),
            Err(fault) => return Err(fault),
        },
        "tomap" => match &value.data {
            Data::Map(_) | Data::Null => value.clone(),
            _ if value.is_unknown() => value.clone(),
            _ => return error(format!("a map is needed, not {}", value.kind())),
        },
        "sensitive" => value.clone().marked(true),
        "nonsensitive" => Value {
            data: value.data.clone(),
            sensitive: false,
        },
        "ephemeralasnull" => value.clone(),
        "base64encode" => match known(value)? {
            Some(text) => Value::text(base64(text.as_bytes())),
            None => evaluator.enclosed(name, value)?,
        },
        // What compresses and what lays out differs between versions: the text inside is what is known.
        "base64gzip" | "yamlencode" => evaluator.enclosed(name, value)?,
        "base64decode" => match known(value)? {
            Some(text) => match unbase64(&text).and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => Value::text(text),
                None => return error("a text is not base64 of a text"),
            },
            None => evaluator.opaque(name, arguments),
        },
        "urlencode" => match known(value)? {
            Some(text) => Value::text(urlencode(&text)),
            None => evaluator.enclosed(name, value)?,
        },
        _ => return Ok(None),
    };
    Ok(Some(made))
}

/// A text, a number or a bool, written as another of them.
fn scalar(evaluator: &mut Evaluator<'_>, name: &str, value: &Value) -> Result<Value, Fault> {
    Ok(match name {
        "tostring" => {
            if value.is_null() {
                Value::null()
            } else if value.is_unknown() {
                value.clone()
            } else {
                evaluator.written(value)?
            }
        }
        "tonumber" => match &value.data {
            Data::Null | Data::Number(_) => value.clone(),
            _ => match known(value)? {
                Some(text) => match Number::parse(&text) {
                    Some(number) => Value::number(number),
                    None => return error("a text is no number"),
                },
                None => evaluator.opaque(name, std::slice::from_ref(value)),
            },
        },
        "tobool" => match &value.data {
            Data::Null | Data::Bool(_) => value.clone(),
            _ => match known(value)?.as_deref() {
                Some("true") => Value::bool(true),
                Some("false") => Value::bool(false),
                Some(_) => return error("a text is no bool"),
                None => evaluator.opaque(name, std::slice::from_ref(value)),
            },
        },
        _ => return error("there is no such conversion"),
    })
}

impl Evaluator<'_> {
    /// `jsonencode`: the structure stays, what is unknown in it becomes symbols.
    pub(crate) fn json_of(&mut self, value: &Value) -> Result<Value, Fault> {
        let text = json_text::encode(value, self.limits.output_bytes, &|value| self.name_of(value))?;
        self.charge_text(text.len())?;
        Ok(Value::text(text).marked(value.any_sensitive()))
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            if place > chunk.len() {
                out.push('=');
                continue;
            }
            let six = usize::try_from(word >> (18 - 6 * place) & 63).unwrap_or(0);
            out.push(ALPHABET.get(six).map_or('=', |byte| char::from(*byte)));
        }
    }
    out
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for (at, chunk) in text.chunks(4).enumerate() {
        let padding = chunk.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && (at + 1) * 4 != text.len()) {
            return None;
        }
        let mut word = 0_u32;
        for byte in chunk.iter().take(4 - padding) {
            let six = ALPHABET.iter().position(|known| known == byte)?;
            word = word << 6 | u32::try_from(six).ok()?;
        }
        word <<= 6 * u32::try_from(padding).ok()?;
        let [_, bytes @ ..] = word.to_be_bytes();
        out.extend(bytes.iter().take(3 - padding));
    }
    Some(out)
}

fn urlencode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{base64, unbase64};

    #[test]
    fn base64_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
            assert_eq!(unbase64(coded).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(unbase64("Zg=a"), None);
        assert_eq!(unbase64("Zg"), None);
    }
}
