//! What every kind of record goes through besides a life from plan to end: it drifts, is tampered with, runs out, and is
//! broken off in the middle. One table; what `lifecycle` and `records` show is not shown again.

use std::path::Path;

use anyhow::{Context as _, ensure};
use support::{Core, Outcome, Stack};

use crate::fixtures::{WAIVING, identity};
use crate::lifecycle::events;

support::legs!(
    an_exception_lives_from_plan_to_end,
    what_changed_outside_is_planned_back,
    rule_06_what_was_tampered_with_stops_every_plan,
    rule_02_what_runs_out_says_so_and_plans_nothing,
    rule_10_killed_at_every_write_one_apply_converges,
);

const DAY: i64 = 86_400;

/// One kind: how it is written, and how it changes.
pub(crate) struct Case {
    pub(crate) kind: &'static str,
    attributes: &'static [(&'static str, &'static str)],
    /// A change in place, to and fro, and a word of it that a plan shows.
    change: (&'static str, &'static str),
    shown: &'static str,
    /// A text of its record and another one of the same length.
    edit: (&'static str, &'static str),
    /// After so many days, it stands like this.
    runs_out: Option<(i64, &'static str)>,
}

pub(crate) const CASES: [Case; 7] = [
    Case {
        kind: "nhi_access_review",
        attributes: &[
            ("name", r#""quarterly""#),
            ("selector", r#"{ environment = "staging" }"#),
            ("cadence", r#""2160h""#),
            ("reviewers", r#"["user:alice", "user:rita"]"#),
            ("due_in", r#""336h""#),
        ],
        change: ("due_in", r#""168h""#),
        shown: "168h",
        edit: ("user:rita", "user:eric"),
        runs_out: None,
    },
    Case {
        kind: "nhi_break_glass",
        attributes: &[
            ("name", r#""orders-database""#),
            ("environment", r#""staging""#),
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
        shown: "15m",
        edit: ("role:orders_admin", "role:orders_owner"),
        runs_out: Some((31, "untested")),
    },
    Case {
        kind: "nhi_exception",
        attributes: &[
            ("control", r#""NHI-TTL-CEILING""#),
            ("reason", r#""The partner cannot rotate more often yet""#),
            ("compensating_control", r#""Every use is logged and alerted on""#),
            ("risk_acceptor", r#""user:dora""#),
            ("risk_tier", r#""high""#),
            ("expires_at", "var.expires_at"),
            (
                "subject",
                r#"{ address = "nhi_identity.partner", attribute = "ttl", value_digest = sha256("2160h") }"#,
            ),
        ],
        change: ("compensating_control", r#""Every use is logged and looked at""#),
        shown: "looked at",
        edit: ("user:dora", "user:dara"),
        runs_out: Some((31, "expired")),
    },
    Case {
        kind: "nhi_grant",
        attributes: &[
            ("identity_id", "nhi_identity.this.id"),
            ("backend", r#""aws""#),
            ("resource", r#""arn:aws:sqs:eu-west-1:111122223333:orders""#),
            ("actions", r#"["sqs:GetQueueAttributes"]"#),
            ("justification", r#""The intake reads how long the queue is""#),
            ("ttl", r#""240h""#),
        ],
        change: ("ttl", r#""120h""#),
        shown: "120h",
        edit: ("The intake reads", "The hacker reads"),
        runs_out: Some((11, "expired")),
    },
    Case {
        kind: "nhi_identity",
        attributes: &[],
        change: ("technical_owner", r#""team:intake""#),
        shown: "team:intake",
        edit: ("team:orders", "team:thieve"),
        runs_out: Some((31, "expired")),
    },
    Case {
        kind: "nhi_team",
        attributes: &[
            ("name", r#""intake""#),
            ("accountable_human", r#""user:alice""#),
            ("backup_owner", r#""bob@example.com""#),
            ("members", r#"["user:carol"]"#),
        ],
        change: ("backup_owner", r#""user:carol""#),
        shown: "user:carol",
        edit: ("user:alice", "user:mallo"),
        runs_out: None,
    },
    Case {
        kind: "nhi_vendor",
        attributes: &[
            ("name", r#""acme""#),
            ("contact", r#""support@acme.example""#),
            ("contract_end", "var.expires_at"),
            ("offboarding_runbook", r#""docs/acme.md""#),
        ],
        change: ("contact", r#""help@acme.example""#),
        shown: "help@acme.example",
        edit: ("support@acme", "support@evil"),
        runs_out: Some((31, "contract_ended")),
    },
];

const PREAMBLE: &str =
    "variable \"expires_at\" {\n  type = string\n}\nprovider \"nhi\" {\n  enforcement = \"warn\"\n}\n";

impl Case {
    pub(crate) fn address(&self) -> String {
        format!(
            "{}.{}",
            self.kind,
            if self.kind == "nhi_identity" { "this" } else { "case" }
        )
    }

    /// What the log calls it.
    fn word(&self) -> &str {
        self.kind.trim_start_matches("nhi_")
    }

    /// The block, with one attribute changed, without what it refers to.
    fn block(&self, change: (&str, &str)) -> String {
        if self.kind == "nhi_identity" {
            return identity(&[change].map(|change| {
                if change.0.is_empty() {
                    ("ttl", r#""720h""#)
                } else {
                    change
                }
            }));
        }
        let attributes = self.attributes.iter().map(|(name, value)| {
            let value = if *name == change.0 { change.1 } else { value };
            format!("  {name} = {value}\n")
        });
        let attributes: String = attributes.collect();
        format!("resource \"{}\" \"case\" {{\n{attributes}}}\n", self.kind)
    }

    /// A configuration of it alone.
    pub(crate) fn configuration(&self, change: (&str, &str)) -> String {
        let beside = if self.kind == "nhi_grant" {
            identity(&[])
        } else {
            String::new()
        };
        format!("{PREAMBLE}{}{beside}", self.block(change))
    }
}

/// Everything at once.
pub(crate) fn everything(change: bool) -> String {
    let blocks = CASES
        .iter()
        .map(|case| case.block(if change { case.change } else { ("", "") }));
    PREAMBLE.to_owned() + &blocks.collect::<String>()
}

/// In thirty days.
fn soon() -> anyhow::Result<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let soon = nhi_governance::Timestamp::from_unix(i64::try_from(now.as_secs())? + 30 * DAY);
    Ok(soon.to_string())
}

pub(crate) fn stack(core: &Core) -> anyhow::Result<Stack> {
    let stack = Stack::new(core)?
        .env("TF_VAR_expires_at", &soon()?)
        .env("NHI_POLICY", "nhi.hcl");
    stack.file("nhi.hcl", WAIVING)?;
    Ok(stack)
}

fn each(judge: impl Fn(&Case) -> Outcome) -> Outcome {
    CASES
        .iter()
        .try_for_each(|case| judge(case).with_context(|| case.kind.to_owned()))
}

fn an_exception_lives_from_plan_to_end(core: &Core) -> Outcome {
    let case = CASES
        .iter()
        .find(|case| case.kind == "nhi_exception")
        .context("a case")?;
    let stack = stack(core)?;
    let address = case.address();
    stack.main(&case.configuration(("", "")))?;
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(&address)? == ["create"]);
    stack.apply_planned()?.succeeds()?;
    stack.plans_empty()?;
    let first = stack.attributes(&address)?;
    stack.main(&case.configuration(case.change))?;
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(&address)? == ["update"]);
    stack.apply_planned()?.succeeds()?;
    stack.plans_empty()?;
    let changed = stack.attributes(&address)?;
    ensure!(changed["id"] == first["id"] && changed["revision"] == 2, "{changed}");

    let id = changed["id"].as_str().context("an id")?;
    stack.run(&["state", "rm", &address])?.succeeds()?;
    stack.run(&["import", "-no-color", &address, id])?.succeeds()?;
    ensure!(stack.attributes(&address)? == changed, "{changed}");
    stack.plans_empty()?;
    // Another value is another exception.
    let other = r#"{ address = "nhi_identity.partner", attribute = "ttl", value_digest = sha256("other") }"#;
    stack.main(&case.configuration(("subject", other)))?;
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(&address)? == ["delete", "create"]);
    stack.destroy()?.succeeds()?;
    let events = events(&stack)?;
    ensure!(
        events.iter().filter(|event| event.starts_with("exception.")).count() >= 3,
        "{events:?}"
    );
    Ok(())
}

/// Another workspace of the same registry changes each kind; the plan shows it and brings it back, in place.
fn what_changed_outside_is_planned_back(core: &Core) -> Outcome {
    let stack = stack(core)?;
    stack.main(&everything(false))?;
    stack.apply()?.succeeds()?;
    let registry = stack.folder().join("nhi-registry.db").display().to_string();
    let other = self::stack(core)?.env("NHI_REGISTRY", &registry);
    other.main(&everything(true))?;
    for case in &CASES {
        let attributes = stack.attributes(&case.address())?;
        let id = attributes["id"].as_str().context("an id")?;
        other.run(&["import", "-no-color", &case.address(), id])?.succeeds()?;
    }
    other.apply()?.succeeds()?;
    let shown: Vec<&str> = CASES.iter().map(|case| case.shown).collect();
    stack.plan()?.succeeds()?.says(&shown)?;
    for case in &CASES {
        ensure!(stack.actions(&case.address())? == ["update"], "{}", case.kind);
    }
    stack.apply_planned()?.succeeds()?;
    stack.plans_empty()?;
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(())
}

/// The file is edited past the registry, one record at a time.
fn rule_06_what_was_tampered_with_stops_every_plan(core: &Core) -> Outcome {
    let stack = stack(core)?;
    stack.main(&everything(false))?;
    stack.apply()?.succeeds()?;
    let file = stack.folder().join("nhi-registry.db");
    ensure!(!beside(&file, "-wal").exists(), "the provider left a log behind");
    let whole = std::fs::read(&file)?;
    each(|case| {
        let edited = replaced(&whole, case.edit.0.as_bytes(), case.edit.1.as_bytes())?;
        std::fs::write(&file, edited)?;
        stack
            .run(&["plan", "-no-color"])?
            .fails_with(&["NHI-REGISTRY-TAMPERED"])?;
        stack.apply()?.fails_with(&["NHI-REGISTRY-TAMPERED"])?;
        stack.nhi(&["audit", "verify"])?.run()?.exits(1)?;
        Ok(())
    })?;
    std::fs::write(&file, &whole)?;
    stack.plans_empty()
}

fn beside(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Every occurrence, in a text of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> anyhow::Result<Vec<u8>> {
    ensure!(from.len() == to.len() && from != to);
    let mut edited = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (part, length) = if rest.starts_with(from) {
            (to, from.len())
        } else {
            (rest.get(..1).unwrap_or(rest), 1)
        };
        edited.extend_from_slice(part);
        rest = rest.get(length..).unwrap_or_default();
    }
    ensure!(edited != bytes, "there is no such text");
    Ok(edited)
}

/// The clock runs ahead: a read keeps each in the state with its status, no error, and nothing is planned.
fn rule_02_what_runs_out_says_so_and_plans_nothing(core: &Core) -> Outcome {
    let mut stack = stack(core)?;
    stack.main(&everything(false))?;
    stack.apply()?.succeeds()?;
    let before: Vec<_> = CASES
        .iter()
        .map(|case| stack.attributes(&case.address()))
        .collect::<Result<_, _>>()?;
    let days = CASES
        .iter()
        .filter_map(|case| case.runs_out)
        .map(|(days, _)| days)
        .max();
    let ahead = days.context("something that runs out")? * DAY;
    stack.set("NHI_FAILPOINT_CLOCK", Some(&ahead.to_string()));
    stack
        .run(&["apply", "-refresh-only", "-auto-approve", "-no-color"])?
        .succeeds()?;
    for (case, before) in CASES.iter().zip(before) {
        let now = stack.attributes(&case.address())?;
        ensure!(
            now["id"] == before["id"] && now["expires_at"] == before["expires_at"],
            "{before} {now}"
        );
        if let Some((_, status)) = case.runs_out {
            ensure!(now["status"] == status, "{}: {now}", case.kind);
        }
    }
    stack.plans_empty()?;
    stack
        .plan()?
        .succeeds()?
        .says(&["expired", "NHI-EXPIRED", "contract ended"])?;
    stack.destroy()?.succeeds()?;
    Ok(())
}

/// The provider is killed at one write of an apply after the other; whatever it was, one apply comes to the end, with
/// nothing twice and nothing lost.
fn rule_10_killed_at_every_write_one_apply_converges(core: &Core) -> Outcome {
    const POINTS: [&str; 5] = [
        "kill:begun",
        "kill:recorded",
        "kill:audited",
        "before-commit",
        "after-commit",
    ];
    let is_full = std::env::var("NHI_CAMPAIGN").is_ok_and(|wanted| wanted == "full");
    let (mut cases, mut failures) = (0, Vec::new());
    for (number, point) in POINTS.iter().enumerate() {
        for at in 1..=CASES.len() {
            for (turn, doing) in ["create", "update", "destroy"].into_iter().enumerate() {
                // They take turns; all of them are run where the whole campaign is asked for.
                if !is_full && (at % POINTS.len() != number || (at + turn) % 2 == 0) {
                    continue;
                }
                cases += 1;
                if let Err(error) = killed(core, &format!("{point}:{at}"), doing) {
                    failures.push(format!("{doing} at {point}:{at}: {error:#}"));
                }
            }
        }
    }
    support::cores::say(&format!(
        "kill -9 of the provider through {}: {cases} cases, {} failures, seed 0",
        core.kind.program(),
        failures.len()
    ));
    ensure!(failures.is_empty(), "{failures:#?}");
    // A planted defect: nobody is killed, so that nothing was shown.
    ensure!(
        killed(core, "kill:begun:99", "create").is_err(),
        "a point that is not there was reached"
    );
    Ok(())
}

fn killed(core: &Core, point: &str, doing: &str) -> Outcome {
    let mut stack = stack(core)?;
    stack.main(&everything(false))?;
    if doing != "create" {
        stack.apply()?.succeeds()?;
    }
    stack.main(&everything(doing == "update"))?;
    let run = |stack: &Stack| {
        if doing == "destroy" {
            stack.destroy()
        } else {
            stack.apply()
        }
    };
    stack.set("NHI_FAILPOINT", Some(point));
    run(&stack)?.exits(1)?;
    stack.set("NHI_FAILPOINT", None);
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    run(&stack)?.succeeds()?;
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    if doing != "destroy" {
        stack.plans_empty()?;
    }
    let events = events(&stack)?;
    let count = |wanted: &str| events.iter().filter(|event| *event == wanted).count();
    for case in &CASES {
        let (word, is_gone) = (case.word(), doing == "destroy");
        let end = if case.kind == "nhi_identity" {
            "revoked"
        } else {
            "ended"
        };
        let told = [count(&format!("{word}.created")), count(&format!("{word}.{end}"))];
        ensure!(told == [1, usize::from(is_gone)], "{word}: {told:?} in {events:?}");
        ensure!(
            doing != "update" || count(&format!("{word}.updated")) == 1,
            "{word}: {events:?}"
        );
    }
    Ok(())
}
