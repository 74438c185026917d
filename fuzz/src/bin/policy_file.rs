//! Policy files: any text as a policy and as test cases, in HCL or JSON.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use nhi_governance::Policy;
use nhi_policy_file::{read, read_cases};

const SNIPPETS: &[&str] = &[
    "organisation = \"example\"\n",
    "environment \"production\" {\n  production = true\n}\n",
    "tier \"high\" {\n  score_from = 45\n}\n",
    "tier \"critical\" {\n  identity_ttl_max = \"100h\"\n  approvals {\n    count = 3\n  }\n}\n",
    "  static_secret = \"never\"\n",
    "  rotate_every = \"12h\"\n",
    "  static_secret_ttl_max = \"24h\"\n",
    "scoring {\n  administer = 50\n  no_attestation = 0\n}\n",
    "naming {\n  kinds = [\"bot\"]\n  patterns = [\"bot-*\", \"?\"]\n}\n",
    "allowed_scope \"aws\" {\n  actions = [\"s3:*\"]\n}\n",
    "forbidden_scope \"aws\" {\n  resources = [\"*iam*\"]\n  environments = [\"production\"]\n}\n",
    "wildcards {\n  actions = \"outside_production\"\n}\n",
    "exceptions {\n  ttl_max = \"1440h\"\n  renewals_max = 0\n}\n",
    "break_glass {\n  session_max = \"30m\"\n}\n",
    "case \"x\" {\n  identity {\n    name = \"a\"\n  }\n  expect {\n    tier = \"low\"\n  }\n}\n",
    "{\"tier\": {\"low\": {\"approvals\": {\"count\": 1}}}}",
    "{\"naming\": [{\"patterns\": [\"a*\"]}]}",
    "\"720h\"",
    "\"0h\"",
    "\"${x}\"",
    "<<-EOT\n  a\n  EOT\n",
    "upper(\"a\")",
    "[1, null, {}]",
    "-1",
    "1e400",
    "true",
    "# comment\n",
    "/* */",
    "{",
    "}",
    "\n",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nhi_fuzz::splice(data, size, max_size, seed, SNIPPETS)
});

/// What is refused is worth coming back to only while it is short.
const REFUSED_BYTES_MAX: usize = 100;

fuzz_target!(|data: &[u8]| -> Corpus {
    let cases = read_cases("cases", data);
    match read("policy", data) {
        Ok(policy) => {
            let again = read("again", policy.to_json().to_string().as_bytes());
            let digest = again.map(|policy| policy.digest());
            assert_eq!(digest.ok(), Some(policy.digest()), "the JSON form says something else");
            assert_eq!(policy.loosened_from(&policy), [], "a policy is looser than itself");
            let _ = policy.loosened_from(&Policy::default());
            planted(&policy);
            Corpus::Keep
        }
        Err(faults) => {
            assert!(!faults.faults.is_empty(), "refused without a reason");
            let keeps = cases.is_ok() || data.len() <= REFUSED_BYTES_MAX;
            if keeps { Corpus::Keep } else { Corpus::Reject }
        }
    }
});

/// The planted defect: no policy forbids anything in some environments only.
fn planted(policy: &Policy) {
    if !cfg!(feature = "planted") {
        return;
    }
    for rule in policy.terms().forbidden_scope.values().flatten() {
        assert!(rule.environments.is_empty(), "a rule for some environments");
    }
}
