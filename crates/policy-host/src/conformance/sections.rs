//! Valid modules, changed where the format has its joints: sections, sizes, counts, names, custom sections.
//!
//! Damage at any byte is mostly refused at the first look. What is changed here is read further, each part by the part
//! of the engine that is for it.

use std::collections::BTreeSet;

use super::chance::Chance;
use super::guest::Guest;
use super::{Case, Made, Wanted};
use crate::inspect::ABI_SECTION;

/// The mark and the version in front of all sections.
const HEAD_BYTES: usize = 8;
/// A custom section.
const CUSTOM: u8 = 0;
/// A core module, as a section of a component.
const CORE_MODULE: u8 = 1;
/// Names that stand in the binary, each as long as what it is exchanged for.
const NAMES: [(&str, &str); 12] = [
    ("nhi:policy/policy@1.0.0", "nhi:policy/policy@2.0.0"),
    ("nhi:policy/policy@1.0.0", "nhi:policy/policy@1.0.1"),
    ("nhi:policy/policy@1.0.0", "nhi:policy/policz@1.0.0"),
    ("nhi:policy/policy@1.0.0", "NHI:policy/policy@1.0.0"),
    ("nhi:policy/policy@1.0.0", "nhi:policy/policy@1.0.\0"),
    ("describe", "describf"),
    ("session", "sessiom"),
    ("check-json", "check-jsom"),
    ("finish", "finisj"),
    ("cabi_realloc", "cabi_reallob"),
    ("memory", "memorz"),
    ("severity", "severitx"),
];

/// A section: what it is, how long it says it is, and its content.
#[derive(Clone)]
struct Section {
    id: u8,
    size: Vec<u8>,
    content: Vec<u8>,
}

impl Section {
    fn new(id: u8, content: Vec<u8>) -> Self {
        Self {
            id,
            size: leb(content.len()),
            content,
        }
    }
}

