//! Clocks that walk ten years to and fro: whatever has run out stays so, and no end moves by itself.
//!
//! A registry judges by the later of the clock and the latest moment on record, and refuses to grant while the clock is
//! more than a minute behind that; so does the walk. It is pure, so that ten thousand walks of every kind take seconds;
//! the registry's own walks go through its files.

use nhi_governance::{RecordKind, Status};

use super::*;

const WALKS: usize = 10_000;
const STEPS: usize = 24;
const YEAR: i64 = 365 * DAY;
const SKEW: i64 = 60;

/// The generator `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// What a record is at a moment: whether it is worth what it says, and when it ends, where it does.
struct Seen {
    is_good: bool,
    ends_at: Option<Timestamp>,
}

/// One record that walks, and everything it depends on.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one of them at a time")]
enum Walker {
    Review(Registered<AccessReview>),
    Glass(Registered<BreakGlass>),
    Exception(Registered<Exception>),
    Grant(Registered<Grant>, Identity),
    Identity(Identity),
    Team(Registered<Team>),
    Vendor(Registered<Vendor>),
}

impl Walker {
    fn new(kind: RecordKind) -> Self {
        let three = agreed(&["user:dora", "user:erin", "user:frank"]);
        let act = act("user:zoe", &three, 0);
        match kind {
            RecordKind::AccessReview => {
                let made = Registered::<AccessReview>::create(id(5), declared(review().check()), &act).unwrap();
                let asked = identity();
                let opened = made.record.open([(&asked, RiskTier::Low)], &act).unwrap();
                Self::Review(opened.record)
            }
            RecordKind::BreakGlass => {
                let made = Registered::<BreakGlass>::create(id(4), declared(break_glass().check()), &[], &act).unwrap();
                let bob = agreed(&["user:alice", "user:bob"]);
                let act = super::act("user:alice", &bob, 0);
                Self::Glass(made.record.activate("The database is down", &[], &act).unwrap().record)
            }
            RecordKind::Exception => {
                let draft = ExceptionDraft {
                    risk_acceptor: "user:grace".into(),
                    ..exception()
                };
                let made = Registered::<Exception>::create(id(3), declared(draft.check()), &[], &act);
                Self::Exception(made.unwrap().record)
            }
            RecordKind::Grant => {
                let made = Registered::<Grant>::create(
                    id(2),
                    declared(grant().check()),
                    &identity(),
                    &Context::default(),
                    &act,
                );
                Self::Grant(made.unwrap().record, identity())
            }
            RecordKind::Identity => Self::Identity(identity()),
            RecordKind::Team => {
                let made = Registered::<Team>::create(id(7), declared(team().check()), &act);
                Self::Team(made.unwrap().record)
            }
            RecordKind::Vendor => {
                let made = Registered::<Vendor>::create(id(8), declared(vendor().check()), &act);
                Self::Vendor(made.unwrap().record)
            }
            RecordKind::Kill | RecordKind::Policy => panic!("{kind:?} has no end"),
        }
    }

    fn seen(&self, now: Timestamp) -> Seen {
        let none = Context::default();
        let (is_good, ends_at) = match self {
            // Answers count until they are due.
            Self::Review(review) => (review.standing(now).status == "open", review.state().due_at),
            Self::Glass(glass) => (glass.standing(now).status == "activated", glass.state().session_until),
            Self::Exception(exception) => (
                exception.standing(now).is_good,
                Some(exception.declaration().expires_at),
            ),
            Self::Grant(grant, identity) => {
                assert!(
                    grant.ends_at(identity) <= identity.expires_at(),
                    "a grant outlives its identity"
                );
                let is_good = grant.standing(now, Some(identity), &none).is_good;
                assert!(
                    !is_good || identity.status(now, &none).is_usable(),
                    "a grant on a dead identity"
                );
                (is_good, Some(grant.ends_at(identity)))
            }
            Self::Identity(identity) => {
                let ttl = i64::try_from(identity.declaration().ttl().seconds()).unwrap();
                assert_eq!(
                    identity.expires_at().seconds_since(identity.issued_at()),
                    ttl,
                    "a ttl gained time"
                );
                (identity.status(now, &none).is_usable(), Some(identity.expires_at()))
            }
            Self::Team(team) => (team.standing().is_good, None),
            Self::Vendor(vendor) => (vendor.standing(now).is_good, Some(vendor.ends_at())),
        };
        Seen { is_good, ends_at }
    }

