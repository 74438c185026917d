//! Modules that want more memory, more of a table, or more of the compiler than they may have.

use wasm_encoder::{BlockType, HeapType, Instruction};

use super::{Body, Shape, looped, memory, own, repeated};
use crate::HostErrorKind as Kind;
use crate::conformance::guest::{FIRST_OWN, Guest};
use crate::conformance::{Case, Wanted};

/// What all memory that an address reaches comes to; the engine itself says no to more, and fuel ends the asking.
const ADDRESSABLE_PAGES: i32 = 65_536;

pub(super) fn growths() -> Vec<Shape> {
    use Instruction::{Drop, I32Const, I32Shl, I32Store, I32Sub, MemoryGrow, MemorySize};
    let by = |pages: i32| vec![I32Const(pages), MemoryGrow(0), Drop];
    let last = vec![MemorySize(0), I32Const(16), I32Shl, I32Const(4), I32Sub];
    let touched = [last, vec![I32Const(7), I32Store(memory(2))]].concat();
    let mut shapes: Vec<Shape> = Vec::new();
    for pages in [
        1,
        2,
        7,
        16,
        64,
        256,
        1_000,
        1_024,
        4_095,
        4_096,
        10_000,
        32_768,
        65_000,
        ADDRESSABLE_PAGES - 1,
        -1,
    ] {
        shapes.push((format!("{pages} pages at a time"), vec![(0, looped(by(pages)))]));
    }
    for pages in [1, 16, 256, 1_000, 2_000] {
        let body = [by(pages), touched.clone()].concat();
        shapes.push((format!("{pages} pages at a time, written to"), vec![(0, looped(body))]));
    }
    let recursive = [by(1), vec![Instruction::Call(FIRST_OWN + 1)]].concat();
    let back = vec![Instruction::Call(FIRST_OWN)];
    shapes.push(("a page a call".to_owned(), vec![(0, recursive), (0, back)]));
    shapes
}

pub(super) fn tables() -> Vec<Shape> {
    use Instruction::{Drop, I32Const, RefFunc, RefNull, TableGrow};
    let mut shapes: Vec<Shape> = Vec::new();
    for count in [1, 10, 1_000, 65_536, 1 << 20, (1 << 20) + 1, 10_000_000, i32::MAX, -1] {
        let body = vec![RefNull(HeapType::FUNC), I32Const(count), TableGrow(0), Drop];
        shapes.push((format!("{count} at a time"), vec![(0, looped(body))]));
    }
    let body = vec![RefFunc(FIRST_OWN), I32Const(5_000), TableGrow(0), Drop];
    shapes.push(("functions, 5000 at a time".to_owned(), vec![(0, looped(body))]));
    shapes
}

/// What a module wants before it is asked anything.
pub(super) fn beginnings() -> Vec<Case> {
    let refused = Wanted::Stopped(&[Kind::Memory, Kind::Malformed, Kind::Trap]);
    let mut cases = Vec::new();
    for pages in [4_097, 5_000, 10_000, 32_768, 60_000, 65_000] {
        let guest = Guest {
            pages,
            ..Guest::default()
        };
        cases.push(own(&format!("begins with {pages} pages"), guest, refused));
    }
    for table in [(1 << 20) + 1, 2_000_000, 9_000_000] {
        let guest = Guest {
            table,
            ..Guest::default()
        };
        cases.push(own(&format!("begins with a table of {table}"), guest, refused));
    }
    cases
}

pub(super) fn bombs() -> Vec<Case> {
    use Instruction::{BrTable, I32Const, Nop};
    let of = |own: Vec<(u32, Body)>| Guest {
        own,
        ..Guest::default()
    };
    let too_big = Wanted::Stopped(&[Kind::TooBig, Kind::Malformed]);
    let mut cases = Vec::new();
    for count in [20_001, 25_000, 60_000] {
        let guest = of(vec![(0, vec![Nop]); count]);
        cases.push(own(&format!("{count} functions"), guest, too_big));
    }
    for locals in [20_001, 30_000, 49_999] {
        cases.push(own(
            &format!("{locals} locals"),
            of(vec![(locals, Vec::new())]),
            too_big,
        ));
    }
    for depth in [5_001, 10_000, 50_000] {
        let guest = of(vec![(0, blocks(depth))]);
        cases.push(own(&format!("{depth} blocks in each other"), guest, too_big));
    }
    for targets in [20_001, 50_000, 100_000] {
        let body = vec![I32Const(0), BrTable(vec![0; targets].into(), 0)];
        cases.push(own(&format!("{targets} branches"), of(vec![(0, body)]), too_big));
    }
    for bytes in [1 << 20, 2 << 20] {
        let guest = of(vec![(0, repeated(&[Nop], bytes))]);
        cases.push(own(&format!("a function of {bytes} bytes"), guest, too_big));
    }
    for segments in [10_001, 50_000] {
        let guest = Guest {
            segments,
            ..Guest::default()
        };
        cases.push(own(&format!("{segments} pieces of data"), guest, too_big));
    }
    cases.extend(heavy());
    cases
}

/// What is allowed and costs the compiler most.
fn heavy() -> Vec<Case> {
    use Instruction::{BrTable, Drop, End, F64Add, F64Const, I32Const, If, LocalGet, LocalSet, Loop, Nop, Select};
    let of = |name: &str, body: (u32, Body)| {
        let guest = Guest {
            own: vec![body],
            ..Guest::default()
        };
        own(name, guest, Wanted::Any)
    };
    let mixed: Body = (0..1_000)
        .flat_map(|number| [LocalGet(number), LocalSet((number * 7) % 1_000)])
        .collect();
    let many = Guest {
        own: vec![(0, vec![Nop]); 4_000],
        ..Guest::default()
    };
    let sums = [
        vec![F64Const(1.0.into())],
        repeated(&[F64Const(2.0.into()), F64Add], 20_000),
        vec![Drop],
    ]
    .concat();
    let waiting = [repeated(&[I32Const(1)], 5_000), repeated(&[Drop], 5_000)].concat();
    let chosen = [
        vec![I32Const(1)],
        repeated(&[I32Const(2), I32Const(3), Select], 10_000),
        vec![Drop],
    ]
    .concat();
    let ifs = [
        repeated(&[I32Const(1), If(BlockType::Empty)], 2_000),
        repeated(&[End], 2_000),
    ]
    .concat();
    let loops = repeated(&[Loop(BlockType::Empty), End], 5_000);
    let wide = vec![I32Const(0), BrTable(vec![0; 19_999].into(), 0)];
    vec![
        own("4000 functions", many, Wanted::Any),
        of("4999 blocks in each other", (0, blocks(4_999))),
        of("locals that live long", (1_000, mixed)),
        of("19999 locals", (19_999, Vec::new())),
        of("100000 constants", (0, repeated(&[I32Const(1), Drop], 50_000))),
        of("a long sum", (0, sums)),
        of("5000 values that wait", (0, waiting)),
        of("10000 choices", (0, chosen)),
        of("2000 conditions in each other", (0, ifs)),
        of("5000 loops", (0, loops)),
        of("19999 branches", (0, wide)),
    ]
}

fn blocks(depth: usize) -> Body {
    let mut body = repeated(&[Instruction::Block(BlockType::Empty)], depth);
    body.extend(repeated(&[Instruction::End], depth));
    body
}
