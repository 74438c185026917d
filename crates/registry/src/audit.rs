//! The audit log's chain.
//!
//! The hash of a row covers, in this order: the tag `nhi.audit.v1\n`; the sequence number as 8 bytes, big-endian; time,
//! actor, action, subject and payload, each as its length in 8 bytes, big-endian, and its UTF-8 bytes; and the 32 bytes
//! of the previous row's hash. Before the first row stands the genesis hash: the tag `nhi.registry.v1\n` and the
//! registry's id and time of creation in the same form. Lengths make the encoding unambiguous.

use nhi_governance::Digest;

/// A row of the audit log, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number; the first is 1.
    pub seq: u64,
    /// When, in RFC 3339.
    pub time: String,
    /// Who.
    pub actor: String,
    /// What, for example `identity.created`.
    pub action: String,
    /// To whom: a record's id, or the registry's.
    pub subject: String,
    /// The particulars, canonical JSON.
    pub payload: String,
    /// The hash of the row before.
    pub previous: Digest,
    /// The hash of this row.
    pub hash: Digest,
}

impl AuditRow {
    /// The hash that its content calls for.
    pub fn expected_hash(&self) -> Digest {
        let mut bytes = b"nhi.audit.v1\n".to_vec();
        bytes.extend(self.seq.to_be_bytes());
        for text in [&self.time, &self.actor, &self.action, &self.subject, &self.payload] {
            extend_with(&mut bytes, text);
        }
        bytes.extend(self.previous.as_bytes());
        Digest::of(&bytes)
    }

    /// The digest of the record that the row left behind.
    pub(crate) fn record_digest(&self) -> Option<Digest> {
        record_digest(&self.payload)
    }
}

/// The digest of the record that a payload names.
pub(crate) fn record_digest(payload: &str) -> Option<Digest> {
    let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
    Digest::parse(payload.get("record")?.as_str()?).ok()
}

/// The hash before the first row.
pub(crate) fn genesis(registry_id: &str, created_at: &str) -> Digest {
    let mut bytes = b"nhi.registry.v1\n".to_vec();
    extend_with(&mut bytes, registry_id);
    extend_with(&mut bytes, created_at);
    Digest::of(&bytes)
}

fn extend_with(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_be_bytes());
    bytes.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{AuditRow, genesis};

    #[test]
    fn every_field_is_covered_and_none_flows_into_the_next() {
        let row = |seq: u64, texts: [&str; 5]| {
            let [time, actor, action, subject, payload] = texts.map(ToOwned::to_owned);
            let previous = genesis("r", "t");
            AuditRow {
                seq,
                time,
                actor,
                action,
                subject,
                payload,
                previous,
                hash: previous,
            }
            .expected_hash()
        };
        let texts = ["t", "a", "b", "c", "{}"];
        let mut hashes = vec![row(1, texts), row(2, texts), row(1, ["ta", "", "b", "c", "{}"])];
        for position in 0..texts.len() {
            let mut changed = texts;
            changed[position] = "x";
            hashes.push(row(1, changed));
        }
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
        assert_ne!(genesis("ab", "c"), genesis("a", "bc"));
    }
}
