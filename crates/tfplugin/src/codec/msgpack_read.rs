//! Reads msgpack by type.
//!
//! The bytes come from the core, but a length in them is only a claim: nothing is allocated on its word.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::decode;

use super::place::Place;
use super::{CodecError, refinement};
use crate::value::{Number, Step, Type, Value};

pub(super) fn decode(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let mut place = Place::default();
    let mut reader = Reader { rest: bytes };
    let value = read(&mut reader, ty, &mut place)?;
    if !reader.rest.is_empty() {
        return Err(place.fail("bytes are left over after the value"));
    }
    Ok(value)
}

/// What is left of the message.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
}

/// The bytes end early or are of another kind than the type wants; the caller says which type that is.
#[derive(Debug)]
pub(super) struct Malformed;

impl<'a> Reader<'a> {
    pub(super) fn marker(&self) -> Option<Marker> {
        self.rest.first().map(|byte| Marker::from_u8(*byte))
    }

    pub(super) fn nil(&mut self) -> bool {
        let nil = self.marker() == Some(Marker::Null);
        if nil {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        nil
    }

    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        decode::read_bool(&mut self.rest).map_err(|_| Malformed)
    }

    pub(super) fn number(&mut self) -> Result<Number, Malformed> {
        match self.marker().ok_or(Malformed)? {
            Marker::F32 => {
                let float = decode::read_f32(&mut self.rest).map_err(|_| Malformed)?;
                Number::from_f64(f64::from(float)).ok_or(Malformed)
            }
            Marker::F64 => {
                let float = decode::read_f64(&mut self.rest).map_err(|_| Malformed)?;
                Number::from_f64(float).ok_or(Malformed)
            }
            Marker::U64 => decode::read_u64(&mut self.rest)
                .map(Number::from)
                .map_err(|_| Malformed),
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                self.string()?.parse().map_err(|_| Malformed)
            }
            _ => decode::read_int::<i64, _>(&mut self.rest)
                .map(Number::from)
                .map_err(|_| Malformed),
        }
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, Malformed> {
        decode::read_int(&mut self.rest).map_err(|_| Malformed)
    }

    pub(super) fn string(&mut self) -> Result<&'a str, Malformed> {
        let length = decode::read_str_len(&mut self.rest).map_err(|_| Malformed)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Malformed)
    }

    /// Bytes, or text: either has been seen around the type of dynamically typed values.
    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = match self.marker().ok_or(Malformed)? {
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => decode::read_bin_len(&mut self.rest),
            _ => return self.string().map(str::as_bytes),
        };
        self.take(length.map_err(|_| Malformed)?)
    }

    pub(super) fn array(&mut self) -> Result<u32, Malformed> {
        let length = decode::read_array_len(&mut self.rest).map_err(|_| Malformed)?;
        self.believable(length)
    }

    pub(super) fn map(&mut self) -> Result<u32, Malformed> {
        let length = decode::read_map_len(&mut self.rest).map_err(|_| Malformed)?;
        self.believable(length)
    }

    /// The type and body of an extension.
    fn extension(&mut self) -> Result<(i8, &'a [u8]), Malformed> {
        let meta = decode::read_ext_meta(&mut self.rest).map_err(|_| Malformed)?;
        Ok((meta.typeid, self.take(meta.size)?))
    }

    fn take(&mut self, length: u32) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Every element takes a byte at least, so a claim beyond the rest is a lie.
    fn believable(&self, length: u32) -> Result<u32, Malformed> {
        let possible = usize::try_from(length).is_ok_and(|length| length <= self.rest.len());
        possible.then_some(length).ok_or(Malformed)
    }
}

fn is_extension(marker: Marker) -> bool {
    matches!(
        marker,
        Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32
    )
}

