//! Break-glass access for people and for programs.

use anstyle::Style;
use nhi_governance::{BreakGlass, Owner, Record as _, RecordId, Registered, ScopeEntry, Timestamp};
use serde::Serialize;

use crate::exit::Failure;
use crate::operate::{Format, outcome};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen, YELLOW};

/// What programs get. Members are only ever added.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    as_of: Timestamp,
    action: &'a str,
    changed: bool,
    break_glass: Vec<View<'a>>,
}

#[derive(Debug, Serialize)]
struct View<'a> {
    id: RecordId,
    name: String,
    environment: &'a str,
    status: &'static str,
    status_reason: String,
    sealed: bool,
    overdue: bool,
    scope: &'a [ScopeEntry],
    holders: &'a [Owner],
    approvals: u32,
    max_session: &'a str,
    session_until: Option<Timestamp>,
    activated_by: Option<&'a str>,
    last_activated_at: Option<Timestamp>,
    last_tested_at: Option<Timestamp>,
    test_due_at: Timestamp,
    post_review_due_at: Option<Timestamp>,
    /// Whom to tell: nothing is sent, it stands in the audit log for whoever sends it.
    notify: &'a [String],
    revision: u64,
}

impl<'a> View<'a> {
    fn of(record: &'a Registered<BreakGlass>, now: Timestamp) -> Self {
        let (declared, state, standing) = (record.declaration(), record.state(), record.standing(now));
        Self {
            id: record.id(),
            name: record.key(),
            environment: record.environment(),
            status: standing.status,
            status_reason: standing.reason,
            sealed: !record.is_open(now),
            overdue: is_overdue(record, now),
            scope: &declared.scope,
            holders: &declared.holders,
            approvals: declared.approvals,
            max_session: declared.max_session.as_str(),
            session_until: state.session_until,
            activated_by: state.activated_by.as_deref(),
            last_activated_at: state.last_activated_at,
            last_tested_at: state.last_tested_at,
            test_due_at: record.test_due_at(),
            post_review_due_at: state.post_review_due_at,
            notify: &declared.notify,
            revision: record.revision(),
        }
    }
}

/// Whether a test or a review is late.
pub(super) fn is_overdue(record: &Registered<BreakGlass>, now: Timestamp) -> bool {
    let is_late = |due: Timestamp| due <= now;
    record.state().post_review_due_at.is_some_and(is_late)
        || (record.ended_at().is_none() && is_late(record.test_due_at()))
}

/// Writes how they stand after an action.
pub(super) fn answer(
    action: &str,
    records: &[Registered<BreakGlass>],
    now: Timestamp,
    changed: bool,
    format: Format,
    console: &Console,
) -> Result<(), Failure> {
    match format {
        Format::Json => console.answer_raw(&output::json(&Document {
            version: 1,
            as_of: now,
            action,
            changed,
            break_glass: records.iter().map(|record| View::of(record, now)).collect(),
        })?),
        Format::Human => {
            let mut screen = Screen::new(console.width);
            if records.is_empty() {
                screen.line(&[(PLAIN, "none")]);
            } else {
                table(&mut screen, records, now);
            }
            if let ([one], false) = (records, action == "listed") {
                let said = if changed { action } else { "nothing to do" };
                let reason = one.standing(now).reason;
                screen.line(&[(BOLD, said), (PLAIN, ": "), (PLAIN, &reason)]);
                if changed {
                    screen.line(&[(DIM, "tell: "), (PLAIN, &one.declaration().notify.join(", "))]);
                }
            }
            console.answer(&screen.into_text())
        }
    }
}

fn table(screen: &mut Screen, records: &[Registered<BreakGlass>], now: Timestamp) {
    let moment = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let rows: Vec<[String; 6]> = records
        .iter()
        .map(|record| {
            [
                record.key(),
                record.environment().to_owned(),
                record.standing(now).status.to_owned(),
                moment(record.ended_at().is_none().then(|| record.test_due_at())),
                moment(record.state().post_review_due_at),
                record.id().to_string(),
            ]
        })
        .collect();
    let headings = ["NAME", "ENVIRONMENT", "STATUS", "TEST DUE", "REVIEW DUE", "ID"];
    outcome::table(screen, &headings, &rows, |row, column| {
        let record = records.get(row);
        match column {
            0 => BOLD,
            2 => record.map_or(PLAIN, |record| style(record, now)),
            _ => PLAIN,
        }
    });
}

fn style(record: &Registered<BreakGlass>, now: Timestamp) -> Style {
    if is_overdue(record, now) {
        RED
    } else if record.is_open(now) {
        YELLOW
    } else {
        GREEN
    }
}

/// Everything about one.
pub(super) fn one(record: &Registered<BreakGlass>, now: Timestamp, width: usize) -> String {
    let (declared, state, standing) = (record.declaration(), record.state(), record.standing(now));
    let mut screen = Screen::new(width);
    let (name, id) = (record.key(), record.id().to_string());
    screen.line(&[
        (BOLD, &name),
        (DIM, "  "),
        (style(record, now), standing.status),
        (DIM, ": "),
        (PLAIN, &standing.reason),
    ]);
    let holders: Vec<&str> = declared.holders.iter().map(Owner::as_str).collect();
    let mut fields = vec![
        ("id", id),
        ("environment", record.environment().to_owned()),
        ("holders", holders.join(", ")),
        (
            "opens by",
            format!(
                "the signatures of {} of them, for {} at most",
                declared.approvals.saturating_add(1),
                declared.max_session
            ),
        ),
    ];
    for entry in &declared.scope {
        let opens = format!(
            "{} {}: {}",
            entry.backend(),
            entry.resource(),
            entry.actions().join(", ")
        );
        fields.push(("opens", opens));
    }
    fields.push(("tells", declared.notify.join(", ")));
    fields.push(("test due", record.test_due_at().to_string()));
    for (label, at) in [
        ("last tested", state.last_tested_at),
        ("last opened", state.last_activated_at),
        ("session until", state.session_until),
        ("review due", state.post_review_due_at),
    ] {
        fields.extend(at.map(|at| (label, at.to_string())));
    }
    fields.extend(state.activated_by.clone().map(|by| ("opened by", by)));
    for (label, text) in &fields {
        let label = format!("  {label:<14}");
        screen.line(&[(DIM, &label), (PLAIN, text)]);
    }
    screen.into_text()
}
