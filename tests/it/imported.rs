//! Import by resource identity, of every kind: by its id, and by the names that no other record of its kind has.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::{Core, Kind, Outcome, Stack, programs};

use crate::kinds::{CASES, Case, stack};

support::legs!(every_kind_is_imported_by_its_identity);

/// What names a record besides its id: by which attributes, in the order of an identity.
fn names(case: &Case) -> &'static [&'static str] {
    match case.kind {
        "nhi_break_glass" | "nhi_identity" => &["environment", "name"],
        "nhi_access_review" | "nhi_team" | "nhi_vendor" => &["name"],
        _ => &[],
    }
}

fn importing(case: &Case, identity: &[(&str, &str)]) -> String {
    let identity: String = identity
        .iter()
        .map(|(name, value)| format!("    {name} = {value:?}\n"))
        .collect();
    format!(
        "{}\nimport {{\n  to = {}\n  identity = {{\n{identity}  }}\n}}\n",
        case.configuration(("", "")),
        case.address()
    )
}

fn text<'a>(attributes: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    attributes[name].as_str().with_context(|| format!("no `{name}`"))
}

/// Terraform 1.11 does not know of identities; OpenTofu 1.12 does.
fn every_kind_is_imported_by_its_identity(core: &Core) -> Outcome {
    if core.kind == Kind::Terraform {
        return Ok(());
    }
    let kinds: Vec<String> = CASES.iter().map(|case| case.kind.to_owned()).collect();
    let mut resources: Vec<String> = std::fs::read_dir(programs::root().join("examples/resources"))?
        .map(|entry| anyhow::Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<_>>()?;
    resources.sort();
    ensure!(
        kinds == resources,
        "not every resource is in the table of kinds: {kinds:?}"
    );
    for case in &CASES {
        imported(core, case).with_context(|| case.kind.to_owned())?;
    }
    Ok(())
}

fn imported(core: &Core, case: &Case) -> anyhow::Result<()> {
    let stack = stack(core)?;
    let address = case.address();
    stack.main(&case.configuration(("", "")))?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(&address)?;
    let id = text(&before, "id")?;
    let named: Vec<(&str, &str)> = names(case)
        .iter()
        .map(|name| anyhow::Ok((*name, text(&before, name)?)))
        .collect::<anyhow::Result<_>>()?;
    refusals(&stack, case, id, &named)?;
    let mut ways = vec![vec![("id", id)]];
    if !named.is_empty() {
        ways.push(named.clone());
        ways.push([&[("id", id)][..], &named].concat());
    }
    for way in ways {
        stack.run(&["state", "rm", &address])?.succeeds()?;
        stack.main(&importing(case, &way))?;
        stack.plan()?.succeeds()?.says(&["1 to import"])?;
        stack.apply_planned()?.succeeds()?;
        let mut after = stack.attributes(&address)?;
        if before["audit_checkpoint"].is_string() {
            // Where the log stands is told as of now.
            after["audit_checkpoint"] = before["audit_checkpoint"].clone();
        }
        ensure!(after == before, "{way:?}: {before} {after}");
        stack.plans_empty()?;
    }
    stored(&stack, case, id, &named)
}

/// What is not on record, is said by half, or belongs to something else.
fn refusals(stack: &Stack, case: &Case, id: &str, named: &[(&str, &str)]) -> anyhow::Result<()> {
    let nobody = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let mut refused = vec![
        (vec![("id", nobody)], "is not in the registry"),
        (vec![("id", "7")], "NHI-ID"),
    ];
    if let Some((last, rest)) = named.split_last() {
        refused.push(([rest, &[(last.0, "nobody")]].concat(), "is not in the registry"));
        refused.push(([&[("id", nobody)], named].concat(), "is not in the registry"));
        // Half a name says nothing, with an id or without one.
        if !rest.is_empty() {
            refused.push((vec![*last], "NHI-QUESTION"));
            refused.push((vec![("id", id), *last], "NHI-QUESTION"));
        }
    }
    stack.run(&["state", "rm", &case.address()])?.succeeds()?;
    for (identity, words) in refused {
        stack.main(&importing(case, &identity))?;
        stack
            .plan()?
            .fails_with(&[words])
            .with_context(|| format!("{identity:?}"))?;
    }
    stack.main(&importing(case, &[("id", id)]))?;
    stack.apply()?.succeeds()?;
    Ok(())
}

/// The state has what names the object, next to it.
fn stored(stack: &Stack, case: &Case, id: &str, named: &[(&str, &str)]) -> anyhow::Result<()> {
    let state = std::fs::read_to_string(stack.folder().join("terraform.tfstate"))?;
    let state: Value = serde_json::from_str(&state)?;
    let resources = state["resources"].as_array().context("resources")?;
    let resource = resources.iter().find(|resource| resource["type"] == case.kind);
    let stored = &resource.context("it is in the state")?["instances"][0]["identity"];
    for (name, value) in [&[("id", id)], named].concat() {
        ensure!(stored[name] == *value, "{name}: {stored}");
    }
    Ok(())
}
