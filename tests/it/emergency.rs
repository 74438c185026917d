//! Break-glass access, access reviews and exceptions beside the configurations that declare them: what happens outside
//! of an apply shows in a state without a difference, and what somebody owes stops the next change.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::cores::skip_unless_ci;
use support::{Core, Outcome, Stack, Started};

use crate::fixtures::{ADDRESS, identity};
use crate::kinds;

support::legs!(
    a_session_leaves_a_review_that_stops_the_next_change,
    a_round_is_answered_beside_the_configuration,
    an_exception_that_is_declared_anew_counts_on,
);

/// A provider that lets a change go ahead without approvals, and asks for them nowhere else.
const UNENFORCED: &str = "provider \"nhi\" {\n  enforcement = \"warn\"\n}\n";

/// Keys of two persons and a trust root that lists both; its digest. Nothing without OpenSSH.
fn house(stack: &Stack) -> anyhow::Result<Option<String>> {
    let mut root = "organisation = \"example\"\nversion = 1\nthreshold = 1\n".to_owned();
    for name in ["alice", "bob"] {
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(stack.folder().join(name));
        let Ok(started) = Started::new(command, None) else {
            return Ok(None);
        };
        started.wait()?.succeeds()?;
        let key = std::fs::read_to_string(stack.folder().join(format!("{name}.pub")))?;
        writeln!(root, "person \"{name}\" {{\n  keys = [\"{}\"]\n}}", key.trim())?;
    }
    stack.file("approvers.hcl", &root)?;
    let shown = stack.nhi(&["approvers", "show", "--format", "json"])?.json(0)?;
    let digest = shown["digest"].as_str().map(str::to_owned);
    Ok(Some(digest.context("a digest")?))
}

