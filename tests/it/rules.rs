//! The rules that a plan and an apply hold to, each by its number, where no other test carries it.
//!
//! | rule | what it says | where |
//! |---|---|---|
//! | 1 | no apply extends a life in passing | here (1,000 over the wire), `lifecycle` and `no_ops` (through each core) |
//! | 2 | what ran out, was suspended or revoked stays in the state | here, `kinds` |
//! | 3 | expired or suspended, and wanted: an error that says what to approve | here, `lifecycle` |
//! | 4 | the end is final | `lifecycle` |
//! | 5 | a registry that is gone is no mass creation | `lifecycle` |
//! | 6 | drift: tamper, benign, containment | here, `kinds` |
//! | 7 | destroy is revoke; forgetting is not destroying | here, `lifecycle` |
//! | 8 | what is unknown at plan is judged at apply | `validation` |
//! | 9 | a state is an untrusted cache | here |
//! | 10 | killed at any point, one apply converges | `crash`, `kinds`, `cut_off`, and the registry's campaigns |
//! | 11 | no audit row, no grant; a revocation is never blocked | here, and the registry's campaigns |

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;
use support::cores::skip_unless_ci;
use support::{Core, Outcome, Stack, faults};
use tfplugin::client::{received, sent};
use tfplugin::proto::tfplugin6 as proto;
use tfplugin::value::{Type, Value};

use crate::approvals::{WRITES, house, provider, requests};
use crate::fixtures::{ADDRESS, WAIVING, identity, named};
use crate::lifecycle::{events, text};
use crate::offers_by_wire::House;

support::legs!(
    rule_02_what_is_of_no_use_stays_in_the_state,
    rule_03_what_is_missing_is_told_with_its_digest,
    rule_03_what_ran_out_and_is_wanted_is_refused_until_it_is_renewed,
    rule_06_a_use_is_no_difference_and_a_containment_no_drift,
    rule_07_what_is_forgotten_is_not_destroyed,
    rule_09_a_plan_of_yesterday_and_an_edited_state_are_refused,
    rule_11_a_full_disk_grants_nothing_and_blocks_no_revocation,
);

const APPLIES: usize = 1_000;
const DAY: i64 = 86_400;

async fn planned(house: &House, ty: &Type, state: &Value, computed: &[String]) -> anyhow::Result<Value> {
    let mut config = state.clone();
    for name in computed {
        config.insert(name, Value::Null);
    }
    let request = proto::plan_resource_change::Request {
        type_name: "nhi_identity".to_owned(),
        prior_state: Some(sent(state, ty)?),
        proposed_new_state: Some(sent(state, ty)?),
        config: Some(sent(&config, ty)?),
        ..Default::default()
    };
    let answer = house
        .plugin
        .provider()?
        .plan_resource_change(request)
        .await?
        .into_inner();
    ensure!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
    Ok(received(answer.planned_state.as_ref(), ty)?)
}

/// What a configuration leaves to the provider.
async fn computed(house: &House) -> anyhow::Result<Vec<String>> {
    let request = proto::get_provider_schema::Request {};
    let schema = house
        .plugin
        .provider()?
        .get_provider_schema(request)
        .await?
        .into_inner();
    let schema = schema
        .resource_schemas
        .get("nhi_identity")
        .and_then(|schema| schema.block.clone());
    let attributes = schema.context("a block")?.attributes;
    let computed = attributes.into_iter().filter(|attribute| attribute.computed);
    Ok(computed.map(|attribute| attribute.name).collect())
}

/// Reads and plans again and again, as an apply does that finds nothing to do.
#[tokio::test]
async fn rule_01_a_thousand_applies_move_no_end() -> Outcome {
    let house = House::new().await?;
    let ty = house.resource_type().await?;
    let (computed, first) = (computed(&house).await?, house.create("orders-reader").await?);
    let mut state = first.clone();
    for number in 0..APPLIES {
        let request = proto::read_resource::Request {
            type_name: "nhi_identity".to_owned(),
            current_state: Some(sent(&state, &ty)?),
            ..Default::default()
        };
        let read = house.plugin.provider()?.read_resource(request).await?.into_inner();
        ensure!(read.diagnostics.is_empty(), "{number}: {:?}", read.diagnostics);
        state = received(read.new_state.as_ref(), &ty)?;
        let planned = planned(&house, &ty, &state, &computed).await?;
        ensure!(planned == state, "{number}: a difference: {planned:?}");
        for fixed in ["id", "issued_at", "expires_at", "revision"] {
            ensure!(state.get(fixed) == first.get(fixed), "{number}: `{fixed}` moved");
        }
    }
    support::cores::say(&format!(
        "no-op applies over the wire: {APPLIES} cases, 0 failures, seed 0"
    ));
    Ok(())
}

