//! Answers that are too large, or no answers at all.

use super::own;
use crate::HostErrorKind as Kind;
use crate::conformance::guest::{Guest, Told};
use crate::conformance::{Case, Made, Wanted};

/// What each word of the answers is exchanged for: nothing, a little, and where numbers and signs turn over.
const WORDS: [u32; 5] = [0, 3, 0x7fff_ffff, 0x8000_0000, u32::MAX];

pub(super) fn telling(told: Told) -> Guest {
    Guest {
        told: vec![told],
        ..Guest::default()
    }
}

pub(super) fn floods() -> Vec<Case> {
    let long = |length: usize| vec![b'm'; length];
    let output = Wanted::Stopped(&[Kind::Output]);
    let broken = Wanted::Stopped(&[Kind::Output, Kind::Protocol, Kind::Trap]);
    let mut cases = Vec::new();
    for count in [10_001, 10_002, 12_000, 16_384, 20_000, 50_000] {
        let guest = Guest {
            told: vec![Told::default(); count],
            ..Guest::default()
        };
        cases.push(own(&format!("{count} findings"), guest, output));
    }
    for length in [4_097, 4_098, 5_000, 8_192, 65_536, 1 << 20, 9 << 20] {
        for (field, told) in fields(&long(length)) {
            cases.push(own(&format!("{length} bytes of {field}"), telling(told), output));
        }
    }
    for length in [u32::MAX, u32::MAX - 7, 1 << 31, 1 << 30, 1 << 28, 1 << 26, 1 << 25] {
        let told = Told {
            message_length: Some(length),
            ..Told::default()
        };
        cases.push(own(
            &format!("a message said to have {length} bytes"),
            telling(told),
            broken,
        ));
    }
    for count in [u32::MAX, u32::MAX / 80, 1 << 31, 1 << 28, 1 << 24, 1 << 20] {
        let guest = Guest {
            told_count: Some(count),
            ..Guest::default()
        };
        cases.push(own(&format!("findings said to be {count}"), guest, broken));
    }
    // Near misses: what is just allowed comes through, or the limits would be proven by refusing everything.
    let full = Guest {
        told: vec![Told::default(); 10_000],
        ..Guest::default()
    };
    cases.push(own("as many findings as allowed", full, Wanted::Same));
    for (field, told) in fields(&long(4_096)) {
        cases.push(own(
            &format!("as long a text as allowed in {field}"),
            telling(told),
            Wanted::Same,
        ));
    }
    cases
}

/// A text in each of the fields of a finding that take one.
pub(super) fn fields(text: &[u8]) -> [(&'static str, Told); 4] {
    let (text, plain) = (text.to_vec(), Told::default());
    [
        (
            "address",
            Told {
                address: text.clone(),
                ..plain.clone()
            },
        ),
        (
            "path",
            Told {
                path: text.clone(),
                ..plain.clone()
            },
        ),
        (
            "message",
            Told {
                message: text.clone(),
                ..plain.clone()
            },
        ),
        (
            "remediation",
            Told {
                remediation: text,
                ..plain
            },
        ),
    ]
}

pub(super) fn malformed() -> Vec<Case> {
    let broken = Wanted::Stopped(&[Kind::Protocol, Kind::Trap]);
    let mut cases = Vec::new();
    let texts: [(&str, &[u8]); 8] = [
        ("no text", b"\xff\xfe"),
        ("half a character", b"\xed\xa0\x80"),
        ("an overlong character", b"\xc0\x80"),
        ("an overlong slash", b"\xe0\x80\xaf"),
        ("a character cut off", b"seen \xf0\x9f"),
        ("beyond all characters", b"\xf4\x90\x80\x80"),
        ("a stray continuation", b"a\x80b"),
        ("five bytes for one character", b"\xf8\x88\x80\x80\x80"),
    ];
    for (name, text) in texts {
        for (field, told) in fields(text) {
            cases.push(own(&format!("{name} in {field}"), telling(told), broken));
        }
    }
    let told = Told {
        message: Vec::new(),
        ..Told::default()
    };
    cases.push(own("no message", telling(told), broken));
    for severity in [[1, 5], [1, 9], [1, 0x7f], [1, 0xff], [2, 0], [7, 0], [0xff, 0]] {
        let told = Told {
            severity,
            ..Told::default()
        };
        cases.push(own(&format!("the severity {severity:?}"), telling(told), broken));
    }
    for outcome in [
        "fine",
        "Violation",
        "violation ",
        " violation",
        "",
        "violations",
        "ok",
        "unverified\0",
    ] {
        let told = Told {
            outcome: outcome.as_bytes().to_vec(),
            ..Told::default()
        };
        cases.push(own(&format!("the outcome {outcome:?}"), telling(told), broken));
    }
    for answer in [2, 3, 0x7f, 0x80, 0xff] {
        let guest = Guest {
            answer,
            ..Guest::default()
        };
        cases.push(own(&format!("the answer {answer}"), guest, broken));
    }
    let error = Guest {
        answer: 1,
        ..Guest::default()
    };
    let kinds = &[Kind::Undecided, Kind::Protocol, Kind::Trap];
    cases.push(own("an error", error, Wanted::Stopped(kinds)));
    cases
}

/// Each word of what the guest answers with, exchanged for each of a few: lengths, places, numbers of variants, texts.
pub(super) fn words() -> Vec<Case> {
    let guest = Guest::default();
    let (sound, image) = (guest.component(), guest.answers());
    let Some(start) = sound.windows(image.len().max(1)).position(|part| part == image) else {
        return Vec::new();
    };
    let mut cases = Vec::new();
    for at in (0..image.len()).step_by(4) {
        for word in WORDS {
            let mut wasm = sound.clone();
            let Some(place) = wasm.get_mut(start + at..start + at + 4) else {
                continue;
            };
            if place == word.to_le_bytes() {
                continue;
            }
            place.copy_from_slice(&word.to_le_bytes());
            cases.push(Case {
                name: format!("the word at {at} is {word:#x}"),
                made: Made::Bytes(wasm),
                wanted: Wanted::Any,
            });
        }
    }
    cases
}
