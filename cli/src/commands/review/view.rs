//! Access reviews for people and for programs.

use anstyle::Style;
use nhi_governance::{Decision, Identity, Item, Owner, Record as _, RecordId, Timestamp};
use nhi_registry::{RecordsExt as _, Registry, RegistryError};
use serde::Serialize;

use crate::exit::Failure;
use crate::operate::rounds::Review;
use crate::operate::{Format, outcome};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen, YELLOW};
use crate::registry::failure;

/// What programs get. Members are only ever added.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    as_of: Timestamp,
    action: &'a str,
    changed: bool,
    reviews: Vec<View<'a>>,
}

#[derive(Debug, Serialize)]
struct View<'a> {
    id: RecordId,
    name: String,
    status: &'static str,
    status_reason: String,
    reviewers: &'a [Owner],
    opened_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
    opens_at: Option<Timestamp>,
    items: usize,
    decided: usize,
    kept: usize,
    revoked: usize,
    auto_suspended: usize,
    evidence_digest: Option<String>,
    revision: u64,
    /// Of `list` there are none.
    identities: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: RecordId,
    name: String,
    environment: String,
    owner: String,
    risk_tier: String,
    requested_by: Option<String>,
    decision: Option<Decision>,
    by: Option<String>,
    at: Option<Timestamp>,
    signed: bool,
}

impl<'a> View<'a> {
    fn of(review: &'a Review, now: Timestamp, identities: Vec<Row>) -> Self {
        let (state, standing) = (review.state(), review.standing(now));
        Self {
            id: review.id(),
            name: review.key(),
            status: standing.status,
            status_reason: standing.reason,
            reviewers: &review.declaration().reviewers,
            opened_at: state.opened_at,
            due_at: state.due_at,
            opens_at: review.opens_at(),
            items: state.items.len(),
            decided: state.decided(),
            kept: state.count(Decision::Keep),
            revoked: state.count(Decision::Revoke),
            auto_suspended: state.count(Decision::NoResponse),
            evidence_digest: state.evidence_digest.map(|digest| digest.to_string()),
            revision: review.revision(),
            identities,
        }
    }
}

fn rows(registry: &dyn Registry, review: &Review) -> Result<Vec<Row>, Failure> {
    let read = registry.reading(|view| {
        let identities = view.of_ids::<Identity>(review.state().items.keys().copied())?;
        let row = |(id, item): (&RecordId, &Item)| {
            let identity = identities.get(id).ok_or(RegistryError::NotFound(*id))?;
            let declaration = identity.declaration();
            Ok(Row {
                id: *id,
                name: identity.key(),
                environment: declaration.environment().to_string(),
                owner: declaration.technical_owner().to_string(),
                risk_tier: identity.assess(view.policy()).tier.to_string(),
                requested_by: item.requested_by.clone(),
                decision: item.decision,
                by: item.by.clone(),
                at: item.at,
                signed: item.signed,
            })
        };
        review.state().items.iter().map(row).collect::<Result<Vec<Row>, _>>()
    });
    read.map_err(|error| failure(&error))
}

/// Writes how one stands after an action, with what was said of each identity.
pub(super) fn one(
    registry: &dyn Registry,
    action: &str,
    review: &Review,
    changed: bool,
    format: Format,
    console: &Console,
) -> Result<(), Failure> {
    let now = registry.now().map_err(|error| failure(&error))?;
    let rows = rows(registry, review)?;
    match format {
        Format::Json => console.answer_raw(&output::json(&Document {
            version: 1,
            as_of: now,
            action,
            changed,
            reviews: vec![View::of(review, now, rows)],
        })?),
        Format::Human => {
            let mut screen = Screen::new(console.width);
            items(&mut screen, &rows);
            let standing = review.standing(now);
            let said = match (action, changed) {
                ("shown", _) => standing.status,
                (action, true) => action,
                (_, false) => "nothing to do",
            };
            let state = review.state();
            let counted = format!(
                "{} of {} kept, {} to be revoked, {} without an answer",
                state.count(Decision::Keep),
                state.items.len(),
                state.count(Decision::Revoke),
                state.items.len() - state.decided(),
            );
            screen.line(&[(BOLD, said), (PLAIN, ": "), (PLAIN, &standing.reason)]);
            screen.line(&[(DIM, &counted)]);
            // A round of nothing is answered in full; that must not look like a review.
            if state.items.is_empty() && action == "opened" && changed {
                screen.line(&[(
                    YELLOW,
                    "its selector selects no identity that can be used: nothing is under review",
                )]);
            }
            console.answer(&screen.into_text())
        }
    }
}

fn items(screen: &mut Screen, rows: &[Row]) {
    let cells: Vec<[String; 6]> = rows
        .iter()
        .map(|row| {
            [
                row.name.clone(),
                row.environment.clone(),
                row.risk_tier.clone(),
                word(row).to_owned(),
                row.by.clone().unwrap_or_else(|| "-".to_owned()),
                row.id.to_string(),
            ]
        })
        .collect();
    let headings = ["NAME", "ENVIRONMENT", "TIER", "ANSWER", "BY", "ID"];
    outcome::table(screen, &headings, &cells, |row, column| {
        match (column, rows.get(row).and_then(|row| row.decision)) {
            (0, _) => BOLD,
            (3, decision) => style(decision),
            _ => PLAIN,
        }
    });
}

fn word(row: &Row) -> &'static str {
    match (row.decision, row.signed) {
        (None, _) => "-",
        (Some(Decision::Keep), true) => "keep",
        (Some(Decision::Keep), false) => "keep, unsigned",
        (Some(Decision::Revoke), true) => "revoke",
        (Some(Decision::Revoke), false) => "revoke, unsigned",
        (Some(Decision::NoResponse), _) => "no response",
    }
}

fn style(decision: Option<Decision>) -> Style {
    match decision {
        None => YELLOW,
        Some(Decision::Keep) => GREEN,
        Some(Decision::Revoke | Decision::NoResponse) => RED,
    }
}

/// Writes how all of them stand.
pub(super) fn list(
    registry: &dyn Registry,
    reviews: &[Review],
    format: Format,
    console: &Console,
) -> Result<(), Failure> {
    let now = registry.now().map_err(|error| failure(&error))?;
    if format == Format::Json {
        return console.answer_raw(&output::json(&Document {
            version: 1,
            as_of: now,
            action: "listed",
            changed: false,
            reviews: reviews.iter().map(|review| View::of(review, now, Vec::new())).collect(),
        })?);
    }
    let mut screen = Screen::new(console.width);
    if reviews.is_empty() {
        screen.line(&[(PLAIN, "none")]);
        return console.answer(&screen.into_text());
    }
    let rows: Vec<[String; 5]> = reviews
        .iter()
        .map(|review| {
            let (state, standing) = (review.state(), review.standing(now));
            [
                review.key(),
                standing.status.to_owned(),
                format!("{} of {}", state.decided(), state.items.len()),
                standing.reason,
                review.id().to_string(),
            ]
        })
        .collect();
    let headings = ["NAME", "STATUS", "ANSWERED", "WHY", "ID"];
    outcome::table(
        &mut screen,
        &headings,
        &rows,
        |_, column| {
            if column == 0 { BOLD } else { PLAIN }
        },
    );
    console.answer(&screen.into_text())
}
