//! What a change cannot bring along, through both cores: a looser policy, a waiver in production, a life after a kill,
//! a static secret without its exception; and what the data sources say of all that.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::cores::skip_unless_ci;
use support::{Core, Outcome, Stack};

use crate::approvals::{house, provider, requests};
use crate::fixtures::{ADDRESS, identity, named};

support::legs!(
    a_kill_holds_at_every_read_until_it_is_resumed,
    a_looser_policy_waits_for_its_people,
    a_static_secret_waits_for_its_exception,
    a_word_in_the_configuration_waives_nothing_in_production,
    what_is_asked_is_answered_and_plans_empty,
);

/// One approval is enough for everything, so that one person is enough for the tests.
const BASE: &str = r#"
organisation = "example"
tier "high" {
  approvals {
    count        = 1
    policy_owner = false
  }
}
tier "critical" {
  approvals {
    count    = 1
    security = false
  }
}
"#;
const LAX: &str = "tier \"low\" {\n  identity_ttl_max = \"4400h\"\n}\n";

fn with_policy(block: &str) -> String {
    block.replace("provider \"nhi\" {\n", "provider \"nhi\" {\n  policy = \"nhi.hcl\"\n")
}

fn a_looser_policy_waits_for_its_people(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let Some(digest) = house(&stack)? else {
        return skip_unless_ci("there is no ssh-keygen");
    };
    stack.file("nhi.hcl", BASE)?;
    let block = with_policy(&provider(&digest));
    stack.main(&(block.clone() + &identity(&[])))?;
    stack.apply()?.succeeds()?;
    stack.plans_empty()?;

    // The policy and the access that it would admit, in one change.
    stack.file("nhi.hcl", &format!("{BASE}{LAX}"))?;
    let long = named("long", &[("name", r#""long""#), ("ttl", r#""4390h""#)]);
    stack.main(&(block.clone() + &identity(&[]) + &long))?;
    stack.plan()?.fails_with(&[
        "NHI-POLICY-LOOSER",
        "tier.low.identity_ttl_max",
        "1 more approval (0 of 1)",
    ])?;
    stack.apply()?.fails_with(&["NHI-POLICY-LOOSER"])?;
    // Neither by another way in: the command goes by the same rule.
    stack.nhi(&["policy", "adopt", "nhi.hcl"])?.run()?.exits(1)?;
    stack
        .nhi(&["policy", "diff", "in-force", "nhi.hcl"])?
        .run()?
        .exits(1)?
        .says(&["tier.low.identity_ttl_max"])?;

    let [request] = requests(&stack)?
        .try_into()
        .ok()
        .context("one request, by whichever way")?;
    stack.nhi(&["approve", "--yes", "--key", "alice"])?.run()?.succeeds()?;
    stack.file(
        "asked.tf",
        &format!(
            "data \"nhi_approval_request\" \"policy\" {{\n  digest = \"{request}\"\n}}\noutput \"request\" {{\n  value = \
             data.nhi_approval_request.policy\n}}\n"
        ),
    )?;
    stack.apply()?.succeeds()?;
    std::fs::remove_file(stack.folder().join("asked.tf"))?;
    stack.apply()?.succeeds()?;
    stack.plans_empty()?;
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    stack
        .nhi(&["audit", "list"])?
        .run()?
        .succeeds()?
        .says(&["policy.adopted", "policy.loosened"])?;

    // Stricter needs nobody; back again is another use of what is used up.
    stack.file("nhi.hcl", BASE)?;
    stack.main(&(block.clone() + &identity(&[])))?;
    stack.apply()?.succeeds()?;
    stack.main(&(block.clone() + &identity(&[("kind", r#""bot""#)])))?;
    stack.apply()?.succeeds()?;
    stack.file("nhi.hcl", &format!("{BASE}{LAX}"))?;
    stack.main(&(block + &identity(&[("kind", r#""workload""#)])))?;
    stack.apply()?.fails_with(&["NHI-REGISTRY-APPROVAL"])?;
    // A destroy is never held up by it.
    stack.destroy()?.succeeds()?;
    Ok(())
}

fn a_word_in_the_configuration_waives_nothing_in_production(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let writes = r#"[{ backend = "aws", resource = "arn:aws:sqs:eu-west-1:111122223333:orders", actions = ["sqs:SendMessage"] }]"#;
    let warn = "provider \"nhi\" {\n  enforcement = \"warn\"\n}\n";
    let live = [
        ("environment", r#""production""#),
        ("scope", writes),
        ("ttl", r#""24h""#),
    ];
    stack.main(&(warn.to_owned() + &identity(&live)))?;
    stack.plan()?.fails_with(&["does not count", "NHI-ENFORCEMENT"])?;
    stack.apply()?.fails_with(&["NHI-ENFORCEMENT"])?;
    // Where it counts, the plan says so and the log keeps it.
    let elsewhere = [("scope", writes), ("ttl", r#""24h""#)];
    stack.main(&(warn.to_owned() + &identity(&elsewhere)))?;
    stack
        .plan()?
        .succeeds()?
        .says(&["enforcement", "calls for 1 approval"])?;
    stack.apply()?.succeeds()?;
    stack
        .nhi(&["audit", "list", "--format", "json"])?
        .run()?
        .succeeds()?
        .says(&["waived"])?;
    // A policy that says otherwise is a loosening of the one in force, by whoever brings it along.
    stack.file(
        "nhi.hcl",
        "environment \"production\" {\n  warn = true\n}\nenvironment \"staging\" {}\n",
    )?;
    stack.main(&(with_policy(warn) + &identity(&live)))?;
    stack
        .plan()?
        .fails_with(&["NHI-POLICY-LOOSER", "environment.production.warn"])?;
    Ok(())
}

fn a_kill_holds_at_every_read_until_it_is_resumed(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    stack
        .nhi(&["kill", "--selector", "owner=team:orders", "--reason", "INC-7", "--yes"])?
        .run()?
        .succeeds()?;
    stack.plan()?.fails_with(&["INC-7"])?;
    stack.apply()?.fails_with(&["INC-7"])?;
    stack
        .nhi(&["audit", "list"])?
        .run()?
        .succeeds()?
        .says(&["kill.thrown"])?;
    // What comes after it was not meant by it.
    stack.main(&(identity(&[("desired_state", r#""suspended""#)]) + &named("later", &[("name", r#""later""#)])))?;
    stack.apply()?.succeeds()?;
    let later = stack.attributes("nhi_identity.later")?;
    ensure!(later["status"] == "active", "{later}");
    ensure!(stack.attributes(ADDRESS)?["status"] == "suspended");
    stack.plans_empty()?;
    Ok(())
}

fn a_static_secret_waits_for_its_exception(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.file("nhi.hcl", "environment \"staging\" {\n  warn = true\n}\n")?;
    let block = with_policy("provider \"nhi\" {\n  enforcement = \"warn\"\n}\n");
    let old = identity(&[("kind", r#""legacy_shared""#), ("ttl", r#""240h""#)]);
    stack.main(&(block.clone() + &old))?;
    stack
        .plan()?
        .fails_with(&["NHI-STATIC-SECRET", "staging/orders-reader", "nhi_exception"])?;
    let digest = nhi_governance::value_digest(&Value::from("legacy_shared"));
    let exception = format!(
        "resource \"nhi_exception\" \"old\" {{\n  control = \"NHI-STATIC-SECRET\"\n  subject = {{ address = \
         \"staging/orders-reader\", attribute = \"kind\", value_digest = \"{digest}\" }}\n  reason = \"The vendor offers \
         no other way in yet\"\n  compensating_control = \"Rotated by hand every week\"\n  risk_acceptor = \
         \"user:rita\"\n  risk_tier = \"high\"\n  expires_at = \"{}\"\n}}\n",
        in_days(20)
    );
    stack.main(&(block.clone() + &exception))?;
    stack.apply()?.succeeds()?;
    stack.main(&(block + &exception + &old + "data \"nhi_exceptions\" \"all\" {}\noutput \"all\" {\n  value = data.nhi_exceptions.all.exceptions[*].address\n}\n"))?;
    stack.apply()?.succeeds()?;
    stack.plans_empty()?;
    Ok(())
}

fn in_days(days: i64) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or_default();
    nhi_governance::Timestamp::from_unix(now + days * 86_400).to_string()
}

fn what_is_asked_is_answered_and_plans_empty(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(
        &(identity(&[])
            + r#"
data "nhi_blast_radius" "this" {
  identity_id = nhi_identity.this.id
}
data "nhi_policy_decision" "bad" {
  name = "Not A Name"
  ttl  = "0s"
}
data "nhi_exceptions" "none" {}
output "answers" {
  value = {
    scope      = data.nhi_blast_radius.this.scope
    dependents = data.nhi_blast_radius.this.dependents
    allowed    = data.nhi_policy_decision.bad.is_allowed
    problems   = data.nhi_policy_decision.bad.problems
    exceptions = data.nhi_exceptions.none.exceptions
  }
}
"#),
    )?;
    stack.apply()?.succeeds()?;
    stack.plans_empty()?;
    stack.file(
        "bad.tf",
        "data \"nhi_blast_radius\" \"none\" {\n  identity_id = \"01ARZ3NDEKTSV4RRFFQ69G5FAV\"\n}\n",
    )?;
    stack.plan()?.fails_with(&["no identity", "NHI-QUESTION"])?;
    stack.file(
        "bad.tf",
        "data \"nhi_approval_request\" \"none\" {\n  digest = \"../../etc/passwd\"\n}\n",
    )?;
    stack.plan()?.fails_with(&["NHI-QUESTION"])?;
    Ok(())
}
