//! Modules that never come to an end, call themselves for ever, or crash.

use wasm_encoder::{BlockType, Instruction, MemArg};

use super::{Body, Shape, looped, memory, repeated};
use crate::conformance::guest::FIRST_OWN;

/// Far from the answers, and within memory from the start.
pub(super) const SCRATCH: i32 = 700_000;

pub(super) fn loops() -> Vec<Shape> {
    let mut shapes: Vec<Shape> = inside()
        .into_iter()
        .map(|(name, body)| (format!("a loop of {name}"), vec![(0, looped(body))]))
        .collect();
    for depth in [2, 3, 9, 65, 1_025] {
        shapes.push((format!("{depth} loops in each other"), vec![(0, nested(depth))]));
    }
    for targets in [1, 10, 1_000] {
        let branch = Instruction::BrTable(vec![0; targets].into(), 0);
        let body = vec![Instruction::Loop(BlockType::Empty), Instruction::I32Const(1), branch];
        let body = [body, vec![Instruction::End]].concat();
        shapes.push((format!("a loop by a table of {targets}"), vec![(0, body)]));
    }
    for step in [1, 3, 5, 7] {
        shapes.push((format!("counting by {step}"), vec![(1, counted(step))]));
    }
    for length in [1, 10, 100, 1_000] {
        let mut own = vec![(0, looped(vec![Instruction::Call(FIRST_OWN + 1)]))];
        own.extend((1..length).map(|number| (0, vec![Instruction::Call(FIRST_OWN + number + 1)])));
        own.push((0, Vec::new()));
        shapes.push((format!("a loop of chains of {length} calls"), own));
    }
    for length in [1, 2, 10] {
        let next = |number: u32| Instruction::ReturnCall(FIRST_OWN + (number + 1) % length);
        let own = (0..length).map(|number| (0, vec![next(number)])).collect();
        shapes.push((format!("{length} functions that hand over to each other"), own));
    }
    shapes
}

/// What a loop does each time, with an empty stack before and after.
fn inside() -> Vec<(String, Body)> {
    use Instruction::{
        Drop, Else, End, F64Const, F64Sqrt, GlobalGet, GlobalSet, I32Const, I32Load, I32Popcnt, I32Store,
        I32TruncSatF64S, I32x4Mul, I64Const, I64DivS, If, MemoryCopy, MemoryFill, MemoryGrow, MemorySize, Nop, RefNull,
        Select, TableGet, TableSet, TableSize, V128Const,
    };
    let func = wasm_encoder::HeapType::FUNC;
    let named = |name: &str, body: Body| (name.to_owned(), body);
    let mut bodies = vec![
        named("nothing", Vec::new()),
        named("pauses", repeated(&[Nop], 100)),
        named("stores", vec![I32Const(SCRATCH), I32Const(7), I32Store(memory(2))]),
        named("loads", vec![I32Const(SCRATCH), I32Load(memory(2)), Drop]),
        named("roots", vec![F64Const((-1.0).into()), F64Sqrt, Drop]),
        named("divisions", vec![I64Const(7), I64Const(3), I64DivS, Drop]),
        named("counted bits", vec![I32Const(-1), I32Popcnt, Drop]),
        named("the size of memory", vec![MemorySize(0), Drop]),
        named("growth by nothing", vec![I32Const(0), MemoryGrow(0), Drop]),
        named("the size of the table", vec![TableSize(0), Drop]),
        named("reads of the table", vec![I32Const(0), TableGet(0), Drop]),
        named("writes to the table", vec![I32Const(0), RefNull(func), TableSet(0)]),
        named("globals", vec![GlobalGet(0), GlobalSet(0)]),
        named("choices", vec![I32Const(1), I32Const(2), I32Const(3), Select, Drop]),
        named("branches", vec![I32Const(1), If(BlockType::Empty), Else, End]),
        named("conversions", vec![F64Const(1e300.into()), I32TruncSatF64S, Drop]),
        named("vectors", vec![V128Const(7), V128Const(9), I32x4Mul, Drop]),
    ];
    for bytes in [64, 4_096, 300_000] {
        let fill = vec![I32Const(SCRATCH), I32Const(7), I32Const(bytes), MemoryFill(0)];
        bodies.push((format!("fills of {bytes}"), fill));
        let copy = MemoryCopy { src_mem: 0, dst_mem: 0 };
        let copy = vec![I32Const(SCRATCH), I32Const(SCRATCH + 8), I32Const(bytes), copy];
        bodies.push((format!("copies of {bytes}"), copy));
    }
    bodies
}

