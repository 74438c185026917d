//! What the provider offers beside its resources, asked by the real cores: data sources, functions, import by identity,
//! moves from other providers; and what only the crate `tfplugin` offers so far: ephemeral resources, write-only
//! attributes.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use support::{Core, Kind, Outcome, Stack};

use crate::fixtures::{ADDRESS, identity, named};

support::legs!(
    data_sources_answer_and_change_no_plan,
    a_moment_that_is_known_at_apply_is_read_then,
    a_question_without_an_answer_is_an_error_at_its_attribute,
    the_audit_notices_a_registry_that_was_rolled_back,
    functions_compute_at_plan_and_point_at_bad_arguments,
    an_identity_is_imported_by_its_place,
    a_role_of_another_provider_becomes_governed,
    ephemeral_values_and_write_only_attributes_leave_no_trace,
);

fn output(stack: &Stack, name: &str) -> anyhow::Result<Value> {
    Ok(stack.state()?["values"]["outputs"][name]["value"].clone())
}

const ASKING: &str = r#"
data "nhi_inventory" "all" { depends_on = [nhi_identity.this] }
data "nhi_expiring" "soon" { within = "721h" }
data "nhi_orphans" "left" { known_owners = ["team:iam"] }
data "nhi_metrics" "all" {}
data "nhi_compliance_score" "all" {}
output "names" { value = data.nhi_inventory.all.identities[*].name }
output "soon" { value = data.nhi_expiring.soon.identities[*].name }
output "orphans" { value = data.nhi_orphans.left.identities[*].technical_owner }
output "live" { value = data.nhi_metrics.all.live }
output "score" { value = data.nhi_compliance_score.all.score }
"#;

fn data_sources_answer_and_change_no_plan(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&(identity(&[]) + ASKING))?;
    // Before anything is on record the answers are empty, and say so; what depends on the resource is read at apply.
    stack.plan()?.succeeds()?.says(&["there is no registry at"])?;
    stack.apply_planned()?.succeeds()?;
    ensure!(
        output(&stack, "names")? == json!(["orders-reader"]),
        "{}",
        stack.state()?
    );
    ensure!(output(&stack, "soon")? == json!([]), "{}", stack.state()?);
    // The registry is there now.
    stack.apply()?.succeeds()?;
    for (name, value) in [
        ("soon", json!(["orders-reader"])),
        ("orphans", json!(["team:orders"])),
        ("live", json!(1)),
        ("score", json!(0.8571)),
    ] {
        ensure!(output(&stack, name)? == value, "{name}: {}", output(&stack, name)?);
    }
    for _ in 0..2 {
        stack.plans_empty()?;
    }
    stack.destroy()?.succeeds()?;
    Ok(())
}

