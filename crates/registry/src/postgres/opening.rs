//! The first question of a transaction, in one round trip with its beginning: where the log ends, and whether it goes
//! on from where it ended when this connection last asked.

use nhi_governance::Digest;
use postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::memory::{Head, ROWS_MAX};
use crate::audit::AuditRow;
use crate::transaction::{Meta, Unreadable};
use crate::verify::Tampering;

const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const META: &str = "SELECT registry_id, created_at, head_seq, head_hash, (SELECT count(*) FROM nhi.meta), unfinished
    FROM nhi.meta WHERE sole";
const LAST: &str = "SELECT seq, time, actor, action, subject, payload, previous, hash FROM nhi.audit_log
    ORDER BY seq DESC LIMIT 1";

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It sees one moment, and waits for nobody.
    Read,
    /// It waits for its turn, by a lock on the row that keeps the head of the log. Each later statement sees all that
    /// others have committed, and nobody can commit beside.
    Write,
}

impl Purpose {
    /// As an error says it.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write to",
        }
    }
}

/// The end of the log, as it is found.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    pub(super) meta: Result<Meta, Tampering>,
    pub(super) last: Result<Option<AuditRow>, ()>,
}

/// What the server answers.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) tail: Tail,
    /// First words of the actions since the row that was asked for, where that row is there.
    pub(super) since: Option<Vec<String>>,
}

impl Tail {
    /// Before anybody has looked.
    pub(super) fn unknown() -> Self {
        Self {
            meta: Err(Tampering::headless()),
            last: Ok(None),
        }
    }

    /// Where the log ends, as far as that can be told.
    pub(super) fn head(&self) -> Option<Head> {
        let meta = self.meta.as_ref().ok()?;
        Some((meta.head_seq, meta.head_hash))
    }
}

/// Begins a transaction and asks.
pub(super) fn question(purpose: Purpose, asks_for: Option<Head>) -> String {
    let mut question = match purpose {
        Purpose::Read => format!("{BEGIN_READ}; {META}; {LAST}"),
        // A statement of its own, so that the next one sees what was committed while this one waited.
        Purpose::Write => format!("{BEGIN_WRITE}; {META} FOR UPDATE; {LAST}"),
    };
    if let Some((seq, _)) = asks_for {
        question = format!(
            "{question}; SELECT hash FROM nhi.audit_log WHERE seq = {seq};
            SELECT DISTINCT split_part(action, '.', 1) FROM nhi.audit_log WHERE seq > {seq} AND seq <= {}",
            seq.saturating_add(ROWS_MAX)
        );
    }
    question
}

/// Reads the answer to it.
pub(super) fn answer(messages: Vec<SimpleQueryMessage>, asks_for: Option<Head>) -> Opened {
    let mut answers = vec![Vec::new()];
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => {
                if let Some(rows) = answers.last_mut() {
                    rows.push(row);
                }
            }
            SimpleQueryMessage::CommandComplete(_) => answers.push(Vec::new()),
            _ => {}
        }
    }
    // The first statement, which begins, answers with no rows.
    let mut answers = answers.into_iter().skip(1);
    let mut next = || answers.next().unwrap_or_default();
    let (metas, lasts, asked, since) = (next(), next(), next(), next());
    let goes_on = asks_for.is_some_and(|(_, hash)| {
        let found = asked.first().and_then(|row| digest(row, 0).ok());
        found == Some(hash)
    });
    let since = since.iter().map(|row| text(row, 0)).collect::<Result<_, _>>().ok();
    Opened {
        tail: Tail {
            meta: metas.first().ok_or_else(Tampering::headless).and_then(meta),
            last: lasts.first().map(audit_row).transpose().map_err(drop),
        },
        since: since.filter(|_| goes_on),
    }
}

fn text(row: &SimpleQueryRow, column: usize) -> Result<String, Unreadable> {
    let text = row.try_get(column).ok().flatten();
    text.map(str::to_owned).ok_or(Unreadable)
}

fn digest(row: &SimpleQueryRow, column: usize) -> Result<Digest, Unreadable> {
    Digest::parse(&text(row, column)?).map_err(|_| Unreadable)
}

fn number(row: &SimpleQueryRow, column: usize) -> Result<u64, Unreadable> {
    text(row, column)?.parse().map_err(|_| Unreadable)
}

fn meta(row: &SimpleQueryRow) -> Result<Meta, Tampering> {
    let read = || {
        let meta = Meta {
            registry_id: text(row, 0)?,
            created_at: text(row, 1)?,
            head_seq: number(row, 2)?,
            head_hash: digest(row, 3)?,
            unfinished: match text(row, 5)?.as_str() {
                "t" => true,
                "f" => false,
                _ => return Err(Unreadable),
            },
        };
        if number(row, 4)? == 1 {
            Ok(meta)
        } else {
            Err(Unreadable)
        }
    };
    read().map_err(|_| Tampering::headless())
}

fn audit_row(row: &SimpleQueryRow) -> Result<AuditRow, Unreadable> {
    Ok(AuditRow {
        seq: number(row, 0)?,
        time: text(row, 1)?,
        actor: text(row, 2)?,
        action: text(row, 3)?,
        subject: text(row, 4)?,
        payload: text(row, 5)?,
        previous: digest(row, 6)?,
        hash: digest(row, 7)?,
    })
}
