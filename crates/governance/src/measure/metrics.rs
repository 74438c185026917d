//! The metrics of the domain model, out of the [`History`] and a moment, and nothing else.

use serde::Serialize;
use serde_json::Value;

use super::history::{History, Life};
use super::population::age_bucket;
use super::share::Share;
use crate::kind::Kind;
use crate::time::Timestamp;

const DAY_SECONDS: i64 = 86_400;
/// How far back uses of break-glass access count as recent.
const RECENT_SECONDS: i64 = 90 * DAY_SECONDS;

/// What is asked of every house and no log of this kind can answer, each with the reason.
pub const NOT_MEASURED: [(&str, &str); 3] = [
    (
        "Share of ephemeral tokens",
        "Credentials are issued by backends, and none has told the log of one.",
    ),
    (
        "Time to remediate, by severity",
        "Findings are about plans; the log keeps no finding and no day on which one was closed.",
    ),
    (
        "Escaped defects",
        "What is live on a backend and was never in a plan is not in the log either.",
    ),
];

/// How many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// How many, …
    pub count: usize,
    /// … of how many.
    pub of: usize,
}

impl Coverage {
    /// The share; none of nothing.
    pub fn share(self) -> Option<Share> {
        Share::of(self.count, self.of)
    }

    fn add(&mut self, holds: bool) {
        self.of += 1;
        self.count += usize::from(holds);
    }
}

/// How long something took, over all times it happened: nearest-rank percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// How often it happened.
    pub count: usize,
    /// The median, in seconds.
    pub p50_seconds: i64,
    /// The 99th percentile, in seconds.
    pub p99_seconds: i64,
}

impl Spread {
    /// Of these seconds; none of none.
    pub fn of(mut seconds: Vec<i64>) -> Option<Self> {
        seconds.sort_unstable();
        let rank = |percent: usize| {
            let rank = (seconds.len() * percent).div_ceil(100);
            seconds.get(rank.checked_sub(1)?).copied()
        };
        Some(Self {
            count: seconds.len(),
            p50_seconds: rank(50)?,
            p99_seconds: rank(99)?,
        })
    }
}

/// Whether lives are renewed before they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// Renewals before the end of the life that they continued.
    pub on_time: usize,
    /// Renewals after it.
    pub late: usize,
    /// Live identities that are past their end.
    pub overdue: usize,
}

impl Rotation {
    /// On time, of everything that was or is due.
    pub fn share(self) -> Option<Share> {
        Share::of(self.on_time, self.on_time + self.late + self.overdue)
    }
}

/// Identities that nobody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Orphans {
    /// How many there are.
    pub now: usize,
    /// How long the one that is an orphan for longest is so, in seconds.
    pub oldest_seconds: Option<i64>,
    /// How long it took until others had an owner again or were revoked. They are detected at once: the status of an
    /// identity follows from the end of its team.
    pub settled: Option<Spread>,
}

/// Reviews of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AccessReviews {
    /// Rounds that were closed, …
    pub rounds_closed: usize,
    /// … and those of them in which a person answered for every identity.
    pub rounds_complete: usize,
    /// Identities in closed rounds that a person answered for.
    pub answered: Coverage,
    /// Rounds that are open and whose answers are due already.
    pub overdue: usize,
}

/// Waived controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exceptions {
    /// Those that are good now.
    pub active: usize,
    /// Those that are past their end and still on record as going on.
    pub overdue: usize,
    /// Those that were ended.
    pub ended: usize,
    /// How often one was prolonged.
    pub renewals: usize,
    /// How old the active ones are.
    pub age: Option<Spread>,
}

/// Access for an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct BreakGlassUse {
    /// How many there are.
    pub on_record: usize,
    /// How often one was opened, ever, …
    pub activations: usize,
    /// … and in the last 90 days.
    pub activations_recent: usize,
    /// How often a holder tested one.
    pub tests: usize,
    /// Those whose test is due.
    pub untested: usize,
    /// Those whose last session nobody has reviewed.
    pub reviews_owed: usize,
}

/// Revocations, and how long they took to reach the last place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revocations {
    /// How many there were. Each was effective when it was decided: what verifies reads the record.
    pub count: usize,
    /// From the decision until everything was read back as gone.
    pub read_back: Option<Spread>,
    /// Those of which that is not on record yet.
    pub not_read_back: usize,
}

/// The metrics of the domain model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metrics {
    /// Identities that are not revoked.
    pub live: usize,
    /// Those of them that declare both owners, …
    pub owners: Coverage,
    /// … a purpose, …
    pub purpose: Coverage,
    /// … a time to live, …
    pub ttl: Coverage,
    /// … an attestation; …
    pub attestation: Coverage,
    /// … and those that rest on a shared static credential.
    pub static_credentials: Coverage,
    /// Renewals.
    pub rotation: Rotation,
    /// Orphans.
    pub orphans: Orphans,
    /// Access reviews.
    pub reviews: AccessReviews,
    /// Exceptions.
    pub exceptions: Exceptions,
    /// Break-glass access.
    pub break_glass: BreakGlassUse,
    /// Revocations.
    pub revocations: Revocations,
    /// Live identities by days since they were issued or renewed.
    pub by_age_days: std::collections::BTreeMap<&'static str, usize>,
    /// Rows of the log, by action.
    pub events: std::collections::BTreeMap<String, u64>,
}

