//! Puts bytes into a module that was compiled before: how policies in Rego become a module without a compiler.
//!
//! A guest cannot read custom sections, so the bytes have to be in its memory when it starts. They are laid behind all
//! memory that the module begins with, in a data segment of their own, and the memory begins as much larger: neither the
//! compiler, which knows only the addresses below, nor an allocator, which takes what it grows the memory by, has
//! anything there. A slot in the module's own data, found by its mark, says where they are.
//!
//! The same module and bytes give the same result.

use wasm_encoder::{ConstExpr, DataCountSection, DataSection, MemorySection, MemoryType, RawSection};
use wasmparser::{DataKind, Operator, Parser, Payload};

/// How the slot begins; behind it stand the place, the length and the sum, four bytes each.
const MARK: &[u8; 16] = b"nhi:bundle:slot1";
const SLOT_BYTES: usize = 28;
const PAGE_BYTES: u64 = 1 << 16;
/// What may be put into a module.
const BUNDLE_BYTES_MAX: usize = 16 << 20;

/// Embeds `bytes` in `core_wasm`, a core module with one memory and one slot.
pub fn embed(core_wasm: &[u8], bytes: &[u8]) -> Result<Vec<u8>, String> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(format!(
            "{} bytes are too many: {BUNDLE_BYTES_MAX} are allowed",
            bytes.len()
        ));
    }
    let length = u32::try_from(bytes.len()).map_err(|error| error.to_string())?;
    let mut place = None;
    let mut slots = 0_usize;
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(core_wasm) {
        let payload = payload.map_err(|error| format!("not a core module: {error}"))?;
        match &payload {
            Payload::MemorySection(reader) => {
                let (section, at) = memory(reader.clone(), bytes.len())?;
                place = Some(at);
                module.section(&section);
            }
            Payload::DataCountSection { count, .. } => {
                module.section(&DataCountSection {
                    count: count.saturating_add(1),
                });
            }
            Payload::DataSection(reader) => {
                let place = place.ok_or("the module has no memory of its own")?;
                let filled = [place, length, sum(bytes)];
                let (mut section, found) = data(reader.clone(), filled)?;
                slots = slots.saturating_add(found);
                section.active(0, &constant(place), bytes.iter().copied());
                module.section(&section);
            }
            // Names of functions are for debuggers, and half of the module.
            Payload::CustomSection(section) if section.name() == "name" => {}
            other => copy(&mut module, other, core_wasm)?,
        }
    }
    match slots {
        1 => Ok(module.finish()),
        0 => Err("the module has no slot to put anything into".to_owned()),
        _ => Err(format!("the module has {slots} slots, of which one would be right")),
    }
}

fn copy(module: &mut wasm_encoder::Module, payload: &Payload<'_>, wasm: &[u8]) -> Result<(), String> {
    let Some((id, range)) = payload.as_section() else {
        return Ok(());
    };
    let data = wasm.get(range).ok_or("a section ends behind the module")?;
    module.section(&RawSection { id, data });
    Ok(())
}

