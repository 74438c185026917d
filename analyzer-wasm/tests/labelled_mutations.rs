//! The verdict on a labelled plan does not depend on what means nothing: order, names, modules, how statements are
//! spread over policies. What becomes known only after apply is told as that, and never passed over.

#![expect(
    clippy::expect_used,
    reason = "a helper of tests stops at the first thing that is not as it says"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use nhi_analyzer::Analyzer;
use nhi_plan::json::{self, Kind, quote};
use nhi_plan::{Change, Finding, Limits, Mode, Outcome, Reference, Severity};
use nhi_policy_sdk::Tester;

/// Chooses the order of blocks.
const SEED: u64 = 20_261_126;

/// What is taken for the usual thing while it is known only after apply, since a rule that spoke of each would speak of
/// nearly every plan; and names, which the rest of the plan still holds in a mutant. Type and attribute.
const TAKEN_FOR_USUAL: [(&str, &str); 37] = [
    ("aws_codebuild_project", "environment"),
    ("aws_ecs_task_definition", "container_definitions"),
    ("aws_elasticache_replication_group", "auth_token"),
    ("aws_iam_role", "name"),
    ("aws_lambda_function", "environment"),
    ("aws_secretsmanager_secret_version", "secret_string"),
    ("azuread_app_role_assignment", "app_role_id"),
    ("azuread_application", "required_resource_access"),
    ("azuread_application_flexible_federated_identity_credential", "issuer"),
    ("azurerm_container_registry", "anonymous_pull_enabled"),
    ("azurerm_linux_virtual_machine", "identity"),
    ("azurerm_linux_web_app", "identity"),
    ("azurerm_role_assignment", "role_definition_name"),
    ("gitlab_project_variable", "key"),
    ("google_bigquery_dataset_iam_member", "member"),
    ("google_cloudfunctions2_function", "service_config"),
    ("google_compute_instance", "service_account"),
    ("google_iam_workload_identity_pool_provider", "oidc"),
    ("google_secret_manager_secret_iam_member", "member"),
    ("google_service_account_iam_member", "member"),
    ("google_storage_bucket_acl", "predefined_acl"),
    ("google_storage_bucket_iam_member", "member"),
    ("kubernetes_cluster_role_binding_v1", "subject"),
    ("kubernetes_cluster_role_v1", "metadata"),
    ("kubernetes_config_map_v1", "metadata"),
    ("kubernetes_role_binding_v1", "subject"),
    ("kubernetes_role_v1", "metadata"),
    ("kubernetes_secret_v1", "type"),
    ("postgresql_grant", "role"),
    ("postgresql_grant", "with_grant_option"),
    ("postgresql_role", "login"),
    ("postgresql_role", "name"),
    ("postgresql_role", "roles"),
    ("postgresql_role", "valid_until"),
    ("vault_aws_secret_backend_role", "policy_arns"),
    ("vault_database_secret_backend_role", "creation_statements"),
    ("vault_jwt_auth_backend_role", "token_policies"),
];
/// Both decide together who is made administrator.
const TAKEN_TOGETHER: &str = "vault_kubernetes_secret_backend_role";

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

struct Case {
    name: String,
    plan: String,
    /// Rules and addresses of which one must speak.
    expect: Vec<(Vec<String>, Vec<String>)>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/plans/labelled");
    let entries = fs::read_dir(folder).expect("labelled plans");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    folders.sort();
    folders.iter().filter_map(|folder| read(folder)).collect()
}

fn read(folder: &Path) -> Option<Case> {
    let labels = fs::read_to_string(folder.join("labels.json")).expect("labels");
    let labels = json::parse(&labels).expect("labels");
    let expect = labels.root().get("expect").into_iter().flat_map(json::Value::elements);
    let expect = expect.map(|one| {
        let rules = one
            .get("rule")
            .and_then(json::Value::as_str)
            .expect("rule")
            .into_owned();
        let addresses = one.get("address").into_iter().flat_map(json::Value::elements);
        let addresses = addresses.filter_map(|address| Some(address.as_str()?.into_owned()));
        (rules.split('|').map(str::to_owned).collect(), addresses.collect())
    });
    Some(Case {
        name: folder.file_name()?.to_string_lossy().into_owned(),
        plan: fs::read_to_string(folder.join("plan.json")).expect("plan"),
        expect: expect.collect(),
    })
}

fn judge(blocks: Vec<Change<'_>>) -> Vec<Finding> {
    Tester::<Analyzer>::new().changes(blocks).expect("the analyzer decides")
}

/// What is said, without where. What asks nobody to do anything is left out.
fn gist(findings: &[Finding]) -> Vec<(&str, Outcome, Option<Severity>)> {
    let said = findings
        .iter()
        .filter(|finding| finding.severity != Some(Severity::Info));
    let mut gist: Vec<_> = said
        .map(|finding| (finding.rule.as_str(), finding.outcome, finding.severity))
        .collect();
    gist.sort_unstable();
    gist
}

