//! Secrets: any text in the attributes where credentials hide, through every layer that is unpacked on the way.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use nhi_plan::json::{self, quote};
use nhi_policy_sdk::testing;

/// Where texts with secrets in them stand; the first byte of the input chooses.
const PLACES: [(&str, &str); 8] = [
    ("aws_instance.a", "user_data"),
    ("aws_instance.a", "user_data_base64"),
    ("aws_ssm_parameter.a", "value"),
    ("github_actions_secret.a", "plaintext_value"),
    ("google_compute_instance.a", "metadata_startup_script"),
    ("helm_release.a", "values"),
    ("kubernetes_secret.a", "data"),
    ("local_file.a", "content"),
];

/// Nobody's token, of GitHub's shape and with a right check sum: whoever prints it would print a real one.
const CANARY: &str = "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";

const SNIPPETS: &[&str] = &[
    CANARY,
    "AKIAIOSFODNN7EXAMPLE",
    "AKIAZ5QJ3M7XVT2KWPDC",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "-----END RSA PRIVATE KEY-----\n",
    "Proc-Type: 4,ENCRYPTED\n",
    "postgres://user:hunter2secret@db.example.com:5432/x",
    "Authorization: Bearer ",
    "Basic dXNlcjpwYXNzd29yZDEyMw==",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
    "H4sIAAAAAAAAA0tJLEkEAGPz860EAAAA",
    "password = \"",
    "export TOKEN=",
    "data:text/plain;base64,",
    "{\"auths\":{\"x\":{\"auth\":\"dTpw\"}}}",
    "{\"type\":\"service_account\",\"private_key\":\"",
    "AccountKey=",
    "?sv=2022-11-02&sig=",
    "xoxb-",
    "%2B%3D",
    "\\n",
    "\\u0041",
    "${var.x}",
    "\u{fdd0}random_password.a.result\u{fdd1}",
    "#cloud-config\nwrite_files:\n- encoding: b64\n  content: ",
    "- |\n  ",
    "ZZ==",
    "==",
    "{\"a\":\"",
    "\"}",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nhi_fuzz::splice(data, size, max_size, seed, SNIPPETS)
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((first, rest)) = data.split_first() else {
        return Corpus::Reject;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return Corpus::Reject;
    };
    let (address, attribute) = PLACES[usize::from(*first) % PLACES.len()];
    let value = match attribute {
        "values" => format!("[{}]", quote(text)),
        "data" => format!("{{\"a\":{}}}", quote(text)),
        _ => quote(text),
    };
    let after = format!("{{\"name\":\"a\",{}:{value}}}", quote(attribute));
    // A plan with such a text is refused before any rule sees it.
    if json::parse(&after).is_err() {
        return Corpus::Reject;
    }
    let judged = nhi_fuzz::judge(testing::change(address, &after));
    assert!(judged.is_ok(), "the analyzer does not decide: {judged:?}");
    for finding in judged.into_iter().flatten() {
        for said in [&finding.message, &finding.remediation] {
            assert!(!said.contains(CANARY), "a secret is printed: {said}");
        }
    }
    planted(text);
    Corpus::Keep
});

/// The planted defect: an encrypted key always has an end.
fn planted(text: &str) {
    if !cfg!(feature = "planted") {
        return;
    }
    if let Some((_, key)) = text.split_once("-----BEGIN RSA PRIVATE KEY-----")
        && let Some((_, body)) = key.split_once("Proc-Type: 4,ENCRYPTED")
    {
        assert!(body.contains("-----END"), "a key without an end");
    }
}