fn refreshed(stack: &Stack) -> Outcome {
    stack
        .run(&["apply", "-refresh-only", "-auto-approve", "-no-color"])?
        .succeeds()
        .map(drop)
}

fn rule_02_what_is_of_no_use_stays_in_the_state(core: &Core) -> Outcome {
    let mut stack = Stack::new(core)?;
    let states = ["expired", "revoked", "suspended"];
    let block = |label: &&str| named(label, &[("name", &format!("\"orders-{label}\"")), ("ttl", "\"24h\"")]);
    stack.main(&states.iter().map(block).collect::<String>())?;
    stack.apply()?.succeeds()?;
    for (act, name) in [("revoke", "orders-revoked"), ("suspend", "orders-suspended")] {
        stack.nhi(&[act, name, "--reason", "a key leaked"])?.run()?.succeeds()?;
    }
    stack.set("NHI_FAILPOINT_CLOCK", Some(&(2 * DAY).to_string()));
    let before: Vec<Json> = states
        .iter()
        .map(|state| stack.attributes(&format!("nhi_identity.{state}")))
        .collect::<Result<_, _>>()?;
    for _ in 0..2 {
        refreshed(&stack)?;
        for (state, before) in states.iter().zip(&before) {
            let now = stack.attributes(&format!("nhi_identity.{state}"))?;
            ensure!(
                now["id"] == before["id"] && now["expires_at"] == before["expires_at"],
                "{before} {now}"
            );
            // Whatever was suspended has run out as well by now, and containment weighs more.
            ensure!(now["status"] == *state, "{state}: {now}");
        }
    }
    // Nothing is due: a second read has nothing to tell.
    stack
        .run(&["plan", "-refresh-only", "-no-color"])?
        .succeeds()?
        .says(&["No changes."])?;
    Ok(())
}

fn rule_03_what_is_missing_is_told_with_its_digest(core: &Core) -> Outcome {
    let mut stack = Stack::new(core)?;
    let Some(digest) = house(&stack)? else {
        return skip_unless_ci("there is no ssh-keygen");
    };
    let wanted = |generation: &str| provider(&digest) + &identity(&[WRITES, ("generation", generation)]);
    stack.main(&wanted("1"))?;
    stack.plan()?.fails_with(&["1 more approval (0 of 1)"])?;
    stack.nhi(&["approve", "--yes", "--key", "alice"])?.run()?.succeeds()?;
    stack.apply()?.succeeds()?;
    let first = stack.attributes(ADDRESS)?;
    let asked = requests(&stack)?;

    // Expired, and wanted for longer: in place, by an approval of its own.
    stack.set("NHI_FAILPOINT_CLOCK", Some(&(31 * DAY).to_string()));
    stack.main(&wanted("2"))?;
    let refused = stack
        .plan()?
        .fails_with(&["calls for 1 approval", "1 more approval (0 of 1)"])?;
    let fresh: Vec<String> = requests(&stack)?
        .into_iter()
        .filter(|request| !asked.contains(request))
        .collect();
    let [request] = fresh.as_slice() else {
        anyhow::bail!("one request, not {fresh:?}")
    };
    refused.says(&[&format!("nhi approve {request}")])?;
    stack.apply()?.fails_with(&["1 more approval"])?;
    ensure!(
        stack.attributes(ADDRESS)?["revision"] == first["revision"],
        "nothing was changed"
    );
    Ok(())
}

