//! One policy in every way in which HCL can write it: what is said of it does not hang on how it is written.
//!
//! Each labelled plan with a configuration is changed at one policy: the plan does not know it any more, and the
//! configuration writes it in another way, as text, as a heredoc, through a local, a module or a data source. The verdict
//! must be the same. With something unknown in the place of an ARN it may become one that cannot be decided.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use nhi_analyzer::Analyzer;
use nhi_evaluate::{Limits, Sources, evaluate, overlay};
use nhi_plan::{Finding, Outcome, Severity};
use nhi_policy_sdk::Tester;
use serde_json::{Value, json};
use support::programs;

const FOLDER: &str = "tests/plans/labelled";
/// Attributes that hold a policy document.
const POLICIES: [&str; 2] = ["policy", "assume_role_policy"];
/// What is unknown before apply.
const LATER: &str = "terraform_data.later";

type Files = BTreeMap<String, String>;

/// A labelled plan with its configuration.
struct Case {
    name: String,
    plan: Value,
    source: String,
    /// Rules and addresses of what must be told.
    expect: Vec<(Vec<String>, Vec<String>)>,
}

/// A policy of a case: the block, the attribute, and the document as the plan knows it.
struct Site {
    address: String,
    attribute: &'static str,
    document: Value,
}

/// How a policy is written: the expression, and what stands beside it.
struct Form {
    name: &'static str,
    expression: String,
    beside: String,
    module: Option<&'static str>,
    references: Vec<&'static str>,
    /// A data source that is read during apply.
    is_data: bool,
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

fn cases() -> anyhow::Result<Vec<Case>> {
    let mut folders: Vec<PathBuf> = fs::read_dir(programs::root().join(FOLDER))?
        .map(|entry| anyhow::Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    folders.sort();
    let mut cases = Vec::new();
    for folder in folders {
        let Ok(source) = fs::read_to_string(folder.join("main.tf")) else {
            continue;
        };
        let name = folder.file_name().context("a name")?.to_string_lossy().into_owned();
        let labels: Value = serde_json::from_slice(&fs::read(folder.join("labels.json"))?)?;
        let expect = labels["expect"].as_array().into_iter().flatten().map(|one| {
            let rules = one["rule"].as_str().unwrap_or_default().split('|');
            (rules.map(str::to_owned).collect(), strings(&one["address"]))
        });
        cases.push(Case {
            name,
            plan: serde_json::from_slice(&fs::read(folder.join("plan.json"))?)?,
            source,
            expect: expect.collect(),
        });
    }
    Ok(cases)
}

fn sites(case: &Case) -> Vec<Site> {
    let mut found = Vec::new();
    for change in case.plan["resource_changes"].as_array().into_iter().flatten() {
        // One instance has one document.
        if change["mode"] != "managed" || !change["index"].is_null() || !change["module_address"].is_null() {
            continue;
        }
        for attribute in POLICIES {
            let text = change["change"]["after"][attribute].as_str();
            let document = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
            if let (Some(address), Some(document)) = (change["address"].as_str(), document) {
                found.push(Site {
                    address: address.to_owned(),
                    attribute,
                    document,
                });
            }
        }
    }
    // What the labels are about comes first.
    let about = |site: &Site| case.expect.iter().any(|(_, all)| all.contains(&site.address));
    found.sort_by_key(|site| !about(site));
    found
}

/// JSON as HCL reads it.
fn escaped(json: &str) -> String {
    json.replace("${", "$${").replace("%{", "%%{")
}

fn forms(site: &Site) -> Vec<Form> {
    let compact = escaped(&site.document.to_string());
    let pretty = escaped(&format!("{:#}", site.document));
    let plain = |name: &'static str, expression: String| Form {
        name,
        expression,
        beside: String::new(),
        module: None,
        references: vec![LATER],
        is_data: false,
    };
    let encoded = format!("jsonencode({compact})");
    let mut forms = vec![
        plain("a heredoc", format!("<<MUTANT\n{pretty}\nMUTANT\n")),
        plain(
            "an indented heredoc",
            format!("<<-MUTANT\n    {}\n    MUTANT\n", pretty.replace('\n', "\n    ")),
        ),
        plain("text", escaped(&Value::String(site.document.to_string()).to_string())),
        plain("jsonencode", encoded.clone()),
        plain("a condition", format!("true ? {encoded} : \"\"")),
        Form {
            beside: format!("locals {{\n  mutant = {encoded}\n}}\n"),
            ..plain("a local", String::from("local.mutant"))
        },
        Form {
            beside: format!("module \"mutant\" {{\n  source = \"./mutant\"\n  text   = {encoded}\n}}\n"),
            module: Some("variable \"text\" {}\noutput \"text\" {\n  value = var.text\n}\n"),
            ..plain("a module", String::from("module.mutant.text"))
        },
        Form {
            beside: String::from("module \"mutant\" {\n  source = \"./mutant\"\n}\n"),
            module: Some("output \"text\" {\n  value = local.text\n}\n"),
            ..plain("a module that writes it", String::from("module.mutant.text"))
        },
    ];
    if let Some(module) = forms.last_mut() {
        module.name = "a module that writes it";
    }
    forms.extend(data_source(&site.document).map(|beside| Form {
        beside,
        references: vec!["data.aws_iam_policy_document.mutant"],
        is_data: true,
        ..plain(
            "a data source",
            String::from("data.aws_iam_policy_document.mutant.json"),
        )
    }));
    forms
}

/// The document as a data source; `None` for what one cannot say.
fn data_source(document: &Value) -> Option<String> {
    let list = |value: &Value| match value {
        Value::String(_) => Some(json!([value])),
        Value::Array(_) => Some(value.clone()),
        _ => None,
    };
    let text = |value: &Value| escaped(&value.to_string());
    let statements = match &document["Statement"] {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    let mut out = String::from("data \"aws_iam_policy_document\" \"mutant\" {\n");
    for statement in statements {
        out.push_str("  statement {\n");
        for (key, value) in statement.as_object()? {
            let (name, value) = match key.as_str() {
                "Sid" => ("sid", value.clone()),
                "Effect" => ("effect", value.clone()),
                "Action" => ("actions", list(value)?),
                "NotAction" => ("not_actions", list(value)?),
                "Resource" => ("resources", list(value)?),
                "NotResource" => ("not_resources", list(value)?),
                "Principal" | "NotPrincipal" => {
                    let block = if key == "Principal" {
                        "principals"
                    } else {
                        "not_principals"
                    };
                    let all = match value {
                        Value::String(_) => json!({"*": [value]}),
                        other => other.clone(),
                    };
                    for (kind, who) in all.as_object()? {
                        let who = text(&list(who)?);
                        writeln!(
                            out,
                            "    {block} {{\n      type = {kind:?}\n      identifiers = {who}\n    }}"
                        )
                        .ok()?;
                    }
                    continue;
                }
                "Condition" => {
                    for (test, keys) in value.as_object()? {
                        for (variable, values) in keys.as_object()? {
                            let values = text(&list(values)?);
                            writeln!(
                                out,
                                "    condition {{\n      test = {test:?}\n      variable = {variable:?}\n      values = {values}\n    }}"
                            )
                            .ok()?;
                        }
                    }
                    continue;
                }
                _ => return None,
            };
            writeln!(out, "    {name} = {}", text(&value)).ok()?;
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    Some(out)
}

fn judge(plan: &Value, files: Files) -> anyhow::Result<Vec<Finding>> {
    let text = plan.to_string();
    let plan = nhi_plan::read(&text, &nhi_plan::Limits::default()).map_err(|error| anyhow::anyhow!("{error}"))?;
    let sources = Sources::new(files.into_iter());
    let evaluation = evaluate(&sources, &plan, &Limits::default());
    let blocks = plan.blocks().map(|mut change| {
        overlay(&mut change, &evaluation);
        change
    });
    let blocks: Vec<_> = blocks.collect();
    Tester::<Analyzer>::new().changes(blocks).map_err(anyhow::Error::msg)
}

fn gist(findings: &[Finding]) -> Vec<(String, String, Outcome, Option<Severity>)> {
    let said = findings.iter().filter(|one| one.severity != Some(Severity::Info));
    let mut gist: Vec<_> = said
        .map(|one| (one.rule.clone(), one.address.clone(), one.outcome, one.severity))
        .collect();
    gist.sort();
    gist
}

/// The plan with the policy unknown and made from `references`.
fn plan_without(case: &Case, site: &Site, form: &Form) -> Value {
    let mut plan = case.plan.clone();
    for change in plan["resource_changes"].as_array_mut().into_iter().flatten() {
        if change["address"] == site.address.as_str() {
            if let Some(after) = change["change"]["after"].as_object_mut() {
                after.remove(site.attribute);
            }
            change["change"]["after_unknown"][site.attribute] = json!(true);
        }
    }
    let resources = &mut plan["configuration"]["root_module"]["resources"];
    for resource in resources.as_array_mut().into_iter().flatten() {
        if resource["address"] == site.address.as_str() {
            resource["expressions"][site.attribute] = json!({ "references": form.references });
        }
    }
    if form.is_data {
        let address = "data.aws_iam_policy_document.mutant";
        let block = json!({"address": address, "mode": "data", "type": "aws_iam_policy_document", "name": "mutant"});
        let mut change = block.clone();
        change["change"] = json!({"actions": ["read"], "before": null, "after": {}, "after_unknown": {"json": true}});
        let mut configured = block;
        configured["expressions"] = json!({});
        if let Some(list) = plan["resource_changes"].as_array_mut() {
            list.push(change);
        }
        if let Some(list) = plan["configuration"]["root_module"]["resources"].as_array_mut() {
            list.push(configured);
        }
    }
    plan
}

/// The configuration with the policy written in this form; `None` where its expression cannot be found.
fn source_with(case: &Case, site: &Site, form: &Form) -> Option<Files> {
    let sources = Sources::new([(String::from("main.tf"), case.source.clone())].into_iter());
    let place = sources.attribute(&site.address, site.attribute)?;
    let mut text = case.source.clone();
    text.replace_range(place.expression, &form.expression);
    text.push('\n');
    text.push_str(&form.beside);
    let mut files = Files::from([(String::from("main.tf"), text)]);
    if let Some(module) = form.module {
        let mut module = module.to_owned();
        if !form.beside.contains("text ") {
            let encoded = escaped(&site.document.to_string());
            write!(module, "locals {{\n  text = jsonencode({encoded})\n}}\n").ok()?;
        }
        files.insert(String::from("mutant/main.tf"), module);
        let manifest =
            r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"mutant","Source":"./mutant","Dir":"mutant"}]}"#;
        files.insert(String::from(".terraform/modules/modules.json"), manifest.to_owned());
    }
    Some(files)
}

#[test]
fn the_verdict_does_not_hang_on_how_a_policy_is_written() -> anyhow::Result<()> {
    let (mut count, mut failures) = (BTreeMap::<&str, usize>::new(), String::new());
    for case in cases()? {
        let whole = judge(
            &case.plan,
            Files::from([(String::from("main.tf"), case.source.clone())]),
        )?;
        let whole = gist(&whole);
        if let Some(site) = sites(&case).first() {
            for form in forms(site) {
                let Some(files) = source_with(&case, site, &form) else {
                    continue;
                };
                *count.entry(form.name).or_default() += 1;
                let found = gist(&judge(&plan_without(&case, site, &form), files)?);
                if found != whole {
                    writeln!(
                        failures,
                        "{}: {} as {}: {whole:?} became {found:?}",
                        case.name, site.address, form.name
                    )?;
                }
            }
        }
    }
    println!("{count:?}");
    ensure!(
        failures.is_empty(),
        "{} of {count:?}\n{failures}",
        failures.lines().count()
    );
    ensure!(
        count.len() == 9 && count.values().all(|count| *count > 150),
        "{count:?}"
    );
    Ok(())
}

/// The document with something unknown in the place of every ARN.
fn without_arns(value: &Value) -> Option<Value> {
    Some(match value {
        Value::String(text) if text.starts_with("arn:") => json!("@LATER@"),
        Value::Array(list) => Value::Array(
            list.iter()
                .map(|one| without_arns(one).unwrap_or_else(|| one.clone()))
                .collect(),
        ),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| (key.clone(), without_arns(value).unwrap_or_else(|| value.clone())))
                .collect(),
        ),
        _ => return None,
    })
}

