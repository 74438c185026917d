//! `nhi rules` and `nhi explain` know the rules of locked modules, by what a check would run and by nothing else.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use support::{Nhi, Outcome};

use super::refused::TABLE;
use super::{World, remove, team};

/// The rule with this code.
fn rule<'r>(listed: &'r Value, code: &str) -> Option<&'r Value> {
    listed["rules"].as_array()?.iter().find(|rule| rule["code"] == code)
}

#[test]
fn the_rules_of_locked_modules_stand_beside_the_built_in_ones() -> Outcome {
    let world = World::locked()?;
    let asked = world.shelf.asked();
    let listed = world.nhi(&["rules", "--format", "json"])?.json(0)?;
    ensure!(listed["problems"] == json!([]), "{listed}");
    let source = world.shelf.source(super::REPOSITORY);
    for (code, module, version, level, from) in [
        (
            "NHI001",
            "nhi-analyzer",
            env!("CARGO_PKG_VERSION"),
            Value::Null,
            Value::Null,
        ),
        ("TEAM001", "team-policy", "0.1.0", json!("overridable"), json!(source)),
        (
            "XTRA001",
            "team-extras",
            "1.0.0",
            json!("advisory"),
            json!("./extras.wasm"),
        ),
    ] {
        let rule = rule(&listed, code).with_context(|| code.to_owned())?;
        ensure!(rule["module"] == module && rule["module_version"] == version, "{rule}");
        ensure!(rule["level"] == level && rule["source"] == from, "{rule}");
        ensure!(code == "NHI001" || rule["severity"] == "high", "{rule}");
    }
    let said = world.nhi(&["rules"])?.run()?.exits(0)?;
    for words in [
        format!("Rules of team-policy 0.1.0, overridable, {source}"),
        "Rules of team-extras 1.0.0, advisory, ./extras.wasm".to_owned(),
        "TEAM001  high      missing-tag".to_owned(),
    ] {
        ensure!(said.stdout.contains(&words), "`{words}`: {}", said.stdout);
    }

    // By the path of the policy file, and beside a module of the command line, which has no level.
    let elsewhere = tempfile::tempdir()?;
    let module = elsewhere.path().join("other.wasm").display().to_string();
    std::fs::write(&module, super::variant("other-rules", "2.0.0", "OTHR001")?)?;
    let policy = world.path("nhi.hcl").display().to_string();
    let named = ["rules", "--format", "json", "--policy", &policy, "--module", &module];
    let listed = world.at_home(Nhi::new(elsewhere.path())?).args(named).json(0)?;
    ensure!(
        rule(&listed, "TEAM001").is_some() && rule(&listed, "XTRA001").is_some(),
        "{listed}"
    );
    let other = rule(&listed, "OTHR001").context("OTHR001")?;
    ensure!(
        other["level"] == Value::Null && other["source"] == json!(module),
        "{other}"
    );
    // Near miss: where there is no policy file nothing of it is known.
    let bare = world.at_home(Nhi::new(elsewhere.path())?);
    let listed = bare.args(["rules", "--format", "json"]).json(0)?;
    ensure!(
        rule(&listed, "TEAM001").is_none() && rule(&listed, "NHI001").is_some(),
        "{listed}"
    );
    let bare = world.at_home(Nhi::new(elsewhere.path())?);
    bare.args(["explain", "TEAM001"])
        .run()?
        .exits(2)?
        .says(&["no code `TEAM001`", "--policy nhi.hcl"])?;
    ensure!(world.shelf.asked() == asked, "the registry was asked");
    Ok(())
}

#[test]
fn a_rule_of_a_locked_module_is_explained_by_what_the_module_says() -> Outcome {
    let mut world = World::locked()?;
    let source = world.shelf.source(super::REPOSITORY);
    let said = world.nhi(&["explain", "team001"])?.run()?.exits(0)?;
    said.says(&[
        "TEAM001 missing-tag  high, by team-policy 0.1.0",
        "what a covered resource lacks a required tag",
        "why  without its tags nobody knows",
        "maps NHI1:2025",
        &format!("from {source}, as the lock file pins it"),
        "rank overridable, a waiver takes it out of the count",
        r#"required_tags = ["cost-center"]  by the policy file"#,
        "Use instead",
        "The organisation's tagging standard.",
    ])?;
    // What nobody has set is what the module takes by default.
    let said = world.nhi(&["explain", "XTRA001"])?.run()?.exits(0)?;
    ensure!(said.stdout.contains("  by default"), "{}", said.stdout);
    ensure!(
        said.stdout.contains("rank advisory, it never fails a check"),
        "{}",
        said.stdout
    );
    ensure!(!said.stdout.contains("by the policy file"), "{}", said.stdout);
    // A name may be that of several rules.
    let said = world.nhi(&["explain", "missing-tag"])?.run()?.exits(0)?;
    ensure!(
        said.stdout.contains("TEAM001") && said.stdout.contains("XTRA001"),
        "{}",
        said.stdout
    );

    // The level is the policy file's of today, and so are the settings.
    world.change(|policy| policy["module"]["team-policy"]["level"] = json!("mandatory"))?;
    let said = world.nhi(&["explain", "TEAM001"])?.run()?.exits(0)?;
    ensure!(
        said.stdout.contains("rank mandatory, nothing takes it out"),
        "{}",
        said.stdout
    );

    // A module of the command line, where there is no policy file.
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("team.wasm"), team("0.1.0", "TEAM001")?)?;
    let nhi = world.at_home(Nhi::new(folder.path())?);
    let said = nhi
        .args(["explain", "TEAM001", "--module", "team.wasm"])
        .run()?
        .exits(0)?;
    said.says(&[
        "from team.wasm, named on the command line",
        "by default",
        "--module-settings",
    ])?;
    Ok(())
}

