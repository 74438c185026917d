//! Modules that lie about what they are and what they found, and texts that are made to deceive.

use super::answers::{fields, telling};
use super::own;
use crate::HostErrorKind as Kind;
use crate::conformance::guest::{Guest, Told};
use crate::conformance::{Case, Wanted};

/// Another block, which the module's only rule would flag.
const CANARY: &str = r#"{"address":"thing.canary","config_address":"thing.canary","resource_type":"thing","provider":"","module_address":"","mode":"managed","actions":["create"],"after":{"name":"b"},"unknown_paths":[],"sensitive_paths":[],"references":[],"attributes":[]}"#;

pub(super) fn rules() -> Vec<Case> {
    let description = Wanted::Stopped(&[Kind::Description]);
    let mut cases = Vec::new();
    let foreign = [
        "NHI001",
        "NHI012",
        "NHI999",
        "NHI-MODULE-TRAP",
        "",
        "HOST002",
        "HOST001 ",
        " HOST001",
        "host001",
        "HOST0010",
        "HOST00",
        "HOST001\0",
        "HOST001\n",
        "H\u{fe0f}OST001",
        "\u{41d}OST001",
        "HOST\u{200b}001",
        "*",
        "../HOST001",
        "HOST001,NHI001",
        "HOST001\u{202e}",
    ];
    for rule in foreign {
        let told = Told {
            rule: rule.as_bytes().to_vec(),
            ..Told::default()
        };
        let refused = Wanted::Stopped(&[Kind::Protocol]);
        cases.push(own(&format!("a finding of {rule:?}"), telling(told), refused));
    }
    let codes = [
        "NHI001",
        "NHI999",
        "NHI",
        "NHI-MODULE-TRAP",
        "../../A1",
        "host001",
        "",
        " ",
        "HOST 001",
        "HOST001\n",
        "1HOST",
        "-HOST",
        "HOST_1",
        "\u{41d}OST001",
        "HOST\u{200b}",
        "H/1",
        "H\\1",
        "H\"1",
        "H<b>1",
        "H:1",
        "H|1",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM",
    ];
    for code in codes {
        let guest = Guest {
            code,
            ..Guest::default()
        };
        cases.push(own(&format!("a rule of the code {code:?}"), guest, description));
    }
    for abi in [
        "1.9.0",
        "2.0.0",
        "0.9.0",
        "",
        "1",
        "1.0",
        "1.0.0 ",
        "latest",
        "1.0.0\u{200b}",
    ] {
        let guest = Guest {
            abi,
            ..Guest::default()
        };
        cases.push(own(&format!("the contract {abi:?}"), guest, description));
    }
    for sharding in [
        "as-you-like",
        "",
        "Per-Resource",
        "per-resource ",
        "whole",
        "none",
        "whole-plan\0",
    ] {
        let guest = Guest {
            sharding,
            ..Guest::default()
        };
        cases.push(own(&format!("the sharding {sharding:?}"), guest, description));
    }
    cases
}

/// A module that declares what it flags, and does not.
pub(super) fn canaries() -> Vec<Case> {
    let kept = |told: Vec<Told>, sharding: &'static str, canary: &str| Guest {
        told,
        sharding,
        canary: Some(canary.to_owned()),
        ..Guest::default()
    };
    let at = |address: &str| Told {
        address: address.as_bytes().to_vec(),
        ..Told::default()
    };
    let saying = |outcome: &str, address: &str| Told {
        outcome: outcome.as_bytes().to_vec(),
        ..at(address)
    };
    let missed = Wanted::Stopped(&[Kind::Canary]);
    let mut cases = Vec::new();
    for sharding in ["per-resource", "whole-plan"] {
        let lies = [
            ("is silent", vec![]),
            ("tells of another block", vec![Told::default()]),
            ("tells of the block that it declared", vec![at("thing.canary")]),
            ("guesses an address", vec![at("module.canary_00000000.thing.canary")]),
            ("tells of no block", vec![at("")]),
            ("tells of all blocks", vec![at("*")]),
            ("is not sure", vec![saying("unverified", "thing.canary")]),
            ("is not sure of anything", vec![saying("unverified", "")]),
            (
                "guesses many addresses",
                (0..999)
                    .map(|n| at(&format!("module.canary_{n:08x}.thing.canary")))
                    .collect(),
            ),
        ];
        for (name, told) in lies {
            let name = format!("{name}, {sharding}");
            cases.push(own(&name, kept(told, sharding, CANARY), missed));
        }
    }
    let unusable = [
        ("is no JSON", "nothing"),
        ("is empty", ""),
        ("lacks all that it needs", "{}"),
        ("is two", "{}{}"),
        ("has no end", "{\"address\":\""),
    ];
    for (name, canary) in unusable {
        let guest = kept(vec![Told::default()], "per-resource", canary);
        cases.push(own(
            &format!("a canary that {name}"),
            guest,
            Wanted::Stopped(&[Kind::Description]),
        ));
    }
    cases
}

/// They are texts like any other to the sandbox; what shows them makes them harmless.
pub(super) fn injections() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, payload) in PAYLOADS.iter().enumerate() {
        for (field, told) in fields(payload.as_bytes()) {
            cases.push(own(
                &format!("payload {number} in {field}"),
                telling(told),
                Wanted::Same,
            ));
        }
    }
    cases
}

/// Texts that a terminal, a runner, a browser, a spreadsheet or a reader would act upon.
pub(super) static PAYLOADS: [&str; 16] = [
    "\u{1b}]52;c;aGFjaw==\u{7}",
    "\u{1b}[2J\u{1b}[1;1Hall clean",
    "\u{1b}]8;;https://example.com\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    "\u{9b}31mred\u{9d}0;title\u{9c}",
    "\u{202e}naelc lla",
    "a\u{200b}\u{2066}b\u{2069}",
    "::set-output name=a::b",
    "\n::error file=a::b",
    "##[error]no",
    "##vso[task.complete result=Succeeded;]",
    "</script><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) | `=cmd()`\r\n\u{0}",
    "| a | b |\n|---|---|\n```\n# ok",
    "=HYPERLINK(\"https://example.com\")",
    "]]><x>&a;<!--",
    "a\u{8}\u{8}\u{7f}\u{feff}\u{2028}b",
];