fn is_resource(block: &Change<'_>) -> bool {
    matches!(block.mode, Mode::Managed | Mode::Data)
}

/// Every resource under another name, wherever it is spoken of.
fn renamed<'a>(blocks: &[Change<'a>]) -> Vec<Change<'a>> {
    let all = blocks.iter().filter(|block| is_resource(block));
    let names: BTreeSet<&str> = all
        .filter_map(|block| block.config_address.rsplit('.').next())
        .collect();
    let rename = |text: &str| {
        let mut out = String::with_capacity(text.len() + 16);
        let mut word = String::new();
        let mut before = ' ';
        for character in text.chars().chain(['\0']) {
            if character.is_ascii_alphanumeric() || matches!(character, '_' | '-') {
                word.push(character);
                continue;
            }
            out.push_str(&word);
            // A name stands behind a type.
            if before == '.' && names.contains(word.as_str()) {
                out.push_str("_other");
            }
            word.clear();
            if character != '\0' {
                out.push(character);
            }
            before = character;
        }
        out
    };
    each(blocks, &|text| rename(text), &|block| is_resource(block))
}

/// Every resource in a module.
fn wrapped<'a>(blocks: &[Change<'a>]) -> Vec<Change<'a>> {
    let wrap = |text: &str| {
        if text.starts_with("var.") {
            text.to_owned()
        } else {
            format!("module.m.{text}")
        }
    };
    let mut blocks = blocks.to_vec();
    for block in &mut blocks {
        if is_resource(block) {
            block.address = wrap(&block.address).into();
            block.config_address = wrap(&block.config_address).into();
            let inner = block.module_address.as_ref();
            let module = if inner.is_empty() {
                String::from("module.m")
            } else {
                wrap(inner)
            };
            block.module_address = module.into();
        }
        for reference in &mut block.references {
            for address in &mut reference.addresses {
                *address = wrap(address).into();
            }
        }
    }
    blocks
}

/// The blocks with every address and every expression changed.
fn each<'a>(
    blocks: &[Change<'a>],
    change: &dyn Fn(&str) -> String,
    wanted: &dyn Fn(&Change<'_>) -> bool,
) -> Vec<Change<'a>> {
    let mut blocks = blocks.to_vec();
    for block in &mut blocks {
        if wanted(block) {
            block.address = change(&block.address).into();
            block.config_address = change(&block.config_address).into();
        }
        block.configuration = block.configuration.as_ref().map(|text| change(text).into());
        for reference in &mut block.references {
            for address in &mut reference.addresses {
                *address = change(address).into();
            }
        }
    }
    blocks
}

/// An object with some of its members changed or, with nothing, left out.
fn members(text: &str, change: &dyn Fn(&str, &str) -> Option<String>) -> String {
    let document = json::parse(text).expect("an object");
    let members: Vec<_> = document
        .root()
        .members()
        .filter_map(|(key, value)| Some(format!("{}:{}", quote(&key), change(&key, value.raw())?)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The first inline policy with several statements, as two policies.
fn split<'a>(blocks: &[Change<'a>]) -> Option<Vec<Change<'a>>> {
    let inline = ["aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"];
    let (index, statements) = blocks.iter().enumerate().find_map(|(index, block)| {
        inline.contains(&block.resource_type.as_ref()).then_some(())?;
        let after = json::parse(block.after.as_deref()?).ok()?;
        let policy = after.root().get("policy")?.as_str()?.into_owned();
        let policy = json::parse(&policy).ok()?;
        let list = policy.root().get("Statement")?;
        let statements: Vec<String> = list.elements().map(|one| one.raw().to_owned()).collect();
        (list.kind() == Kind::Array && statements.len() > 1).then_some((index, statements))
    })?;
    let mut blocks = blocks.to_vec();
    let block = blocks.get(index)?.clone();
    let (first, rest) = statements.split_at(1);
    let of = |list: &[String]| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, list.join(","));
        let after = block.after.as_deref().unwrap_or("{}");
        members(after, &|key, raw| {
            Some(if key == "policy" { quote(&text) } else { raw.to_owned() })
        })
    };
    let mut second = block.clone();
    second.address = format!("{}_second", block.address).into();
    second.config_address = format!("{}_second", block.config_address).into();
    second.after = Some(of(rest).into());
    blocks.get_mut(index)?.after = Some(of(first).into());
    blocks.push(second);
    Some(blocks)
}

