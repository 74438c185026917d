//! The first question of a transaction, in one round trip with its beginning: where the log ends, and whether it goes
//! on from where it ended when this connection last asked.

use postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::columns::{Cells as _, audit_row};
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
        let found = asked.first().and_then(|row| row.digest(0).ok());
        found == Some(hash)
    });
    let since = since.iter().map(|row| row.text(0)).collect::<Result<_, _>>().ok();
    Opened {
        tail: Tail {
            meta: metas.first().ok_or_else(Tampering::headless).and_then(meta),
            last: lasts.first().map(audit_row).transpose().map_err(drop),
        },
        since: since.filter(|_| goes_on),
    }
}

fn meta(row: &SimpleQueryRow) -> Result<Meta, Tampering> {
    let read = || {
        let meta = Meta {
            registry_id: row.text(0)?,
            created_at: row.text(1)?,
            head_seq: row.number(2)?,
            head_hash: row.digest(3)?,
            unfinished: match row.text(5)?.as_str() {
                "t" => true,
                "f" => false,
                _ => return Err(Unreadable),
            },
        };
        if row.number(4)? == 1 { Ok(meta) } else { Err(Unreadable) }
    };
    read().map_err(|_| Tampering::headless())
}