fn a_moment_that_is_known_at_apply_is_read_then(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let asking = |at: &str| {
        format!(
            "{}\ndata \"nhi_expiring\" \"soon\" {{\n  within = \"1h\"\n  at = {at}\n}}\n\
             output \"soon\" {{\n  value = data.nhi_expiring.soon.identities[*].name\n}}\n",
            identity(&[])
        )
    };
    stack.main(&asking(r#"timeadd(plantimestamp(), "800h")"#))?;
    stack.plan()?.succeeds()?;
    ensure!(
        stack.planned()?["planned_values"]["outputs"]["soon"]["value"] == json!(["orders-reader"]),
        "known at plan"
    );
    stack.main(&asking(r#"timeadd(timestamp(), "800h")"#))?;
    stack.plan()?.succeeds()?;
    let planned = stack.planned()?;
    ensure!(
        planned["output_changes"]["soon"]["after_unknown"] == true,
        "{}",
        planned["output_changes"]
    );
    stack.apply_planned()?.succeeds()?;
    ensure!(output(&stack, "soon")? == json!(["orders-reader"]), "read at apply");
    Ok(())
}

fn a_question_without_an_answer_is_an_error_at_its_attribute(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    for (block, words) in [
        (
            r#"data "nhi_inventory" "x" { at = "soon" }"#,
            ["`soon` is not an RFC 3339", "NHI-QUESTION"],
        ),
        (
            r#"data "nhi_inventory" "x" { statuses = ["dead"] }"#,
            ["`dead` is not a status", "NHI-QUESTION"],
        ),
        (r#"data "nhi_inventory" "x" { kind = "robot" }"#, ["robot", "NHI-KIND"]),
        (
            r#"data "nhi_expiring" "x" { within = "2 weeks" }"#,
            ["2 weeks", "NHI-TTL"],
        ),
        (
            r#"data "nhi_orphans" "x" { known_owners = [] }"#,
            ["no owner is known", "NHI-QUESTION"],
        ),
        (
            r#"data "nhi_audit" "x" { limit = 100000 }"#,
            ["`limit` is out of range", "NHI-QUESTION"],
        ),
    ] {
        stack.main(block)?;
        let ran = stack.plan()?.fails_with(&words)?;
        // A core that marks the line was told the attribute.
        ensure!(ran.stderr.contains("main.tf line"), "{}", ran.said());
    }
    Ok(())
}

fn the_audit_notices_a_registry_that_was_rolled_back(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let registry = stack.folder().join("nhi-registry.db");
    let asking = "\ndata \"nhi_audit\" \"log\" {}\noutput \"seq\" {\n  value = data.nhi_audit.log.head_seq\n}\n\
                  output \"hash\" {\n  value = data.nhi_audit.log.head\n}\n";
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let older = std::fs::read(&registry)?;
    stack.main(&(identity(&[("technical_owner", r#""team:intake""#)]) + asking))?;
    stack.apply()?.succeeds()?;
    stack.apply()?.succeeds()?;
    let (seq, hash) = (output(&stack, "seq")?, output(&stack, "hash")?);
    let hash = hash.as_str().context("a hash")?.to_owned();
    let known = format!("data \"nhi_audit\" \"log\" {{\n  known_row = {{ seq = {seq}, hash = {hash:?} }}\n}}\n");
    stack.main(&(identity(&[("technical_owner", r#""team:intake""#)]) + &known))?;
    stack.plan()?.succeeds()?;
    // A file beside the registry holds what is not in it yet.
    for file in ["nhi-registry.db-wal", "nhi-registry.db-shm"] {
        let _ = std::fs::remove_file(stack.folder().join(file));
    }
    std::fs::write(&registry, older)?;
    stack
        .plan()?
        .fails_with(&["replaced by an older copy", "NHI-REGISTRY-TAMPERED"])?;
    Ok(())
}

fn functions_compute_at_plan_and_point_at_bad_arguments(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&format!(
        "{}\nlocals {{\n  spiffe_id = provider::nhi::spiffe_id(\"nhi.internal\", \"staging\", \"orders-reader\")\n}}\n\
         output \"same\" {{\n  value = local.spiffe_id == nhi_identity.this.spiffe_id\n}}\n\
         output \"hours\" {{\n  value = provider::nhi::parse_duration(nhi_identity.this.ttl) / 3600\n}}\n\
         output \"tier\" {{\n  value = provider::nhi::risk_tier(nhi_identity.this.risk_score)\n}}\n",
        identity(&[])
    ))?;
    stack.apply()?.succeeds()?;
    ensure!(output(&stack, "same")? == true);
    ensure!(output(&stack, "hours")? == 720);
    ensure!(output(&stack, "tier")? == stack.attributes(ADDRESS)?["risk_tier"]);
    stack.plans_empty()?;
    for (call, words) in [
        (r#"parse_duration("30d")"#, "NHI-TTL"),
        (r#"spiffe_id("nhi.internal", "staging", "Reader!")"#, "NHI-NAME"),
        ("parse_duration(null)", "null"),
        (r#"risk_tier({ kind = "robot" })"#, "NHI-KIND"),
        (r#"risk_tier("high")"#, "NHI-QUESTION"),
    ] {
        stack.main(&format!("output \"x\" {{\n  value = provider::nhi::{call}\n}}\n"))?;
        let ran = stack.plan()?.fails_with(&[words])?;
        ensure!(ran.stderr.contains("main.tf line"), "{}", ran.said());
    }
    Ok(())
}

/// Terraform 1.11 does not know of identities; OpenTofu 1.12 does.
fn an_identity_is_imported_by_its_place(core: &Core) -> Outcome {
    if core.kind == Kind::Terraform {
        return Ok(());
    }
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(ADDRESS)?;
    stack.run(&["state", "rm", ADDRESS])?.succeeds()?;
    let importing = |identity: &str| {
        format!(
            "{}\nimport {{\n  to       = {ADDRESS}\n  identity = {identity}\n}}\n",
            crate::fixtures::identity(&[])
        )
    };
    for (identity, words) in [
        (
            r#"{ environment = "staging", name = "nobody" }"#,
            "is not in the registry",
        ),
        (r#"{ name = "orders-reader" }"#, "does not say which identity is meant"),
        (r#"{ id = "7" }"#, "NHI-ID"),
    ] {
        stack.main(&importing(identity))?;
        stack.plan()?.fails_with(&[words])?;
    }
    stack.main(&importing(r#"{ environment = "staging", name = "orders-reader" }"#))?;
    stack.apply()?.succeeds()?;
    // Where the log stands is told as of now.
    let mut after = stack.attributes(ADDRESS)?;
    ensure!(after["audit_checkpoint"].is_string(), "{after}");
    after["audit_checkpoint"] = before["audit_checkpoint"].clone();
    ensure!(after == before, "{after}");
    stack.plans_empty()?;
    let state = std::fs::read_to_string(stack.folder().join("terraform.tfstate"))?;
    let state: Value = serde_json::from_str(&state)?;
    let stored = &state["resources"][0]["instances"][0]["identity"];
    ensure!(
        stored["id"] == before["id"] && stored["name"] == "orders-reader",
        "{state}"
    );
    Ok(())
}

/// The state of a role as the AWS provider writes it; a stand-in is there, since a core asks every provider of a state
/// for its schema.
fn a_role_of_another_provider_becomes_governed(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.use_test_provider("shelf", "hashicorp/aws")?;
    let arn = "arn:aws:iam::111122223333:role/orders";
    let role = |kind: &str| {
        json!({
            "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "moved", "outputs": {},
            "resources": [{
                "mode": "managed", "type": kind, "name": "orders",
                "provider": format!("provider[\"{}/hashicorp/aws\"]", core.kind.registry_host()),
                "instances": [{
                    "schema_version": 0, "private": "c2VjcmV0",
                    "attributes": { "name": "orders", "arn": arn, "path": "/", "tags": {}, "max_session_duration": 3600 },
                }],
            }],
        })
        .to_string()
    };
    let moving = |kind: &str, external: &str| {
        identity(&[("external", external)]) + &format!("moved {{\n  from = {kind}.orders\n  to   = {ADDRESS}\n}}\n")
    };
    let governed = format!("[{arn:?}]");

    stack.file("terraform.tfstate", &role("aws_iam_policy"))?;
    stack.main(&moving("aws_iam_policy", &governed))?;
    stack
        .plan()?
        .fails_with(&["cannot become an identity", "`aws_iam_role`", "NHI-MOVED"])?;

    stack.file("terraform.tfstate", &role("aws_iam_role"))?;
    stack.main(&moving("aws_iam_role", r#"["arn:aws:iam::111122223333:role/other"]"#))?;
    stack
        .plan()?
        .fails_with(&["was moved here and is not governed", "NHI-MOVED"])?;

    stack.main(&moving("aws_iam_role", &governed))?;
    stack.plan()?.succeeds()?.says(&["a aws_iam_role is taken over"])?;
    ensure!(stack.actions(ADDRESS)? == ["update"], "{:?}", stack.actions(ADDRESS)?);
    stack.apply_planned()?.succeeds()?;
    let attributes = stack.attributes(ADDRESS)?;
    ensure!(
        attributes["status"] == "active" && attributes["external"] == json!([arn]),
        "{attributes}"
    );
    let state = std::fs::read_to_string(stack.folder().join("terraform.tfstate"))?;
    ensure!(
        !state.contains("c2VjcmV0"),
        "the private bytes of the other provider are gone"
    );
    stack.plans_empty()?;
    // Nothing is governed twice.
    stack.main(&(identity(&[("external", &governed)]) + &named("again", &[("external", &governed)])))?;
    stack.apply()?.fails_with(&["NHI-REGISTRY-EXISTS"])?;
    Ok(())
}

fn ephemeral_values_and_write_only_attributes_leave_no_trace(core: &Core) -> Outcome {
    let mut stack = Stack::new(core)?;
    stack.use_test_provider("shelf", "test/shelf")?;
    let log = stack.home().join("shelf.log");
    stack.set("SHELF_LOG", Some(&log.display().to_string()));
    let text = |version: u32| {
        format!(
            r#"
terraform {{
  required_providers {{
    shelf = {{
      source = "test/shelf"
    }}
  }}
}}
ephemeral "shelf_key" "attic" {{
  name = "attic"
}}
resource "shelf_book" "emma" {{
  title          = "Emma"
  secret         = ephemeral.shelf_key.attic.value
  secret_version = {version}
}}
"#
        )
    };
    stack.file("main.tf", &text(1))?;
    stack.plan()?.succeeds()?;
    stack.apply_planned()?.succeeds()?;
    stack.plans_empty()?;
    stack.file("main.tf", &text(2))?;
    stack.plan()?.succeeds()?;
    ensure!(
        stack.actions("shelf_book.emma")? == ["update"],
        "a bump of the version is the change"
    );
    stack.apply_planned()?.succeeds()?;
    let noted = std::fs::read_to_string(&log)?;
    let lines: Vec<&str> = noted.lines().collect();
    let secrets = lines.iter().filter(|line| **line == "secret of 12 bytes").count();
    ensure!(secrets == 2, "the secret arrives at every apply: {noted}");
    let opened = lines.iter().filter(|line| **line == "opened attic").count();
    let closed = lines.iter().filter(|line| line.starts_with("closed attic")).count();
    ensure!(opened == closed && opened >= 4, "what is opened is closed: {noted}");
    for (path, bytes) in stack.traces()? {
        let shows = bytes.windows(12).any(|window| window == b"key-of-attic");
        ensure!(!shows, "`{}` holds the secret", path.display());
    }
    stack.file("main.tf", &text(2).replace("\"attic\"\n", "\"lost\"\n"))?;
    stack.plan()?.fails_with(&["There is no such key"])?;
    Ok(())
}
