//! What a core adds to an unknown value: an extension of type 12 whose body is a map of what is already certain.

use super::msgpack_read::{Malformed, Reader};
use crate::value::{Number, Refinement, Type};

const EXTENSION_TYPE: i8 = 12;
/// A longer description is unreasonable; the cores refuse it too.
const BODY_BYTES_MAX: usize = 1_024;

const NOT_NULL: u64 = 1;
const STRING_PREFIX: u64 = 2;
const NUMBER_MIN: u64 = 3;
const NUMBER_MAX: u64 = 4;
const LENGTH_MIN: u64 = 5;
const LENGTH_MAX: u64 = 6;

/// Reads the extension of an unknown value. One of another type, or with a body of a byte, says nothing more.
pub(super) fn read(kind: i8, body: &[u8], ty: &Type) -> Result<Option<Box<Refinement>>, &'static str> {
    if body.len() <= 1 || kind != EXTENSION_TYPE || *ty == Type::Dynamic {
        return Ok(None);
    }
    if body.len() > BODY_BYTES_MAX {
        return Err("the description of an unknown value is too long");
    }
    let refinement = entries(&mut Reader { rest: body });
    refinement
        .map(|known| Some(Box::new(known)))
        .map_err(|Malformed| "malformed description of an unknown value")
}

fn entries(reader: &mut Reader<'_>) -> Result<Refinement, Malformed> {
    let mut refinement = Refinement::default();
    for _ in 0..reader.map()? {
        match reader.unsigned()? {
            // True would mean a certain null, which a core sends as null.
            NOT_NULL => refinement.not_null = !reader.bool()?,
            STRING_PREFIX => refinement.string_prefix = Some(reader.string()?.to_owned()),
            NUMBER_MIN => refinement.number_min = Some(bound(reader)?),
            NUMBER_MAX => refinement.number_max = Some(bound(reader)?),
            LENGTH_MIN => refinement.length_min = Some(reader.unsigned()?),
            LENGTH_MAX => refinement.length_max = Some(reader.unsigned()?),
            // A key of a later version; what follows it may have any shape, so what was read so far must do.
            _ => break,
        }
    }
    Ok(refinement)
}

fn bound(reader: &mut Reader<'_>) -> Result<(Number, bool), Malformed> {
    if reader.array()? != 2 {
        return Err(Malformed);
    }
    Ok((reader.number()?, reader.bool()?))
}