fn nested(depth: usize) -> Body {
    let mut body = repeated(&[Instruction::Loop(BlockType::Empty)], depth);
    let outermost = u32::try_from(depth).unwrap_or(1).saturating_sub(1);
    body.push(Instruction::Br(outermost));
    body.extend(repeated(&[Instruction::End], depth));
    body
}

/// It would end, after four thousand million rounds.
fn counted(step: i32) -> Body {
    use Instruction::{BrIf, End, I32Add, I32Const, LocalGet, LocalTee, Loop};
    vec![
        Loop(BlockType::Empty),
        LocalGet(0),
        I32Const(step),
        I32Add,
        LocalTee(0),
        BrIf(0),
        End,
    ]
}

pub(super) fn recursions() -> Vec<Shape> {
    use Instruction::{Block, Call, CallIndirect, End, I32Const, I32Store};
    let indirect = CallIndirect {
        type_index: 5,
        table_index: 0,
    };
    let mut shapes: Vec<Shape> = Vec::new();
    for locals in [0, 1, 10, 100, 1_000, 2_000, 10_000] {
        let own = vec![(locals, vec![Call(FIRST_OWN)])];
        shapes.push((format!("itself with {locals} locals"), own));
    }
    for locals in [0, 100] {
        let own = vec![(locals, vec![I32Const(0), indirect.clone()])];
        shapes.push((format!("itself by a table with {locals} locals"), own));
    }
    for length in [2, 3, 10, 100] {
        let next = |number: u32| Call(FIRST_OWN + (number + 1) % length);
        let own = (0..length).map(|number| (0, vec![next(number)])).collect();
        shapes.push((format!("{length} in a circle"), own));
    }
    for depth in [1, 10, 100] {
        let mut body = repeated(&[Block(BlockType::Empty)], depth);
        body.push(Call(FIRST_OWN));
        body.extend(repeated(&[End], depth));
        shapes.push((format!("itself below {depth} blocks"), vec![(0, body)]));
    }
    let twice = vec![Call(FIRST_OWN), Call(FIRST_OWN)];
    shapes.push(("itself twice".to_owned(), vec![(0, twice)]));
    let storing = vec![I32Const(SCRATCH), I32Const(1), I32Store(memory(2)), Call(FIRST_OWN)];
    shapes.push(("itself after a store".to_owned(), vec![(0, storing)]));
    shapes.push(("itself in a loop".to_owned(), vec![(0, looped(vec![Call(FIRST_OWN)]))]));
    shapes
}

pub(super) fn crashes() -> Vec<Shape> {
    let mut shapes = reads();
    shapes.extend(numbers());
    shapes
}