fn read(reader: &mut Reader<'_>, ty: &Type, place: &mut Place) -> Result<Value, CodecError> {
    place.spend()?;
    if reader.nil() {
        return Ok(Value::Null);
    }
    if reader.marker().is_some_and(is_extension) {
        let (kind, body) = reader
            .extension()
            .map_err(|Malformed| place.fail("an unknown value is cut short"))?;
        return refinement::read(kind, body, ty)
            .map(Value::Unknown)
            .map_err(|message| place.fail(message));
    }
    let wanted = |Malformed| place.fail(format!("{ty} required"));
    match ty {
        Type::Bool => reader.bool().map(Value::Bool).map_err(wanted),
        Type::Number => reader.number().map(Value::Number).map_err(wanted),
        Type::String => reader
            .string()
            .map(|text| Value::String(text.to_owned()))
            .map_err(wanted),
        Type::List(element) => {
            let length = reader.array().map_err(wanted)?;
            read_elements(reader, length, element, place, true).map(Value::List)
        }
        Type::Set(element) => {
            let length = reader.array().map_err(wanted)?;
            read_elements(reader, length, element, place, false).map(Value::set)
        }
        Type::Tuple(elements) => {
            let length = reader.array().map_err(wanted)?;
            read_tuple(reader, length, elements, place)
        }
        Type::Map(element) => {
            let length = reader.map().map_err(wanted)?;
            read_map(reader, length, element, place)
        }
        Type::Object(attributes) => {
            let length = reader.map().map_err(wanted)?;
            read_object(reader, length, attributes, place)
        }
        Type::Dynamic => {
            let length = reader.array().map_err(wanted)?;
            read_dynamic(reader, length, place)
        }
    }
}

fn read_elements(
    reader: &mut Reader<'_>,
    length: u32,
    element: &Type,
    place: &mut Place,
    addressable: bool,
) -> Result<Vec<Value>, CodecError> {
    let mut values = Vec::new();
    for index in 0..length as usize {
        let step = addressable.then_some(Step::Index(index));
        values.push(place.below(step, |place| read(reader, element, place))?);
    }
    Ok(values)
}

fn read_tuple(reader: &mut Reader<'_>, length: u32, elements: &[Type], place: &mut Place) -> Result<Value, CodecError> {
    if length as usize != elements.len() {
        return Err(place.fail(format!(
            "a tuple with {} elements is required, not {length}",
            elements.len()
        )));
    }
    let mut values = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        values.push(place.below(Some(Step::Index(index)), |place| read(reader, element, place))?);
    }
    Ok(Value::Tuple(values))
}

fn read_map(reader: &mut Reader<'_>, length: u32, element: &Type, place: &mut Place) -> Result<Value, CodecError> {
    let mut entries = BTreeMap::new();
    for _ in 0..length {
        let key = reader
            .string()
            .map_err(|Malformed| place.fail("string keys are required"))?;
        let value = place.below(Some(Step::Key(key.to_owned())), |place| read(reader, element, place))?;
        if entries.insert(key.to_owned(), value).is_some() {
            return Err(place.fail_at(Step::Key(key.to_owned()), "the key stands twice in the map"));
        }
    }
    Ok(Value::Map(entries))
}

fn read_object(
    reader: &mut Reader<'_>,
    length: u32,
    attributes: &BTreeMap<String, Type>,
    place: &mut Place,
) -> Result<Value, CodecError> {
    if length as usize != attributes.len() {
        return Err(place.fail(format!(
            "an object with {} attributes is required, not {length}",
            attributes.len()
        )));
    }
    let mut values = BTreeMap::new();
    for _ in 0..length {
        let name = reader
            .string()
            .map_err(|Malformed| place.fail("names of attributes are required"))?;
        let step = Step::Attribute(name.to_owned());
        let Some(ty) = attributes.get(name) else {
            return Err(place.fail_at(step, "there is no such attribute"));
        };
        let value = place.below(Some(step), |place| read(reader, ty, place))?;
        if values.insert(name.to_owned(), value).is_some() {
            return Err(place.fail_at(
                Step::Attribute(name.to_owned()),
                "the attribute stands twice in the object",
            ));
        }
    }
    Ok(Value::Object(values))
}

fn read_dynamic(reader: &mut Reader<'_>, length: u32, place: &mut Place) -> Result<Value, CodecError> {
    if length != 2 {
        return Err(place.fail("a type and a value are required"));
    }
    let json = reader
        .bytes()
        .map_err(|Malformed| place.fail("a type is required before a dynamic value"))?;
    let ty = Type::parse(json).map_err(|error| place.fail(error.to_string()))?;
    let value = place.below(None, |place| read(reader, &ty, place))?;
    match value {
        // Null and unknown need no type to be understood; one form for each keeps equality simple.
        Value::Null | Value::Unknown(_) | Value::Dynamic(_) => Ok(value),
        _ => Ok(Value::Dynamic(Box::new((ty, value)))),
    }
}
