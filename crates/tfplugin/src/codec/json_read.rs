//! Reads JSON by type, in one pass and with numbers kept as they are written.
//!
//! States come in this form at every refresh, also from older versions of a schema, so an attribute that is missing
//! is null. The scanner is our own because the usual ones turn numbers into doubles and quote input in their errors.

use std::collections::BTreeMap;

use super::place::Place;
use super::{CodecError, UnknownAttributes, VALUE_DEPTH_MAX};
use crate::value::{Number, Step, Type, Value};

pub(super) fn decode(bytes: &[u8], ty: &Type, unknown: UnknownAttributes) -> Result<Value, CodecError> {
    let mut reader = Reader { bytes, at: 0, unknown };
    let mut place = Place::default();
    let value = reader.value(ty, &mut place)?;
    reader.space();
    if reader.at < bytes.len() {
        return Err(reader.malformed(&place));
    }
    Ok(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    unknown: UnknownAttributes,
}

impl<'a> Reader<'a> {
    fn value(&mut self, ty: &Type, place: &mut Place) -> Result<Value, CodecError> {
        place.spend()?;
        if self.literal(b"null") {
            return Ok(Value::Null);
        }
        match (ty, self.peek()) {
            (Type::Bool, Some(b't')) if self.literal(b"true") => Ok(Value::Bool(true)),
            (Type::Bool, Some(b'f')) if self.literal(b"false") => Ok(Value::Bool(false)),
            (Type::Number, Some(b'-' | b'0'..=b'9')) => self.number(place).map(Value::Number),
            (Type::String, Some(b'"')) => self.string(place).map(Value::String),
            (Type::List(element), Some(b'[')) => self.elements(element, true, place).map(Value::List),
            (Type::Set(element), Some(b'[')) => self.elements(element, false, place).map(Value::set),
            (Type::Tuple(elements), Some(b'[')) => self.tuple(elements, place),
            (Type::Map(element), Some(b'{')) => self.map(element, place),
            (Type::Object(attributes), Some(b'{')) => self.object(attributes, place),
            (Type::Dynamic, Some(b'{')) => self.dynamic(place),
            (_, None) => Err(self.malformed(place)),
            (ty, Some(_)) => Err(place.fail(format!("{ty} required, at byte {}", self.at))),
        }
    }

    fn elements(&mut self, element: &Type, addressable: bool, place: &mut Place) -> Result<Vec<Value>, CodecError> {
        let mut values = Vec::new();
        self.items(b']', place, |reader, place| {
            let step = addressable.then_some(Step::Index(values.len()));
            values.push(place.below(step, |place| reader.value(element, place))?);
            Ok(())
        })?;
        Ok(values)
    }

    fn tuple(&mut self, elements: &[Type], place: &mut Place) -> Result<Value, CodecError> {
        let mut values = Vec::new();
        let count = format!("a tuple with {} elements is required", elements.len());
        self.items(b']', place, |reader, place| {
            let element = elements.get(values.len()).ok_or_else(|| place.fail(count.clone()))?;
            let step = Some(Step::Index(values.len()));
            values.push(place.below(step, |place| reader.value(element, place))?);
            Ok(())
        })?;
        if values.len() < elements.len() {
            return Err(place.fail(count));
        }
        Ok(Value::Tuple(values))
    }

    fn map(&mut self, element: &Type, place: &mut Place) -> Result<Value, CodecError> {
        let mut entries = BTreeMap::new();
        self.items(b'}', place, |reader, place| {
            let key = reader.key(place)?;
            let step = Step::Key(key.clone());
            let value = place.below(Some(step.clone()), |place| reader.value(element, place))?;
            match entries.insert(key, value) {
                Some(_) => Err(place.fail_at(step, "the key stands twice in the map")),
                None => Ok(()),
            }
        })?;
        Ok(Value::Map(entries))
    }

    fn object(&mut self, attributes: &BTreeMap<String, Type>, place: &mut Place) -> Result<Value, CodecError> {
        let mut values = BTreeMap::new();
        self.items(b'}', place, |reader, place| {
            let name = reader.key(place)?;
            let step = Step::Attribute(name.clone());
            let Some(ty) = attributes.get(&name) else {
                return match reader.unknown {
                    UnknownAttributes::Drop => reader.skip(place).map(drop),
                    UnknownAttributes::Refuse => Err(place.fail_at(step, "there is no such attribute")),
                };
            };
            let value = place.below(Some(step.clone()), |place| reader.value(ty, place))?;
            match values.insert(name, value) {
                Some(_) => Err(place.fail_at(step, "the attribute stands twice in the object")),
                None => Ok(()),
            }
        })?;
        for name in attributes.keys() {
            values.entry(name.clone()).or_insert(Value::Null);
        }
        Ok(Value::Object(values))
    }

    /// `{"value": …, "type": …}`, in either order.
    fn dynamic(&mut self, place: &mut Place) -> Result<Value, CodecError> {
        let (mut ty, mut value) = (None, None);
        self.items(b'}', place, |reader, place| {
            let slot = match reader.key(place)?.as_str() {
                "type" => &mut ty,
                "value" => &mut value,
                _ => return Err(place.fail("a dynamic value has a type and a value only")),
            };
            match slot.replace(reader.skip(place)?) {
                Some(_) => Err(place.fail("a dynamic value has one type and one value")),
                None => Ok(()),
            }
        })?;
        let (Some(ty), Some(value)) = (ty, value) else {
            return Err(place.fail("a dynamic value needs a type and a value"));
        };
        let ty = Type::parse(ty).map_err(|error| place.fail(error.to_string()))?;
        let mut reader = Reader {
            bytes: value,
            at: 0,
            unknown: self.unknown,
        };
        match place.below(None, |place| reader.value(&ty, place))? {
            value @ (Value::Null | Value::Dynamic(_)) => Ok(value),
            value => Ok(Value::Dynamic(Box::new((ty, value)))),
        }
    }

    /// Reads items up to `end`; the opening bracket is next.
    fn items(
        &mut self,
        end: u8,
        place: &mut Place,
        mut item: impl FnMut(&mut Reader<'a>, &mut Place) -> Result<(), CodecError>,
    ) -> Result<(), CodecError> {
        self.at += 1;
        if self.token(end) {
            return Ok(());
        }
        loop {
            item(self, place)?;
            if self.token(end) {
                return Ok(());
            }
            if !self.token(b',') {
                return Err(self.malformed(place));
            }
        }
    }

    fn key(&mut self, place: &Place) -> Result<String, CodecError> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed(place));
        }
        let key = self.string(place)?;
        if self.token(b':') {
            Ok(key)
        } else {
            Err(self.malformed(place))
        }
    }

    fn string(&mut self, place: &Place) -> Result<String, CodecError> {
        let text = self.quoted().ok_or_else(|| self.malformed(place))?;
        // Escapes, surrogates, control characters and UTF-8 are judged by a parser that has met them all.
        serde_json::from_slice(text).map_err(|_| place.fail(format!("malformed string before byte {}", self.at)))
    }

    /// The bytes of a string with its quotes; a quote is next.
    fn quoted(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        let mut at = start + 1;
        loop {
            match self.bytes.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        self.bytes.get(start..self.at)
    }

    fn number(&mut self, place: &Place) -> Result<Number, CodecError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        let text = rest
            .get(..length.count())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default();
        let number = text
            .parse()
            .map_err(|_| place.fail(format!("malformed number at byte {}", self.at)))?;
        self.at += text.len();
        Ok(number)
    }

    /// Passes over a value of any kind and gives its bytes.
    fn skip(&mut self, place: &mut Place) -> Result<&'a [u8], CodecError> {
        self.space();
        let start = self.at;
        let mut open = Vec::new();
        loop {
            match self.peek().ok_or_else(|| self.malformed(place))? {
                b'"' => drop(self.quoted().ok_or_else(|| self.malformed(place))?),
                bracket @ (b'{' | b'[') => {
                    if open.len() >= VALUE_DEPTH_MAX {
                        return Err(place.fail(format!("values may not nest deeper than {VALUE_DEPTH_MAX}")));
                    }
                    open.push(bracket + 2);
                    self.at += 1;
                }
                bracket @ (b'}' | b']') if open.pop_if(|expected| *expected == bracket).is_some() => self.at += 1,
                b',' | b':' if !open.is_empty() => self.at += 1,
                b'-' | b'0'..=b'9' => drop(self.number(place)?),
                _ if self.literal(b"true") || self.literal(b"false") || self.literal(b"null") => {}
                _ => return Err(self.malformed(place)),
            }
            if open.is_empty() {
                return Ok(self.bytes.get(start..self.at).unwrap_or_default());
            }
        }
    }

    fn literal(&mut self, word: &[u8]) -> bool {
        self.space();
        let found = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        if found {
            self.at += word.len();
        }
        found
    }

    fn token(&mut self, token: u8) -> bool {
        self.literal(&[token])
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn malformed(&self, place: &Place) -> CodecError {
        place.fail(format!("malformed JSON at byte {}", self.at))
    }
}
