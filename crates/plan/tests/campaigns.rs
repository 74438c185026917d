//! Hostile input by the hundred thousand: each campaign has a seed, an oracle and a line that says how it went.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "helpers of tests fail the test and say what they did"
)]

use std::fmt::Write as _;

use nhi_plan::json::{self, Kind, Value};
use nhi_plan::{Limits, ReadError, decode, read, redact};
use proptest::prelude::*;

const SMALLEST: &str = include_str!("../../../tests/plans/smallest/plan.json");
const LIFECYCLE: &str = include_str!("../../../tests/plans/lifecycle/plan.json");

/// `SplitMix64`: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).expect("small")).expect("small")
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Runs `case` with fresh randomness `cases` times and says how it went.
fn campaign(name: &str, cases: usize, seed: u64, mut case: impl FnMut(&mut Random) -> Result<(), String>) {
    let mut failures = Vec::new();
    for number in 0..cases {
        let mut random = Random(seed ^ (number as u64).wrapping_mul(0xd134_2543_de82_ef95));
        if let Err(failure) = case(&mut random) {
            failures.push(format!("case {number}: {failure}"));
        }
    }
    println!("{name}: {cases} cases, {} failures, seed {seed}", failures.len());
    assert!(
        failures.is_empty(),
        "{name}, seed {seed}: {}",
        failures[..failures.len().min(5)].join("\n")
    );
}

/// Reads bytes to the last redacted block.
fn exhaust(bytes: &[u8]) -> Result<usize, ReadError> {
    let decoded = decode(bytes)?;
    let plan = decoded.read(&Limits::default())?;
    Ok(plan
        .blocks()
        .map(|change| redact(&change).references.len() + change.unknown_paths.len())
        .sum())
}

#[test]
fn every_truncation_is_refused() {
    for text in [SMALLEST.trim_end(), LIFECYCLE.trim_end()] {
        assert!(exhaust(text.as_bytes()).is_ok());
        let mut failures = 0;
        for end in 0..text.len() {
            let sound = matches!(exhaust(&text.as_bytes()[..end]), Err(error) if error.offset <= end as u64);
            failures += usize::from(!sound);
        }
        println!("truncation: {} cases, {failures} failures, every byte", text.len());
        assert_eq!(failures, 0);
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    const PIECES: [&[u8]; 16] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b",",
        b":",
        b"\\u0000",
        b"\\ud800",
        b"1e400",
        b"-",
        b"null",
        b"true",
        b"\xff",
        b"\xef\xbb\xbf",
    ];
    let at = random.below(bytes.len());
    match random.below(6) {
        0 => bytes[at] = u8::try_from(random.below(256)).expect("a byte"),
        1 => bytes[at] ^= 1 << random.below(8),
        2 => drop(bytes.drain(at..(at + 1 + random.below(8)).min(bytes.len()))),
        3 => drop(bytes.splice(at..at, random.pick(&PIECES).iter().copied())),
        4 => {
            let copy = bytes[at..(at + 1 + random.below(40)).min(bytes.len())].to_vec();
            let to = random.below(bytes.len());
            drop(bytes.splice(to..to, copy));
        }
        _ => {
            let other = random.below(bytes.len());
            bytes.swap(at, other);
        }
    }
}

#[test]
fn mutations_neither_panic_nor_pass_as_other_json() {
    campaign("mutations", 100_000, 3, |random| {
        let mut bytes = SMALLEST.trim_end().as_bytes().to_vec();
        for _ in 0..=random.below(3) {
            mutate(&mut bytes, random);
        }
        let ours = exhaust(&bytes);
        let theirs = decode(&bytes)
            .ok()
            .map(|decoded| serde_json::from_str::<serde::de::IgnoredAny>(&decoded.text).is_ok());
        // serde_json passes over strings that it ignores: a NUL and half a surrogate pair are ours alone to refuse.
        let odd_escape = ["\\u0000", "\\ud800"]
            .iter()
            .any(|odd| String::from_utf8_lossy(&bytes).contains(odd));
        match ours {
            Ok(_) if theirs != Some(true) => Err(format!(
                "read though it is not JSON: {}",
                String::from_utf8_lossy(&bytes)
            )),
            Err(error) if error.offset > bytes.len() as u64 => Err(format!("{error} lies beyond {}", bytes.len())),
            Err(error) if theirs == Some(true) && !odd_escape => match error.code {
                "NHI-PLAN-DUP" | "NHI-PLAN-FORMAT" | "NHI-PLAN-ERRORED" => Ok(()),
                _ => Err(format!(
                    "{error} though it is JSON: {}",
                    String::from_utf8_lossy(&bytes)
                )),
            },
            _ => Ok(()),
        }
    });
}

