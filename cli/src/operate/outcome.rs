//! What was done to identities, for people and for programs.

use anstyle::Style;
use nhi_governance::{Context, Identity, RecordId, Status, Timestamp};
use serde::Serialize;

use crate::exit::Failure;
use crate::operate::Format;
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen, YELLOW};

/// An identity after what was done to it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Done {
    pub(crate) id: RecordId,
    name: String,
    environment: String,
    owner: String,
    status: Status,
    status_reason: String,
    revision: u64,
    /// Whether anything had to be done.
    pub(crate) changed: bool,
}

impl Done {
    pub(crate) fn of(identity: &Identity, now: Timestamp, context: &Context, changed: bool) -> Self {
        let standing = identity.standing(now, context);
        let declaration = identity.declaration();
        Self {
            id: identity.id(),
            name: declaration.name().to_string(),
            environment: declaration.environment().to_string(),
            owner: declaration.technical_owner().to_string(),
            status: standing.status,
            status_reason: standing.reason,
            revision: identity.revision(),
            changed,
        }
    }
}

/// What programs get. Members are only ever added.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    action: &'a str,
    dry_run: bool,
    changed: usize,
    identities: &'a [Done],
}

/// Writes what was done by an action, or would be.
pub(crate) fn answer(
    action: &str,
    done: &[Done],
    is_dry_run: bool,
    format: Format,
    console: &Console,
) -> Result<(), Failure> {
    match format {
        Format::Human => console.answer(&human(action, done, is_dry_run, console.width)),
        Format::Json => console.answer_raw(&output::json(&Document {
            version: 1,
            action,
            dry_run: is_dry_run,
            changed: done.iter().filter(|done| done.changed).count(),
            identities: done,
        })?),
    }
}

fn human(action: &str, done: &[Done], is_dry_run: bool, width: usize) -> String {
    let mut screen = Screen::new(width);
    let rows: Vec<[String; 5]> = done.iter().map(row).collect();
    table(
        &mut screen,
        &["NAME", "ENVIRONMENT", "STATUS", "OWNER", "ID"],
        &rows,
        |row, column| {
            let status = done.get(row).map(|done| done.status);
            match (column, status) {
                (0, _) => BOLD,
                (2, Some(status)) => style(status),
                _ => PLAIN,
            }
        },
    );
    let changed = done.iter().filter(|done| done.changed).count();
    let said = if is_dry_run {
        format!("{changed} would be {action}; nothing was changed")
    } else {
        format!("{changed} {action}")
    };
    let rest = match done.len() - changed {
        0 => String::new(),
        left => format!(", {left} stay as they are"),
    };
    screen.line(&[(BOLD, &said), (PLAIN, &rest)]);
    if let [one] = done {
        screen.line(&[(DIM, &one.status_reason)]);
    }
    screen.into_text()
}

fn row(done: &Done) -> [String; 5] {
    [
        done.name.clone(),
        done.environment.clone(),
        done.status.to_string(),
        done.owner.clone(),
        done.id.to_string(),
    ]
}

fn style(status: Status) -> Style {
    match status {
        Status::Active => GREEN,
        Status::Expiring => YELLOW,
        Status::Expired | Status::Suspended | Status::Unmanaged | Status::Quarantined => RED,
        Status::Revoked | Status::Offboarded => PLAIN,
    }
}

/// Draws columns as wide as their widest cell; the last one is not padded.
pub(crate) fn table<const N: usize>(
    screen: &mut Screen,
    headings: &[&str; N],
    rows: &[[String; N]],
    style: impl Fn(usize, usize) -> Style,
) {
    let width_of = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let heading = headings.get(column).map_or(0, |heading| heading.len());
        cells.map(|cell| cell.chars().count()).fold(heading, usize::max)
    };
    let widths: Vec<usize> = (0..N).map(width_of).collect();
    let pad = |column: usize, cell: &str| match widths.get(column) {
        Some(width) if column + 1 < N => format!("{cell:<width$}  "),
        _ => cell.to_owned(),
    };
    let mut draw = |cells: Vec<(Style, String)>| {
        let spans: Vec<_> = cells.iter().map(|(style, text)| (*style, text.as_str())).collect();
        screen.line(&spans);
    };
    let heading = |(column, text): (usize, &&str)| (DIM, pad(column, text));
    draw(headings.iter().enumerate().map(heading).collect());
    for (index, row) in rows.iter().enumerate() {
        let cell = |(column, text): (usize, &String)| (style(index, column), pad(column, text));
        draw(row.iter().enumerate().map(cell).collect());
    }
}
