//! Plans that the real Terraform and the real OpenTofu made, read to the last block.

#![allow(clippy::expect_used, reason = "helpers of tests fail the test")]

use nhi_plan::plan::Source;
use nhi_plan::{Action, Change, Limits, Mode, Plan, read};

const MODULES: [&str; 2] = [
    include_str!("../../../tests/plans/aws-modules/plan.json"),
    include_str!("../../../tests/plans/aws-modules/plan-tofu.json"),
];
const LIFECYCLE: [&str; 2] = [
    include_str!("../../../tests/plans/lifecycle/plan.json"),
    include_str!("../../../tests/plans/lifecycle/plan-tofu.json"),
];
const STATES: [&str; 2] = [
    include_str!("../../../tests/plans/lifecycle/state.json"),
    include_str!("../../../tests/plans/lifecycle/state-tofu.json"),
];

fn plan(text: &str) -> Plan<'_> {
    read(text, &Limits::default()).expect("a real plan is read")
}

fn block<'p>(plan: &'p Plan<'_>, address: &str) -> Change<'p> {
    plan.blocks().find(|change| change.address == address).expect(address)
}

fn addresses<'c>(change: &'c Change<'_>, path: &str) -> Vec<&'c str> {
    let found = change.references.iter().find(|reference| reference.path == path);
    found
        .map(|reference| reference.addresses.iter().map(|address| &**address).collect())
        .unwrap_or_default()
}

#[test]
fn every_block_in_a_fixed_order() {
    for text in MODULES {
        let plan = plan(text);
        let order: Vec<String> = plan.blocks().map(|change| change.address.into_owned()).collect();
        assert_eq!(
            order,
            plan.blocks()
                .map(|change| change.address.into_owned())
                .collect::<Vec<_>>()
        );
        let tail = [
            "provider.aws",
            "provider.aws.west",
            "provider.terraform",
            "var.database_password",
            "var.region",
            "var.teams",
            "output.password",
            "output.team_roles",
        ];
        assert_eq!(order.iter().rev().take(tail.len()).rev().collect::<Vec<_>>(), tail);
        for change in &plan.resource_changes {
            assert!(
                order.contains(&change.address.clone().into_owned()),
                "{}",
                change.address
            );
        }
        assert!(order.contains(&"module.team[\"green\"].aws_iam_role_policy.own[\"write\"]".to_owned()));
        let known = block(&plan, "data.aws_iam_policy_document.known");
        assert_eq!((known.mode, &*known.actions), (Mode::Data, &[Action::NoOp][..]));
    }
}

#[test]
fn a_deferred_document_keeps_its_statements() {
    for text in MODULES {
        let plan = plan(text);
        let change = block(&plan, "data.aws_iam_policy_document.deferred");
        assert_eq!(change.actions, [Action::Read]);
        assert!(change.unknown_paths.contains(&"json".into()));
        assert!(change.unknown_paths.contains(&"statement[0].resources[0]".into()));
        assert!(change.after.as_deref().is_some_and(|after| after.contains("\"iam:*\"")));
        assert_eq!(addresses(&change, "statement[0].resources"), ["aws_s3_bucket.data"]);
        assert!(
            change
                .attributes
                .contains(&("action_reason".into(), "read_because_config_unknown".into()))
        );
    }
}

