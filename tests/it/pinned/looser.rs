//! A change that loosens what is said of modules is told as what it is.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use support::Outcome;

use super::{World, key};

type Change = fn(&mut Value);

fn module(policy: &mut Value) -> &mut Value {
    &mut policy["module"]["team-policy"]
}

#[test]
fn a_policy_that_is_looser_about_modules_is_told() -> Outcome {
    let table: [(&str, Change); 8] = [
        ("module.team-policy.level", |policy| {
            module(policy)["level"] = json!("advisory");
        }),
        ("module.team-policy.sensitive_values", |policy| {
            module(policy)["sensitive_values"] = json!(true);
        }),
        ("module.team-policy.settings", |policy| {
            module(policy)["settings"] = json!({"required_tags": ["owner"]});
        }),
        ("module.team-extras", |policy| {
            if let Some(modules) = policy["module"].as_object_mut() {
                modules.remove("team-extras");
            }
        }),
        ("trust.", |policy| policy["trust"] = json!({})),
        ("trust.oci://*", |policy| {
            policy["trust"]["oci://*"] = json!({"any_of": ["platform"]});
        }),
        ("signer.platform.key", |policy| {
            // A key that cannot be made is one that cannot be read.
            let pem = key().map(|key| key.public().to_pem()).unwrap_or_default();
            policy["signer"]["platform"]["key"] = json!(pem);
        }),
        ("", |policy| module(policy)["level"] = json!("mandatory")),
    ];
    for (place, change) in table {
        let mut world = World::new()?;
        std::fs::copy(world.path("nhi.hcl"), world.path("base.hcl"))?;
        world.change(change)?;
        let arguments = ["policy", "diff", "base.hcl", "nhi.hcl", "--format", "json"];
        let exit = i32::from(!place.is_empty());
        let told = world.nhi(&arguments)?.json(exit).with_context(|| place.to_owned())?;
        let loosened = told["loosened"].as_array().context("loosened")?;
        let places: Vec<&str> = loosened.iter().filter_map(|one| one["place"].as_str()).collect();
        ensure!(places.len() == usize::from(!place.is_empty()), "{place}: {told}");
        ensure!(places.iter().all(|told| told.starts_with(place)), "{place}: {told}");
        ensure!(told["changed"] == true, "{told}");
    }
    Ok(())
}

#[test]
fn a_lock_that_is_looser_is_told() -> Outcome {
    let world = World::locked()?;
    let text = world.lock_text()?;
    let base = world.path("base");
    std::fs::create_dir(&base)?;
    std::fs::copy(world.path("nhi.hcl"), base.join("nhi.hcl"))?;
    std::fs::write(base.join("nhi.lock.hcl"), &text)?;
    let arguments = ["policy", "diff", "base/nhi.hcl", "nhi.hcl", "--format", "json"];
    let same = world.nhi(&arguments)?.json(0)?;
    ensure!(same["lock_loosened"] == json!([]), "{same}");
    let lower = text.replace("floor = \"1.0.0\"", "floor = \"0.9.0\"");
    std::fs::write(world.path("nhi.lock.hcl"), &lower)?;
    let told = world.nhi(&arguments)?.json(1)?;
    ensure!(told["lock_loosened"][0]["place"] == "lock.team-extras.floor", "{told}");
    // Where both policy files stand in one folder the lock files are named.
    std::fs::copy(world.path("nhi.hcl"), world.path("base.hcl"))?;
    let beside = ["policy", "diff", "base.hcl", "nhi.hcl"];
    world.nhi(&beside)?.run()?.exits(0)?;
    let named: Vec<&str> = beside.into_iter().chain(["--base-lock", "base/nhi.lock.hcl"]).collect();
    let ran = world.nhi(&named)?.run()?.exits(1)?;
    ran.says(&[
        "looser",
        "lock.team-extras.floor",
        "older versions of a module may be locked",
    ])?;
    Ok(())
}
