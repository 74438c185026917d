//! What the audit log alone tells: the log is played back, row by row, with no look at any record.
//!
//! Whoever keeps a copy of the log can therefore work out the same numbers, and a number that does not come out of the
//! log is not among them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::owner::Owner;
use crate::time::Timestamp;
use crate::ttl::Ttl;

/// A row of the log, as far as it tells a story.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// When.
    pub at: Timestamp,
    /// What, for example `identity.created`.
    pub action: &'a str,
    /// To whom: an id.
    pub subject: &'a str,
    /// The particulars.
    pub payload: &'a Value,
}

/// The log so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub(super) events: BTreeMap<String, u64>,
    pub(super) identities: BTreeMap<String, Life>,
    pub(super) exceptions: BTreeMap<String, Waiver>,
    pub(super) break_glass: BTreeMap<String, Glass>,
    pub(super) reviews: BTreeMap<String, Review>,
    pub(super) renewed_on_time: usize,
    pub(super) renewed_late: usize,
    /// How long identities were orphans before somebody took them over or they were revoked, in seconds.
    pub(super) orphaned_for: Vec<i64>,
    /// How long it took from a revocation until everything was read back as gone, in seconds.
    pub(super) read_back_after: Vec<i64>,
    teams: BTreeMap<String, TeamLife>,
}

/// An identity, as the log tells it.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) declaration: Map<String, Value>,
    pub(super) issued_at: Timestamp,
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) offboarded: bool,
    pub(super) orphaned_since: Option<Timestamp>,
    disowned_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
struct TeamLife {
    /// The ids of its records that have not ended.
    live: Vec<String>,
    ended_at: Option<Timestamp>,
}

/// An exception, as the log tells it.
#[derive(Debug, Clone)]
pub(super) struct Waiver {
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) renewals: usize,
    pub(super) ended: bool,
}

/// Break-glass access, as the log tells it.
#[derive(Debug, Clone)]
pub(super) struct Glass {
    pub(super) tested_or_created_at: Timestamp,
    pub(super) test_interval: Option<Ttl>,
    pub(super) activated_at: Vec<Timestamp>,
    pub(super) tests: usize,
    pub(super) review_owed: bool,
    pub(super) ended: bool,
}

/// An access review, as the log tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Review {
    due_in: Option<Ttl>,
    /// When answers to the open round are due.
    pub(super) due_at: Option<Timestamp>,
    open_items: usize,
    open_answers: Vec<String>,
    pub(super) rounds_closed: usize,
    pub(super) rounds_complete: usize,
    pub(super) items: usize,
    pub(super) answered: usize,
    pub(super) ended: bool,
}

impl Life {
    /// When its time to live runs out; none where the log does not say how long that is.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        Some(self.issued_at.plus(&duration(self.declaration.get("ttl"))?))
    }

    /// A text of what is declared.
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.declaration.get(member)?.as_str()
    }

    fn change(&mut self, payload: &Value) {
        if let Some(Value::Object(declaration)) = payload.get("declaration") {
            self.declaration.clone_from(declaration);
        }
        let changes = payload.get("changes").and_then(Value::as_object);
        for (name, change) in changes.into_iter().flatten() {
            match change.get("to") {
                Some(to) if !to.is_null() => drop(self.declaration.insert(name.clone(), to.clone())),
                _ => drop(self.declaration.remove(name)),
            }
        }
    }
}

impl History {
    /// Hears a row. Rows come in the order of the log.
    pub fn hear(&mut self, told: &Told<'_>) {
        *self.events.entry(told.action.to_owned()).or_default() += 1;
        let (kind, verb) = told.action.split_once('.').unwrap_or(("", told.action));
        match kind {
            "identity" => self.identity(verb, told),
            "team" => self.team(verb, told),
            "exception" => self.exception(verb, told),
            "break_glass" => self.glass(verb, told),
            "access_review" => self.review(verb, told),
            _ => {}
        }
    }

    /// Rows by action.
    pub fn events(&self) -> &BTreeMap<String, u64> {
        &self.events
    }

    /// What the log says is declared of an identity, from when its life counts and when it was revoked.
    pub fn identity_of(&self, id: &str) -> Option<(&Map<String, Value>, Timestamp, Option<Timestamp>)> {
        let life = self.identities.get(id)?;
        Some((&life.declaration, life.issued_at, life.revoked_at))
    }

    /// Whether the log says that nobody answers for an identity any more.
    pub fn is_orphaned(&self, id: &str) -> bool {
        let life = self.identities.get(id);
        life.is_some_and(|life| life.orphaned_since.is_some() && life.revoked_at.is_none())
    }

    /// How often break-glass access was opened, ever.
    pub fn activations_of(&self, id: &str) -> usize {
        self.break_glass.get(id).map_or(0, |glass| glass.activated_at.len())
    }

