//! What hostile modules try, by hand: each deed at every place where a module is given the word.

use wasm_encoder::{BlockType, HeapType, Instruction};

use super::guest::{FIRST_OWN, Guest, Place, Told};
use super::{Case, Wanted};
use crate::HostErrorKind as Kind;

type Body = Vec<Instruction<'static>>;

/// All campaigns with their cases.
pub(super) fn campaigns() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        (
            "endless loops",
            everywhere(&loops(), Wanted::Stopped(&[Kind::Fuel, Kind::Time])),
        ),
        (
            "recursion",
            everywhere(&recursions(), Wanted::Stopped(&[Kind::Trap, Kind::Fuel])),
        ),
        (
            "memory growth",
            everywhere(&growths(), Wanted::Stopped(&[Kind::Memory])),
        ),
        (
            "table growth", // More than any table holds is refused by the engine itself; fuel then ends the asking.
            everywhere(&tables(), Wanted::Stopped(&[Kind::Memory, Kind::Fuel])),
        ),
        ("crashes", everywhere(&crashes(), Wanted::Stopped(&[Kind::Trap]))),
        (super::BOMBS, bombs()),
        ("output bombs", floods()),
        ("malformed records", malformed()),
        ("smuggled imports", smuggled()),
        ("chance", everywhere(&chances(), Wanted::Same)),
        ("lies about rules", lies()),
        ("terminal and markup", injections()),
    ]
}

