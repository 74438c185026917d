//! What a record can show of a control: the checks that frameworks are scored by.
//!
//! What only a backend, a plan or a person can tell is no check. A check that an exception waives has not passed; it is
//! counted apart.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Measured;
use crate::canonical::Digest;
use crate::exception::{Exception, value_digest};
use crate::id::RecordId;
use crate::identity::Identity;
use crate::kind::Kind;
use crate::policy::Policy;
use crate::registered::Registered;
use crate::revocation::RevokedBy;
use crate::scope::ScopeEntry;
use crate::text::Environment;
use crate::time::Timestamp;

/// How long an identity may stay on record after its end before it counts as forgotten, in seconds: a week.
const OFFBOARDING_SECONDS_MAX: i64 = 7 * 86_400;

/// Something that a record can show.
#[derive(Debug)]
pub struct Check {
    /// Its name, which an exception can waive.
    pub id: &'static str,
    /// What it asks for.
    pub title: &'static str,
    /// The attribute that it looks at, and whose value an exception names.
    pub attribute: &'static str,
    applies: fn(Measured<'_>) -> bool,
    holds: fn(Measured<'_>, &Surroundings<'_>) -> bool,
}

fn always(_: Measured<'_>) -> bool {
    true
}

/// Sorted by id.
pub static CHECKS: [Check; 11] = [
    Check {
        id: "approved",
        title: "As many persons agreed to it as its tier calls for",
        attribute: "evidence",
        applies: always,
        holds: |one, around| {
            let needed = around
                .policy
                .approvals(one.identity.assess(around.policy).tier)
                .persons();
            let requester = one.identity.requested_by().unwrap_or_default();
            one.identity.evidence().persons_besides(requester) >= needed as usize
        },
    },
    Check {
        id: "attested",
        title: "It is declared how the identity proves that it is itself",
        attribute: "attestation",
        applies: always,
        holds: |one, _| one.identity.declaration().attestation().is_some(),
    },
    Check {
        id: "isolated",
        title: "No external identity is governed in two environments",
        attribute: "external",
        applies: always,
        holds: |one, around| {
            let environment = one.identity.declaration().environment();
            !around.shares(one.identity, |users| users.environments.is_beside(&environment))
        },
    },
    Check {
        id: "narrow",
        title: "No resource of the scope is a pattern",
        attribute: "scope",
        applies: always,
        holds: |one, _| {
            let scope = one.identity.declaration().scope();
            !scope.iter().any(ScopeEntry::has_wildcard_resource)
        },
    },
    Check {
        id: "no-human-use",
        title: "No person may use the identity in a session",
        attribute: "interactive_use",
        applies: always,
        holds: |one, _| one.identity.declaration().interactive_use() != Some(true),
    },
    Check {
        id: "no-static-credential",
        title: "The identity does not rest on a shared static credential",
        attribute: "kind",
        applies: always,
        holds: |one, _| one.identity.declaration().kind() != Kind::LegacyShared,
    },
    Check {
        id: "offboarded",
        title: "No identity stays on record for a week after its end without being renewed or revoked",
        attribute: "expires_at",
        applies: always,
        holds: |one, around| around.now.seconds_since(one.identity.expires_at()) <= OFFBOARDING_SECONDS_MAX,
    },
    Check {
        id: "owned",
        title: "Its owners are there, and a configuration manages it",
        attribute: "technical_owner",
        applies: always,
        holds: |one, _| !one.identity.is_orphaned(one.context),
    },
    Check {
        id: "reviewed",
        title: "It was said in time that the identity is still needed",
        attribute: "review_due_at",
        applies: |one| one.identity.review_due_at().is_some(),
        holds: |one, around| one.identity.review_due_at().is_none_or(|due| due > around.now),
    },
    Check {
        id: "unshared",
        title: "No external identity is used by two identities",
        attribute: "external",
        applies: always,
        holds: |one, around| !around.shares(one.identity, |users| users.ids.is_beside(&one.identity.id())),
    },
    Check {
        id: "vendor-bound",
        title: "The end of its vendor's contract ends the identity",
        attribute: "revoked_by",
        applies: |one| one.identity.declaration().vendor_id().is_some(),
        holds: |one, _| {
            let revoked_by = one.identity.declaration().revoked_by();
            revoked_by.entries().contains(&RevokedBy::ContractEnd)
        },
    },
];

/// Who uses an external identity. However many they are, each asks only whether there is another than itself.
#[derive(Debug, Default)]
struct Users<'a> {
    ids: Few<RecordId>,
    environments: Few<&'a Environment>,
}

/// Whether there is none of something, one or more.
#[derive(Debug, Default)]
enum Few<T> {
    #[default]
    None,
    One(T),
    More,
}

impl<T: PartialEq> Few<T> {
    fn note(&mut self, one: T) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(one),
            Self::One(first) if first == one => Self::One(first),
            Self::One(_) | Self::More => Self::More,
        };
    }

    /// Whether there is another one than this.
    fn is_beside(&self, this: &T) -> bool {
        match self {
            Self::None => false,
            Self::One(one) => one != this,
            Self::More => true,
        }
    }
}

/// What identities are judged against beside themselves.
#[derive(Debug)]
pub struct Surroundings<'a> {
    now: Timestamp,
    policy: &'a Policy,
    by_external: BTreeMap<&'a str, Users<'a>>,
    exceptions: BTreeMap<&'a str, Vec<&'a Registered<Exception>>>,
}