    /// An apply of a configuration that did not change. Refused or not, it may move nothing.
    fn apply(&mut self, now: Timestamp) {
        let waived = Evidence::waived();
        let act = Act {
            by: "user:zoe",
            evidence: &waived,
            policy: policy(),
            now,
        };
        match self {
            Self::Review(review) => put(review, |review| review.update(review.declaration().clone(), &act)),
            Self::Glass(glass) => put(glass, |glass| glass.update(glass.declaration().clone(), &act)),
            Self::Exception(one) => put(one, |one| one.update(one.declaration().clone(), &act)),
            Self::Grant(grant, identity) => put(grant, |grant| {
                grant.update(grant.declaration().clone(), identity, &Context::default(), &act)
            }),
            Self::Identity(identity) => put(identity, |identity| {
                update(identity, identity.declaration().clone(), &Context::default(), &act)
            }),
            Self::Team(team) => put(team, |team| team.update(team.declaration().clone(), &act)),
            Self::Vendor(vendor) => put(vendor, |vendor| vendor.update(vendor.declaration().clone(), &act)),
        }
    }

    /// The end for good.
    fn end(&mut self, now: Timestamp) {
        match self {
            Self::Review(review) => *review = review.end("over", now).record,
            Self::Glass(glass) => *glass = glass.end("over", now).record,
            Self::Exception(exception) => *exception = exception.end("over", now).record,
            Self::Grant(grant, _) => *grant = grant.end("over", now).record,
            Self::Identity(identity) => *identity = revoke(identity, "over", now).record,
            Self::Team(team) => *team = team.end("over", now).record,
            Self::Vendor(vendor) => *vendor = vendor.end("over", now).record,
        }
    }
}

fn put<R: Record>(record: &mut R, change: impl FnOnce(&R) -> Result<Transition<R>, Problem>) {
    if let Ok(transition) = change(record) {
        *record = transition.record;
    }
}

/// How often a walk found something that may not be. `remembers` is what a registry does: without it, as a planted
/// defect, time is what the clock says.
fn walk(mut walker: Walker, random: &mut Random, remembers: bool) -> usize {
    let first = walker.seen(at(0)).ends_at;
    let (mut wall, mut latest) = (0_i64, 0_i64);
    let (mut failures, mut is_over, mut is_ended) = (0, false, false);
    for _ in 0..STEPS {
        let unit = [1, 60, 3_600, DAY, YEAR][usize::try_from(random.below(5)).unwrap()];
        wall = (wall + (random.below(21) - 10) * unit).clamp(-10 * YEAR, 10 * YEAR);
        let now = if remembers { wall.max(latest) } else { wall };
        if random.below(20) == 0 {
            walker.end(at(now));
            is_ended = true;
        } else if latest - wall <= SKEW || !remembers {
            walker.apply(at(now));
        }
        // Whatever was done is on record with its time.
        latest = latest.max(now);
        let seen = walker.seen(at(now));
        failures += usize::from(seen.is_good && (is_over || is_ended));
        failures += usize::from(seen.is_good && seen.ends_at.is_some_and(|end| end <= at(now)));
        failures += usize::from(seen.ends_at != first && !is_ended);
        is_over |= !seen.is_good;
    }
    failures
}

#[test]
fn nothing_that_ran_out_comes_back() {
    let seed = std::env::var("NHI_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or(20_261_126);
    let mut random = Random(seed);
    // A kill switch and the policy in force have no end: what they do to an identity, its own walk would show.
    let is_walker = |kind: &RecordKind| !matches!(kind, RecordKind::Kill | RecordKind::Policy);
    for kind in RecordKind::ALL.into_iter().filter(is_walker) {
        let walker = Walker::new(kind);
        let failures: usize = (0..WALKS).map(|_| walk(walker.clone(), &mut random, true)).sum();
        println!(
            "clock walks of {}: {WALKS} cases, {failures} failures, seed {seed}",
            kind.as_str()
        );
        assert_eq!(failures, 0, "{kind:?}");
        // A team has no end in time, so that a clock set back gives it nothing.
        let planted: usize = (0..200).map(|_| walk(walker.clone(), &mut random, false)).sum();
        assert!(
            planted > 0 || kind == RecordKind::Team,
            "{kind:?}: a clock that forgets was not found"
        );
    }
}

#[test]
fn a_status_that_is_final_is_never_left() {
    let mut random = Random(7);
    let fresh = Walker::new(RecordKind::Identity);
    for _ in 0..WALKS {
        let mut walker = fresh.clone();
        walker.end(at(0));
        walker.apply(at(random.below(10 * YEAR)));
        let Walker::Identity(identity) = &walker else { continue };
        let status = identity.status(at(random.below(10 * YEAR)), &Context::default());
        assert_eq!(status, Status::Revoked);
    }
}