/// Tells of those who read everything of a kind.
const OF_A_KIND: &str = "NHI006";

#[test]
fn an_arn_that_becomes_unknown_silences_nothing() -> anyhow::Result<()> {
    let (mut count, mut failures) = (0_usize, String::new());
    for case in cases()? {
        for site in sites(&case) {
            let about = case
                .expect
                .iter()
                .any(|(_, addresses)| addresses.contains(&site.address));
            let document = without_arns(&site.document).unwrap_or_default();
            if !about || document == site.document {
                continue;
            }
            let text = escaped(&document.to_string()).replace("@LATER@", &format!("${{{LATER}.output}}"));
            let form = Form {
                name: "unknown",
                expression: format!("jsonencode({text})"),
                beside: String::new(),
                module: None,
                references: vec!["terraform_data.later.output", LATER],
                is_data: false,
            };
            let Some(files) = source_with(&case, &site, &form) else {
                continue;
            };
            count += 1;
            let found = judge(&plan_without(&case, &site, &form), files)?;
            let told = |(rules, addresses): &(Vec<String>, Vec<String>)| {
                found.iter().any(|one| {
                    addresses.contains(&one.address)
                        && (one.outcome == Outcome::Unverified || rules.contains(&one.rule))
                        || one.outcome == Outcome::Unverified && one.address == site.address
                })
            };
            // One resource that is known later is one thing, not all of a kind; the page of the rule says so.
            let is_of_a_kind = |(rules, _): &(Vec<String>, Vec<String>)| rules.iter().all(|rule| rule == OF_A_KIND);
            if !case
                .expect
                .iter()
                .all(|expected| is_of_a_kind(expected) || told(expected))
            {
                writeln!(failures, "{}: {} {}", case.name, site.address, document)?;
            }
        }
    }
    ensure!(
        failures.is_empty(),
        "{} of {count}\n{failures}",
        failures.lines().count()
    );
    ensure!(count > 20, "{count} mutants");
    Ok(())
}