impl<'a> Surroundings<'a> {
    /// Out of every live identity, whatever is judged, and every exception.
    pub fn of(
        everyone: impl IntoIterator<Item = &'a Identity>,
        exceptions: impl IntoIterator<Item = &'a Registered<Exception>>,
        policy: &'a Policy,
        now: Timestamp,
    ) -> Self {
        let mut by_external = BTreeMap::<_, Users<'a>>::new();
        for identity in everyone {
            let environment = identity.declaration().environment();
            for external in identity.declaration().external().unwrap_or_default() {
                let users = by_external.entry(external.as_str()).or_default();
                users.ids.note(identity.id());
                users.environments.note(environment);
            }
        }
        let mut by_address = BTreeMap::<_, Vec<_>>::new();
        for exception in exceptions {
            let address = exception.declaration().subject.address.as_str();
            by_address.entry(address).or_default().push(exception);
        }
        Self {
            now,
            policy,
            by_external,
            exceptions: by_address,
        }
    }

    fn shares(&self, identity: &Identity, with: impl Fn(&Users<'_>) -> bool) -> bool {
        let external = identity.declaration().external().unwrap_or_default();
        external
            .iter()
            .filter_map(|id| self.by_external.get(id.as_str()))
            .any(with)
    }

    /// Whether somebody waived a check, or a control by the name of a framework, for this identity as it is: its
    /// address is its id or its SPIFFE id, the value that of the attribute on record.
    fn waives(&self, name: &str, check: &Check, identity: &Identity) -> bool {
        let id = identity.id().to_string();
        [id.as_str(), identity.spiffe_id().as_str()].into_iter().any(|address| {
            let about = self.exceptions.get(address).into_iter().flatten();
            let mut of_name = about.filter(|exception| exception.declaration().control == name);
            of_name.any(|exception| {
                let value = attribute_digest(identity, check.attribute);
                exception.waives(name, address, check.attribute, &value, self.now)
            })
        })
    }
}

/// The digest that an exception has to name: of the value on record, `null` where there is none.
fn attribute_digest(identity: &Identity, attribute: &str) -> Digest {
    let declared = identity.declaration().to_json();
    let of_record = || serde_json::to_value(identity).ok()?.get(attribute).cloned();
    let value = declared.get(attribute).cloned().or_else(of_record);
    value_digest(&value.unwrap_or(Value::Null))
}

/// What a check says of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    NotApplicable,
    Passed,
    Excepted,
    Failed,
}

/// How many identities pass a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckScore {
    /// The check.
    pub check: &'static str,
    /// What it asks for.
    pub title: &'static str,
    /// The attribute that it looks at.
    pub attribute: &'static str,
    /// Identities that it applies to: passed, excepted and failed together.
    pub applicable: usize,
    /// Those that pass.
    pub passed: usize,
    /// Ids of those that do not and are excepted, sorted.
    pub excepted_ids: Vec<RecordId>,
    /// Ids of those that fail, sorted.
    pub failed_ids: Vec<RecordId>,
}

/// Every check, made on every identity.
#[derive(Debug)]
pub struct Judgement<'a> {
    judged: Vec<(&'a Identity, Vec<Verdict>)>,
    around: &'a Surroundings<'a>,
}

impl<'a> Judgement<'a> {
    /// Makes every check on these; identities that are revoked are passed over.
    pub fn of(measured: impl IntoIterator<Item = Measured<'a>>, around: &'a Surroundings<'a>) -> Self {
        let live = measured.into_iter().filter(|one| one.identity.revoked_at().is_none());
        let verdicts = |one| CHECKS.iter().map(|check| verdict(check, one, around)).collect();
        Self {
            judged: live.map(|one| (one.identity, verdicts(one))).collect(),
            around,
        }
    }

    /// How many pass each check.
    pub fn checks(&self) -> Vec<CheckScore> {
        let score = |(index, check): (usize, &Check)| {
            let mut score = CheckScore {
                check: check.id,
                title: check.title,
                attribute: check.attribute,
                applicable: 0,
                passed: 0,
                excepted_ids: Vec::new(),
                failed_ids: Vec::new(),
            };
            for (identity, verdicts) in &self.judged {
                match verdicts.get(index) {
                    Some(Verdict::Passed) => score.passed += 1,
                    Some(Verdict::Excepted) => score.excepted_ids.push(identity.id()),
                    Some(Verdict::Failed) => score.failed_ids.push(identity.id()),
                    Some(Verdict::NotApplicable) | None => {}
                }
            }
            score.applicable = score.passed + score.excepted_ids.len() + score.failed_ids.len();
            score.excepted_ids.sort();
            score.failed_ids.sort();
            score
        };
        CHECKS.iter().enumerate().map(score).collect()
    }

    /// What a control that these checks make up says of each identity: the worst that one of them says.
    pub(super) fn control(&self, name: &str, checks: &[&str]) -> impl Iterator<Item = (RecordId, Verdict)> {
        let of_control = |check: &&Check| checks.contains(&check.id);
        self.judged.iter().map(move |(identity, verdicts)| {
            let made = CHECKS.iter().zip(verdicts).filter(|(check, _)| of_control(check));
            let verdicts = made.map(|(check, verdict)| match verdict {
                Verdict::Failed if self.around.waives(name, check, identity) => Verdict::Excepted,
                other => *other,
            });
            (identity.id(), verdicts.max().unwrap_or(Verdict::NotApplicable))
        })
    }
}

fn verdict(check: &Check, one: Measured<'_>, around: &Surroundings<'_>) -> Verdict {
    if !(check.applies)(one) {
        Verdict::NotApplicable
    } else if (check.holds)(one, around) {
        Verdict::Passed
    } else if around.waives(check.id, check, one.identity) {
        Verdict::Excepted
    } else {
        Verdict::Failed
    }
}
