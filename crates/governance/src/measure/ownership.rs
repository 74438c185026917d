//! Who owns what, and what nobody answers for any more.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::Measured;
use crate::code::Problem;
use crate::declaration::Declaration;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::record::Record as _;
use crate::registered::Registered;
use crate::team::Team;
use crate::tier::RiskTier;
use crate::time::Timestamp;

/// The owners that exist.
#[derive(Debug, Clone, Default)]
pub struct KnownOwners {
    known: HashSet<Owner>,
    /// Whether only teams are known, so that nothing can be said of persons.
    of_teams: bool,
}

impl KnownOwners {
    /// Exactly these.
    pub fn listed(owners: impl IntoIterator<Item = Owner>) -> Self {
        Self {
            known: owners.into_iter().collect(),
            of_teams: false,
        }
    }

    /// The teams on record that have not ended. Owners that are no team are taken to exist: no record says who left.
    pub fn of_teams<'a>(teams: impl IntoIterator<Item = &'a Registered<Team>>) -> Result<Self, Problem> {
        let live = teams.into_iter().filter(|team| team.ended_at().is_none());
        let owners = live.map(|team| Owner::parse(&format!("team:{}", team.declaration().name)));
        Ok(Self {
            known: owners.collect::<Result<_, _>>()?,
            of_teams: true,
        })
    }

    /// Whether nobody is known, so that nothing can be said of anybody.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether an owner exists.
    pub fn exists(&self, owner: &Owner) -> bool {
        self.known.contains(owner) || (self.of_teams && !owner.is_team())
    }

    /// The owner that does not exist, the technical one where neither does.
    pub fn missing<'a>(&self, declaration: &'a Declaration) -> Option<&'a Owner> {
        [declaration.technical_owner(), declaration.policy_owner()]
            .into_iter()
            .find(|owner| !self.exists(owner))
    }
}

/// What one owner answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holding {
    /// The owner, as it is spelled first.
    pub owner: String,
    /// Whether it exists; none where no team is on record.
    pub exists: Option<bool>,
    /// Live identities that it is the technical owner of, …
    pub runs: usize,
    /// … how many of them may be used now, …
    pub usable: usize,
    /// … and how many are of a high or critical tier.
    pub elevated: usize,
    /// Live identities that it is the policy owner of.
    pub answers_for: usize,
    /// When the first of those that it runs and that have not ended ends.
    pub next_end: Option<Timestamp>,
}

/// What each owner answers for, those with most in front.
pub fn holdings<'a>(
    measured: impl IntoIterator<Item = Measured<'a>>,
    policy: &Policy,
    now: Timestamp,
    known: &KnownOwners,
) -> Vec<Holding> {
    let mut by_owner = BTreeMap::<&str, Holding>::new();
    for one in measured {
        let status = one.status(now);
        if status.is_final() {
            continue;
        }
        let declaration = one.identity.declaration();
        let owners = [declaration.technical_owner(), declaration.policy_owner()];
        for (owner, runs) in owners.into_iter().zip([true, false]) {
            let holding = by_owner.entry(owner.key()).or_insert_with(|| Holding {
                owner: owner.to_string(),
                exists: (!known.is_empty()).then(|| known.exists(owner)),
                runs: 0,
                usable: 0,
                elevated: 0,
                answers_for: 0,
                next_end: None,
            });
            if !runs {
                holding.answers_for += 1;
                continue;
            }
            holding.runs += 1;
            holding.usable += usize::from(status.is_usable());
            holding.elevated += usize::from(one.identity.assess(policy).tier >= RiskTier::High);
            let end = Some(one.identity.ends_at()).filter(|end| *end > now);
            holding.next_end = [holding.next_end, end].into_iter().flatten().min();
        }
    }
    let mut holdings: Vec<_> = by_owner.into_values().collect();
    holdings.sort_by_key(|holding| Reverse((holding.runs, holding.answers_for)));
    holdings
}