/// What is not there is read, written or called.
fn reads() -> Vec<Shape> {
    use Instruction::{
        CallIndirect, Drop, F64Load, I32Const, I32Load, I32Load8U, I32Store, I64Load, I64Store, MemoryCopy, MemoryFill,
        RefNull, TableGet, TableSet, Unreachable,
    };
    let far = |offset: u64| MemArg {
        offset,
        align: 0,
        memory_index: 0,
    };
    let call = |type_index: u32| CallIndirect {
        type_index,
        table_index: 0,
    };
    let copy = MemoryCopy { src_mem: 0, dst_mem: 0 };
    let mut shapes = vec![
        shape("gives up", vec![Unreachable]),
        shape("calls beyond its table", vec![I32Const(9), call(5)]),
        shape(
            "calls something as something else",
            vec![I32Const(1), I32Const(0), call(0), Drop],
        ),
        shape("reads beyond its table", vec![I32Const(9), TableGet(0), Drop]),
        shape(
            "writes beyond its table",
            vec![I32Const(9), RefNull(wasm_encoder::HeapType::FUNC), TableSet(0)],
        ),
        shape(
            "fills beyond memory",
            vec![I32Const(-9), I32Const(0), I32Const(99), MemoryFill(0)],
        ),
        shape(
            "copies from beyond memory",
            vec![I32Const(0), I32Const(-9), I32Const(99), copy],
        ),
    ];
    for at in [-8, -1, i32::MIN, i32::MAX] {
        shapes.push(shape(
            &format!("reads four bytes at {at}"),
            vec![I32Const(at), I32Load(far(0)), Drop],
        ));
        shapes.push(shape(
            &format!("reads one byte at {at}"),
            vec![I32Const(at), I32Load8U(far(0)), Drop],
        ));
        shapes.push(shape(
            &format!("reads a number at {at}"),
            vec![I32Const(at), F64Load(far(0)), Drop],
        ));
        shapes.push(shape(
            &format!("writes four bytes at {at}"),
            vec![I32Const(at), I32Const(1), I32Store(far(0))],
        ));
        shapes.push(shape(
            &format!("writes eight bytes at {at}"),
            vec![I32Const(at), Instruction::I64Const(1), I64Store(far(0))],
        ));
    }
    for offset in [u64::from(u32::MAX), 1 << 31, 1 << 28] {
        shapes.push(shape(
            &format!("reads {offset} bytes further"),
            vec![I32Const(0), I64Load(far(offset)), Drop],
        ));
    }
    shapes
}

/// What has no answer is computed.
fn numbers() -> Vec<Shape> {
    use Instruction::{
        Drop, F32Const, F64Const, I32Const, I32DivS, I32DivU, I32RemS, I32RemU, I32TruncF32S, I32TruncF64S,
        I32TruncF64U, I64Const, I64DivS, I64DivU, I64RemS, I64TruncF32U, I64TruncF64S,
    };
    let small = |a: i32, b: i32, what: Instruction<'static>| vec![I32Const(a), I32Const(b), what, Drop];
    let large = |a: i64, b: i64, what: Instruction<'static>| vec![I64Const(a), I64Const(b), what, Drop];
    let mut shapes = vec![
        shape("divides by nothing", small(1, 0, I32DivU)),
        shape("divides by nothing, signed", small(1, 0, I32DivS)),
        shape("takes the rest of nothing", small(1, 0, I32RemU)),
        shape("takes the rest of nothing, signed", small(1, 0, I32RemS)),
        shape("divides the smallest", small(i32::MIN, -1, I32DivS)),
        shape("divides eight bytes by nothing", large(1, 0, I64DivU)),
        shape("divides eight bytes by nothing, signed", large(1, 0, I64DivS)),
        shape("takes the rest of eight bytes", large(1, 0, I64RemS)),
        shape("divides the smallest of eight bytes", large(i64::MIN, -1, I64DivS)),
    ];
    for (name, number) in [
        ("no number", f64::NAN),
        ("infinity", f64::INFINITY),
        ("too much", 1e300),
    ] {
        for (kind, what) in [
            ("signed", I32TruncF64S),
            ("unsigned", I32TruncF64U),
            ("long", I64TruncF64S),
        ] {
            let body = vec![F64Const(number.into()), what, Drop];
            shapes.push(shape(&format!("makes {name} whole, {kind}"), body));
        }
    }
    for (name, number) in [("no small number", f32::NAN), ("less than nothing", f32::NEG_INFINITY)] {
        for (kind, what) in [("signed", I32TruncF32S), ("long", I64TruncF32U)] {
            let body = vec![F32Const(number.into()), what, Drop];
            shapes.push(shape(&format!("makes {name} whole, {kind}"), body));
        }
    }
    shapes
}

fn shape(name: &str, body: Body) -> Shape {
    (name.to_owned(), vec![(0, body)])
}