fn glass(max_session: &str) -> String {
    format!(
        "{UNENFORCED}resource \"nhi_break_glass\" \"this\" {{
  name          = \"orders-database\"
  environment   = \"production\"
  holders       = [\"user:alice\", \"user:bob\"]
  max_session   = \"{max_session}\"
  approvals     = 1
  test_interval = \"720h\"
  notify        = [\"#security\"]
  scope = [{{ backend = \"postgresql\", resource = \"cluster/orders\", actions = [\"role:orders_admin\"] }}]
}}
"
    )
}

/// Runs a command that takes signatures: it asks for them, people sign, it is done.
fn signed(stack: &Stack, digest: &str, command: &[&str], people: &[&str]) -> anyhow::Result<Value> {
    let mut all = command.to_vec();
    all.extend(["--approvers-digest", digest, "--format", "json"]);
    let asked = stack.nhi(&all)?.run()?.exits(1)?.says(&["nhi approve "])?;
    let said = asked.said();
    let (_, after) = said.split_once("nhi approve ").context("a digest to sign")?;
    let request: String = after.chars().take_while(char::is_ascii_hexdigit).collect();
    for person in people {
        stack
            .nhi(&["approve", &request, "--yes", "--key", person])?
            .run()?
            .succeeds()?;
    }
    stack.nhi(&all)?.json(0)
}

fn a_session_leaves_a_review_that_stops_the_next_change(core: &Core) -> Outcome {
    let stack = kinds::stack(core)?;
    let Some(digest) = house(&stack)? else {
        return skip_unless_ci("there is no ssh-keygen");
    };
    let address = "nhi_break_glass.this";
    stack.main(&glass("30m"))?;
    stack.plan()?.succeeds()?;
    stack.apply_planned()?.succeeds()?;
    ensure!(stack.attributes(address)?["sealed"] == true);

    // The state is out of reach, and it opens all the same.
    let state = stack.folder().join("terraform.tfstate");
    let away = stack.folder().join("out-of-reach");
    std::fs::rename(&state, &away).context("put the state out of reach")?;
    let activate = [
        "break-glass",
        "activate",
        "orders-database",
        "--as",
        "alice",
        "--reason",
        "INC-9: the database is down",
    ];
    let opened = signed(&stack, &digest, &activate, &["alice", "bob"])?;
    ensure!(opened["break_glass"][0]["sealed"] == false, "{opened}");
    std::fs::rename(&away, &state).context("bring the state back")?;

    // It shows, and is no difference; what is owed stops a change, and a way around it.
    stack.plans_empty()?;
    stack
        .nhi(&["break-glass", "end", "orders-database"])?
        .run()?
        .succeeds()?;
    stack.plans_empty()?;
    stack.main(&glass("15m"))?;
    stack.apply()?.fails_with(&["is not reviewed yet", "NHI-BREAK-GLASS"])?;
    stack.destroy()?.succeeds()?;
    stack.apply()?.fails_with(&["is not reviewed yet", "NHI-BREAK-GLASS"])?;

    let review = [
        "break-glass",
        "review",
        "orders-database",
        "--as",
        "bob",
        "--findings",
        "One row was repaired",
    ];
    let reviewed = signed(&stack, &digest, &review, &["bob"])?;
    ensure!(reviewed["break_glass"][0]["post_review_due_at"].is_null(), "{reviewed}");
    stack.apply()?.succeeds()?;
    ensure!(stack.attributes(address)?["max_session"] == "15m");
    stack.plans_empty()?;
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(())
}

fn a_round_is_answered_beside_the_configuration(core: &Core) -> Outcome {
    let stack = kinds::stack(core)?;
    let Some(digest) = house(&stack)? else {
        return skip_unless_ci("there is no ssh-keygen");
    };
    let review = "resource \"nhi_access_review\" \"this\" {
  name      = \"quarterly\"
  selector  = { environment = \"staging\" }
  cadence   = \"2160h\"
  reviewers = [\"user:alice\", \"user:bob\"]
  due_in    = \"336h\"
}
";
    stack.main(&format!("{UNENFORCED}{}{review}", identity(&[])))?;
    stack.plan()?.succeeds()?;
    stack.apply_planned()?.succeeds()?;
    stack.nhi(&["review", "open", "quarterly"])?.run()?.succeeds()?;
    stack.plans_empty()?;
    let id = stack.attributes(ADDRESS)?["id"].as_str().context("an id")?.to_owned();
    let decide = ["review", "decide", "quarterly", "--as", "alice", "--keep", &id];
    let decided = signed(&stack, &digest, &decide, &["alice"])?;
    ensure!(decided["reviews"][0]["identities"][0]["signed"] == true, "{decided}");
    stack.nhi(&["review", "close", "quarterly"])?.run()?.succeeds()?;
    stack.plans_empty()?;
    stack.apply()?.succeeds()?;
    let shown = stack.attributes("nhi_access_review.this")?;
    ensure!(
        shown["items"] == 1 && shown["decided"] == 1 && shown["kept"] == 1 && shown["auto_suspended"] == 0,
        "{shown}"
    );
    ensure!(
        shown["evidence_digest"]
            .as_str()
            .is_some_and(|digest| digest.len() == 64),
        "{shown}"
    );
    stack.plans_empty()?;
    Ok(())
}

fn exception(days: i64) -> anyhow::Result<String> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    // The middle of a day, so that a run over midnight changes nothing.
    let end = i64::try_from(since.as_secs())? / 86_400 * 86_400 + days * 86_400 + 43_200;
    let end = nhi_governance::Timestamp::from_unix(end);
    Ok(format!(
        "{UNENFORCED}resource \"nhi_exception\" \"this\" {{
  control              = \"NHI001\"
  subject              = {{ address = \"aws_iam_role_policy.admin\", attribute = \"policy\", value_digest = \"{}\" }}
  reason               = \"The installer needs it until version 4\"
  compensating_control = \"Every call of it is alerted on\"
  risk_acceptor        = \"user:dora\"
  risk_tier            = \"high\"
  expires_at           = \"{end}\"
}}
",
        "0f".repeat(32)
    ))
}

fn an_exception_that_is_declared_anew_counts_on(core: &Core) -> Outcome {
    let stack = kinds::stack(core)?;
    let address = "nhi_exception.this";
    for (days, renewals) in [(20, 0), (30, 1)] {
        stack.main(&exception(days)?)?;
        stack.apply()?.succeeds()?;
        ensure!(stack.attributes(address)?["renewals"] == renewals, "{days}");
        stack.plans_empty()?;
        stack.destroy()?.succeeds()?;
    }
    stack.main(&exception(40)?)?;
    stack
        .apply()?
        .fails_with(&["renewed for the 2. time", "NHI-EXCEPTION"])?;
    stack.main(&exception(30)?)?;
    stack.apply()?.succeeds()?;
    let listed = stack.nhi(&["exceptions", "list", "--format", "json"])?.json(0)?;
    ensure!(
        listed["active"] == 1 && listed["exceptions"][0]["renewals"] == 1,
        "{listed}"
    );
    Ok(())
}
