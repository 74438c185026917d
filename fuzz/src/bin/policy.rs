//! Policy documents: any text where a resource of some platform keeps its policy.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use nhi_plan::json::{self, Value, quote};
use nhi_policy_sdk::testing;

/// Which resources keep a policy, and in which attribute; the first byte of the input chooses.
const PLACES: [(&str, &str); 16] = [
    ("aws_iam_policy.a", "policy"),
    ("aws_iam_role.a", "assume_role_policy"),
    ("aws_iam_role_policy.a", "policy"),
    ("aws_iam_user_policy.a", "policy"),
    ("aws_kms_key.a", "policy"),
    ("aws_lambda_permission.a", "principal"),
    ("aws_s3_bucket_policy.a", "policy"),
    ("aws_secretsmanager_secret_policy.a", "policy"),
    ("aws_sns_topic_policy.a", "policy"),
    ("aws_sqs_queue_policy.a", "policy"),
    ("data.aws_iam_policy_document.a", "json"),
    (
        "github_actions_organization_oidc_subject_claim_customization_template.a",
        "include_claim_keys",
    ),
    ("google_project_iam_policy.a", "policy_data"),
    ("kubernetes_manifest.a", "manifest"),
    ("postgresql_grant.a", "privileges"),
    ("vault_policy.a", "policy"),
];

const SNIPPETS: &[&str] = &[
    "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
    "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}",
    "{\"Effect\":\"Deny\",\"NotAction\":[\"iam:*\"],\"NotResource\":\"*\"}",
    "\"Principal\":{\"AWS\":\"*\"}",
    "\"Principal\":\"*\"",
    "\"Principal\":{\"Federated\":\"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com\"}",
    "\"NotPrincipal\":{\"Service\":[\"ec2.amazonaws.com\"]}",
    "\"Condition\":{\"StringLike\":{\"token.actions.githubusercontent.com:sub\":\"repo:*\"}}",
    "\"Condition\":{\"ForAnyValue:StringLike\":{\"aws:PrincipalOrgPaths\":\"o-a/*\"}}",
    "\"ForAnyValue:StringLike\"",
    "\"ForAllValues:StringEqualsIfExists\"",
    "\"Null\":{\"aws:SourceArn\":\"false\"}",
    "\"IpAddress\":{\"aws:SourceIp\":[\"0.0.0.0/0\",\"::/0\"]}",
    "\"aws:PrincipalOrgID\":\"o-a\"",
    "\"iam:PassRole\"",
    "\"sts:AssumeRoleWithWebIdentity\"",
    "\"s3:Get*\"",
    "\"arn:aws:s3:::a/*\"",
    "\"arn:${aws:partition}:iam::*:role/${aws:username}\"",
    "\u{fdd0}aws_iam_role.b.arn\u{fdd1}",
    "{\"bindings\":[{\"role\":\"roles/owner\",\"members\":[\"allUsers\"],\"condition\":{\"expression\":\"true\"}}]}",
    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRole\",\"rules\":[{\"verbs\":[\"*\"],\"resources\":[\"*\"]}]}",
    "path \"sys/*\" {\n  capabilities = [\"sudo\", \"update\"]\n}\n",
    "[]",
    "[\"a\",\"*\"]",
    "{}",
    "[",
    "]",
    "null",
    "*",
    "\\u0000",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nhi_fuzz::splice(data, size, max_size, seed, SNIPPETS)
});

/// What is no JSON is worth coming back to only while it is short.
const REFUSED_BYTES_MAX: usize = 100;

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((first, rest)) = data.split_first() else {
        return Corpus::Reject;
    };
    let Ok(document) = std::str::from_utf8(rest) else {
        return Corpus::Reject;
    };
    let (address, attribute) = PLACES[usize::from(*first) % PLACES.len()];
    let value = match json::parse(document) {
        // Some platforms keep their policy as a value, not as its text.
        Ok(_) if matches!(attribute, "manifest" | "privileges" | "include_claim_keys") => document.to_owned(),
        _ => quote(document),
    };
    let after = format!("{{\"name\":\"a\",\"role\":\"b\",{}:{value}}}", quote(attribute));
    // A plan with such a text is refused before any rule sees it.
    if json::parse(&after).is_err() {
        return Corpus::Reject;
    }
    let judged = nhi_fuzz::judge(testing::change(address, &after));
    assert!(judged.is_ok(), "the analyzer does not decide: {judged:?}");
    let Ok(parsed) = json::parse(document) else {
        let keeps = document.len() <= REFUSED_BYTES_MAX;
        return if keeps { Corpus::Keep } else { Corpus::Reject };
    };
    planted(parsed.root());
    Corpus::Keep
});

/// The planted defect: no condition ever compares sets.
fn planted(document: Value<'_>) {
    if !cfg!(feature = "planted") {
        return;
    }
    let listed = document.get("Statement").into_iter().flat_map(Value::elements);
    for statement in listed.chain(document.get("Statement")) {
        for (operator, test) in statement.get("Condition").into_iter().flat_map(Value::members) {
            assert!(
                test.is_empty() || !operator.starts_with("ForAnyValue:"),
                "a condition that compares sets"
            );
        }
    }
}