#[test]
fn references_lead_through_variables_outputs_and_loops() {
    let cases = [
        (
            "aws_iam_policy.deferred",
            "policy",
            "data.aws_iam_policy_document.deferred",
        ),
        ("aws_iam_policy.deferred", "name", "local.prefix"),
        (
            "module.team[\"blue\"].aws_iam_role_policy.given",
            "policy",
            "data.aws_iam_policy_document.deferred",
        ),
        (
            "module.team[\"blue\"].aws_iam_role_policy.given",
            "role",
            "module.team.aws_iam_role.this",
        ),
        ("module.team[\"green\"].aws_iam_role.this", "name", "var.teams"),
        (
            "module.team[\"green\"].data.aws_iam_policy_document.own",
            "statement[0].resources",
            "aws_s3_bucket.data",
        ),
        (
            "module.team[\"green\"].aws_iam_role_policy.own[\"read\"]",
            "policy",
            "module.team.data.aws_iam_policy_document.own",
        ),
        ("terraform_data.hook", "input", "module.team.aws_iam_role.this"),
        ("aws_iam_access_key.worker[1]", "user", "aws_iam_user.worker"),
        ("aws_db_instance.main", "password", "var.database_password"),
        ("provider.aws", "region", "var.region"),
        ("output.team_roles", "", "module.team.aws_iam_role.this"),
        ("output.password", "", "var.database_password"),
    ];
    for text in MODULES {
        let plan = plan(text);
        for (address, path, expected) in cases {
            assert_eq!(addresses(&block(&plan, address), path), [expected], "{address} {path}");
        }
        // Whatever a reference names exists as the configuration address of a block, unless it is a local.
        let blocks: Vec<String> = plan.blocks().map(|change| change.config_address.into_owned()).collect();
        for change in plan.blocks() {
            for address in change.references.iter().flat_map(|reference| &reference.addresses) {
                assert!(
                    address.contains("local.") || blocks.iter().any(|block| block == address),
                    "{address}"
                );
            }
        }
    }
}

#[test]
fn provider_blocks_show_their_constants() {
    for text in MODULES {
        let plan = plan(text);
        let change = block(&plan, "provider.aws");
        let after = nhi_plan::json::parse(change.after.as_deref().unwrap()).unwrap();
        let text = |path: &str| {
            after
                .root()
                .at(path)
                .and_then(|value| value.as_str().map(std::borrow::Cow::into_owned))
        };
        assert_eq!(text("access_key").as_deref(), Some("mock_access_key"));
        assert_eq!(
            text(r#"default_tags[0].tags["cost-center"]"#).as_deref(),
            Some("platform")
        );
        assert_eq!(change.unknown_paths, ["region"]);
        assert_eq!(block(&plan, "provider.aws.west").unknown_paths, [""; 0]);
        assert!(
            block(&plan, "terraform_data.hook")
                .attributes
                .iter()
                .any(|(key, value)| key == "provisioners" && value.contains("local-exec"))
        );
    }
}

/// A plan holds no schema of the provider block, so the name of an attribute decides.
#[test]
fn secrets_of_a_provider_block_are_redacted_by_name() {
    let text = r#"{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[],"configuration":{
        "provider_config":{"vault":{"name":"vault","full_name":"registry.terraform.io/hashicorp/vault","expressions":{
            "address":{"constant_value":"https://vault.example"},"token":{"constant_value":"planted"},
            "auth_login":[{"parameters":{"constant_value":{"role":"planted"}}}]}}},
        "root_module":{}}}"#;
    let plan = plan(text);
    let change = block(&plan, "provider.vault");
    assert!(format!("{change:?}").contains("planted"));
    let redacted = format!("{:?}", nhi_plan::redact(&change));
    assert!(!redacted.contains("planted"), "{redacted}");
    assert!(redacted.contains("https://vault.example"), "{redacted}");
}

#[test]
fn sensitive_values_are_marked_and_redacted() {
    let secret = "correct-horse-battery";
    for text in MODULES {
        let plan = plan(text);
        for address in ["var.database_password", "output.password", "aws_db_instance.main"] {
            let change = block(&plan, address);
            assert!(format!("{change:?}").contains(secret), "{address}");
            let redacted = nhi_plan::redact(&change);
            assert!(!format!("{redacted:?}").contains(secret), "{address}");
            assert!(
                redacted
                    .after
                    .as_deref()
                    .is_some_and(|after| after.contains("(sensitive)")),
                "{address}"
            );
        }
        for change in plan.blocks() {
            assert!(
                !format!("{:?}", nhi_plan::redact(&change)).contains(secret),
                "{}",
                change.address
            );
        }
    }
}