/// The memory with room for so many bytes behind what it begins with, and where that room is.
fn memory(reader: wasmparser::MemorySectionReader<'_>, length: usize) -> Result<(MemorySection, u32), String> {
    let memories: Vec<_> = reader
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let [memory] = memories.as_slice() else {
        return Err("the module has several memories".to_owned());
    };
    if memory.memory64 || memory.shared || memory.page_size_log2.is_some() {
        return Err("the module's memory is of a kind that no policy module has".to_owned());
    }
    let pages = u64::try_from(length).unwrap_or(u64::MAX).div_ceil(PAGE_BYTES);
    let place = memory
        .initial
        .checked_mul(PAGE_BYTES)
        .and_then(|place| u32::try_from(place).ok());
    let minimum = memory.initial.saturating_add(pages);
    if memory.maximum.is_some_and(|maximum| maximum < minimum) || minimum > u64::from(u16::MAX) {
        return Err("the module's memory cannot be that large".to_owned());
    }
    let mut section = MemorySection::new();
    section.memory(MemoryType {
        minimum,
        maximum: memory.maximum,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    Ok((section, place.ok_or("the module's memory is too large")?))
}

/// The data with the slot filled in, and how many slots there were.
fn data(reader: wasmparser::DataSectionReader<'_>, filled: [u32; 3]) -> Result<(DataSection, usize), String> {
    let mut section = DataSection::new();
    let mut slots = 0_usize;
    for segment in reader {
        let segment = segment.map_err(|error| error.to_string())?;
        let mut bytes = segment.data.to_vec();
        let starts: Vec<usize> = bytes
            .windows(MARK.len())
            .enumerate()
            .filter(|(_, window)| window == MARK)
            .map(|(start, _)| start)
            .collect();
        for start in starts {
            // The mark may also stand in the code's constants, where it is compared with; a slot is empty behind it.
            let slot = bytes
                .get_mut(start..start.saturating_add(SLOT_BYTES))
                .and_then(|slot| slot.get_mut(MARK.len()..));
            let Some(slot) = slot.filter(|slot| slot.iter().all(|byte| *byte == 0)) else {
                continue;
            };
            let words = filled.iter().flat_map(|word| word.to_le_bytes());
            slot.iter_mut().zip(words).for_each(|(byte, value)| *byte = value);
            slots = slots.saturating_add(1);
        }
        match segment.kind {
            DataKind::Passive => section.passive(bytes),
            DataKind::Active {
                memory_index,
                offset_expr,
            } => {
                let offset = offset(&offset_expr)?;
                section.active(memory_index, &offset, bytes)
            }
        };
    }
    Ok((section, slots))
}

fn offset(expression: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, String> {
    match expression.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => Ok(ConstExpr::i32_const(value)),
        _ => Err("a data segment's place is no constant".to_owned()),
    }
}

fn constant(place: u32) -> ConstExpr {
    ConstExpr::i32_const(place.cast_signed())
}

/// FNV-1a: the guest sees by it that nothing was written over the bytes.
fn sum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: &str = r#"(data (i32.const 16) "xxnhi:bundle:slot1\00\00\00\00\00\00\00\00\00\00\00\00yy")"#;

    fn module(inner: &str) -> Vec<u8> {
        wat::parse_str(format!("(module {inner})")).unwrap()
    }

    fn embedded(inner: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
        embed(&module(inner), bytes)
    }

    #[test]
    fn bytes_lie_behind_the_memory_and_the_slot_says_where() {
        let inner = format!(
            "(memory 2) {SLOT} (func (export \"f\") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))"
        );
        let bytes = vec![7_u8; 65_537];
        let out = embedded(&inner, &bytes).unwrap();
        assert_eq!(out, embedded(&inner, &bytes).unwrap(), "the same again");
        wasmparser::validate(&out).unwrap();
        let mut segments = Vec::new();
        for payload in Parser::new(0).parse_all(&out) {
            match payload.unwrap() {
                Payload::MemorySection(reader) => {
                    assert_eq!(reader.into_iter().next().unwrap().unwrap().initial, 4);
                }
                Payload::DataSection(reader) => {
                    segments = reader
                        .into_iter()
                        .map(|segment| segment.unwrap().data.to_vec())
                        .collect();
                }
                _ => {}
            }
        }
        let [own, added] = segments.as_slice() else { panic!() };
        assert_eq!(added, &bytes);
        let mut slot = b"xxnhi:bundle:slot1".to_vec();
        for word in [2 << 16, 65_537, sum(&bytes)] {
            slot.extend(u32::to_le_bytes(word));
        }
        slot.extend(b"yy");
        assert_eq!(own, &slot);
    }

    #[test]
    fn a_module_that_cannot_hold_them_is_refused() {
        let two = format!("(memory 1) {SLOT} {SLOT}");
        let full = format!("(memory 1 1) {SLOT}");
        let shared = format!("(memory 1 2 shared) {SLOT}");
        let several = format!("(memory 1) (memory 1) {SLOT}");
        let filled = r#"(memory 1) (data (i32.const 0) "nhi:bundle:slot1\01\00\00\00\00\00\00\00\00\00\00\00")"#;
        let cut = r#"(memory 1) (data (i32.const 0) "nhi:bundle:slot1\00\00")"#;
        for (inner, wanted) in [
            ("(memory 1) (data (i32.const 0) \"none\")", "no slot"),
            ("", "no slot"),
            (filled, "no slot"),
            (cut, "no slot"),
            (&two, "2 slots"),
            (&full, "cannot be that large"),
            (&shared, "of a kind"),
            (&several, "several memories"),
        ] {
            let refused = embedded(inner, b"policies").unwrap_err();
            assert!(refused.contains(wanted), "{inner}: {refused}");
        }
        let large = vec![0; BUNDLE_BYTES_MAX + 1];
        assert!(
            embedded(&format!("(memory 1) {SLOT}"), &large)
                .unwrap_err()
                .contains("too many")
        );
        assert!(embed(b"\0asm\x0d\0\x01\0", b"").is_err());
    }
}
