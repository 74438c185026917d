//! What is computed of an identity, through both cores: no reading makes a difference, and a checkpoint holds.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::{Core, Outcome, Stack};

use crate::fixtures::{ADDRESS, identity, named};

support::legs!(
    what_is_computed_makes_no_difference,
    a_state_of_the_first_schema_plans_empty,
    a_checkpoint_that_travelled_is_held_to,
);

const OUTPUTS: &str = r#"
output "audit_checkpoint" {
  value = nhi_identity.this.audit_checkpoint
}
output "review_due_at" {
  value = nhi_identity.this.review_due_at
}
"#;

fn note(stack: &Stack) -> Outcome {
    let at = nhi_governance::Timestamp::from_unix(i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)?
            .as_secs(),
    )?);
    stack
        .nhi(&["used", "orders-reader", "--at", &at.to_string(), "--source", "gateway"])?
        .run()?
        .succeeds()
        .map(drop)
}

fn what_is_computed_makes_no_difference(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&(identity(&[]) + OUTPUTS))?;
    stack.apply()?.succeeds()?;
    let first = stack.attributes(ADDRESS)?;
    ensure!(
        first["last_used_at"].is_null() && first["request_digest"].is_null(),
        "{first}"
    );
    ensure!(
        first["is_orphaned"] == false && first["approved_by"] == serde_json::json!([]),
        "{first}"
    );
    ensure!(
        first["review_due_at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{first}"
    );
    stack.plans_empty()?;

    // The log grows and the identity is used; neither is a difference, and the checkpoint in the output stays.
    note(&stack)?;
    stack.plans_empty()?;
    stack.main(&(identity(&[]) + OUTPUTS + &named("other", &[("name", r#""other""#)])))?;
    stack.apply()?.succeeds()?;
    let used = stack.attributes(ADDRESS)?;
    ensure!(
        used["last_used_at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{used}"
    );
    ensure!(used["audit_checkpoint"] == first["audit_checkpoint"], "{used}");
    stack.plans_empty()?;

    // A change moves the checkpoint, and keeps what is known of use.
    stack.main(&(identity(&[("kind", r#""bot""#)]) + OUTPUTS + &named("other", &[("name", r#""other""#)])))?;
    stack.apply()?.succeeds()?;
    let changed = stack.attributes(ADDRESS)?;
    ensure!(changed["audit_checkpoint"] != first["audit_checkpoint"], "{changed}");
    ensure!(changed["last_used_at"] == used["last_used_at"], "{changed}");
    stack.plans_empty()?;
    Ok(())
}

fn a_state_of_the_first_schema_plans_empty(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let file = stack.folder().join("terraform.tfstate");
    let mut state: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    let instance = &mut state["resources"][0]["instances"][0];
    ensure!(instance["schema_version"] == 1, "{instance}");
    instance["schema_version"] = 0.into();
    let attributes = instance["attributes"].as_object_mut().context("attributes")?;
    for name in [
        "approval_digests",
        "approved_by",
        "audit_checkpoint",
        "is_orphaned",
        "last_used_at",
        "request_digest",
        "review_due_at",
    ] {
        attributes.remove(name).with_context(|| format!("no `{name}`"))?;
    }
    std::fs::write(&file, serde_json::to_vec(&state)?)?;
    stack.plans_empty()?;
    stack.main(&identity(&[("kind", r#""bot""#)]))?;
    stack.apply()?.succeeds()?;
    ensure!(stack.attributes(ADDRESS)?["review_due_at"].is_string());
    stack.plans_empty()?;
    Ok(())
}

fn a_checkpoint_that_travelled_is_held_to(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let checkpoint = stack.attributes(ADDRESS)?["audit_checkpoint"]
        .as_str()
        .context("a checkpoint")?
        .to_owned();
    let held = |checkpoint: &str| format!("provider \"nhi\" {{\n  audit_checkpoint = {checkpoint:?}\n}}\n");
    stack.file("provider.tf", &held(&checkpoint))?;
    stack.plans_empty()?;

    // Another registry in its place, with a state that knows of none: nothing but the checkpoint tells.
    let other = Stack::new(core)?;
    other.main(&identity(&[]))?;
    other.file("provider.tf", &held(&checkpoint))?;
    other.plan()?.fails_with(&["NHI-REGISTRY-ROLLBACK", "there is none"])?;
    other.file("provider.tf", "")?;
    other.apply()?.succeeds()?;
    other.file("provider.tf", &held(&checkpoint))?;
    other
        .plan()?
        .fails_with(&["NHI-REGISTRY-ROLLBACK", "the checkpoint is of registry"])?;
    other.file("provider.tf", &held("yesterday"))?;
    other.plan()?.fails_with(&["the checkpoint cannot be read"])?;
    Ok(())
}