/// Each body at each place. The first function of a guest's own is what is called.
fn everywhere(bodies: &[(&'static str, Vec<(u32, Body)>)], wanted: Wanted) -> Vec<Case> {
    let at = |place: Place| bodies.iter().map(move |(name, own)| (place, name, own));
    Place::ALL
        .into_iter()
        .flat_map(at)
        .map(|(place, name, own)| Case {
            name: format!("{name} in {place:?}"),
            wasm: Guest {
                place: Some(place),
                own: own.clone(),
                ..Guest::default()
            }
            .component(),
            wanted,
        })
        .collect()
}

fn looped(inside: Body) -> Body {
    use Instruction::{Br, End, Loop};
    let mut body = vec![Loop(BlockType::Empty)];
    body.extend(inside);
    body.extend([Br(0), End]);
    body
}

fn loops() -> Vec<(&'static str, Vec<(u32, Body)>)> {
    use Instruction::{Br, BrTable, Call, Drop, End, F64Const, F64Sqrt, I32Const, Loop, MemoryFill};
    let table = BrTable(vec![0, 0, 0].into(), 0);
    vec![
        ("a loop", vec![(0, looped(Vec::new()))]),
        (
            "a loop in a loop",
            vec![(0, looped(vec![Loop(BlockType::Empty), Br(1), End]))],
        ),
        (
            "a loop by a table",
            vec![(0, vec![Loop(BlockType::Empty), I32Const(1), table, End])],
        ),
        (
            "a loop of calls",
            vec![(0, looped(vec![Call(FIRST_OWN + 1)])), (0, Vec::new())],
        ),
        (
            "a loop of roots",
            vec![(0, looped(vec![F64Const((-1.0).into()), F64Sqrt, Drop]))],
        ),
        (
            "a loop of fills",
            vec![(
                0,
                looped(vec![I32Const(700_000), I32Const(7), I32Const(400_000), MemoryFill(0)]),
            )],
        ),
    ]
}

fn recursions() -> Vec<(&'static str, Vec<(u32, Body)>)> {
    use Instruction::{Call, CallIndirect, I32Const};
    let indirect = CallIndirect {
        type_index: 5,
        table_index: 0,
    };
    vec![
        ("itself", vec![(0, vec![Call(FIRST_OWN)])]),
        ("itself with many locals", vec![(2_000, vec![Call(FIRST_OWN)])]),
        (
            "each other",
            vec![(0, vec![Call(FIRST_OWN + 1)]), (0, vec![Call(FIRST_OWN)])],
        ),
        ("itself by a table", vec![(0, vec![I32Const(0), indirect])]),
    ]
}

fn growths() -> Vec<(&'static str, Vec<(u32, Body)>)> {
    use Instruction::{Drop, I32Const, MemoryGrow};
    let by = |pages: i32| looped(vec![I32Const(pages), MemoryGrow(0), Drop]);
    vec![
        ("a page at a time", vec![(0, by(1))]),
        ("much at a time", vec![(0, by(1_000))]),
        ("all at once", vec![(0, by(65_000))]),
    ]
}

fn tables() -> Vec<(&'static str, Vec<(u32, Body)>)> {
    use Instruction::{Drop, I32Const, RefNull, TableGrow};
    let by = |count: i32| looped(vec![RefNull(HeapType::FUNC), I32Const(count), TableGrow(0), Drop]);
    vec![
        ("a thousand at a time", vec![(0, by(1_000))]),
        ("all at once", vec![(0, by(i32::MAX))]),
    ]
}

fn crashes() -> Vec<(&'static str, Vec<(u32, Body)>)> {
    use Instruction::{Drop, F64Const, I32Const, I32DivU, I32Load, I32TruncF64S, Unreachable};
    let far = wasm_encoder::MemArg {
        offset: 0,
        align: 2,
        memory_index: 0,
    };
    vec![
        ("gives up", vec![(0, vec![Unreachable])]),
        (
            "divides by nothing",
            vec![(0, vec![I32Const(1), I32Const(0), I32DivU, Drop])],
        ),
        ("reads far away", vec![(0, vec![I32Const(-8), I32Load(far), Drop])]),
        (
            "no number",
            vec![(0, vec![F64Const(f64::NAN.into()), I32TruncF64S, Drop])],
        ),
    ]
}

/// What no module can be sure of where it runs: it must come out the same.
fn chances() -> Vec<(&'static str, Vec<(u32, Body)>)> {
    use Instruction::{Drop, F64Const, F64Div, I32Const, I32Store, I64ReinterpretF64, I64Store, MemorySize};
    let at = |align: u32| wasm_encoder::MemArg {
        offset: 0,
        align,
        memory_index: 0,
    };
    vec![
        (
            "the bits of no number",
            vec![(
                0,
                vec![
                    I32Const(700_000),
                    F64Const(0.0.into()),
                    F64Const((-0.0).into()),
                    F64Div,
                    I64ReinterpretF64,
                    I64Store(at(3)),
                ],
            )],
        ),
        (
            "the size of memory",
            vec![(0, vec![I32Const(700_000), MemorySize(0), I32Store(at(2))])],
        ),
        ("nothing at all", vec![(0, vec![I32Const(0), Drop])]),
    ]
}

fn own(name: &str, guest: &Guest, wanted: Wanted) -> Case {
    Case {
        name: name.to_owned(),
        wasm: guest.component(),
        wanted,
    }
}

fn bombs() -> Vec<Case> {
    use Instruction::{Block, BrTable, Drop, End, I32Const, LocalGet, LocalSet, Nop};
    let repeated = |body: &[Instruction<'static>], count: usize| -> Body {
        std::iter::repeat_n(body, count).flatten().cloned().collect()
    };
    let nested = |depth: usize| -> Body {
        let mut body = repeated(&[Block(BlockType::Empty)], depth);
        body.extend(repeated(&[End], depth));
        body
    };
    let of = |own: Vec<(u32, Body)>| Guest {
        own,
        ..Guest::default()
    };
    let branches = vec![I32Const(0), BrTable(vec![0; 20_001].into(), 0)];
    let too_big = Wanted::Stopped(&[Kind::TooBig]);
    let many = |count: usize| vec![(0, vec![Nop]); count];
    vec![
        own("many functions", &of(many(20_001)), too_big),
        own("many locals", &of(vec![(20_001, Vec::new())]), too_big),
        own("deep blocks", &of(vec![(0, nested(5_001))]), too_big),
        own("wide branches", &of(vec![(0, branches)]), too_big),
        own("a long function", &of(vec![(0, repeated(&[Nop], 1 << 20))]), too_big),
        own("functions up to the limit", &of(many(4_000)), Wanted::Any),
        own("blocks up to the limit", &of(vec![(0, nested(4_999))]), Wanted::Any),
        own(
            "locals that live long",
            &of(vec![(
                1_000,
                (0..1_000)
                    .flat_map(|number| [LocalGet(number), LocalSet((number * 7) % 1_000)])
                    .collect(),
            )]),
            Wanted::Any,
        ),
        own(
            "constants",
            &of(vec![(0, repeated(&[I32Const(1), Drop], 50_000))]),
            Wanted::Any,
        ),
    ]
}

fn floods() -> Vec<Case> {
    let of = |told: Told| Guest {
        told: vec![told],
        ..Guest::default()
    };
    let long = |length: usize| Told {
        message: vec![b'm'; length],
        ..Told::default()
    };
    let claims = |length: u32| Told {
        message_length: Some(length),
        ..Told::default()
    };
    let many = |count: usize| Guest {
        told: vec![Told::default(); count],
        ..Guest::default()
    };
    let counts = |count: u32| Guest {
        told_count: Some(count),
        ..Guest::default()
    };
    let output = Wanted::Stopped(&[Kind::Output]);
    let broken = Wanted::Stopped(&[Kind::Output, Kind::Protocol, Kind::Trap]);
    vec![
        own("one finding too many", &many(10_001), output),
        own("a message too long", &of(long(4_097)), output),
        own("a message of 9 MiB", &of(long(9 << 20)), output),
        own("a message that ends nowhere", &of(claims(u32::MAX)), broken),
        own("a message beyond memory", &of(claims(1 << 28)), broken),
        own("as many findings as a number holds", &counts(u32::MAX), broken),
        own("more findings than memory", &counts(1 << 20), broken),
    ]
}

fn malformed() -> Vec<Case> {
    let of = |told: Told| Guest {
        told: vec![told],
        ..Guest::default()
    };
    let broken = Wanted::Stopped(&[Kind::Protocol, Kind::Trap]);
    let text = |message: &[u8]| {
        of(Told {
            message: message.to_vec(),
            ..Told::default()
        })
    };
    let severity = |severity: [u8; 2]| {
        of(Told {
            severity,
            ..Told::default()
        })
    };
    let outcome = |outcome: &[u8]| {
        of(Told {
            outcome: outcome.to_vec(),
            ..Told::default()
        })
    };
    vec![
        own("no text", &text(b"\xff\xfe"), broken),
        own("half a character", &text(b"\xed\xa0\x80"), broken),
        own("an overlong character", &text(b"\xc0\x80"), broken),
        own("no message", &text(b""), broken),
        own("a severity that is none", &severity([1, 9]), broken),
        own("a flag that is none", &severity([7, 0]), broken),
        own("an outcome that is none", &outcome(b"fine"), broken),
        own("an outcome in capitals", &outcome(b"Violation"), broken),
        own(
            "neither findings nor an error",
            &Guest {
                answer: 2,
                ..Guest::default()
            },
            broken,
        ),
        own(
            "an error",
            &Guest {
                answer: 1,
                ..Guest::default()
            },
            Wanted::Stopped(&[Kind::Undecided, Kind::Protocol, Kind::Trap]),
        ),
    ]
}

fn smuggled() -> Vec<Case> {
    use wasm_encoder::{
        Component, ComponentImportSection, ComponentTypeRef, ComponentTypeSection, NestedComponentSection, TypeBounds,
    };
    let sound = Guest::default().component();
    let mut function = Component::new();
    let mut types = ComponentTypeSection::new();
    types
        .function()
        .params::<[(&str, wasm_encoder::ComponentValType); 0], _>([])
        .result(None);
    let mut imports = ComponentImportSection::new();
    imports.import("wasi:clocks/wall-clock@0.2.0", ComponentTypeRef::Func(0));
    function.section(&types).section(&imports);
    let mut kind = Component::new();
    let mut imports = ComponentImportSection::new();
    imports.import("handle", ComponentTypeRef::Type(TypeBounds::SubResource));
    kind.section(&imports);
    let outer = |inner: &Component| {
        // The smuggled import in front of what behaves: the sections of two components, one after the other.
        let mut bytes = inner.clone().finish();
        bytes.extend_from_slice(sound.get(8..).unwrap_or_default());
        bytes
    };
    let mut nested = Component::new();
    nested.section(&NestedComponentSection(&function));
    let stopped = |kinds| Wanted::Stopped(kinds);
    vec![
        Case {
            name: "a clock".to_owned(),
            wasm: outer(&function),
            wanted: stopped(&[Kind::Imports]),
        },
        Case {
            name: "a type".to_owned(),
            wasm: outer(&kind),
            wanted: stopped(&[Kind::Imports]),
        },
        Case {
            name: "an import of a part that nobody uses".to_owned(),
            wasm: outer(&nested),
            wanted: Wanted::Any,
        },
        Case {
            name: "nothing but an import".to_owned(),
            wasm: function.finish(),
            wanted: stopped(&[Kind::Imports]),
        },
    ]
}

fn lies() -> Vec<Case> {
    let rule = |rule: &[u8]| Guest {
        told: vec![Told {
            rule: rule.to_vec(),
            ..Told::default()
        }],
        ..Guest::default()
    };
    let code = |code: &'static str| Guest {
        code,
        ..Guest::default()
    };
    let description = Wanted::Stopped(&[Kind::Description]);
    let protocol = Wanted::Stopped(&[Kind::Protocol]);
    let other = Guest {
        abi: "1.9.0",
        ..Guest::default()
    };
    let sharding = Guest {
        sharding: "as-you-like",
        ..Guest::default()
    };
    vec![
        own("a finding of the built-in analyzer", &rule(b"NHI001"), protocol),
        own("a finding of nobody", &rule(b""), protocol),
        own("a finding of a neighbour", &rule(b"HOST002"), protocol),
        own("a rule of the built-in analyzer", &code("NHI001"), description),
        own("a rule that is a path", &code("../../A1"), description),
        own("a rule in small letters", &code("host001"), description),
        own("another contract", &other, description),
        own("a sharding that is none", &sharding, description),
    ]
}

/// They are texts like any other; what shows them makes them harmless.
fn injections() -> Vec<Case> {
    let payloads: [&[u8]; 8] = [
        b"\x1b]52;c;aGFjaw==\x07",
        b"\x1b[2J\x1b[1;1Hall clean",
        "\u{202e}naelc lla".as_bytes(),
        "a\u{200b}\u{2066}b".as_bytes(),
        b"::set-output name=a::b",
        b"##[error]no",
        b"</script><img src=x onerror=alert(1)>",
        b"[click](javascript:alert(1)) | `=cmd()`\r\n\0",
    ];
    let cases = payloads.iter().enumerate().map(|(number, payload)| {
        let guest = Guest {
            told: vec![Told {
                message: payload.to_vec(),
                ..Told::default()
            }],
            ..Guest::default()
        };
        own(&format!("payload {number}"), &guest, Wanted::Same)
    });
    cases.collect()
}
