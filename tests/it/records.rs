//! The records besides identities, driven by the real cores: create, change, drift, import, expiry, destroy.

use anyhow::{Context as _, ensure};
use support::{Core, Outcome, Stack};

use crate::fixtures::{WAIVING, identity};
use crate::lifecycle::events;

support::legs!(
    every_kind_lives_from_plan_to_end,
    a_grant_stays_within_its_identity_and_expires,
    a_team_that_goes_suspends_its_identities,
    a_contract_that_ended_suspends_from_the_start,
);

/// One kind: its type, its attributes, a change in place, a change that replaces it.
struct Case {
    kind: &'static str,
    good: &'static [(&'static str, &'static str)],
    change: (&'static str, &'static str),
    replaces: (&'static str, &'static str),
}

/// A provider that lets a change go ahead without approvals.
const UNENFORCED: &str = "provider \"nhi\" {\n  enforcement = \"warn\"\n  policy      = \"nhi.hcl\"\n}\n";

/// What the registry calls the kind.
fn word(case: &Case) -> &str {
    case.kind.trim_start_matches("nhi_")
}

const CASES: [Case; 5] = [
    Case {
        kind: "nhi_access_review",
        good: &[
            ("name", r#""quarterly""#),
            ("selector", r#"{ environment = "staging" }"#),
            ("cadence", r#""2160h""#),
            ("reviewers", r#"["user:alice", "user:rita"]"#),
            ("due_in", r#""336h""#),
        ],
        change: ("due_in", r#""168h""#),
        replaces: ("name", r#""monthly""#),
    },
    Case {
        kind: "nhi_break_glass",
        good: &[
            ("name", r#""orders-database""#),
            ("environment", r#""production""#),
            ("holders", r#"["user:alice", "user:bob"]"#),
            ("max_session", r#""30m""#),
            ("approvals", "1"),
            ("test_interval", r#""720h""#),
            ("notify", r##"["#security"]"##),
            (
                "scope",
                r#"[{ backend = "postgresql", resource = "cluster/orders", actions = ["role:orders_admin"] }]"#,
            ),
        ],
        change: ("max_session", r#""15m""#),
        replaces: ("name", r#""payments-database""#),
    },
    Case {
        kind: "nhi_grant",
        good: &[
            ("identity_id", "nhi_identity.this.id"),
            ("backend", r#""aws""#),
            ("resource", r#""arn:aws:sqs:eu-west-1:111122223333:orders""#),
            ("actions", r#"["sqs:GetQueueAttributes"]"#),
            ("justification", r#""The intake reads how long the queue is""#),
            ("ttl", r#""240h""#),
        ],
        change: ("ttl", r#""120h""#),
        replaces: ("", ""),
    },
    Case {
        kind: "nhi_team",
        good: &[
            ("name", r#""intake""#),
            ("accountable_human", r#""user:alice""#),
            ("backup_owner", r#""bob@example.com""#),
            ("members", r#"["user:carol"]"#),
        ],
        change: ("backup_owner", r#""user:carol""#),
        replaces: ("name", r#""shipping""#),
    },
    Case {
        kind: "nhi_vendor",
        good: &[
            ("name", r#""acme""#),
            ("contact", r#""support@acme.example""#),
            ("contract_end", r#""2091-03-31T00:00:00Z""#),
            ("offboarding_runbook", r#""docs/acme.md""#),
        ],
        change: ("contact", r#""help@acme.example""#),
        replaces: ("name", r#""zenith""#),
    },
];

/// The configuration of a case, with one attribute changed.
fn block(case: &Case, change: (&str, &str)) -> String {
    let attributes = case.good.iter().map(|(name, value)| {
        let value = if *name == change.0 { change.1 } else { value };
        format!("  {name} = {value}\n")
    });
    let attributes: String = attributes.collect();
    let block = format!("resource \"{}\" \"case\" {{\n{attributes}}}\n", case.kind);
    if case.kind == "nhi_grant" {
        block + &identity(&[])
    } else {
        block
    }
}

fn every_kind_lives_from_plan_to_end(core: &Core) -> Outcome {
    for case in &CASES {
        life(core, case).with_context(|| format!("the life of `{}`", case.kind))?;
    }
    Ok(())
}

fn life(core: &Core, case: &Case) -> anyhow::Result<()> {
    let stack = Stack::new(core)?;
    let address = format!("{}.case", case.kind);
    stack.main(&block(case, ("", "")))?;
    if case.kind == "nhi_break_glass" {
        // Nobody has approved it; that is what another test is about.
        stack
            .plan()?
            .fails_with(&["tier critical calls for", "NHI-APPROVAL-MISSING"])?;
        stack.file("nhi.hcl", WAIVING)?;
        stack.file("provider.tf", UNENFORCED)?;
    }
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(&address)? == ["create"]);
    stack.apply_planned()?.succeeds()?;
    let first = stack.attributes(&address)?;
    ensure!(first["revision"] == 1 && !first["status_reason"].is_null(), "{first}");
    stack.plans_empty()?;

    stack.main(&block(case, case.change))?;
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(&address)? == ["update"]);
    stack.apply_planned()?.succeeds()?;
    let changed = stack.attributes(&address)?;
    ensure!(changed["id"] == first["id"] && changed["revision"] == 2, "{changed}");
    stack.plans_empty()?;

    let id = changed["id"].as_str().context("no id")?;
    stack.run(&["state", "rm", &address])?.succeeds()?;
    stack.run(&["import", "-no-color", &address, id])?.succeeds()?;
    ensure!(
        stack.attributes(&address)? == changed,
        "{changed} {}",
        stack.attributes(&address)?
    );
    stack.plans_empty()?;

    if case.replaces.0.is_empty() {
        // A grant is replaced with its identity.
        stack
            .run(&["apply", "-auto-approve", "-no-color", "-replace=nhi_identity.this"])?
            .succeeds()?;
    } else {
        stack.main(&block(case, case.replaces))?;
        stack.plan()?.succeeds()?;
        ensure!(stack.actions(&address)? == ["delete", "create"]);
        stack.apply_planned()?.succeeds()?;
    }
    let replaced = stack.attributes(&address)?;
    ensure!(replaced["id"] != first["id"] && replaced["revision"] == 1, "{replaced}");
    stack.destroy()?.succeeds()?;
    let events = events(&stack)?;
    for verb in ["created", "updated", "ended"] {
        let event = format!("{}.{verb}", word(case));
        ensure!(events.contains(&event), "no `{event}` in {events:?}");
    }
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(())
}

fn a_grant_stays_within_its_identity_and_expires(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let grant = |change| {
        CASES
            .iter()
            .find(|case| case.kind == "nhi_grant")
            .map(|case| block(case, change))
    };
    let wide = grant(("actions", r#"["sqs:DeleteQueue"]"#)).context("no case of a grant")?;
    stack.main(&wide)?;
    stack
        .apply()?
        .fails_with(&["sqs:DeleteQueue", "outside of the scope"])?;
    let short = grant(("ttl", r#""1s""#)).context("no case of a grant")?;
    stack.main(&short)?;
    stack.apply()?.succeeds()?;
    // A run of a core takes a while, so that one of a few comes late enough.
    for _ in 0..50 {
        stack
            .run(&["apply", "-refresh-only", "-auto-approve", "-no-color"])?
            .succeeds()?;
        if stack.attributes("nhi_grant.case")?["status"] == "expired" {
            stack.plan()?.fails_with(&["has expired", "Write `generation = 2`"])?;
            stack.main(&short.replace("ttl = \"1s\"", "ttl = \"240h\"\n  generation = 2"))?;
            stack.apply()?.succeeds()?;
            ensure!(stack.attributes("nhi_grant.case")?["status"] == "active");
            return stack.plans_empty();
        }
    }
    anyhow::bail!("it did not expire: {}", stack.attributes("nhi_grant.case")?);
}

fn a_team_that_goes_suspends_its_identities(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let team = CASES
        .iter()
        .find(|case| case.kind == "nhi_team")
        .map(|case| block(case, ("", "")));
    let identity = identity(&[("technical_owner", r#""team:intake""#)]);
    stack.main(&format!("{}{identity}", team.context("no case of a team")?))?;
    stack.apply()?.succeeds()?;
    ensure!(stack.attributes("nhi_identity.this")?["status"] == "active");
    stack.main(&identity)?;
    stack.apply()?.succeeds()?;
    stack
        .run(&["apply", "-refresh-only", "-auto-approve", "-no-color"])?
        .succeeds()?;
    let orphaned = stack.attributes("nhi_identity.this")?;
    ensure!(orphaned["status"] == "suspended", "{orphaned}");
    Ok(())
}

fn a_contract_that_ended_suspends_from_the_start(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    // An identity of a vendor is of a tier that calls for an approval.
    stack.file("nhi.hcl", WAIVING)?;
    stack.file("provider.tf", UNENFORCED)?;
    let vendor = CASES.iter().find(|case| case.kind == "nhi_vendor");
    let vendor = block(
        vendor.context("no case of a vendor")?,
        ("contract_end", r#""2020-01-01T00:00:00Z""#),
    );
    stack.main(&format!(
        "{vendor}{}",
        identity(&[("vendor_id", "nhi_vendor.case.id"), ("ttl", r#""240h""#)])
    ))?;
    stack.apply()?.succeeds()?;
    ensure!(stack.attributes("nhi_vendor.case")?["status"] == "contract_ended");
    let suspended = stack.attributes("nhi_identity.this")?;
    ensure!(suspended["status"] == "suspended", "{suspended}");
    Ok(())
}
