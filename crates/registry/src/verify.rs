//! Looks for what was changed past the registry.
//!
//! The log is walked from its first row: numbers without a gap, each hash right, each linked to the one before, the
//! last one equal to the head that is kept apart. Then every record is compared with the digest that its last row
//! names, the schema with the one that the migrations make (a dropped trigger is found so), and the database with
//! itself. The first thing found is the answer; what comes after it proves nothing.

use std::collections::BTreeMap;
use std::fmt;

use nhi_governance::{Digest, Identity, Record as _};
use rusqlite::{Connection, Row};

use crate::audit::{AuditRow, genesis};
use crate::sqlite::{Meta, audit_row, load_meta, schema_of, schema_of_migrations};

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The id of the registry.
    pub registry_id: String,
    /// How many rows of the log are good, from the first one on.
    pub rows: u64,
    /// How many records were compared with the log.
    pub identities: u64,
    /// The hash of the last good row: kept elsewhere, it also shows when the whole file is replaced by an older one.
    pub head: Digest,
    /// The first thing that is wrong.
    pub tampering: Option<Tampering>,
}

/// Something that the registry did not write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tampering {
    /// The row of the log where it shows.
    pub seq: Option<u64>,
    /// The identity whose record it is.
    pub subject: Option<String>,
    /// What is wrong, as a phrase.
    pub reason: String,
}

impl Tampering {
    pub(crate) fn at(seq: u64, reason: impl Into<String>) -> Self {
        Self {
            seq: Some(seq),
            subject: None,
            reason: reason.into(),
        }
    }

    pub(crate) fn of(subject: &str, seq: Option<u64>, reason: impl Into<String>) -> Self {
        // The subject comes from the file, so it may hold anything.
        let subject = subject
            .chars()
            .take(40)
            .map(|c| if c.is_ascii_graphic() { c } else { '?' })
            .collect();
        Self {
            seq,
            subject: Some(subject),
            reason: reason.into(),
        }
    }

    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self {
            seq: None,
            subject: None,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seq) = self.seq {
            write!(f, "audit row {seq}: ")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, "identity `{subject}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// Verifies what one transaction of the connection sees.
pub(crate) fn verify(connection: &Connection) -> rusqlite::Result<Verification> {
    let meta = match load_meta(connection)? {
        Ok(meta) => meta,
        Err(tampering) => {
            let head = genesis("", "");
            return Ok(Verification {
                registry_id: String::new(),
                rows: 0,
                identities: 0,
                head,
                tampering: Some(tampering),
            });
        }
    };
    let mut walk = Walk {
        head: genesis(&meta.registry_id, &meta.created_at),
        ..Walk::default_at(genesis("", ""))
    };
    let mut tampering = walk.log(connection, &meta)?;
    let mut identities = 0;
    if tampering.is_none() {
        tampering = walk.identities(connection, &mut identities)?;
    }
    if tampering.is_none() && schema_of(connection)? != schema_of_migrations()? {
        tampering = Some(Tampering::whole(
            "tables, indexes or triggers differ from those of the migrations",
        ));
    }
    if tampering.is_none() {
        let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        tampering =
            (verdict != "ok").then(|| Tampering::whole(format!("the file is damaged: {}", verdict.replace('\n', " "))));
    }
    Ok(Verification {
        registry_id: meta.registry_id,
        rows: walk.seq,
        identities,
        head: walk.head,
        tampering,
    })
}

/// The walk along the log: the last good row, and what it says of each record.
struct Walk {
    seq: u64,
    head: Digest,
    records: BTreeMap<String, (u64, Digest)>,
}

impl Walk {
    fn default_at(head: Digest) -> Self {
        Self {
            seq: 0,
            head,
            records: BTreeMap::new(),
        }
    }

    fn log(&mut self, connection: &Connection, meta: &Meta) -> rusqlite::Result<Option<Tampering>> {
        let mut statement = connection
            .prepare("SELECT seq, time, actor, action, subject, payload, previous, hash FROM audit_log ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Err(tampering) = self.row(row)? {
                return Ok(Some(tampering));
            }
        }
        if self.seq < meta.head_seq {
            let reason = format!("missing: the log ends here, its head is row {}", meta.head_seq);
            return Ok(Some(Tampering::at(self.seq + 1, reason)));
        }
        if self.seq > meta.head_seq {
            let reason = format!("not written by the registry: the head is row {}", meta.head_seq);
            return Ok(Some(Tampering::at(meta.head_seq + 1, reason)));
        }
        let head_differs = self.head != meta.head_hash;
        Ok(head_differs.then(|| match self.seq {
            0 => Tampering::whole("the log is empty and its head is not that of this registry"),
            seq => Tampering::at(seq, "its hash is not the head of the log"),
        }))
    }

    fn row(&mut self, row: &Row<'_>) -> rusqlite::Result<Result<(), Tampering>> {
        let seq = self.seq + 1;
        let row = match audit_row(row) {
            Ok(row) => row,
            Err(rusqlite::Error::SqliteFailure(error, text)) => {
                return Err(rusqlite::Error::SqliteFailure(error, text));
            }
            Err(_) => return Ok(Err(Tampering::at(seq, "its columns are not of the right type"))),
        };
        Ok(self.check(seq, row))
    }

    fn check(&mut self, seq: u64, row: AuditRow) -> Result<(), Tampering> {
        if row.seq != seq {
            return Err(Tampering::at(seq, "missing, or moved to another number"));
        }
        if row.previous != self.head {
            return Err(Tampering::at(seq, "it does not follow the row before it"));
        }
        if row.expected_hash() != row.hash {
            return Err(Tampering::at(seq, "its content differs from its hash"));
        }
        if row.action.starts_with("identity.") {
            let Some(digest) = row.record_digest() else {
                return Err(Tampering::at(seq, "it names no record"));
            };
            self.records.insert(row.subject, (seq, digest));
        }
        self.seq = seq;
        self.head = row.hash;
        Ok(())
    }

    fn identities(&self, connection: &Connection, count: &mut u64) -> rusqlite::Result<Option<Tampering>> {
        let mut statement = connection.prepare("SELECT id, record FROM identities NOT INDEXED")?;
        let mut rows = statement.query([])?;
        let mut unseen = self.records.clone();
        while let Some(row) = rows.next()? {
            let texts = row
                .get::<_, String>(0)
                .and_then(|id| Ok((id, row.get::<_, String>(1)?)));
            let Ok((id, record)) = texts else {
                return Ok(Some(Tampering::whole(
                    "the columns of a record are not of the right type",
                )));
            };
            let Some((seq, digest)) = unseen.remove(&id) else {
                return Ok(Some(Tampering::of(
                    &id,
                    None,
                    "the log does not know this record, or it stands twice",
                )));
            };
            if let Err(reason) = check_record(&id, &record, digest) {
                return Ok(Some(Tampering::of(&id, Some(seq), reason)));
            }
            *count += 1;
        }
        let first = unseen.into_iter().min_by_key(|(_, (seq, _))| *seq);
        Ok(first.map(|(id, (seq, _))| Tampering::of(&id, Some(seq), "its record is missing")))
    }
}

/// Whether a record is the one that the log vouches for.
pub(crate) fn check_record(id: &str, record: &str, digest: Digest) -> Result<Identity, &'static str> {
    if Digest::of(record.as_bytes()) != digest {
        return Err("its record differs from the one in the log");
    }
    let identity = Identity::from_json(record).map_err(|_| "its record cannot be read by this version")?;
    if identity.id().to_string() == id {
        Ok(identity)
    } else {
        Err("its record belongs to another id")
    }
}