/// A number as the format writes it.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The sections of a component or a core module.
fn read(wasm: &[u8]) -> Vec<Section> {
    let mut rest = wasm.get(HEAD_BYTES..).unwrap_or_default();
    let mut sections = Vec::new();
    while let Some((&id, after)) = rest.split_first() {
        let (mut length, mut shift, mut used) = (0_usize, 0_u32, 0_usize);
        for byte in after.iter().take(5) {
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            used += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let content = after.get(used..).unwrap_or_default();
        let Some((content, next)) = content.split_at_checked(length) else {
            break;
        };
        sections.push(Section::new(id, content.to_vec()));
        rest = next;
    }
    sections
}

fn write(head: &[u8], sections: &[Section]) -> Vec<u8> {
    let mut wasm = head.get(..HEAD_BYTES).unwrap_or_default().to_vec();
    for section in sections {
        wasm.push(section.id);
        wasm.extend_from_slice(&section.size);
        wasm.extend_from_slice(&section.content);
    }
    wasm
}

/// What can be done to the section at a place.
type Change = fn(&mut Vec<Section>, usize);

static CHANGES: [(&str, Change); 18] = [
    ("left out", |all, at| drop(all.remove(at))),
    ("twice", |all, at| {
        if let Some(section) = all.get(at).cloned() {
            all.insert(at, section);
        }
    }),
    ("last", |all, at| {
        let section = all.remove(at);
        all.push(section);
    }),
    ("first", |all, at| {
        let section = all.remove(at);
        all.insert(0, section);
    }),
    ("of the next kind", |all, at| {
        on(all, at, |section| section.id = section.id.wrapping_add(1));
    }),
    ("of a kind that is none", |all, at| {
        on(all, at, |section| section.id = 99);
    }),
    ("a custom section", |all, at| on(all, at, |section| section.id = CUSTOM)),
    ("empty", |all, at| {
        on(all, at, |section| *section = Section::new(section.id, Vec::new()));
    }),
    ("half", |all, at| {
        on(all, at, |section| {
            let half = section.content.len() / 2;
            section.content.truncate(half);
            section.size = leb(half);
        });
    }),
    ("longer by its word", |all, at| {
        on(all, at, |section| section.size = leb(section.content.len() + 1));
    }),
    ("shorter by its word", |all, at| {
        on(all, at, |section| {
            section.size = leb(section.content.len().saturating_sub(1));
        });
    }),
    ("endless by its word", |all, at| {
        on(all, at, |section| section.size = vec![0xff, 0xff, 0xff, 0xff, 0x0f]);
    }),
    ("of a size that ends nowhere", |all, at| {
        on(all, at, |section| section.size = vec![0xff; 6]);
    }),
    ("of a size in five bytes", |all, at| {
        on(all, at, |section| {
            let length = u32::try_from(section.content.len()).unwrap_or(0);
            let low = |shift: u32| u8::try_from(length >> shift & 0x7f).unwrap_or(0);
            section.size = vec![low(0) | 0x80, low(7) | 0x80, low(14) | 0x80, low(21) | 0x80, low(28)];
        });
    }),
    ("of many", |all, at| first(all, at, 0x7f)),
    ("of none", |all, at| first(all, at, 0)),
    ("full of ones", |all, at| {
        on(all, at, |section| section.content.fill(0xff));
    }),
    ("with a byte behind", |all, at| {
        on(all, at, |section| {
            section.content.push(0);
            section.size = leb(section.content.len());
        });
    }),
];

fn on(all: &mut [Section], at: usize, change: impl FnOnce(&mut Section)) {
    if let Some(section) = all.get_mut(at) {
        change(section);
    }
}

/// The first byte is how many there are of what a section holds.
fn first(all: &mut [Section], at: usize, count: u8) {
    on(all, at, |section| {
        if let Some(byte) = section.content.first_mut() {
            *byte = count;
        }
    });
}

/// Every change at every section, of the component and of the core modules in it; then names, then custom sections.
pub(super) fn cases() -> Vec<Case> {
    let sound = Guest::default().component();
    let sections = read(&sound);
    let mut made = Mutants::new(&sound);
    for at in 0..sections.len() {
        for (what, change) in &CHANGES {
            let mut all = sections.clone();
            change(&mut all, at);
            made.push(format!("section {at} {what}"), write(&sound, &all));
        }
        let Some(module) = sections.get(at).filter(|section| section.id == CORE_MODULE) else {
            continue;
        };
        let inner = read(&module.content);
        for place in 0..inner.len() {
            for (what, change) in &CHANGES {
                let mut parts = inner.clone();
                change(&mut parts, place);
                let mut all = sections.clone();
                on(&mut all, at, |section| {
                    *section = Section::new(CORE_MODULE, write(&module.content, &parts));
                });
                made.push(
                    format!("section {place} of the core module {at} {what}"),
                    write(&sound, &all),
                );
            }
        }
    }
    names(&sound, &mut made);
    customs(&sections, &sound, &mut made);
    made.cases
}

/// Cases that are neither what they were made of nor one of each other.
struct Mutants {
    known: BTreeSet<[u8; 32]>,
    cases: Vec<Case>,
}

impl Mutants {
    fn new(sound: &[u8]) -> Self {
        Self {
            known: BTreeSet::from([super::digest(sound)]),
            cases: Vec::new(),
        }
    }

    fn push(&mut self, name: String, wasm: Vec<u8>) {
        if self.known.insert(super::digest(&wasm)) {
            self.cases.push(Case {
                name,
                made: Made::Bytes(wasm),
                wanted: Wanted::Any,
            });
        }
    }
}

/// Each place at which a name stands, with another name.
fn names(sound: &[u8], made: &mut Mutants) {
    for (name, other) in NAMES {
        let found = sound.windows(name.len()).enumerate();
        let places: Vec<usize> = found
            .filter(|(_, part)| *part == name.as_bytes())
            .map(|(at, _)| at)
            .collect();
        for at in places {
            let mut wasm = sound.to_vec();
            if let Some(place) = wasm.get_mut(at..at + name.len()) {
                place.copy_from_slice(other.as_bytes());
            }
            made.push(format!("`{name}` at {at} is {other:?}"), wasm);
        }
    }
}

/// Custom sections in front and behind: hints that lie, and hints that are too much.
fn customs(sections: &[Section], sound: &[u8], made: &mut Mutants) {
    let named = |name: &[u8], content: &[u8]| {
        let mut bytes = leb(name.len());
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(content);
        Section::new(CUSTOM, bytes)
    };
    let abi = ABI_SECTION.as_bytes();
    let mut added: Vec<(String, Section)> = Vec::new();
    for text in ["", "1.0.1", "2.0.0", "1.0.0\0", "\u{202e}1.0.0", "latest"] {
        added.push((format!("the contract {text:?}"), named(abi, text.as_bytes())));
    }
    added.push(("a contract that is no text".to_owned(), named(abi, &[0xff; 8])));
    for name in [
        "name",
        "producers",
        "component-name",
        "component-type",
        "dylink.0",
        ".dep-v0",
        "linking",
        "",
    ] {
        for (kind, content) in [
            ("nothing", Vec::new()),
            ("ones", vec![0xff; 64]),
            ("a megabyte", vec![0; 1 << 20]),
        ] {
            added.push((
                format!("a section `{name}` of {kind}"),
                named(name.as_bytes(), &content),
            ));
        }
    }
    added.push(("a section without a name".to_owned(), Section::new(CUSTOM, Vec::new())));
    added.push((
        "a section of a name that is no text".to_owned(),
        named(&[0xff, 0xfe], b""),
    ));
    added.push((
        "a section of an endless name".to_owned(),
        Section::new(CUSTOM, vec![0xff; 5]),
    ));
    for (name, section) in added {
        for at in [0, sections.len()] {
            let mut all = sections.to_vec();
            all.insert(at, section.clone());
            made.push(format!("{name} at {at}"), write(sound, &all));
        }
    }
}

/// A few changes at once, by chance; the last may be at any byte.
pub(super) fn by_chance(chance: &mut Chance, sound: &[u8]) -> Vec<u8> {
    let mut all = read(sound);
    for _ in 0..=chance.below(2) {
        let (at, which) = (chance.below(all.len()), chance.below(CHANGES.len()));
        let Some((_, deed)) = CHANGES.get(which).filter(|_| at < all.len()) else {
            continue;
        };
        let module = all.get(at).filter(|section| section.id == CORE_MODULE).cloned();
        match module {
            // What is inside is most of what there is.
            Some(module) if chance.below(4) > 0 => {
                let mut parts = read(&module.content);
                let place = chance.below(parts.len());
                if place < parts.len() {
                    deed(&mut parts, place);
                }
                on(&mut all, at, |section| {
                    *section = Section::new(CORE_MODULE, write(&module.content, &parts));
                });
            }
            _ => deed(&mut all, at),
        }
    }
    let wasm = write(sound, &all);
    if chance.below(3) == 0 {
        return chance.damage(&wasm);
    }
    wasm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_goes_together_again() {
        let sound = Guest::default().component();
        assert_eq!(write(&sound, &read(&sound)), sound);
        let inside = read(&sound)
            .into_iter()
            .find(|section| section.id == CORE_MODULE)
            .unwrap();
        assert_eq!(write(&inside.content, &read(&inside.content)), inside.content);
        assert!(read(&inside.content).len() >= 8);
    }

    #[test]
    fn numbers_are_written_as_the_format_has_them() {
        for (number, bytes) in [
            (0, vec![0]),
            (127, vec![0x7f]),
            (128, vec![0x80, 1]),
            (16_384, vec![0x80, 0x80, 1]),
        ] {
            assert_eq!(leb(number), bytes);
        }
    }
}