/// A spelling of a JSON string with some characters as escapes.
fn spell(text: &str, random: &mut Random) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        if random.below(3) == 0 {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = if random.below(2) == 0 {
                    write!(out, "\\u{unit:04x}")
                } else {
                    write!(out, "\\u{unit:04X}")
                };
            }
        } else if character == '/' && random.below(2) == 0 {
            out.push_str("\\/");
        } else {
            out.push(character);
        }
    }
    out.push('"');
    out
}

#[test]
fn duplicate_keys_are_refused_in_every_spelling_and_no_others() {
    campaign("duplicate keys", 100_000, 5, |random| {
        let count = 1 + random.below(24);
        let mut keys: Vec<String> = (0..count).map(|index| format!("k/é😀{}", index * 7 % 25)).collect();
        for at in (1..keys.len()).rev() {
            let other = random.below(at + 1);
            keys.swap(at, other);
        }
        let twice = random.below(2) == 0;
        if twice {
            let again = keys[random.below(keys.len())].clone();
            keys.insert(random.below(keys.len() + 1), again);
        }
        let members: Vec<String> = keys
            .iter()
            .map(|key| format!("{}:{{\"k/é😀0\":[]}}", spell(key, random)))
            .collect();
        let inner = format!("{{{}}}", members.join(","));
        let text = ["", "[1,", "{\"a\":["][random.below(3)].to_owned() + &inner;
        let text = match text.as_bytes()[0] {
            b'[' => text + "]",
            b'{' if text.starts_with("{\"a\":[") => text + "]}",
            _ => text,
        };
        match (json::parse(&text), twice) {
            (Ok(_), false) => Ok(()),
            (Err(error), true) if error.code == "NHI-PLAN-DUP" => Ok(()),
            (result, _) => Err(format!("twice {twice}, {:?}: {text}", result.map(drop))),
        }
    });
}

fn number(random: &mut Random) -> String {
    let digits = |random: &mut Random, count: usize| -> String {
        (0..count)
            .map(|_| char::from(b'0' + u8::try_from(random.below(10)).expect("a digit")))
            .collect()
    };
    let length = [1, 3, 19, 20, 40, 400][random.below(6)];
    let mut out = String::from(random.pick(&["", "-"]));
    match random.below(4) {
        0 => out.push('0'),
        _ => {
            out.push(char::from(b'1' + u8::try_from(random.below(9)).expect("a digit")));
            let more = random.below(length);
            out += &digits(random, more);
        }
    }
    if random.below(2) == 0 {
        let count = 1 + random.below(length);
        out = out + "." + &digits(random, count);
    }
    if random.below(2) == 0 {
        let count = 1 + random.below(4);
        out = out + random.pick(&["e", "E"]) + random.pick(&["", "+", "-"]) + &digits(random, count);
    }
    out
}

#[test]
fn numbers_keep_their_text() {
    campaign("numbers", 2_000, 7, |random| {
        let numbers: Vec<String> = (0..50).map(|_| number(random)).collect();
        let list = format!("[{}]", numbers.join(","));
        let text = format!(
            r#"{{"format_version":"1.2","resource_changes":[{{"address":"a.b","mode":"managed","type":"a","name":"b","change":{{"actions":["create"],"after":{list}}}}}]}}"#
        );
        let plan = read(&text, &Limits::default()).map_err(|error| format!("{error}: {list}"))?;
        let change = plan.blocks().next().ok_or("no block")?;
        let document = json::parse(change.after.as_deref().unwrap_or_default()).map_err(|error| error.to_string())?;
        let kept: Vec<&str> = document.root().elements().filter_map(Value::number_text).collect();
        if kept == numbers { Ok(()) } else { Err(list) }
    });
    campaign("wrong numbers", 20_000, 11, |random| {
        let right = number(random);
        let wrong = match random.below(6) {
            0 => format!("+{right}"),
            1 => format!("{right}."),
            2 => format!("{right}e"),
            3 => format!("0{}", right.trim_start_matches('-')),
            4 => format!("{right}-1"),
            _ => format!("-{right}-"),
        };
        if json::parse(&format!("[{wrong}]")).is_err() {
            Ok(())
        } else {
            Err(wrong)
        }
    });
}

