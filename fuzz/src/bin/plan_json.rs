//! Plan JSON: bytes to text, text to records, records to blocks with their masks, all of it with what `nhi` does next.
#![no_main]

use std::hint::black_box;

use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use nhi_plan::{Change, Limits, json};

const SNIPPETS: &[&str] = &[
    "\"after_unknown\":{\"a\":[true]}",
    "\"after_sensitive\":{\"a\":[{\"b\":true}]}",
    "\"after\":{\"a\":[\"x\",{\"b\":null}]}",
    "\"before\":{\"a\":1}",
    "\"index\":0",
    "\"index\":\"k\\\"]\"",
    "\"deposed\":\"00000001\"",
    "\"previous_address\":\"a.b\"",
    "\"actions\":[\"delete\",\"create\"]",
    "\"mode\":\"data\"",
    "\"references\":[\"each.value.x\",\"module.m.out[0]\",\"var.v\"]",
    "\"constant_value\":[]",
    "\"for_each_expression\":{\"references\":[\"local.x\"]}",
    "\"module_calls\":{\"m\":{\"source\":\"./m\",\"module\":{}}}",
    "\"prior_state\":{\"values\":{\"root_module\":{\"resources\":[]}}}",
    "\"values\":{\"outputs\":{},\"root_module\":{\"child_modules\":[]}}",
    "module.m[\\\"a.b\\\"].",
    "[true,",
    "true",
    "true,",
    "{\"a\":",
    "[",
    "]",
    "null",
    "\\ud800",
    "1e999",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nhi_fuzz::splice(data, size, max_size, seed, SNIPPETS)
});

/// What is refused is worth coming back to only while it is short: mutants of a plan should mostly be plans.
const REFUSED_BYTES_MAX: usize = 64;

fuzz_target!(|data: &[u8]| -> Corpus {
    let limits = Limits {
        bytes: 1 << 20,
        nodes: 100_000,
        records: 10_000,
        ..Limits::default()
    };
    let refused = || {
        if data.len() <= REFUSED_BYTES_MAX {
            Corpus::Keep
        } else {
            Corpus::Reject
        }
    };
    let Ok(decoded) = nhi_plan::decode(data) else {
        return refused();
    };
    let Ok(plan) = decoded.read(&limits) else {
        return refused();
    };
    for block in plan.blocks() {
        for text in [&block.before, &block.after, &block.configuration]
            .into_iter()
            .flatten()
        {
            assert!(json::parse(text).is_ok(), "a block holds what is no JSON: {text}");
        }
        let redacted = nhi_plan::redact(&block);
        if let Some(text) = &redacted.after {
            assert!(json::parse(text).is_ok(), "redaction makes what is no JSON: {text}");
        }
        planted(&block);
    }
    Corpus::Keep
});

/// The planted defect: lists have one element.
fn planted(block: &Change<'_>) {
    use nhi_plan::path::{self, Segment};
    if !cfg!(feature = "planted") {
        return;
    }
    let mut is_unknown = [false; 1];
    for path in &block.unknown_paths {
        for segment in path::parse(path).into_iter().flatten() {
            if let Segment::Index(index) = segment {
                for at in 0..=index {
                    is_unknown[black_box(at)] = true;
                }
            }
        }
    }
}
