//! `nhi fix` on every repair that the analyzer's table claims: planned, judged, repaired, planned again, judged again.
//!
//! A case is a folder under `tests/fixes`, named after the rule and the type of the resource. Where its provider is at
//! hand the real core plans; where there is none, the plan is put together from the literals of the configuration, in
//! the shape that the provider documents, before and after.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use nhi_analyzer::{Fix, fixes};
use serde_json::{Map, Value, json};
use support::cores::{aws_mirror, say};
use support::{Core, Nhi, Outcome, Stack, programs};

support::legs!(repairs_pass_the_real_core);

const FOLDER: &str = "tests/fixes";

fn case(fix: &Fix) -> PathBuf {
    Path::new(FOLDER).join(format!("{}-{}", fix.code, fix.resource_type))
}

/// Whether a provider for it may be at hand.
fn is_of_aws(fix: &Fix) -> bool {
    fix.resource_type.starts_with("aws_")
}

#[test]
fn every_repair_that_is_claimed_has_its_case() -> Outcome {
    let wanted: BTreeSet<_> = fixes().iter().map(|fix| programs::root().join(case(fix))).collect();
    ensure!(wanted.len() == fixes().len(), "two repairs share a case");
    let entries = fs::read_dir(programs::root().join(FOLDER))?;
    let found: BTreeSet<_> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    let missing: Vec<_> = wanted.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&wanted).collect();
    ensure!(
        missing.is_empty() && surplus.is_empty(),
        "no case: {missing:#?}\nno repair: {surplus:#?}"
    );
    Ok(())
}

/// Findings of the rule that offers a repair, by address; one that carries the repair is said so.
fn findings(report: &Value, fix: &Fix) -> anyhow::Result<Vec<(String, bool)>> {
    let all = report["findings"].as_array().context("findings are a list")?;
    let own = all.iter().filter(|finding| finding["code"] == fix.code);
    let read = |finding: &Value| {
        let address = finding["address"].as_str().context("no address")?.to_owned();
        let patch = &finding["patch"];
        let carries = patch["attribute"] == fix.path && patch["replacement"] == fix.replacement;
        Ok((address, carries && finding["outcome"] == "violation"))
    };
    own.map(read).collect()
}

