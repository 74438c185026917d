//! The command line, killed before and after each call that writes: whatever it was, the same command again comes to the
//! end, with nothing told twice.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use support::cores::{say, skip_unless_ci};
use support::{Nhi, Outcome, faults};

use crate::offers_by_wire::House;

/// A command that changes the registry.
struct Case {
    name: &'static str,
    /// Run before, where the change needs something to be there.
    before: &'static [&'static str],
    command: &'static [&'static str],
    event: &'static str,
    /// How often the log tells of it in the end.
    told: usize,
}

const CASES: [Case; 6] = [
    Case {
        name: "suspend",
        before: &[],
        command: &["suspend", "orders-a", "--reason", "a key leaked"],
        event: "identity.suspended",
        told: 1,
    },
    Case {
        name: "resume",
        before: &["suspend", "orders-a", "--reason", "a key leaked"],
        command: &["resume", "orders-a", "--reason", "it did not"],
        event: "identity.resumed",
        told: 1,
    },
    Case {
        name: "revoke",
        before: &[],
        command: &["revoke", "orders-a", "--reason", "a key leaked"],
        event: "identity.revoked",
        told: 1,
    },
    Case {
        name: "kill",
        before: &[],
        command: &[
            "kill",
            "--selector",
            "name=orders-*",
            "--yes",
            "--reason",
            "a key leaked",
        ],
        event: "identity.suspended",
        told: 2,
    },
    Case {
        name: "owner transfer",
        before: &[],
        command: &[
            "owner",
            "transfer",
            "--from",
            "team:orders",
            "--to",
            "team:intake",
            "--reason",
            "moved",
        ],
        event: "identity.updated",
        told: 2,
    },
    Case {
        name: "sweep",
        before: &[],
        command: &["sweep"],
        event: "identity.created",
        told: 2,
    },
];

fn nhi(folder: &Path, arguments: &[&str], user: &str) -> Result<Nhi> {
    Ok(Nhi::new(folder)?
        .args(arguments.iter().copied())
        .env("LOGNAME", user)
        .env("XDG_STATE_HOME", &folder.join("state").display().to_string()))
}

fn told(folder: &Path, event: &str) -> Result<usize> {
    let log = nhi(folder, &["audit", "list", "--format", "json"], "bob")?.json(0)?;
    let rows = log["rows"].as_array().cloned().unwrap_or_default();
    Ok(rows.iter().filter(|row| row["kind"] == event).count())
}

/// A folder with a copy of a registry.
fn fresh(template: &Path) -> Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("nhi-c-").tempdir()?;
    for name in ["nhi-registry.db", "nhi-registry.db-revocations"] {
        std::fs::copy(template.join(name), folder.path().join(name)).context("copy the registry")?;
    }
    Ok(folder)
}

/// Runs a command that is broken off; what the fault tells.
fn broken_off(folder: &Path, case: &Case, fault: &str) -> Result<String> {
    let told = folder.join("told");
    let registry = folder.canonicalize()?.join("nhi-registry.db");
    let mut command = nhi(folder, case.command, "bob")?;
    for (name, value) in faults::variables(fault, &registry, &told)? {
        command = command.env(name, &value);
    }
    command = command.args(["--registry"]).path(&registry);
    command.run()?;
    Ok(std::fs::read_to_string(told).unwrap_or_default())
}

fn judge(folder: &Path, case: &Case) -> Outcome {
    nhi(folder, &["audit", "verify"], "bob")?.run()?.succeeds()?;
    let again = nhi(folder, case.command, "bob")?.run()?;
    // 1: there was nothing left to do.
    ensure!(matches!(again.status.code(), Some(0 | 1)), "{}", again.said());
    nhi(folder, &["audit", "verify"], "bob")?.run()?.succeeds()?;
    let told = told(folder, case.event)?;
    ensure!(told == case.told, "`{}` is told {told} times", case.event);
    Ok(())
}

#[tokio::test]
async fn rule_10_a_command_that_was_killed_comes_to_its_end() -> Outcome {
    if faults::library().is_none() {
        return skip_unless_ci("there is no C compiler");
    }
    let house = House::new().await?;
    for name in ["orders-a", "orders-b"] {
        house.create(name).await?;
    }
    let House { plugin, scratch } = house;
    plugin.shutdown().await?;
    ensure!(
        !scratch.path().join("nhi-registry.db-wal").exists(),
        "the provider left a log behind"
    );
    let step = if std::env::var("NHI_CAMPAIGN").is_ok_and(|wanted| wanted == "full") {
        1
    } else {
        7
    };
    let (mut cases, mut failures, mut turn) = (0, Vec::new(), 0_usize);
    for case in &CASES {
        let template = fresh(scratch.path())?;
        if !case.before.is_empty() {
            nhi(template.path(), case.before, "alice")?.run()?.succeeds()?;
        }
        let calls = broken_off(fresh(template.path())?.path(), case, "count")?;
        let calls: usize = calls
            .parse()
            .with_context(|| format!("{}: {calls:?} calls", case.name))?;
        for number in 1..=calls {
            for when in ["before", "after"] {
                turn += 1;
                if turn % step != 0 {
                    continue;
                }
                cases += 1;
                let folder = fresh(template.path())?;
                let call = broken_off(folder.path(), case, &format!("{when}:{number}"))?;
                if let Err(error) = judge(folder.path(), case) {
                    failures.push(format!("{}, {when} {call} {number}: {error:#}", case.name));
                }
            }
        }
    }
    say(&format!(
        "kill -9 of `nhi`: {cases} cases, {} failures, seed 0",
        failures.len()
    ));
    ensure!(failures.is_empty(), "{failures:#?}");
    ensure!(cases >= CASES.len(), "{cases} cases are too few");

    // A planted defect: a command that is not the same the second time.
    let planted = Case { told: 3, ..CASES[0] };
    ensure!(
        judge(fresh(scratch.path())?.path(), &planted).is_err(),
        "a wrong count is not found"
    );
    Ok(())
}
