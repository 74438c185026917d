//! The audit log as a transparency log: what shows somebody who does not hold the registry that nothing was taken back.
//!
//! The entry of a row is canonical JSON with the members `action`, `actor`, `hash`, `payload`, `previous`, `seq`,
//! `subject` and `time`; row 1 is entry 0. `payload` is the payload itself. Where the entry would be longer than the
//! format lets one be, `payload_sha256` stands in its place: the SHA-256 of the payload's text, in hexadecimal.
//!
//! The origin of the log is `nhi/` and the registry's id.

use std::ops::ControlFlow;

use nhi_governance::{Digest, canonical_json};
use serde_json::{Value, json};
use tlog::{Checkpoint, ENTRY_BYTES_MAX, Hash, Tree};

use crate::RegistryError;
use crate::audit::{AuditRow, genesis};
use crate::verify::Tampering;
use crate::view::View;

/// The log of a registry at one moment, every row of it checked against the chain.
#[derive(Debug, Clone)]
pub struct Transparency {
    registry_id: String,
    head: Digest,
    tree: Tree,
}

impl AuditRow {
    /// The row as an entry of the transparency log.
    pub fn entry(&self) -> String {
        let whole = self.with_payload("payload", self.payload_value());
        if whole.len() <= ENTRY_BYTES_MAX {
            return whole;
        }
        let digest = Digest::of(self.payload.as_bytes()).to_string();
        self.with_payload("payload_sha256", Value::String(digest))
    }

    /// The row as JSON with all of its payload, however long it is.
    pub fn document(&self) -> String {
        self.with_payload("payload", self.payload_value())
    }

    /// What the payload says, as long as writing it again gives the same text; its text otherwise.
    fn payload_value(&self) -> Value {
        serde_json::from_str(&self.payload)
            .ok()
            .filter(|value| canonical_json(value) == self.payload)
            .unwrap_or_else(|| Value::String(self.payload.clone()))
    }

    fn with_payload(&self, member: &str, payload: Value) -> String {
        let mut entry = json!({
            "action": self.action,
            "actor": self.actor,
            "hash": self.hash.to_string(),
            "previous": self.previous.to_string(),
            "seq": self.seq,
            "subject": self.subject,
            "time": self.time,
        });
        if let Value::Object(members) = &mut entry {
            members.insert(member.to_owned(), payload);
        }
        canonical_json(&entry)
    }
}

impl Transparency {
    /// Builds it from what one transaction sees.
    pub(crate) fn of(view: &View<'_>) -> Result<Self, RegistryError> {
        let meta = &view.tail()?.meta;
        let mut log = Self {
            registry_id: meta.registry_id.clone(),
            head: genesis(&meta.registry_id, &meta.created_at),
            tree: Tree::default(),
        };
        let mut broken = None;
        view.transaction().each_audit_row(None, &mut |row| {
            let seq = log.size() + 1;
            match row {
                Ok(row) if log.takes(&row) => ControlFlow::Continue(()),
                _ => {
                    broken = Some(Tampering::at(seq, "it does not continue the log before it"));
                    ControlFlow::Break(())
                }
            }
        })?;
        if broken.is_none() && (log.size(), log.head) != (meta.head_seq, meta.head_hash) {
            broken = Some(Tampering::at(log.size(), "the log does not end at its head"));
        }
        broken.map_or(Ok(log), |tampering| Err(RegistryError::Tampered(tampering)))
    }

    fn takes(&mut self, row: &AuditRow) -> bool {
        let follows = row.seq == self.size() + 1 && row.previous == self.head && row.expected_hash() == row.hash;
        if follows {
            self.tree.push(row.entry().as_bytes());
            self.head = row.hash;
        }
        follows
    }

    /// Which registry it is of.
    pub fn registry_id(&self) -> &str {
        &self.registry_id
    }

    /// The name of the log.
    pub fn origin(&self) -> String {
        format!("nhi/{}", self.registry_id)
    }

    /// How many rows it has, which is the number of the last one.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The hash of the last row in the chain.
    pub fn head(&self) -> Digest {
        self.head
    }

    /// The tree over the entries.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What is published of it.
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint_of(self.size(), self.tree.root())
    }

    /// What was to be published of it when it had this size; none where it never had.
    pub fn checkpoint_at(&self, size: u64) -> Option<Checkpoint> {
        Some(self.checkpoint_of(size, self.tree.root_at(size)?))
    }

    fn checkpoint_of(&self, size: u64, root: Hash) -> Checkpoint {
        Checkpoint {
            origin: self.origin(),
            size,
            root,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tlog::ENTRY_BYTES_MAX;

    use crate::audit::{AuditRow, genesis};

    fn row(payload: String) -> AuditRow {
        let mut row = AuditRow {
            seq: 7,
            time: "2026-01-02T03:04:05Z".into(),
            actor: "alice@build".into(),
            action: "identity.created".into(),
            subject: "01".into(),
            payload,
            previous: genesis("r", "t"),
            hash: genesis("r", "t"),
        };
        row.hash = row.expected_hash();
        row
    }

    #[test]
    fn an_entry_is_the_row_in_canonical_json() {
        let row = row(r#"{"name":"deployer"}"#.into());
        let expected = format!(
            r#"{{"action":"identity.created","actor":"alice@build","hash":"{}","payload":{{"name":"deployer"}},"previous":"{}","seq":7,"subject":"01","time":"2026-01-02T03:04:05Z"}}"#,
            row.hash, row.previous
        );
        assert_eq!(row.entry(), expected);
        assert_eq!(row.document(), expected);
    }

    #[test]
    fn a_payload_that_is_not_canonical_is_kept_as_text() {
        for payload in ["{ }", r#"{"b":1,"a":2}"#, "not JSON", r#"{"a":1,"a":1}"#] {
            let entry: Value = serde_json::from_str(&row(payload.into()).entry()).unwrap();
            assert_eq!(entry["payload"], payload);
        }
    }

    #[test]
    fn a_payload_stands_as_its_digest_exactly_where_the_entry_would_be_too_long() {
        let of = |length: usize| row(format!(r#"{{"a":"{}"}}"#, "x".repeat(length)));
        let fits = ENTRY_BYTES_MAX - of(0).entry().len();
        assert_eq!(of(fits).entry().len(), ENTRY_BYTES_MAX);
        assert_eq!(of(fits).entry(), of(fits).document());
        let long = of(fits + 1);
        let entry: Value = serde_json::from_str(&long.entry()).unwrap();
        assert_eq!(entry.get("payload"), None);
        assert_eq!(
            entry["payload_sha256"],
            nhi_governance::Digest::of(long.payload.as_bytes()).to_string()
        );
        assert_eq!(long.document().len(), ENTRY_BYTES_MAX + 1);
    }
}