/// Every configuration file below a folder, by name.
fn texts(folder: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let (mut found, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("list `{}`", next.display()))? {
            let path = entry?.path();
            let is_hidden = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if path.is_dir() && !is_hidden {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "tf") {
                found.push((path.strip_prefix(folder)?.to_owned(), fs::read_to_string(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Nothing but the value of the attribute has changed, on the lines where it stood.
fn only_the_attribute_changed(fix: &Fix, before: &[(PathBuf, String)], after: &[(PathBuf, String)]) -> Outcome {
    let name = fix.path.rsplit('.').next().unwrap_or(fix.path);
    ensure!(before.len() == after.len(), "files came or went");
    let mut changed = 0;
    for ((path, old), (new_path, new)) in before.iter().zip(after) {
        ensure!(path == new_path, "{} came or went", path.display());
        let (old, new): (Vec<_>, Vec<_>) = (old.split('\n').collect(), new.split('\n').collect());
        ensure!(old.len() == new.len(), "{}: lines came or went", path.display());
        for (old, new) in old.iter().zip(&new).filter(|(old, new)| old != new) {
            let (head, tail) = old
                .split_once(name)
                .with_context(|| format!("`{old}` became `{new}`"))?;
            let (sign, value) = tail.split_at(tail.find(|c: char| c != ' ' && c != '=').unwrap_or(tail.len()));
            let (_, rest) = value.split_at(value.find([' ', '}']).unwrap_or(value.len()));
            let wanted = format!("{head}{name}{sign}{}{rest}", fix.replacement);
            ensure!(*new == wanted, "`{old}` became `{new}`, not `{wanted}`");
            changed += 1;
        }
    }
    ensure!(changed == 1, "{changed} lines changed");
    Ok(())
}

/// Judges, repairs, and judges again; `plan` makes the plan and returns the arguments that name it.
fn repaired(
    fix: &Fix,
    folder: &Path,
    mut plan: impl FnMut() -> anyhow::Result<Vec<&'static str>>,
    nhi: impl Fn(&[&str]) -> anyhow::Result<Nhi>,
) -> Outcome {
    let check = |named: &[&'static str]| {
        let report = nhi(&[&["check", "--format", "json", "--fail-on", "critical"], named].concat())?.json(0)?;
        findings(&report, fix)
    };
    let named = plan()?;
    let found = check(&named)?;
    ensure!(!found.is_empty(), "{}: the case is empty, nothing is found", fix.code);
    ensure!(
        found.iter().all(|(_, carries)| *carries),
        "no repair is offered: {found:?}"
    );
    let before = texts(folder)?;
    // Shown, nothing is written.
    nhi(&[&["fix"], named.as_slice()].concat())?.run()?.exits(0)?;
    ensure!(texts(folder)? == before, "a repair was made that was only to be shown");
    nhi(&[&["fix", "--write"], named.as_slice()].concat())?
        .run()?
        .exits(0)?;
    only_the_attribute_changed(fix, &before, &texts(folder)?)?;
    let named = plan()?;
    let found = check(&named)?;
    ensure!(
        found.is_empty(),
        "the repaired configuration is still flagged: {found:?}"
    );
    Ok(())
}

fn repairs_pass_the_real_core(core: &Core) -> Outcome {
    let Some(mirror) = aws_mirror()? else {
        say("SKIPPED: no AWS provider; set NHI_TEST_PROVIDER_MIRROR to a filesystem mirror that holds it");
        return Ok(());
    };
    for fix in fixes() {
        if !is_of_aws(fix) {
            say(&format!(
                "NOT PLANNED by {}: no provider of {} is at hand, its repair is judged by shape alone",
                core.kind.program(),
                fix.resource_type
            ));
            continue;
        }
        let stack = Stack::new(core)?
            .env("AWS_ACCESS_KEY_ID", "unused")
            .env("AWS_SECRET_ACCESS_KEY", "unused");
        stack.use_packages(Some(&mirror))?;
        stack.copy(&case(fix))?;
        stack.run(&["init", "-no-color"])?.succeeds()?;
        let plan = || {
            stack.plan()?.succeeds()?;
            Ok(vec!["tfplan"])
        };
        let nhi = |arguments: &[&str]| stack.nhi(arguments)?.with_core(core);
        repaired(fix, &stack.folder(), plan, nhi).with_context(|| format!("{} of {}", fix.code, fix.resource_type))?;
    }
    Ok(())
}

#[test]
fn repairs_without_a_provider_pass_by_shape() -> Outcome {
    for fix in fixes().iter().filter(|fix| !is_of_aws(fix)) {
        let scratch = tempfile::tempdir()?;
        let folder = scratch.path();
        fs::copy(programs::root().join(case(fix)).join("main.tf"), folder.join("main.tf"))?;
        let plan = || {
            let shape = shape(&fs::read_to_string(folder.join("main.tf"))?)?;
            fs::write(folder.join("plan.json"), shape.to_string())?;
            Ok(vec!["plan.json", "--source", "."])
        };
        let nhi = |arguments: &[&str]| Ok(Nhi::new(folder)?.args(arguments.iter().copied()));
        repaired(fix, folder, plan, nhi).with_context(|| format!("{} of {}", fix.code, fix.resource_type))?;
    }
    Ok(())
}

/// The plan that creates what a configuration of literals says.
fn shape(text: &str) -> anyhow::Result<Value> {
    let body = hcl::parse(text)?;
    let mut changes = Vec::new();
    for block in body.blocks() {
        let [kind, name] = block.labels.as_slice() else {
            bail!("`{}` is no resource", block.identifier.as_str());
        };
        let (kind, name) = (kind.as_str(), name.as_str());
        changes.push(json!({
            "address": format!("{kind}.{name}"),
            "mode": "managed",
            "type": kind,
            "name": name,
            "change": {
                "actions": ["create"],
                "before": null,
                "after": values(&block.body, kind)?,
                "after_unknown": {"id": true},
                "before_sensitive": false,
                "after_sensitive": {},
            },
        }));
    }
    Ok(json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": changes}))
}

/// Attributes and blocks as a provider returns them: blocks are lists, and truth values are no texts.
fn values(body: &hcl::Body, kind: &str) -> anyhow::Result<Value> {
    let mut found = Map::new();
    for attribute in body.attributes() {
        let value = match &attribute.expr {
            hcl::Expression::String(text) if text == "true" || text == "false" => json!(text == "true"),
            literal => serde_json::to_value(literal)?,
        };
        found.insert(attribute.key.as_str().to_owned(), value);
    }
    for block in body.blocks() {
        let list = found.entry(block.identifier.as_str()).or_insert_with(|| json!([]));
        let list = list
            .as_array_mut()
            .with_context(|| format!("{kind}: a block named like an attribute"))?;
        list.push(values(&block.body, kind)?);
    }
    Ok(Value::Object(found))
}
