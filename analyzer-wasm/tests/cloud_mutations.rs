//! The verdict on a plan of Google Cloud or Azure does not depend on order and names.

#![expect(
    clippy::expect_used,
    reason = "a helper of tests stops at the first thing that is not as it says"
)]

use nhi_analyzer::Analyzer;
use nhi_plan::{Finding, Limits, Outcome, Severity};
use nhi_policy_sdk::Tester;

const PLANS: [&str; 2] = [
    include_str!("plans/google-shape/plan.json"),
    include_str!("plans/azure-shape/plan.json"),
];
/// Names of blocks in those plans.
const NAMES: [&str; 8] = ["admin", "ci", "nodes", "team", "deploy", "sync", "msgraph", "worker"];
const MUTANTS: u64 = 20;

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let limit = u64::try_from(limit).expect("a small number");
        usize::try_from((self.0 >> 33) % limit).expect("a small number")
    }
}

/// What is said, without where: rule, outcome, severity.
fn gist(findings: &[Finding]) -> Vec<(String, Outcome, Option<Severity>)> {
    let mut gist: Vec<_> = findings
        .iter()
        .map(|finding| (finding.rule.clone(), finding.outcome, finding.severity))
        .collect();
    gist.sort();
    gist
}

fn judge(text: &str, order: Option<&mut Random>) -> Vec<Finding> {
    let plan = nhi_plan::read(text, &Limits::default()).expect("a plan that reads");
    let mut blocks: Vec<_> = plan.blocks().collect();
    if let Some(random) = order {
        for index in (1..blocks.len()).rev() {
            blocks.swap(index, random.below(index + 1));
        }
    }
    Tester::<Analyzer>::new().changes(blocks).expect("the analyzer decides")
}

/// The planned values without one of them.
fn without(after: &str, name: &str) -> String {
    let document = nhi_plan::json::parse(after).expect("planned values");
    let rest = document.root().members().filter(|(key, _)| key != name);
    let members: Vec<_> = rest
        .map(|(key, value)| format!("{}:{}", nhi_plan::json::quote(&key), value.raw()))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// What of Google Cloud or Azure is said about an address.
fn said(findings: &[Finding], address: &str) -> usize {
    let here = findings.iter().filter(|finding| finding.address == address);
    here.filter(|finding| ("NHI040".."NHI060").contains(&finding.rule.as_str()))
        .count()
}

#[test]
fn what_becomes_unknown_is_not_silence() {
    let mut count = 0;
    for text in PLANS {
        let plan = nhi_plan::read(text, &Limits::default()).expect("a plan that reads");
        let blocks: Vec<_> = plan.blocks().collect();
        let whole = judge(text, None);
        for (index, block) in blocks.iter().enumerate() {
            let after = block.after.as_deref().unwrap_or("{}");
            let names: Vec<_> = nhi_plan::json::parse(after)
                .expect("planned values")
                .root()
                .members()
                .filter(|(_, value)| value.as_str().is_some())
                .map(|(name, _)| name.into_owned())
                .collect();
            for name in names.iter().filter(|_| said(&whole, &block.address) > 0) {
                let mut mutant = blocks.clone();
                let changed = mutant.get_mut(index).expect("the block");
                changed.after = Some(without(after, name).into());
                changed.unknown_paths.push(name.clone().into());
                let found = Tester::<Analyzer>::new().changes(mutant).expect("the analyzer decides");
                assert!(said(&found, &block.address) > 0, "{} without {name}", block.address);
                count += 1;
            }
        }
    }
    assert!(count > 10, "{count} mutants");
}

#[test]
fn foreign_values_stop_nothing() {
    let types = [
        "azapi_resource",
        "azuread_app_role_assignment",
        "azuread_application",
        "azuread_application_api_access",
        "azuread_custom_directory_role",
        "azuread_directory_role",
        "azuread_directory_role_assignment",
        "azuread_group",
        "azurerm_key_vault",
        "azurerm_lighthouse_definition",
        "azurerm_linux_web_app",
        "azurerm_role_assignment",
        "azurerm_role_definition",
        "azurerm_storage_container",
        "google_bigquery_dataset",
        "google_compute_instance",
        "google_project_iam_binding",
        "google_project_iam_custom_role",
        "google_project_iam_member",
        "google_project_iam_policy",
        "google_service_account",
        "google_service_account_iam_member",
        "google_storage_bucket_acl",
    ];
    let attributes = [
        "access",
        "access_policy",
        "actions",
        "authorization",
        "body",
        "claim_values",
        "condition",
        "identity",
        "member",
        "members",
        "owners",
        "permissions",
        "policy_data",
        "principal_id",
        "principal_object_id",
        "required_resource_access",
        "role",
        "role_definition_id",
        "role_definition_name",
        "role_entity",
        "role_id",
        "scope",
        "service_account",
        "service_account_id",
    ];
    let values = [
        "null",
        "0",
        "1e400",
        "true",
        r#""""#,
        r#""/""#,
        r#""*""#,
        r#""[{\"a\":""#,
        "[]",
        "[null]",
        "[[[]]]",
        r#"[{"x":[{}]}]"#,
        r#"{"properties":{"principalId":1}}"#,
        "\"\u{FDD0}\"",
        "\"\u{FDD2}a\u{FDD3}\u{FDD4}\"",
        "\"\u{FDD0}a.b[\u{FDD1}/\u{FDD0}\"",
    ];
    for value in values {
        let members: Vec<_> = attributes.iter().map(|name| format!(r#""{name}":{value}"#)).collect();
        let after = format!("{{{}}}", members.join(","));
        let addresses: Vec<_> = types.iter().map(|name| format!("{name}.x")).collect();
        let changes = addresses
            .iter()
            .map(|address| nhi_policy_sdk::testing::change(address, &after));
        Tester::<Analyzer>::new()
            .changes(changes)
            .expect("the analyzer decides");
    }
}

#[test]
fn order_does_not_matter() {
    for text in PLANS {
        let wanted = gist(&judge(text, None));
        assert!(wanted.len() > 5);
        for seed in 0..MUTANTS {
            assert_eq!(gist(&judge(text, Some(&mut Random(seed)))), wanted, "seed {seed}");
        }
    }
}

#[test]
fn names_do_not_matter() {
    for text in PLANS {
        let wanted = gist(&judge(text, None));
        for seed in 0..MUTANTS {
            let mut renamed = text.to_owned();
            for name in NAMES {
                let new = format!("n{seed}_{}", Random(seed).below(1000) + name.len() * 1000);
                let new = format!("{new}_{}", name.chars().rev().collect::<String>());
                renamed = renamed.replace(&format!(".{name}"), &format!(".{new}"));
                renamed = renamed.replace(&format!(r#""name":"{name}""#), &format!(r#""name":"{new}""#));
            }
            assert_eq!(gist(&judge(&renamed, None)), wanted, "seed {seed}");
        }
    }
}