/// One of every kind that expires: an identity that takes an approval and one that takes none, a grant of each, and an
/// exception, whose end is a day that the configuration names.
fn mortal(generation: &str, low: &[(&str, &str)], end: &str) -> String {
    let hour = [("ttl", r#""1h""#), ("generation", generation)];
    let of_low: Vec<_> = hour
        .into_iter()
        .chain([("name", r#""orders-low""#)])
        .chain(low.iter().copied())
        .collect();
    let [ttl, generation] = hour;
    format!(
        "{}{}{}resource \"nhi_exception\" \"case\" {{\n  control = \"NHI-TTL-CEILING\"\n  reason = \"The partner cannot rotate more \
         often yet\"\n  compensating_control = \"Every use is logged and alerted on\"\n  risk_acceptor = \"user:dora\"\n  expires_at \
         = \"{end}\"\n  subject = {{ address = \"nhi_identity.partner\", attribute = \"ttl\", value_digest = sha256(\"2160h\") \
         }}\n}}\n",
        identity(&[WRITES, ttl, generation]),
        named("low", &of_low),
        format_args!(
            "resource \"nhi_grant\" \"case\" {{\n  identity_id = nhi_identity.this.id\n  backend = \"aws\"\n  resource = \
             \"arn:aws:sqs:eu-west-1:111122223333:orders\"\n  actions = [\"sqs:SendMessage\"]\n  justification = \"The intake \
             writes what it took in\"\n  ttl = \"1h\"\n  generation = {}\n}}\n",
            generation.1
        ),
    )
}

/// The plan of what ran out is refused, and says what to approve: the digest of the one request there is.
fn refused_with_its_digest(stack: &Stack) -> anyhow::Result<String> {
    let refused = stack.plan()?.fails_with(&[
        "identity `",
        "has expired, and the configuration wants it active",
        "NHI-EXPIRED",
        "Write `generation = 2` to renew it, which takes approvals",
        "1 more approval (0 of 1)",
        "It calls for no approval.",
    ])?;
    // A change that goes ahead without approvals asks nobody, so that this is the only request there is.
    let asked = requests(stack)?;
    let [request] = asked.as_slice() else {
        anyhow::bail!("one request, not {asked:?}")
    };
    let refused = refused.says(&[
        &format!("The digest of the request is {request}"),
        &format!("nhi approve {request}"),
    ])?;
    // A near miss: an exception says itself when it is over.
    let said = refused.said();
    ensure!(
        said.contains("Warning: exception") && !said.contains("Error: exception"),
        "{said}"
    );
    Ok(request.clone())
}

fn rule_03_what_ran_out_and_is_wanted_is_refused_until_it_is_renewed(core: &Core) -> Outcome {
    const HOUR: i64 = 3_600;
    let mut stack = Stack::new(core)?.env("NHI_POLICY", "nhi.hcl");
    stack.file("nhi.hcl", WAIVING)?;
    let Some(digest) = house(&stack)? else {
        return skip_unless_ci("there is no ssh-keygen");
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let end = nhi_governance::Timestamp::from_unix(i64::try_from(now.as_secs())? + HOUR).to_string();
    let warns = |text: String| provider(&digest).replace("{\n", "{\n  enforcement = \"warn\"\n") + &text;
    let enforces = |text: String| provider(&digest) + &text;
    stack.main(&warns(mortal("1", &[], &end)))?;
    stack.apply()?.succeeds()?;
    let recorded = |stack: &Stack| -> anyhow::Result<usize> {
        let events = events(stack)?;
        Ok(events.iter().filter(|event| !event.ends_with(".confirmed")).count())
    };
    let before = recorded(&stack)?;

    stack.set("NHI_FAILPOINT_CLOCK", Some(&(2 * HOUR).to_string()));
    stack.main(&enforces(mortal("1", &[], &end)))?;
    let request = &refused_with_its_digest(&stack)?;
    // Near misses: what is suspended, and where it is only warned of.
    let left = [("desired_state", r#""suspended""#)];
    stack.main(&enforces(mortal("1", &left, &end)))?;
    let refused = stack.plan()?.fails_with(&["takes approvals"])?;
    ensure!(refused.said().matches("NHI-EXPIRED").count() == 1, "{}", refused.said());
    stack.main(&warns(mortal("1", &[], &end)))?;
    stack
        .plan()?
        .succeeds()?
        .says(&["has expired", "grant `", &format!("nhi approve {request}")])?;
    stack.plans_empty()?;
    ensure!(recorded(&stack)? == before, "{:?}", events(&stack)?);

    // What was told is what has to be approved, and all that has to be.
    stack
        .nhi(&["approve", "--yes", "--key", "alice", request])?
        .run()?
        .succeeds()?;
    // The grant, which a core looks at once its identity is well, says the same of itself.
    let renewed = mortal("2", &[], &end);
    let behind = renewed.replace(
        "  ttl = \"1h\"\n  generation = 2\n}",
        "  ttl = \"1h\"\n  generation = 1\n}",
    );
    stack.main(&enforces(behind))?;
    stack.plan()?.fails_with(&[
        "grant `",
        "NHI-EXPIRED",
        "Write `generation = 2` to renew it. It calls for no approval.",
    ])?;
    stack.main(&enforces(renewed))?;
    stack.apply()?.succeeds()?;
    for address in [ADDRESS, "nhi_identity.low", "nhi_grant.case"] {
        let now = stack.attributes(address)?;
        ensure!(now["status"] == "active" && now["revision"] == 2, "{address}: {now}");
    }

    // Over for long, it does not come back; and it can be destroyed without the plan that a core makes before.
    stack.set("NHI_FAILPOINT_CLOCK", Some(&(9 * DAY).to_string()));
    stack
        .plan()?
        .fails_with(&["It cannot be renewed", "nhi sweep", "nhi revoke"])?;
    stack
        .run(&["destroy", "-no-color", "-auto-approve", "-refresh=false"])?
        .succeeds()?;
    Ok(())
}

/// That an identity is used, confirmed or looked at moves nothing in a plan; what was contained stays so.
fn rule_06_a_use_is_no_difference_and_a_containment_no_drift(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(ADDRESS)?;
    stack.plans_empty()?;
    ensure!(
        events(&stack)?.contains(&"identity.confirmed".to_owned()),
        "the log tells of more than the state: {:?}",
        events(&stack)?
    );
    ensure!(stack.attributes(ADDRESS)? == before, "benign, and no difference");

    stack
        .nhi(&["suspend", "orders-reader", "--reason", "looked odd"])?
        .run()?
        .succeeds()?;
    // Undoing it takes an approval of its own, also where nothing else was changed, and in passing as well.
    for change in [("ttl", r#""720h""#), ("technical_owner", r#""team:intake""#)] {
        stack.main(&identity(&[change]))?;
        stack.apply()?.fails_with(&["looked odd", "NHI-SUSPENDED"])?;
    }
    stack
        .nhi(&["identities", "show", "orders-reader"])?
        .run()?
        .says(&["suspended", "team:orders"])?;
    Ok(())
}

/// `removed { destroy = false }` never reaches a provider: the record stays as it is, with its end, until somebody or the
/// states say that nothing manages it. Then its clock runs, and an import stops it.
fn rule_07_what_is_forgotten_is_not_destroyed(core: &Core) -> Outcome {
    let mut stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(ADDRESS)?;
    stack.main("removed {\n  from = nhi_identity.this\n  lifecycle {\n    destroy = false\n  }\n}\n")?;
    stack.apply()?.succeeds()?;
    ensure!(stack.attributes(ADDRESS)?.is_null(), "it is still in the state");
    let listed = stack.nhi(&["identities", "--format", "json"])?.json(0)?;
    ensure!(
        listed["identities"][0]["id"] == before["id"] && listed["identities"][0]["status"] == "active",
        "{listed}"
    );
    // Nobody else gets it by declaring the same: it has to be imported.
    stack.main(&identity(&[]))?;
    stack.apply()?.fails_with(&["import"])?;

    let disown = [
        "disown",
        "--selector",
        "environment=staging",
        "--state",
        "terraform.tfstate",
        "--reason",
        "OPS-31",
        "--yes",
    ];
    stack
        .nhi(&disown)?
        .run()?
        .succeeds()?
        .says(&["1 disowned", "unmanaged"])?;
    let id = text(&before, "id")?;
    stack.run(&["import", "-no-color", ADDRESS, &id])?.succeeds()?;
    ensure!(stack.attributes(ADDRESS)?["status"] == "unmanaged");
    // What a state holds is not forgotten, even where nobody has applied it yet.
    stack.nhi(&disown)?.run()?.succeeds()?.says(&["0 disowned"])?;
    stack.set("NHI_FAILPOINT_CLOCK", Some(&(15 * DAY).to_string()));
    refreshed(&stack)?;
    let suspended = stack.attributes(ADDRESS)?;
    ensure!(suspended["status"] == "suspended", "{suspended}");
    stack
        .apply()?
        .succeeds()?
        .says(&["no configuration has managed it for long"])?;
    let taken_up = stack.attributes(ADDRESS)?;
    ensure!(
        taken_up["status"] == "active" && taken_up["expires_at"] == before["expires_at"],
        "{taken_up}"
    );
    stack.plans_empty()
}

fn rule_09_a_plan_of_yesterday_and_an_edited_state_are_refused(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[("technical_owner", r#""team:intake""#)]))?;
    stack.apply()?.succeeds()?;
    let id = stack.attributes(ADDRESS)?["id"].as_str().context("an id")?.to_owned();
    stack.main(&identity(&[]))?;
    stack.plan()?.succeeds()?;

    // Between plan and apply somebody changes it.
    let registry = stack.folder().join("nhi-registry.db").display().to_string();
    let other = Stack::new(core)?.env("NHI_REGISTRY", &registry);
    other.main(&identity(&[("technical_owner", r#""team:rival""#)]))?;
    other.run(&["import", "-no-color", ADDRESS, &id])?.succeeds()?;
    other.apply()?.succeeds()?;
    stack.apply_planned()?.fails_with(&["NHI-REGISTRY-STALE"])?;
    stack
        .nhi(&["identities", "show", "orders-reader"])?
        .run()?
        .says(&["team:rival"])?;

    // An edited state: a later end, or the id of somebody else.
    refreshed(&stack)?;
    let file = stack.folder().join("terraform.tfstate");
    let text = std::fs::read_to_string(&file)?;
    let state: Json = serde_json::from_str(&text)?;
    for (name, value) in [("expires_at", "2090-01-01T00:00:00Z"), ("name", "orders-writer")] {
        let mut edited = state.clone();
        let attributes = edited
            .pointer_mut("/resources/0/instances/0/attributes")
            .context("attributes")?;
        attributes[name] = value.into();
        edited["serial"] = (state["serial"].as_u64().context("a serial")? + 1).into();
        std::fs::write(&file, edited.to_string())?;
        stack
            .run(&["apply", "-no-color", "-auto-approve", "-refresh=false"])?
            .exits(1)?;
        stack
            .nhi(&["identities", "show", "orders-reader"])?
            .run()?
            .says(&["team:rival"])?;
    }
    Ok(())
}

fn rule_11_a_full_disk_grants_nothing_and_blocks_no_revocation(core: &Core) -> Outcome {
    if faults::library().is_none() {
        return skip_unless_ci("there is no C compiler");
    }
    let mut stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    stack.plans_empty()?;
    let recorded = events(&stack)?;
    // ENOSPC and EROFS, from the first call on.
    for (code, more) in [(28, "full"), (30, "read-only")] {
        let registry = stack.folder().canonicalize()?.join("nhi-registry.db");
        let fault = format!("error:1:{code}");
        for (name, value) in faults::variables(&fault, &registry, &stack.home().join("told"))? {
            stack.set(name, Some(&value));
        }
        stack.main(&format!(
            "{}{}",
            identity(&[]),
            named("more", &[("name", &format!("\"orders-{more}\""))])
        ))?;
        stack.apply()?.fails_with(&["NHI-REGISTRY-"])?;
        stack.main(&identity(&[("technical_owner", r#""team:intake""#)]))?;
        stack.apply()?.fails_with(&["NHI-REGISTRY-"])?;
        ensure!(events(&stack)? == recorded, "{code}: {:?}", events(&stack)?);
    }
    stack.main("")?;
    stack.apply()?.succeeds()?;
    ensure!(
        events(&stack)? == recorded,
        "nothing could be written: {:?}",
        events(&stack)?
    );
    for name in ["LD_PRELOAD", "NHI_FAULT", "NHI_FAULT_PATH", "NHI_FAULT_TOLD"] {
        stack.set(name, None);
    }
    // It counts for whoever reads beside the registry or as this user; the stack's home is not that of `nhi` here.
    let state = stack.home().join(".local/state").display().to_string();
    let nhi = |arguments: &[&str]| anyhow::Ok(stack.nhi(arguments)?.env("XDG_STATE_HOME", &state));
    nhi(&["identities", "--all"])?
        .run()?
        .succeeds()?
        .says(&["orders-reader", "revoked"])?;
    // And it is on record with the next change.
    stack.main(&named("next", &[("name", r#""orders-next""#)]))?;
    stack.apply()?.succeeds()?;
    let told = events(&stack)?;
    ensure!(
        told.iter().filter(|event| *event == "identity.revoked").count() == 1,
        "{told:?}"
    );
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(())
}