/// The blocks with one attribute of one of them known only after apply.
fn unknown<'a>(blocks: &[Change<'a>], index: usize, name: &str) -> Vec<Change<'a>> {
    let mut blocks = blocks.to_vec();
    let block = blocks.get_mut(index).expect("the block");
    let after = block.after.take().unwrap_or_default();
    block.after = Some(members(&after, &|key, raw| (key != name).then(|| raw.to_owned())).into());
    block.unknown_paths.push(name.to_owned().into());
    if !block.references.iter().any(|reference| reference.path == name) {
        block.references.push(Reference {
            path: name.to_owned().into(),
            addresses: vec!["terraform_data.later".into()],
        });
    }
    blocks
}

/// Whether something is said of each thing that is expected: the same, or that it, or what became unknown, cannot be
/// decided.
fn speaks(case: &Case, found: &[Finding], mutated: &str) -> bool {
    let mut undecided = found.iter().filter(|one| one.outcome == Outcome::Unverified);
    if undecided.any(|one| one.address == mutated) {
        return true;
    }
    case.expect.iter().all(|(rules, addresses)| {
        let here = found.iter().filter(|one| addresses.contains(&one.address));
        here.into_iter()
            .any(|one| rules.contains(&one.rule) || one.outcome == Outcome::Unverified)
    })
}

#[test]
fn what_means_nothing_changes_no_verdict() {
    let (mut count, mut failures) = (0_usize, String::new());
    let mut random = Random(SEED);
    for case in cases() {
        let plan = nhi_plan::read(&case.plan, &Limits::default()).expect("a plan that reads");
        let blocks: Vec<_> = plan.blocks().collect();
        let whole = judge(blocks.clone());
        let mut shuffled = blocks.clone();
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, random.below(index + 1));
        }
        let reversed = blocks.iter().rev().cloned().collect();
        let mutants = [
            ("reversed", Some(reversed)),
            ("shuffled", Some(shuffled)),
            ("renamed", Some(renamed(&blocks))),
            ("in a module", Some(wrapped(&blocks))),
            ("split", split(&blocks)),
        ];
        for (what, mutant) in mutants {
            let Some(mutant) = mutant else { continue };
            count += 1;
            let found = judge(mutant);
            let same = if what == "split" {
                let rules = |found: &[Finding]| -> BTreeSet<String> {
                    gist(found).iter().map(|(rule, ..)| (*rule).to_owned()).collect()
                };
                rules(&whole).is_subset(&rules(&found))
            } else {
                gist(&found) == gist(&whole)
            };
            if !same {
                let (left, right) = (gist(&whole), gist(&found));
                writeln!(failures, "{} {what}: {left:?} became {right:?}", case.name).expect("text");
            }
        }
    }
    let failed = failures.lines().count();
    println!("{count} mutants, {failed} failures, seed {SEED}\n{failures}");
    assert!(count > 1000, "{count} mutants");
    assert_eq!(failed, 0, "{failures}");
}

#[test]
fn what_becomes_unknown_is_not_passed_over() {
    let (mut count, mut failures) = (0_usize, String::new());
    let mut silent = BTreeSet::new();
    for case in cases().iter().filter(|case| !case.expect.is_empty()) {
        let plan = nhi_plan::read(&case.plan, &Limits::default()).expect("a plan that reads");
        let blocks: Vec<_> = plan.blocks().collect();
        if !speaks(case, &judge(blocks.clone()), "") {
            // It takes the sources.
            continue;
        }
        for (index, block) in blocks.iter().enumerate() {
            let about = case
                .expect
                .iter()
                .any(|(_, all)| all.iter().any(|one| *one == block.address));
            if block.mode != Mode::Managed || !about {
                continue;
            }
            let after = json::parse(block.after.as_deref().unwrap_or("{}")).expect("planned values");
            let filled = after.root().members().filter(|(_, value)| !value.is_null());
            for (name, _) in filled {
                count += 1;
                let resource_type = block.resource_type.as_ref();
                let usual = |one: &&(&str, &str)| **one == (resource_type, name.as_ref());
                if speaks(case, &judge(unknown(&blocks, index, &name)), &block.address) {
                    continue;
                }
                if let Some(usual) = TAKEN_FOR_USUAL.iter().find(usual) {
                    silent.insert(*usual);
                } else if resource_type != TAKEN_TOGETHER {
                    writeln!(failures, "{}: {} without `{name}`", case.name, block.address).expect("text");
                }
            }
        }
    }
    let failed = failures.lines().count();
    println!("{count} mutants, {failed} failures, seed {SEED}\n{failures}");
    assert!(count > 300, "{count} mutants");
    assert_eq!(failed, 0, "{failures}");
    let told: Vec<_> = TAKEN_FOR_USUAL.iter().filter(|one| !silent.contains(one)).collect();
    assert!(told.is_empty(), "these are told by now: {told:?}");
}
