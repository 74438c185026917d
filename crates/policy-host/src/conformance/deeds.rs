//! What hostile modules try, by hand: shapes with parameters, each at every place where a module is given the word.

mod answers;
mod compute;
mod growth;
mod imports;
mod lies;
mod sameness;

use wasm_encoder::{BlockType, Instruction, MemArg};

use super::guest::{Guest, Place};
use super::{Case, Made, Wanted};
use crate::HostErrorKind as Kind;

type Body = Vec<Instruction<'static>>;
/// A name and functions of a guest's own: locals of type `i32`, and what they do. The first is what is called.
type Shape = (String, Vec<(u32, Body)>);

/// The campaign whose modules are held to what compiling may take.
pub(super) const BOMBS: &str = "compile bombs";

/// Texts that a terminal, a runner, a browser, a spreadsheet or a reader would act upon, were they shown as they are.
pub fn payloads() -> &'static [&'static str] {
    &lies::PAYLOADS
}

/// All campaigns with their cases.
pub(super) fn campaigns() -> Vec<(&'static str, Vec<Case>)> {
    let stopped = |kinds| Wanted::Stopped(kinds);
    let tables = everywhere(growth::tables(), stopped(&[Kind::Memory, Kind::Fuel]));
    let growths = everywhere(growth::growths(), stopped(&[Kind::Memory, Kind::Fuel]));
    vec![
        (
            "endless loops",
            everywhere(compute::loops(), stopped(&[Kind::Fuel, Kind::Time])),
        ),
        (
            "recursion",
            everywhere(compute::recursions(), stopped(&[Kind::Trap, Kind::Fuel])),
        ),
        ("memory growth", growths),
        ("table growth", tables),
        ("memory and tables from the start", growth::beginnings()),
        ("crashes", everywhere(compute::crashes(), stopped(&[Kind::Trap]))),
        (BOMBS, growth::bombs()),
        ("output bombs", answers::floods()),
        ("malformed records", answers::malformed()),
        ("malformed words", answers::words()),
        ("smuggled imports", imports::imports()),
        ("forbidden features", imports::features()),
        ("nondeterminism", sameness::cases()),
        ("lies about rules", lies::rules()),
        ("canaries that are not flagged", lies::canaries()),
        ("terminal and markup", lies::injections()),
    ]
}

/// Each shape at each place.
fn everywhere(shapes: Vec<Shape>, wanted: Wanted) -> Vec<Case> {
    at(&Place::ALL, shapes, wanted)
}

fn at(places: &[Place], shapes: Vec<Shape>, wanted: Wanted) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, functions) in shapes {
        for place in places {
            let guest = Guest {
                place: Some(*place),
                own: functions.clone(),
                ..Guest::default()
            };
            cases.push(own(&format!("{name} in {place:?}"), guest, wanted));
        }
    }
    cases
}

fn own(name: &str, guest: Guest, wanted: Wanted) -> Case {
    Case {
        name: name.to_owned(),
        made: Made::Guest(Box::new(guest)),
        wanted,
    }
}

fn looped(inside: Body) -> Body {
    let mut body = vec![Instruction::Loop(BlockType::Empty)];
    body.extend(inside);
    body.extend([Instruction::Br(0), Instruction::End]);
    body
}

fn repeated(body: &[Instruction<'static>], count: usize) -> Body {
    std::iter::repeat_n(body, count).flatten().cloned().collect()
}

/// An address as it is, in the first memory.
fn memory(align: u32) -> MemArg {
    MemArg {
        offset: 0,
        align,
        memory_index: 0,
    }
}
