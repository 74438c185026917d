//! Planted secrets come out nowhere: not in state, plan, logs at TRACE, registry or reports.

use std::path::PathBuf;

use anyhow::ensure;
use serde_json::json;
use support::canary::{Canary, sightings, unpack};
use support::{Core, Nhi, Outcome, Stack, programs};

use crate::fixtures::identity;

support::legs!(
    a_run_leaves_no_secret_behind,
    a_wrong_registry_address_keeps_its_password
);

/// Variables whose values a provider can see but has no business with.
const VARIABLES: [&str; 5] = [
    "AWS_SECRET_ACCESS_KEY",
    "VAULT_TOKEN",
    "GITHUB_TOKEN",
    "GOOGLE_CREDENTIALS",
    "PGPASSWORD",
];

fn files(stack: &Stack) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = stack.traces()?;
    let plan = stack.folder().join("tfplan");
    if plan.exists() {
        files.extend(unpack(&plan)?);
    }
    Ok(files)
}

fn a_run_leaves_no_secret_behind(core: &Core) -> Outcome {
    let canaries: Vec<Canary> = VARIABLES.iter().map(|name| Canary::new(name)).collect();
    let mut stack = Stack::new(core)?;
    for canary in &canaries {
        stack.set(&canary.place, Some(&canary.secret));
    }
    stack.main(&identity(&[]))?;
    stack.plan()?.succeeds()?;
    stack.apply_planned()?.succeeds()?;
    stack.plan()?.succeeds()?;
    stack.main(&identity(&[("ttl", r#""9000h""#)]))?;
    stack.plan()?.exits(1)?;
    stack.main(&identity(&[]))?;
    stack.destroy()?.succeeds()?;

    let files = files(&stack)?;
    let has = |part: &str| {
        files
            .iter()
            .any(|(path, bytes)| path.to_string_lossy().contains(part) && !bytes.is_empty())
    };
    for kind in ["nhi-registry.db", "terraform.tfstate", "tfplan", ".log"] {
        ensure!(has(kind), "no {kind} was searched");
    }
    // The logs are those of TRACE, with the provider's own lines in them: an empty log would prove nothing.
    let logged = files
        .iter()
        .any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("provider.terraform-provider-nhi"));
    ensure!(logged, "no log holds a line of the provider");
    // The control: what is no secret is seen in each place, so the search works there.
    let name = Canary {
        place: "the name".to_owned(),
        secret: "orders-reader".to_owned(),
    };
    let seen = sightings(&[name], &files);
    for place in ["nhi-registry.db", "terraform.tfstate", "tfplan/"] {
        ensure!(
            seen.iter().any(|line| line.contains(place)),
            "the search finds nothing in {place}: {seen:#?}"
        );
    }
    let found = sightings(&canaries, &files);
    ensure!(found.is_empty(), "secrets came out again: {found:#?}");
    Ok(())
}

fn a_wrong_registry_address_keeps_its_password(core: &Core) -> Outcome {
    let canary = Canary::new("the password of a registry address");
    let stack = Stack::new(core)?;
    let address = format!("postgres://nhi:{}@db.example/registry", canary.secret);
    stack.main(&format!(
        "provider \"nhi\" {{\n  registry = \"{address}\"\n}}\n{}",
        identity(&[])
    ))?;
    let ran = stack.apply()?.exits(1)?;
    let mut files = files(&stack)?;
    // The core shows the line of the configuration that a diagnostic is about; what counts is what the provider says.
    let said: String = ran.said().lines().filter(|line| !line.contains("registry =")).collect();
    files.push((PathBuf::from("what was printed"), said.into_bytes()));
    let found = sightings(&[canary], &files);
    ensure!(found.is_empty(), "the password came out again: {found:#?}");
    Ok(())
}

/// A plan with a canary in every place where a check may look.
fn plan(canaries: &[Canary]) -> String {
    let [key, nested, sensitive, variable] = canaries else {
        return String::new();
    };
    let change = json!({
        "address": "terraform_data.job", "mode": "managed", "type": "terraform_data", "name": "job",
        "provider_name": "terraform.io/builtin/terraform",
        "change": {
            "actions": ["create"], "before": null,
            "after": {
                "input": {
                    "access_key_id": "AKIA3XQ7LNVD5RJWTC6M",
                    "secret_access_key": key.secret,
                    "config": format!("{{\"password\": \"{}\"}}", nested.secret),
                    "hidden_password": sensitive.secret,
                },
            },
            "after_unknown": {"id": true}, "before_sensitive": false,
            "after_sensitive": {"input": {"hidden_password": true}},
        },
    });
    json!({
        "format_version": "1.2", "terraform_version": "1.12.6", "planned_values": {"root_module": {}},
        "variables": {"db_password": {"value": variable.secret}},
        "resource_changes": [change],
        "configuration": {"root_module": {"variables": {"db_password": {"sensitive": true}}}}, "errored": false,
    })
    .to_string()
}

#[test]
fn a_report_says_where_a_credential_is_and_never_the_credential() -> Outcome {
    let canaries: Vec<Canary> = ["a key", "a nested password", "a sensitive value", "a variable"]
        .iter()
        .map(|place| Canary::new(place))
        .collect();
    let plan = plan(&canaries);
    let folder = programs::folder()?;
    let mut files = Vec::new();
    for format in ["human", "json", "sarif"] {
        let arguments = [
            "check",
            "-",
            "--format",
            format,
            "--timings",
            "--module",
            "example-policy-module.wasm",
        ];
        let ran = Nhi::new(&folder)?
            .args(arguments)
            .input(plan.as_str())
            .run()?
            .exits(1)?;
        ensure!(
            ran.stdout.contains("terraform_data.job"),
            "{format}: the finding is missing\n{}",
            ran.said()
        );
        files.push((PathBuf::from(format), ran.said().into_bytes()));
    }
    // A plan that cannot be read is quoted nowhere either.
    let broken = [
        plan.replacen("\"errored\":false", "\"errored\":tru", 1),
        plan.chars().take(plan.len() / 2).collect(),
    ];
    for text in broken {
        let ran = Nhi::new(&folder)?.args(["check", "-"]).input(text).run()?.exits(3)?;
        files.push((PathBuf::from("a broken plan"), ran.said().into_bytes()));
    }
    let found = sightings(&canaries, &files);
    ensure!(found.is_empty(), "secrets came out again: {found:#?}");
    Ok(())
}
