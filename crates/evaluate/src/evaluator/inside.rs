//! The texts inside of what is encoded: an encoding makes one symbol of a text that is known in part, and its known
//! parts must not be lost to who looks for secrets.

use nhi_plan::symbol::{self, Part};

use super::Evaluator;
use crate::fault::Fault;
use crate::json_text;
use crate::value::{Data, Value};

/// Bytes of one such text that are kept.
const INSIDE_BYTES_MAX: usize = 256 << 10;

impl Evaluator<'_> {
    /// An encoding of a value as a symbol under which the value's text is kept; one that is sensitive is not.
    ///
    /// Two symbols of one name stand for two texts: the second has a number.
    pub(crate) fn enclosed(&mut self, name: &str, value: &Value) -> Result<Value, Fault> {
        let plain = self.opaque(name, std::slice::from_ref(value));
        if value.any_sensitive() {
            return Ok(plain);
        }
        let text = match &value.data {
            Data::Text(text) => self.opened(text),
            Data::Unknown(origin) => self.insides.get(origin).map(ToString::to_string).unwrap_or_default(),
            Data::List(_) | Data::Set(_) | Data::Map(_) => {
                let text = json_text::encode(value, self.limits.output_bytes, &|value| self.name_of(value))?;
                self.opened(&text)
            }
            _ => String::new(),
        };
        let Data::Unknown(origin) = &plain.data else {
            return Ok(plain);
        };
        if text.is_empty() {
            return Ok(plain);
        }
        self.charge_text(text.len())?;
        let mut origin = origin.clone();
        let mut number = 1_u32;
        while self.insides.get(&origin).is_some_and(|known| **known != *text) {
            self.charge(1)?;
            number += 1;
            let numbered = self.opaque(&format!("{name}#{number}"), std::slice::from_ref(value));
            let Data::Unknown(next) = numbered.data else { break };
            origin = next;
        }
        if !value.traits().unknown {
            self.because(&origin, &format!("function `{name}` is not evaluated"));
        }
        self.insides.insert(origin.clone(), text.into());
        Ok(Data::Unknown(origin).into())
    }

    /// A text with what is known to be inside of its symbols, cut to a length.
    fn opened(&self, text: &str) -> String {
        let mut out = String::new();
        for part in symbol::parts(text) {
            match part {
                Part::Text(known) => out.push_str(known),
                Part::Symbol(origin) => match self.insides.get(origin) {
                    Some(inside) => out.push_str(inside),
                    None => out.push_str(&symbol::symbol(origin)),
                },
            }
            if out.len() > INSIDE_BYTES_MAX {
                cut(&mut out);
                break;
            }
        }
        out
    }

    /// All texts inside of the symbols of a value, one after the other; nothing of what is sensitive.
    pub(crate) fn inside(&self, value: &Value) -> String {
        let mut out = String::new();
        self.collect_inside(value, &mut out);
        out
    }

    fn collect_inside(&self, value: &Value, out: &mut String) {
        if value.sensitive || !value.traits().unknown || out.len() >= INSIDE_BYTES_MAX {
            return;
        }
        match &value.data {
            Data::Text(text) => {
                for alternative in symbol::alternatives(text) {
                    for part in symbol::parts(alternative) {
                        if let Part::Symbol(origin) = part {
                            self.add_inside(origin, out);
                        }
                    }
                }
            }
            Data::Unknown(origin) => self.add_inside(origin, out),
            Data::OneOf(options) => options.items.iter().for_each(|item| self.collect_inside(item, out)),
            Data::List(items) | Data::Set(items) => items.items.iter().for_each(|item| self.collect_inside(item, out)),
            Data::Map(items) => items.items.values().for_each(|item| self.collect_inside(item, out)),
            _ => {}
        }
    }

    fn add_inside(&self, origin: &str, out: &mut String) {
        let Some(inside) = self.insides.get(origin) else {
            return;
        };
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(inside);
        cut(out);
    }
}

/// Cuts a text to the length that is kept.
fn cut(text: &mut String) {
    if text.len() > INSIDE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(INSIDE_BYTES_MAX));
    }
}
