//! What ends when.

use serde::Serialize;

use super::Measured;
use crate::policy::Policy;
use crate::tier::RiskTier;
use crate::time::Timestamp;
use crate::ttl::Ttl;

/// How far a horizon reaches, in days.
pub const HORIZON_DAYS: u16 = 90;
const DAY_SECONDS: i64 = 86_400;

/// Those that are not revoked and end within a time, in the order of their ends; those that have ended already where
/// they are asked for.
pub fn ending<'a>(
    measured: impl IntoIterator<Item = Measured<'a>>,
    now: Timestamp,
    within: &Ttl,
    with_ended: bool,
) -> Vec<Measured<'a>> {
    let last = now.plus(within);
    let is_meant = |one: &Measured<'_>| {
        let ends_at = one.identity.ends_at();
        one.identity.revoked_at().is_none() && ends_at <= last && (with_ended || ends_at > now)
    };
    let mut ending: Vec<_> = measured.into_iter().filter(is_meant).collect();
    ending.sort_by_key(|one| (one.identity.ends_at(), one.identity.id()));
    ending
}

/// The ends of one day, counted from the moment of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Day {
    /// When it begins.
    pub from: Timestamp,
    /// How many identities end in it, …
    pub ending: usize,
    /// … and how many of them are of a high or critical tier.
    pub elevated: usize,
}

/// The ends of the next days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Horizon {
    /// The days, [`HORIZON_DAYS`] of them.
    pub days: Vec<Day>,
    /// Identities that have ended and are not revoked.
    pub ended: usize,
    /// Identities that end later.
    pub later: usize,
}

impl Horizon {
    /// The horizon of identities; revoked ones are passed over.
    pub fn of<'a>(measured: impl IntoIterator<Item = Measured<'a>>, policy: &Policy, now: Timestamp) -> Self {
        let day = |number: u16| Day {
            from: Timestamp::from_unix(now.unix().saturating_add(i64::from(number) * DAY_SECONDS)),
            ending: 0,
            elevated: 0,
        };
        let mut horizon = Self {
            days: (0..HORIZON_DAYS).map(day).collect(),
            ended: 0,
            later: 0,
        };
        for one in measured {
            if one.identity.revoked_at().is_some() {
                continue;
            }
            let left = one.identity.ends_at().seconds_since(now);
            if left <= 0 {
                horizon.ended += 1;
                continue;
            }
            // An end at the very beginning of a day belongs to the day before, as the first day holds no end of now.
            let number = usize::try_from((left - 1) / DAY_SECONDS).unwrap_or(usize::MAX);
            match horizon.days.get_mut(number) {
                Some(day) => {
                    day.ending += 1;
                    day.elevated += usize::from(one.identity.assess(policy).tier >= RiskTier::High);
                }
                None => horizon.later += 1,
            }
        }
        horizon
    }

    /// How many end within so many days.
    pub fn within(&self, days: usize) -> usize {
        self.days.iter().take(days).map(|day| day.ending).sum()
    }
}
