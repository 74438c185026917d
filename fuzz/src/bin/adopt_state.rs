//! States and plans as `nhi adopt` reads them, and the HCL it writes of what it finds.
#![no_main]

use hcl::{Expression, Structure};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use nhi_adopt::{Block, Estate, Taken, Terms, find, managed, propose, write};
use nhi_governance::{Kind, Policy};
use nhi_plan::Limits;

const SNIPPETS: &[&str] = &[
    "\"aws_iam_role\"",
    "\"nhi_identity\"",
    "\"aws_iam_user\"",
    "\"aws_iam_access_key\"",
    "\"google_service_account\"",
    "\"kubernetes_service_account\"",
    "\"postgresql_role\"",
    "\"vault_approle_auth_backend_role\"",
    "\"azuread_service_principal\"",
    "\"managed\"",
    "\"${file(\\\"x\\\")}\"",
    "\"%{ if true }x%{ endif }\"",
    "\"a\\\"\\nresource \\\"x\\\" \\\"y\\\" {}\"",
    "\"<<EOT\\nx\\nEOT\"",
    "\"\\u2028# \\u0000\"",
    "\"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":{\\\"Service\\\":\\\"bedrock.amazonaws.com\\\"}}]}\"",
    "\"{\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}}\"",
    "{\"name\":\"x\",\"arn\":\"arn:aws:iam::1:role/x\"}",
    "{\"metadata\":[{\"name\":\"a\",\"namespace\":\"b\"}]}",
    "[[{\"type\":\"get_attr\",\"value\":\"name\"}]]",
    "{\"tags\":true}",
    "\"sensitive_values\":true",
    "\"deposed\":\"1\"",
    "\"index\":7",
    "\"child_modules\":[{\"resources\":[]}]",
    "null",
    "true",
    "1e400",
    "[]",
    "{}",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nhi_fuzz::splice(data, size, max_size, seed, SNIPPETS)
});

/// What is refused is worth coming back to only while it is short.
const REFUSED_BYTES_MAX: usize = 100;

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    held(text);
    match find(text, &Limits::default()) {
        Ok(estate) => {
            planted(&estate);
            judge(&estate);
            Corpus::Keep
        }
        Err(error) => {
            assert!(!error.message.is_empty() && !error.help.is_empty(), "refused without a reason");
            let keeps = data.len() <= REFUSED_BYTES_MAX;
            if keeps { Corpus::Keep } else { Corpus::Reject }
        }
    }
});

/// What a state is said to manage are ids that it holds; what is refused has a reason.
fn held(text: &str) {
    match managed(text, &Limits::default()) {
        Ok(ids) => assert!(ids.iter().all(|id| !id.is_empty()), "an id that is none"),
        Err(error) => assert!(!error.message.is_empty() && !error.help.is_empty(), "refused without a reason"),
    }
}

/// What is written can be read, says one block for each, and works out nothing but ids.
fn judge(estate: &Estate) {
    let (terms, policy, mut taken) = (Terms::default(), Policy::default(), Taken::default());
    let proposals: Vec<_> = estate
        .identities
        .iter()
        .map(|found| propose(found, &terms, &policy, &mut taken))
        .collect();
    let written = write(&proposals.iter().map(Block::New).collect::<Vec<_>>());
    let body = hcl::parse(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
    let mut count = 0;
    for structure in &body {
        let Structure::Block(block) = structure else {
            panic!("an attribute outside of a block");
        };
        assert_eq!(block.identifier.as_str(), "resource");
        count += 1;
        for attribute in block.body.attributes() {
            assert_still(&attribute.expr, attribute.key.as_str() == "external");
        }
    }
    assert_eq!(count, proposals.len(), "{written}");
}

fn assert_still(expression: &Expression, may_refer: bool) {
    match expression {
        Expression::Array(elements) => elements.iter().for_each(|element| assert_still(element, may_refer)),
        Expression::Object(members) => members.values().for_each(|value| assert_still(value, may_refer)),
        Expression::Null | Expression::Bool(_) | Expression::Number(_) | Expression::String(_) => {}
        Expression::Traversal(_) if may_refer => {}
        other => panic!("something would be worked out: {other:?}"),
    }
}

/// The planted defect: nothing is an agent.
fn planted(estate: &Estate) {
    if !cfg!(feature = "planted") {
        return;
    }
    for found in &estate.identities {
        assert!(found.kind != Kind::AiAgent, "an agent");
    }
}