#[test]
fn what_a_check_would_refuse_is_not_known() -> Outcome {
    for (what, code, change) in TABLE {
        let mut world = World::locked()?;
        change(&mut world).with_context(|| what.to_owned())?;
        let asked = world.shelf.asked();
        let listed = world
            .nhi(&["rules", "--format", "json"])?
            .json(3)
            .with_context(|| what.to_owned())?;
        let problems = listed["problems"].as_array().context("problems")?;
        ensure!(
            problems.iter().any(|problem| problem["code"] == code),
            "{what}: {listed}"
        );
        for problem in problems {
            ensure!(
                problem["help"].as_str().is_some_and(|help| !help.is_empty()),
                "{what}: {problem}"
            );
            let module = &problem["module"];
            let rules = listed["rules"].as_array().context("rules")?;
            ensure!(rules.iter().all(|rule| rule["module"] != *module), "{what}: {listed}");
        }
        let nobody = world.nhi(&["explain", "NOPE001"])?.run()?.exits(3)?;
        nobody.says(&[code, "no code `NOPE001` is known", "could not be looked into"])?;
        // What is not a module's is explained in any case.
        for own in ["NHI001", code] {
            let said = world.nhi(&["explain", own])?.run()?.exits(0)?;
            ensure!(said.stdout.contains(own), "{what}: {}", said.stdout);
        }
        ensure!(world.shelf.asked() == asked, "{what}: the registry was asked");
    }
    Ok(())
}

#[test]
fn what_is_not_locked_is_told_and_hides_no_other_rule() -> Outcome {
    let mut world = World::locked()?;
    world.change(|policy| policy["module"]["another"] = policy["module"]["team-extras"].clone())?;
    let words = [
        "NHI-MODULE-UNLOCKED",
        "another",
        "does not pin the module",
        "nhi module lock",
    ];
    let said = world.nhi(&["rules"])?.run()?.exits(3)?;
    let said = said.says(&words)?;
    ensure!(
        said.stdout.contains("TEAM001") && said.stdout.contains("NHI001"),
        "{}",
        said.stdout
    );
    let said = world.nhi(&["explain", "TEAM001"])?.run()?.exits(3)?;
    let said = said.says(&words)?;
    ensure!(said.stdout.contains("by team-policy 0.1.0"), "{}", said.stdout);
    // A lock file that cannot be read is not taken for none.
    std::fs::write(world.path("nhi.lock.hcl"), "module \"team-policy\" {\n")?;
    for arguments in [&["rules"][..], &["explain", "TEAM001"]] {
        let said = world.nhi(arguments)?.run()?.exits(3)?;
        let said = said.says(&["nhi.lock.hcl", "restore it from version control"])?;
        ensure!(said.stdout.is_empty(), "{}", said.stdout);
    }
    // And a policy file that is named and not there is not taken for none either.
    remove(&world.path("nhi.hcl"))?;
    let missing = world.nhi(&["rules", "--policy", "nhi.hcl"])?.run()?.exits(3)?;
    missing.says(&["nhi.hcl"])?;
    Ok(())
}

#[test]
fn what_a_module_says_of_its_rules_is_harmless() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut wasm = team("0.1.0", "TEAM001")?;
    for (from, to) in [
        (
            "a covered resource lacks a required tag",
            "\u{1b}]52;c;aGk=\u{7}\n::error::\u{202e}x\n##[error]y",
        ),
        (
            "Flags roles, users, functions and buckets",
            "::error::a\u{1b}[2J\r##[group]\u{202e}b",
        ),
    ] {
        super::exchange(
            &mut wasm,
            from,
            &format!("{to:<width$}", width = from.len() - to.len() + to.chars().count()),
        )?;
    }
    std::fs::write(folder.path().join("team.wasm"), wasm)?;
    let raw = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    for arguments in [&["explain", "TEAM001"][..], &["rules"], &["rules", "--format", "json"]] {
        let nhi = Nhi::new(folder.path())?.env("NHI_CACHE_DIR", super::CACHE);
        let all = arguments.iter().copied().chain(["--module", "team.wasm"]);
        let said = nhi.args(all).run()?.exits(0)?.stdout;
        ensure!(said.contains("aGk="), "{said}");
        ensure!(!said.contains(raw), "{arguments:?}: {said:?}");
        let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
        ensure!(!said.lines().any(is_command), "{arguments:?}: {said}");
    }
    Ok(())
}
