//! Modules that look for what differs from run to run and from machine to machine, and say what they saw in a message.

use wasm_encoder::{HeapType, Instruction};

use super::compute::SCRATCH;
use super::{Body, Shape, at, memory};
use crate::conformance::guest::{MESSAGE_AT, Place};
use crate::conformance::{Case, Wanted};

pub(super) fn cases() -> Vec<Case> {
    // What runs before a session begins leaves nothing behind for what it says.
    let places = [Place::Open, Place::Check, Place::Validate];
    let shapes = doubles().into_iter().chain(singles()).chain(sizes());
    let told: Vec<Shape> = shapes.map(|(name, body)| (name, vec![(0, say(body))])).collect();
    at(&places, told, Wanted::Same)
}

/// Puts what a body leaves behind into the message, as four letters.
fn say(body: Body) -> Body {
    use Instruction::{I32Add, I32And, I32Const, I32Store};
    let mut said = vec![I32Const(MESSAGE_AT.cast_signed())];
    said.extend(body);
    said.extend([
        I32Const(0x0707_0707),
        I32And,
        I32Const(0x6161_6161),
        I32Add,
        I32Store(memory(2)),
    ]);
    said
}

type Named = (String, Body);

/// The bits of numbers that are none, by every way to come by them.
fn doubles() -> Vec<Named> {
    use Instruction::{
        F64Add, F64Ceil, F64Const, F64Copysign, F64Div, F64Floor, F64Max, F64Min, F64Mul, F64Nearest,
        F64ReinterpretI64, F64Sqrt, F64Sub, F64Trunc, I32WrapI64, I64Const, I64ReinterpretF64, I64ShrU,
    };
    let number = |number: f64| F64Const(number.into());
    let odd = vec![I64Const(0x7ff0_0000_dead_beef), F64ReinterpretI64];
    let with_odd = |rest: Vec<Instruction<'static>>| [odd.clone(), rest].concat();
    let bodies = [
        ("nothing by nothing", vec![number(0.0), number(-0.0), F64Div]),
        (
            "infinity less infinity",
            vec![number(f64::INFINITY), number(f64::INFINITY), F64Sub],
        ),
        (
            "infinity times nothing",
            vec![number(f64::INFINITY), number(0.0), F64Mul],
        ),
        ("the root of less than nothing", vec![number(-1.0), F64Sqrt]),
        ("the lesser", with_odd(vec![number(1.0), F64Min])),
        ("the greater", with_odd(vec![number(1.0), F64Max])),
        ("a sum", with_odd(vec![number(1.0), F64Add])),
        ("a ceiling", with_odd(vec![F64Ceil])),
        ("a floor", with_odd(vec![F64Floor])),
        ("the nearest", with_odd(vec![F64Nearest])),
        ("the whole", with_odd(vec![F64Trunc])),
        ("a sign", with_odd(vec![number(-1.0), F64Copysign])),
    ];
    let mut shapes = Vec::new();
    for (name, body) in bodies {
        for (half, shift) in [("upper", 32), ("lower", 0)] {
            let bits = vec![I64ReinterpretF64, I64Const(shift), I64ShrU, I32WrapI64];
            shapes.push((format!("{name}, {half} half"), [body.clone(), bits].concat()));
        }
    }
    shapes
}

fn singles() -> Vec<Named> {
    use Instruction::{
        F32Add, F32Const, F32DemoteF64, F32Div, F32Max, F32Min, F32Mul, F32ReinterpretI32, F32Sqrt, F32Sub, F32x4Div,
        F64PromoteF32, I32Const, I32ReinterpretF32, I32x4ExtractLane, V128Const,
    };
    let number = |number: f32| F32Const(number.into());
    let odd = vec![I32Const(0x7f80_beef), F32ReinterpretI32];
    let with_odd = |rest: Vec<Instruction<'static>>| [odd.clone(), rest].concat();
    let mut shapes: Vec<Named> = Vec::new();
    for (name, body) in [
        ("nothing by nothing", vec![number(0.0), number(0.0), F32Div]),
        (
            "infinity less infinity",
            vec![number(f32::INFINITY), number(f32::INFINITY), F32Sub],
        ),
        (
            "infinity times nothing",
            vec![number(f32::INFINITY), number(0.0), F32Mul],
        ),
        ("the root of less than nothing", vec![number(-1.0), F32Sqrt]),
        ("the lesser", with_odd(vec![number(1.0), F32Min])),
        ("the greater", with_odd(vec![number(1.0), F32Max])),
        ("a sum", with_odd(vec![number(1.0), F32Add])),
        ("there and back", with_odd(vec![F64PromoteF32, F32DemoteF64])),
    ] {
        shapes.push((format!("{name}, small"), [body, vec![I32ReinterpretF32]].concat()));
    }
    for lane in 0..4 {
        let body = vec![V128Const(0), V128Const(0), F32x4Div, I32x4ExtractLane(lane)];
        shapes.push((format!("nothing by nothing, lane {lane}"), body));
    }
    shapes
}

/// What a machine has more or less of, and what somebody before may have left behind.
fn sizes() -> Vec<Named> {
    use Instruction::{GlobalGet, I32Const, I32Load, MemoryGrow, MemorySize, RefNull, TableGrow, TableSize};
    let func = HeapType::FUNC;
    let named = |name: &str, body: Body| (name.to_owned(), body);
    let mut shapes = vec![
        named("the size of memory", vec![MemorySize(0)]),
        named("what growth answers", vec![I32Const(3), MemoryGrow(0)]),
        named("the size of the table", vec![TableSize(0)]),
        named(
            "what growth of the table answers",
            vec![RefNull(func), I32Const(3), TableGrow(0)],
        ),
        named("where the heap begins", vec![GlobalGet(0)]),
    ];
    for at in [0, 512, SCRATCH, 1_000_000] {
        shapes.push((format!("what is left at {at}"), vec![I32Const(at), I32Load(memory(2))]));
    }
    shapes
}
