//! A request for people and for programs: first what becomes possible, then everything else.

use nhi_approvals::{Deed, Difference, Order, Privilege, Request};
use nhi_governance::{Access, Digest, Policy};
use serde::Serialize;
use serde_json::Value;

use crate::approvals::requirement;
use crate::output::{BOLD, DIM, GREEN, PLAIN, RED, Screen, YELLOW};

/// Privileges that are shown one by one; the rest is counted.
const PRIVILEGES_MAX: usize = 200;

/// A request as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    version: u32,
    digest: Digest,
    calls_for: String,
    difference: Difference,
    request: &'a Request,
}

impl<'a> View<'a> {
    pub(crate) fn of(policy: &Policy, request: &'a Request) -> Self {
        Self {
            version: 1,
            digest: request.digest(),
            calls_for: calls_for(policy, request),
            difference: Difference::of(request),
            request,
        }
    }
}

/// What the request calls for, as far as the policy at hand can tell.
fn calls_for(policy: &Policy, request: &Request) -> String {
    requirement(policy, request).map_or_else(
        |_| "what its policy says".to_owned(),
        |requirement| requirement.to_string(),
    )
}

pub(crate) fn human(policy: &Policy, request: &Request, width: usize) -> String {
    let mut screen = Screen::new(width);
    let environment = request
        .environment
        .as_ref()
        .map_or("no environment", |environment| environment.as_str());
    let what = match Order::of(request).map(|order| order.deed) {
        Some(Deed::Activate) => "a session".to_owned(),
        Some(Deed::Decide) => "an answer".to_owned(),
        Some(Deed::Review) => "the review of a session".to_owned(),
        Some(Deed::Test) => "a drill".to_owned(),
        None if request.previous_revision == 0 => "a new one".to_owned(),
        None => format!("a change of revision {}", request.previous_revision),
    };
    screen.line(&[
        (BOLD, &request.name),
        (DIM, "  "),
        (PLAIN, request.kind.as_str()),
        (DIM, " in "),
        (PLAIN, environment),
        (DIM, " of "),
        (PLAIN, request.organisation.as_str()),
        (DIM, ", "),
        (PLAIN, &what),
    ]);
    screen.blank();
    difference(&mut screen, request);
    screen.blank();
    terms(&mut screen, policy, request);
    screen.into_text()
}

/// What an approver has to see first.
fn difference(screen: &mut Screen, request: &Request) {
    let difference = Difference::of(request);
    if difference.gained.is_empty() && difference.lost.is_empty() {
        screen.line(&[(DIM, "no privilege is gained or lost")]);
    }
    for (sign, title, privileges) in [
        ("+", "becomes possible", &difference.gained),
        ("-", "stops to be possible", &difference.lost),
    ] {
        if privileges.is_empty() {
            continue;
        }
        screen.line(&[(BOLD, title)]);
        for privilege in privileges.iter().take(PRIVILEGES_MAX) {
            self::privilege(screen, sign, privilege);
        }
        if privileges.len() > PRIVILEGES_MAX {
            let more = format!(
                "  … and {} more: see `--format json`",
                privileges.len() - PRIVILEGES_MAX
            );
            screen.line(&[(YELLOW, &more)]);
        }
    }
    if !difference.changed.is_empty() {
        screen.line(&[(BOLD, "changes")]);
    }
    for changed in &difference.changed {
        let none = "none".to_owned();
        let (before, after) = (
            changed.before.as_ref().unwrap_or(&none),
            changed.after.as_ref().unwrap_or(&none),
        );
        screen.line(&[
            (DIM, "  ~ "),
            (PLAIN, &changed.what),
            (DIM, ": "),
            (PLAIN, before),
            (DIM, " → "),
            (BOLD, after),
        ]);
    }
}

fn privilege(screen: &mut Screen, sign: &str, privilege: &Privilege) {
    let (style, does) = match privilege.access() {
        Access::Administer => (RED, "administers"),
        Access::Write => (YELLOW, "writes"),
        Access::Read => (GREEN, "reads"),
    };
    let sign = format!("  {sign} ");
    let does = format!("{does:<12}");
    screen.line(&[
        (BOLD, &sign),
        (style, &does),
        (BOLD, &privilege.action),
        (DIM, " on "),
        (PLAIN, &privilege.resource),
        (DIM, " of "),
        (PLAIN, &privilege.backend),
    ]);
}

/// A member of the subject: a list of texts reads as one line.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) if elements.iter().all(Value::is_string) => {
            let texts: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
            texts.join(", ")
        }
        other => other.to_string(),
    }
}

/// Everything that the digest covers.
fn terms(screen: &mut Screen, policy: &Policy, request: &Request) {
    let terms = &request.terms;
    let mut field = |label: &str, text: &str| screen.field(0, &format!("{label:<16}"), PLAIN, text);
    if let Some(owner) = &terms.technical_owner {
        field("technical owner", owner.as_str());
    }
    if let Some(owner) = &terms.policy_owner {
        field("policy owner", owner.as_str());
    }
    if let Some(purpose) = &terms.purpose {
        field("purpose", purpose.summary());
        field("task", purpose.task());
        field("ticket", purpose.ticket().unwrap_or("none"));
    }
    if let Some(ttl) = &terms.ttl {
        field("ttl", ttl.as_str());
    }
    for (position, entry) in terms.scope.iter().enumerate() {
        let label = if position == 0 { "scope" } else { "" };
        field(
            label,
            &format!(
                "{} on {}: {}",
                entry.backend(),
                entry.resource(),
                entry.actions().join(", ")
            ),
        );
    }
    for (name, value) in &terms.subject {
        let text = self::text(value);
        field(&name.replace('_', " "), &text);
    }
    field(
        "tier",
        &format!("{}, which calls for {}", terms.tier, calls_for(policy, request)),
    );
    let judged_by = request
        .policy_digest
        .map_or_else(|| "the built-in one".to_owned(), |digest| digest.to_string());
    field("policy", &judged_by);
    field("nonce", &request.nonce);
    field("digest", &request.digest().to_string());
}
