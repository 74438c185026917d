//! What a connection has read before and need not ask for again: the policy in force, teams, vendors, exceptions and
//! throws of the kill switch, which every write looks at and hardly any changes.
//!
//! Whatever changes a record appends to the log, in the same transaction. So what was read when the log ended at some
//! row is still what is on record where that row is there and no later one is about the kind. Each transaction begins
//! with that question, see [`opening`](super::opening), and forgets what is no longer so.

use std::collections::HashMap;

use nhi_governance::{Digest, RecordKind};

use crate::transaction::Stored;

/// The kinds that are kept: few records, asked for again and again.
const KINDS: [RecordKind; 5] = [
    RecordKind::Exception,
    RecordKind::Kill,
    RecordKind::Policy,
    RecordKind::Team,
    RecordKind::Vendor,
];
/// How many records are kept at most, …
const RECORDS_MAX: usize = 2_000;
/// … answers to how many questions, …
const ANSWERS_MAX: usize = 500;
/// … and how far the log may have grown meanwhile.
pub(super) const ROWS_MAX: u64 = 1_000;

/// Where a log ends: the number of its last row and the hash of it.
pub(super) type Head = (u64, Digest);

/// Answers, and when they were given.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Where the log ended; none where nothing may be kept.
    head: Option<Head>,
    /// By the kind they are about, the question and its parameters.
    answers: HashMap<(&'static str, Vec<String>), Vec<Stored>>,
    records: usize,
}

impl Memory {
    /// The row at which the log has to go on, where that is worth asking.
    pub(super) fn asks_for(&self) -> Option<Head> {
        self.head.filter(|_| !self.answers.is_empty())
    }

    /// A transaction begins: the log ends here. `goes_on` tells the first words of what was appended since, where the
    /// row that was asked for is there.
    pub(super) fn begin(&mut self, head: Option<Head>, goes_on: Option<&[String]>) {
        let grown = |(from, _): Head, (to, _): Head| to.checked_sub(from).is_none_or(|rows| rows > ROWS_MAX);
        match (self.asks_for(), head, goes_on) {
            (Some(from), Some(to), Some(kinds)) if !grown(from, to) => kinds.iter().for_each(|kind| self.changed(kind)),
            _ => self.forget(),
        }
        self.head = head.filter(|(seq, _)| *seq > 0);
    }

    /// The open transaction has appended a row.
    pub(super) fn appended(&mut self, head: Head) {
        self.head = self.head.map(|_| head);
    }

    /// A record of this kind is written.
    pub(super) fn changed(&mut self, kind: &str) {
        self.answers.retain(|(of, _), _| *of != kind);
        self.records = self.answers.values().map(Vec::len).sum();
    }

    /// Nothing that was read is known to be so.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The answer to a question about a kind.
    pub(super) fn answer(&self, kind: &str, question: &[&str]) -> Option<Vec<Stored>> {
        let kind = kept(kind)?;
        // The head says that the answers are of this transaction.
        self.head?;
        self.answers.get(&(kind, owned(question))).cloned()
    }

    /// Keeps an answer.
    pub(super) fn keep(&mut self, kind: &str, question: &[&str], answer: &[Stored]) {
        let Some(kind) = kept(kind).filter(|_| self.head.is_some()) else {
            return;
        };
        if self.answers.len() < ANSWERS_MAX && self.records + answer.len() <= RECORDS_MAX {
            self.records += answer.len();
            self.answers.insert((kind, owned(question)), answer.to_vec());
        }
    }
}

fn owned(question: &[&str]) -> Vec<String> {
    question.iter().map(|text| (*text).to_owned()).collect()
}

fn kept(kind: &str) -> Option<&'static str> {
    KINDS.iter().map(|kind| kind.as_str()).find(|kept| *kept == kind)
}

#[cfg(test)]
mod tests {
    use nhi_governance::Digest;

    use super::{Memory, ROWS_MAX};

    fn head(seq: u64) -> (u64, Digest) {
        (seq, Digest::of(&seq.to_be_bytes()))
    }

    fn full() -> Memory {
        let mut memory = Memory::default();
        memory.begin(Some(head(5)), None);
        for kind in ["team", "policy", "identity"] {
            memory.keep(kind, &["all"], &[]);
        }
        memory
    }

    fn knows(memory: &Memory) -> [bool; 3] {
        ["team", "policy", "identity"].map(|kind| memory.answer(kind, &["all"]).is_some())
    }

    #[test]
    fn what_is_kept_is_forgotten_as_soon_as_it_may_have_changed() {
        assert_eq!(knows(&full()), [true, true, false], "identities are many");
        assert_eq!(full().asks_for(), Some(head(5)));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (case, end, since, expected) in [
            ("nothing happened", Some(head(5)), Some(words(&[])), [true, true]),
            (
                "something else did",
                Some(head(6)),
                Some(words(&["identity", "clock"])),
                [true, true],
            ),
            (
                "a team changed",
                Some(head(6)),
                Some(words(&["identity", "team"])),
                [false, true],
            ),
            ("the row is not there", Some(head(5)), None, [false, false]),
            ("the log is shorter", Some(head(4)), Some(words(&[])), [false, false]),
            (
                "the log is much longer",
                Some(head(6 + ROWS_MAX)),
                Some(words(&[])),
                [false, false],
            ),
            ("its end cannot be read", None, Some(words(&[])), [false, false]),
        ] {
            let mut memory = full();
            memory.begin(end, since.as_deref());
            assert_eq!(knows(&memory)[..2], expected, "{case}");
        }
        let mut memory = full();
        memory.changed("policy");
        memory.appended(head(6));
        assert_eq!(
            (knows(&memory), memory.asks_for()),
            ([true, false, false], Some(head(6)))
        );
        memory.forget();
        memory.keep("team", &["all"], &[]);
        assert_eq!(
            knows(&memory),
            [false; 3],
            "nothing is kept before it is known where the log ends"
        );
    }
}