#[test]
fn every_action_is_read() {
    use Action::{Create, Delete, Forget, NoOp, Update};
    let cases: &[(&str, &[Action], bool)] = &[
        ("terraform_data.deleted", &[Delete], false),
        ("terraform_data.forgotten", &[Forget], false),
        ("terraform_data.imported", &[Update], true),
        ("terraform_data.new_name", &[NoOp], true),
        ("terraform_data.replaced", &[Delete, Create], true),
        ("terraform_data.replaced_first", &[Create, Delete], true),
        ("terraform_data.shrunk[0]", &[NoOp], true),
        ("terraform_data.shrunk[1]", &[Delete], false),
        ("terraform_data.updated", &[Update], true),
    ];
    for text in LIFECYCLE {
        let plan = plan(text);
        for (address, actions, remains) in cases {
            let change = block(&plan, address);
            assert_eq!((&*change.actions, change.remains()), (*actions, *remains), "{address}");
        }
        assert_eq!(
            block(&plan, "terraform_data.new_name").previous_address.as_deref(),
            Some("terraform_data.old_name")
        );
        let imported = block(&plan, "terraform_data.imported");
        assert!(
            imported
                .attributes
                .contains(&("importing".into(), "{\"id\":\"7f3c1b9e\"}".into()))
        );
        let replaced = block(&plan, "terraform_data.replaced");
        assert!(replaced.before.is_some());
        assert!(
            replaced
                .attributes
                .iter()
                .any(|(key, value)| key == "replace_paths" && value.contains("triggers_replace"))
        );
        let checks: Vec<_> = plan
            .checks
            .iter()
            .map(|check| (&*check.kind, &*check.address, &*check.status))
            .collect();
        assert_eq!(checks, [("check", "check.kept", "pass")]);
        assert!(plan.prior_state.is_some() && plan.planned_values.is_some());
    }
}

#[test]
fn a_state_is_read_as_it_stands() {
    for text in STATES {
        let plan = plan(text);
        assert_eq!(plan.source, Source::State);
        assert!(plan.notes.iter().any(|note| note.contains("state")));
        let blocks: Vec<Change<'_>> = plan.blocks().collect();
        assert_eq!(blocks.len(), 9);
        assert!(
            blocks
                .iter()
                .all(|change| change.actions == [Action::NoOp] && change.after.is_some())
        );
        assert!(blocks.iter().any(|change| change.address == "terraform_data.shrunk[1]"));
        assert!(blocks.iter().any(|change| change.address == "output.kept"));
    }
}

#[test]
fn a_plan_without_changes_is_judged_by_what_it_keeps() {
    for text in LIFECYCLE {
        let document = nhi_plan::json::parse(text).unwrap();
        let changes = document.root().get("resource_changes").unwrap().raw();
        let silent = text.replace(changes, "[]");
        let plan = plan(&silent);
        assert!(plan.notes.iter().any(|note| note.contains("no resource changes")));
        let kept = block(&plan, "terraform_data.updated");
        assert!(kept.after.is_some());
        assert!(kept.attributes.contains(&("source".into(), "planned_values".into())));
        assert!(addresses(&block(&plan, "output.kept"), "").contains(&"terraform_data.updated"));
    }
}

#[test]
fn constants_that_module_calls_pass_are_variables_of_the_module() {
    let text = r#"{"format_version":"1.2","configuration":{"root_module":{"module_calls":{"db":{"expressions":{
        "password":{"constant_value":"x"},"names":{"constant_value":["a"]},"size":{"constant_value":3},
        "user":{"references":["var.user"]},"gone":{"constant_value":"y"}},
        "module":{"variables":{"password":{"sensitive":true},"names":{},"size":{},"user":{"default":"z"}}}}}}}}"#;
    let plan = plan(text);
    let found: Vec<_> = plan.blocks().collect();
    let seen: Vec<_> = found
        .iter()
        .map(|change| (&*change.address, change.after.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        seen,
        [("module.db.var.password", "\"x\""), ("module.db.var.names", "[\"a\"]")]
    );
    assert!(
        found
            .iter()
            .all(|change| change.mode == Mode::Variable && change.module_address == "module.db")
    );
    assert_eq!((found[0].sensitive_paths.len(), found[1].sensitive_paths.len()), (1, 0));
    assert_eq!(found[0].configuration.as_deref(), Some(r#"{"sensitive":true}"#));
}