    fn identity(&mut self, verb: &str, told: &Told<'_>) {
        let life = self.identities.entry(told.subject.to_owned()).or_insert_with(|| Life {
            declaration: Map::new(),
            issued_at: told.at,
            revoked_at: None,
            offboarded: false,
            orphaned_since: None,
            disowned_at: None,
        });
        if verb == "renewed" {
            match life.expires_at() {
                Some(end) if end < told.at => self.renewed_late += 1,
                _ => self.renewed_on_time += 1,
            }
            life.issued_at = told.at;
        }
        life.change(told.payload);
        match verb {
            "disowned" => life.disowned_at = Some(told.at),
            // What is changed by a configuration is managed by one.
            "renewed" | "settled" | "quarantined" => life.disowned_at = None,
            "resumed" if told.payload.get("changes").is_some() => life.disowned_at = None,
            "revoked" => life.revoked_at = Some(told.at),
            "offboarded" => {
                life.offboarded = true;
                let since = life.revoked_at.map(|revoked| told.at.seconds_since(revoked));
                self.read_back_after.extend(since);
            }
            _ => {}
        }
        note_orphan(life, &self.teams, &mut self.orphaned_for, told.at);
    }

    fn team(&mut self, verb: &str, told: &Told<'_>) {
        let Some(key) = told.payload.get("name").and_then(Value::as_str) else {
            return;
        };
        let team = self.teams.entry(key.to_owned()).or_default();
        match verb {
            "created" => team.live.push(told.subject.to_owned()),
            "ended" => {
                team.live.retain(|id| id != told.subject);
                team.ended_at = Some(told.at);
            }
            _ => return,
        }
        for life in self.identities.values_mut() {
            note_orphan(life, &self.teams, &mut self.orphaned_for, told.at);
        }
    }

    fn exception(&mut self, verb: &str, told: &Told<'_>) {
        let waiver = self
            .exceptions
            .entry(told.subject.to_owned())
            .or_insert_with(|| Waiver {
                created_at: told.at,
                expires_at: None,
                renewals: 0,
                ended: false,
            });
        if let Some(end) = moment(declared(told, "expires_at")) {
            let is_later = waiver.expires_at.is_some_and(|before| before < end);
            waiver.renewals += usize::from(is_later);
            waiver.expires_at = Some(end);
        }
        waiver.ended |= verb == "ended";
    }

    fn glass(&mut self, verb: &str, told: &Told<'_>) {
        let glass = self
            .break_glass
            .entry(told.subject.to_owned())
            .or_insert_with(|| Glass {
                tested_or_created_at: told.at,
                test_interval: None,
                activated_at: Vec::new(),
                tests: 0,
                review_owed: false,
                ended: false,
            });
        let interval = duration(declared(told, "test_interval"));
        glass.test_interval = interval.or_else(|| glass.test_interval.take());
        match verb {
            "activated" => {
                glass.activated_at.push(told.at);
                glass.review_owed = true;
            }
            "reviewed" => glass.review_owed = false,
            "tested" => {
                glass.tested_or_created_at = told.at;
                glass.tests += 1;
            }
            "ended" => glass.ended = true,
            _ => {}
        }
    }

    fn review(&mut self, verb: &str, told: &Told<'_>) {
        let review = self.reviews.entry(told.subject.to_owned()).or_default();
        let due_in = duration(declared(told, "due_in"));
        review.due_in = due_in.or_else(|| review.due_in.take());
        match verb {
            "opened" => {
                review.due_at = review.due_in.as_ref().map(|due_in| told.at.plus(due_in));
                review.open_items = told.payload.get("items").and_then(Value::as_array).map_or(0, Vec::len);
                review.open_answers.clear();
            }
            "decided" => {
                let answers = told.payload.get("answers").and_then(Value::as_object);
                for id in answers.into_iter().flat_map(|answers| answers.keys()) {
                    if !review.open_answers.contains(id) {
                        review.open_answers.push(id.clone());
                    }
                }
            }
            "closed" => {
                review.rounds_closed += 1;
                review.rounds_complete += usize::from(review.open_answers.len() == review.open_items);
                review.items += review.open_items;
                review.answered += review.open_answers.len();
                review.due_at = None;
            }
            "ended" => review.ended = true,
            _ => {}
        }
    }
}

/// Notes since when an identity is an orphan, and for how long it was where it is none any more.
fn note_orphan(life: &mut Life, teams: &BTreeMap<String, TeamLife>, orphaned_for: &mut Vec<i64>, at: Timestamp) {
    let gone = |member: &str| {
        let owner = Owner::parse(life.text(member)?).ok().filter(Owner::is_team)?;
        let team = teams.get(owner.name_key())?;
        team.ended_at.filter(|_| team.live.is_empty())
    };
    let causes = [gone("technical_owner"), gone("policy_owner"), life.disowned_at];
    let since = causes.into_iter().flatten().min().filter(|_| life.revoked_at.is_none());
    match (life.orphaned_since, since) {
        (Some(was), None) => {
            orphaned_for.push(at.seconds_since(was));
            life.orphaned_since = None;
        }
        (None, Some(since)) => life.orphaned_since = Some(since),
        _ => {}
    }
}

/// A member of what a row says is declared.
fn declared<'a>(told: &Told<'a>, member: &str) -> Option<&'a Value> {
    told.payload.get("declaration")?.get(member)
}

fn duration(value: Option<&Value>) -> Option<Ttl> {
    Ttl::parse(value?.as_str()?).ok()
}

fn moment(value: Option<&Value>) -> Option<Timestamp> {
    Timestamp::parse(value?.as_str()?).ok()
}
