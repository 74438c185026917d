//! Modules that want something of the host, and modules that want of the engine what differs from machine to machine.

use wasm_encoder::{
    Component, ComponentImportSection, ComponentTypeRef, ComponentTypeSection, InstanceType, Instruction,
    NestedComponentSection, TypeBounds,
};

use super::{Body, at, memory};
use crate::HostErrorKind as Kind;
use crate::conformance::guest::{Guest, Place};
use crate::conformance::{Case, Made, Wanted};

/// What modules have asked for elsewhere, and ways to ask for it under another name.
const NAMES: [&str; 14] = [
    "wasi:clocks/wall-clock@0.2.0",
    "wasi:clocks/monotonic-clock@0.2.6",
    "wasi:random/random@0.2.0",
    "wasi:filesystem/types@0.2.0",
    "wasi:sockets/tcp@0.2.0",
    "wasi:http/outgoing-handler@0.2.0",
    "wasi:cli/environment@0.2.0",
    "wasi:cli/run@0.3.0",
    "nhi:policy/policy@1.0.0",
    "nhi:policy/host@1.0.0",
    "handle",
    "a-b-c",
    "url=<https://example.com/a.wasm>",
    "unlocked-dep=<a:b>",
];

pub(super) fn imports() -> Vec<Case> {
    let sound = Guest::default().component();
    let stopped = Wanted::Stopped(&[Kind::Imports]);
    let mut cases = Vec::new();
    for name in NAMES {
        for (kind, wants) in kinds(name) {
            let alone = wants.clone().finish();
            let sections = alone.get(8..).unwrap_or_default();
            let rest = sound.get(8..).unwrap_or_default();
            let head = sound.get(..8).unwrap_or_default();
            let mut nested = Component::new();
            nested.section(&NestedComponentSection(&wants));
            let nested = nested.finish();
            let nested = nested.get(8..).unwrap_or_default();
            let places = [
                ("alone", alone.clone(), stopped),
                ("in front", [head, sections, rest].concat(), stopped),
                ("behind", [head, rest, sections].concat(), stopped),
                // Nobody makes an instance of it, so that it asks nobody for anything.
                ("in a part that nobody uses", [head, rest, nested].concat(), Wanted::Any),
            ];
            for (place, wasm, wanted) in places {
                cases.push(Case {
                    name: format!("`{name}`, {kind}, {place}"),
                    made: Made::Bytes(wasm),
                    wanted,
                });
            }
        }
    }
    cases
}

/// A component that imports a function, a type or an instance of that name. Functions and types have plain names.
fn kinds(name: &'static str) -> Vec<(&'static str, Component)> {
    let with = |types: Option<ComponentTypeSection>, what: ComponentTypeRef| {
        let mut component = Component::new();
        if let Some(types) = types {
            component.section(&types);
        }
        let mut imports = ComponentImportSection::new();
        imports.import(name, what);
        component.section(&imports);
        component
    };
    let mut function = ComponentTypeSection::new();
    function
        .function()
        .params::<[(&str, wasm_encoder::ComponentValType); 0], _>([])
        .result(None);
    let mut instance = ComponentTypeSection::new();
    instance.instance(&InstanceType::new());
    vec![
        ("a function", with(Some(function), ComponentTypeRef::Func(0))),
        ("an instance", with(Some(instance), ComponentTypeRef::Instance(0))),
        ("a type", with(None, ComponentTypeRef::Type(TypeBounds::SubResource))),
    ]
}

/// Refused before anything is compiled.
pub(super) fn features() -> Vec<Case> {
    use Instruction::{
        AtomicFence, Drop, F32x4RelaxedMadd, I8x16RelaxedSwizzle, I32AtomicLoad, I32Const, I32x4RelaxedTruncF32x4S,
        I64Add128, I64Const, I64MulWideU, MemoryAtomicNotify, RefI31, V128Const,
    };
    let shape = |name: &str, body: Body| (name.to_owned(), vec![(0, body)]);
    let shapes = vec![
        shape(
            "a relaxed swizzle",
            vec![V128Const(1), V128Const(2), I8x16RelaxedSwizzle, Drop],
        ),
        shape(
            "a relaxed sum",
            vec![V128Const(1), V128Const(2), V128Const(3), F32x4RelaxedMadd, Drop],
        ),
        shape("a relaxed cut", vec![V128Const(1), I32x4RelaxedTruncF32x4S, Drop]),
        shape("a fence", vec![AtomicFence]),
        shape("an atomic load", vec![I32Const(0), I32AtomicLoad(memory(2)), Drop]),
        shape(
            "a call to whoever waits",
            vec![I32Const(0), I32Const(1), MemoryAtomicNotify(memory(2)), Drop],
        ),
        shape(
            "a wide sum",
            vec![
                I64Const(1),
                I64Const(2),
                I64Const(3),
                I64Const(4),
                I64Add128,
                Drop,
                Drop,
            ],
        ),
        shape(
            "a wide product",
            vec![I64Const(1), I64Const(2), I64MulWideU, Drop, Drop],
        ),
        shape("a collected number", vec![I32Const(1), RefI31, Drop]),
    ];
    let places = [Place::Describe, Place::Open, Place::Check];
    at(&places, shapes, Wanted::Stopped(&[Kind::Malformed]))
}