impl History {
    /// The metrics at a moment.
    pub fn metrics(&self, now: Timestamp) -> Metrics {
        let live: Vec<&Life> = self
            .identities
            .values()
            .filter(|life| life.revoked_at.is_none())
            .collect();
        let count = |holds: fn(&Life) -> bool| {
            let mut coverage = Coverage::default();
            for life in &live {
                coverage.add(holds(life));
            }
            coverage
        };
        let mut by_age_days = std::collections::BTreeMap::new();
        for life in &live {
            *by_age_days.entry(age_bucket(life.issued_at, now)).or_default() += 1;
        }
        let is_over = |life: &&&Life| life.expires_at().is_some_and(|end| end <= now);
        Metrics {
            live: live.len(),
            owners: count(|life| {
                let is_said = |owner| life.text(owner).is_some_and(|owner| !owner.is_empty());
                is_said("technical_owner") && is_said("policy_owner")
            }),
            purpose: count(|life| {
                let purpose = life.declaration.get("purpose");
                let summary = purpose.and_then(|purpose| purpose.get("summary"));
                summary.and_then(Value::as_str).is_some_and(|text| !text.is_empty())
            }),
            ttl: count(|life| life.expires_at().is_some()),
            attestation: count(|life| life.declaration.contains_key("attestation")),
            static_credentials: count(|life| life.text("kind") == Some(Kind::LegacyShared.as_str())),
            rotation: Rotation {
                on_time: self.renewed_on_time,
                late: self.renewed_late,
                overdue: live.iter().filter(is_over).count(),
            },
            orphans: self.orphans(&live, now),
            reviews: self.reviews(now),
            exceptions: self.exceptions(now),
            break_glass: self.break_glass(now),
            revocations: self.revocations(),
            by_age_days,
            events: self.events.clone(),
        }
    }

    fn orphans(&self, live: &[&Life], now: Timestamp) -> Orphans {
        let since = live.iter().filter_map(|life| life.orphaned_since);
        Orphans {
            now: since.clone().count(),
            oldest_seconds: since.min().map(|since| now.seconds_since(since)),
            settled: Spread::of(self.orphaned_for.clone()),
        }
    }

    fn reviews(&self, now: Timestamp) -> AccessReviews {
        let mut sum = AccessReviews::default();
        for review in self.reviews.values() {
            sum.rounds_closed += review.rounds_closed;
            sum.rounds_complete += review.rounds_complete;
            sum.answered.count += review.answered;
            sum.answered.of += review.items;
            let is_overdue = !review.ended && review.due_at.is_some_and(|due| due <= now);
            sum.overdue += usize::from(is_overdue);
        }
        sum
    }

    fn exceptions(&self, now: Timestamp) -> Exceptions {
        let going_on = || self.exceptions.values().filter(|waiver| !waiver.ended);
        let is_active = |end: Option<Timestamp>| end.is_some_and(|end| end > now);
        let active = going_on().filter(|waiver| is_active(waiver.expires_at));
        let ages: Vec<_> = active.map(|waiver| now.seconds_since(waiver.created_at)).collect();
        Exceptions {
            active: ages.len(),
            overdue: going_on().filter(|waiver| !is_active(waiver.expires_at)).count(),
            ended: self.exceptions.values().filter(|waiver| waiver.ended).count(),
            renewals: self.exceptions.values().map(|waiver| waiver.renewals).sum(),
            age: Spread::of(ages),
        }
    }

    fn break_glass(&self, now: Timestamp) -> BreakGlassUse {
        let mut sum = BreakGlassUse::default();
        for glass in self.break_glass.values() {
            let is_recent = |at: &&Timestamp| now.seconds_since(**at) <= RECENT_SECONDS;
            sum.activations += glass.activated_at.len();
            sum.activations_recent += glass.activated_at.iter().filter(is_recent).count();
            sum.tests += glass.tests;
            if glass.ended {
                continue;
            }
            let due = glass
                .test_interval
                .as_ref()
                .map(|every| glass.tested_or_created_at.plus(every));
            sum.on_record += 1;
            sum.untested += usize::from(due.is_none_or(|due| due <= now));
            sum.reviews_owed += usize::from(glass.review_owed);
        }
        sum
    }

    fn revocations(&self) -> Revocations {
        let revoked = || self.identities.values().filter(|life| life.revoked_at.is_some());
        Revocations {
            count: revoked().count(),
            read_back: Spread::of(self.read_back_after.clone()),
            not_read_back: revoked().filter(|life| !life.offboarded).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        assert_eq!(Spread::of(vec![]), None);
        let spread = |seconds: Vec<i64>| Spread::of(seconds).map(|spread| (spread.p50_seconds, spread.p99_seconds));
        assert_eq!(spread(vec![7]), Some((7, 7)));
        assert_eq!(spread(vec![4, 1]), Some((1, 4)));
        assert_eq!(spread((1..=100).rev().collect()), Some((50, 99)));
        assert_eq!(spread((1..=1000).collect()), Some((500, 990)));
    }
}