#[derive(Debug, Clone)]
enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        any::<i64>().prop_map(Tree::Integer),
        "[^\0]{0,12}".prop_map(Tree::Text),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Tree::List),
            prop::collection::btree_map("[^\0]{0,6}", inner, 0..8)
                .prop_map(|map| Tree::Map(map.into_iter().rev().collect())),
        ]
    })
}

fn write(tree: &Tree, space: &str, out: &mut String) {
    out.push_str(space);
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Tree::Integer(value) => write!(out, "{value}").expect("a String takes all"),
        Tree::Text(text) => out.push_str(&serde_json::to_string(text).expect("text is JSON")),
        Tree::List(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(element, space, out);
            }
            out.push(']');
        }
        Tree::Map(members) => {
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write!(out, "{space}{}{space}:", json::quote(key)).expect("a String takes all");
                write(member, space, out);
            }
            out.push('}');
        }
    }
    out.push_str(space);
}

fn same(ours: Value<'_>, theirs: &serde_json::Value) -> bool {
    match theirs {
        serde_json::Value::Null => ours.kind() == Kind::Null,
        serde_json::Value::Bool(value) => ours.as_bool() == Some(*value),
        serde_json::Value::Number(value) => ours.number_text() == Some(&value.to_string()),
        serde_json::Value::String(value) => ours.as_str().as_deref() == Some(value),
        serde_json::Value::Array(value) => {
            ours.len() == value.len() && ours.elements().zip(value).all(|(ours, theirs)| same(ours, theirs))
        }
        serde_json::Value::Object(value) => {
            ours.len() == value.len()
                && value
                    .iter()
                    .all(|(key, theirs)| ours.get(key).is_some_and(|ours| same(ours, theirs)))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(13), ..ProptestConfig::default() })]

    #[test]
    fn reads_what_serde_json_reads(tree in tree(), space in "[ \n\r\t]{0,2}") {
        let mut text = String::new();
        write(&tree, &space, &mut text);
        let theirs: serde_json::Value = serde_json::from_str(&text).expect("generated JSON");
        let document = json::parse(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert!(same(document.root(), &theirs), "{}", text);
        // A path that a walk shows leads back to where it was shown.
        let mut lost = Vec::new();
        document.root().walk_leaves(|trail, leaf| {
            if document.root().at(&trail.path()).map(Value::offset) != Some(leaf.offset()) {
                lost.push(trail.path());
            }
        });
        prop_assert!(lost.is_empty(), "{:?}", lost);
    }

    #[test]
    fn no_canary_survives_redaction(tree in tree(), choice in any::<prop::sample::Index>()) {
        let mut text = String::new();
        write(&tree, "", &mut text);
        let document = json::parse(&text).expect("generated JSON");
        let mut leaves = Vec::new();
        document.root().walk_leaves(|trail, leaf| leaves.push((trail.path(), leaf.offset(), leaf.raw().len())));
        let (path, offset, length) = choice.get(&leaves).clone();
        let planted = format!("{}\"canary-7f3c\"{}", &text[..offset], &text[offset + length..]);
        let masked = format!(
            r#"{{"format_version":"1.2","variables":{{"v":{{"value":{planted}}}}},"resource_changes":[],"configuration":{{"root_module":{{"variables":{{"v":{{}}}}}}}}}}"#
        );
        let plan = read(&masked, &Limits::default()).expect("a plan");
        let mut change = plan.blocks().next().expect("a block");
        change.sensitive_paths = vec![path.clone().into()];
        let redacted = redact(&change);
        prop_assert!(!format!("{redacted:?}").contains("canary"), "{} {}", path, planted);
        let after = redacted.after.as_deref().unwrap_or_default();
        prop_assert!(serde_json::from_str::<serde_json::Value>(after).is_ok(), "{}", after);
    }
}
