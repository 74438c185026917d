//! What the tests share: declarations, a clock that is set by hand, and random numbers with a seed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use nhi_governance::{
    Declaration, Digest, Draft, Evidence, Given, Policy, PurposeDraft, ScopeDraft, Timestamp, TrustDomain,
};
use nhi_registry::{Access, Actor, Created, Location, Options, Registry};

/// 2026-11-22T00:00:00Z.
pub(crate) const START: i64 = 1_795_305_600;

/// A draft that is good as it is.
pub(crate) fn draft(name: &str) -> Draft {
    Draft {
        name: name.into(),
        kind: "ci_pipeline".into(),
        technical_owner: "team:payments".into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Deploys the payments service".into(),
            task: "Release pipeline, job deploy".into(),
            ticket: "OPS-1".into(),
        }),
        environment: "staging".into(),
        ttl: "720h".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:ecs:eu-west-1:111122223333:service/payments/api".into(),
            actions: Given::Known(vec!["ecs:DescribeServices".into()]),
        })]),
        revoked_by: Given::Known(vec!["ttl".into(), "owner_departure".into()]),
        ..Draft::default()
    }
}

/// The declaration of a draft that is good.
pub(crate) fn declare(draft: &Draft) -> Declaration {
    let checked = draft.check(&Policy::default());
    assert_eq!(checked.violations, []);
    checked.declaration.expect("everything is known")
}

pub(crate) fn declaration(name: &str) -> Declaration {
    declare(&draft(name))
}

pub(crate) fn actor() -> Actor {
    Actor::new("tester@localhost")
}

/// No approval was needed.
pub(crate) fn nothing() -> Evidence {
    Evidence {
        waived: true,
        ..Evidence::default()
    }
}

/// Two approvals of a request.
pub(crate) fn evidence(number: u8) -> Evidence {
    Evidence {
        request: Some(Digest::of(&[number])),
        approvals: vec![Digest::of(&[number, 1]), Digest::of(&[number, 2])],
        approved_by: vec!["alice".into(), "bob".into()],
        waived: false,
    }
}

pub(crate) fn trust_domain() -> TrustDomain {
    TrustDomain::default()
}

/// A clock that is set by hand.
#[derive(Clone)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn read(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn options(&self) -> Options {
        let hands = self.clone();
        Options {
            clock: Arc::new(move || Timestamp::from_unix(hands.read())),
            ..Options::default()
        }
    }
}

/// A registry in a place of its own, which goes away with it.
pub(crate) struct Fixture {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) clock: Hands,
    url: Option<String>,
}

impl Fixture {
    /// One that is kept in a file.
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            clock: Hands::at(START),
            url: None,
        }
    }

    /// One that is kept on a server; nothing where none is installed.
    pub(crate) fn postgres() -> Option<Self> {
        let server = crate::server::shared()?;
        let url = server.url(&server.database());
        Some(Self {
            url: Some(url),
            ..Self::new()
        })
    }

    /// One for each backend that there is.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        [Some(Self::new()), Self::postgres()].into_iter().flatten()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("nhi-registry.db")
    }

    /// Where it is, as a user writes it.
    pub(crate) fn place(&self) -> String {
        let path = || self.path().to_str().unwrap().to_owned();
        self.url.clone().unwrap_or_else(path)
    }

    pub(crate) fn open(&self) -> Box<dyn Registry> {
        open_at(&self.place(), self.clock.options())
    }

    /// A creation whose process ends before it could tell anybody.
    pub(crate) fn cut_off(&self, declaration: Declaration) -> Created {
        self.open()
            .create(&actor(), &trust_domain(), declaration, &nothing())
            .unwrap()
    }

    pub(crate) fn cut_off_with(&self, declaration: Declaration, evidence: &Evidence) -> Created {
        self.open()
            .create(&actor(), &trust_domain(), declaration, evidence)
            .unwrap()
    }

    /// Writes a history with every kind of row.
    pub(crate) fn fill(&self, registry: &dyn Registry) {
        for number in 0..6 {
            let name = format!("svc{number}");
            let created = match number {
                1 => self.cut_off(declaration(&name)),
                _ => registry
                    .create(&actor(), &trust_domain(), declaration(&name), &nothing())
                    .unwrap(),
            };
            let id = created.identity.id();
            self.clock.set(self.clock.read() + 60);
            match number % 6 {
                0 => registry.confirm(&actor(), &[id]).unwrap(),
                1 => drop(
                    registry
                        .create(&actor(), &trust_domain(), declaration("svc1"), &nothing())
                        .unwrap(),
                ),
                2 => drop(
                    registry
                        .update(
                            &actor(),
                            id,
                            1,
                            declare(&Draft {
                                ttl: "24h".into(),
                                ..draft("svc2")
                            }),
                            &nothing(),
                        )
                        .unwrap(),
                ),
                3 => {
                    let renewal = Draft {
                        generation: Given::Known(1),
                        ..draft("svc3")
                    };
                    registry.update(&actor(), id, 1, declare(&renewal), &nothing()).unwrap();
                }
                4 => drop(registry.revoke(&actor(), id, "the service is gone").unwrap()),
                _ => {}
            }
        }
        registry.accept_clock(&actor(), "a test of the clock").unwrap();
        registry
            .create(&actor(), &trust_domain(), declaration("last"), &evidence(1))
            .unwrap();
        assert_intact(registry);
    }
}

pub(crate) fn assert_intact(registry: &dyn Registry) {
    let verification = registry.verify().unwrap();
    assert_eq!(verification.tampering, None);
}

/// Random numbers that come again with the same seed.
pub(crate) struct Random(u64);

impl Random {
    /// A seed from the environment (`NHI_SEED`), or a fixed one.
    pub(crate) fn seeded() -> (Self, u64) {
        let seed = std::env::var("NHI_SEED")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(20_261_122);
        (Self(seed), seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// Opens the registry at a place, creating it where there is none.
pub(crate) fn open_at(place: &str, options: Options) -> Box<dyn Registry> {
    nhi_registry::open(&Location::parse(place).unwrap(), Access::Create, options).unwrap()
}

/// Runs one test of this very binary in a process of its own, told what to do by the environment.
pub(crate) fn child(test: &str, role: &str, place: &str) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env("NHI_TEST_ROLE", role).env("NHI_TEST_PATH", place);
    command
}

/// The role and the place of a child; nothing in an ordinary run.
pub(crate) fn role() -> Option<(String, String)> {
    Some((
        std::env::var("NHI_TEST_ROLE").ok()?,
        std::env::var("NHI_TEST_PATH").ok()?,
    ))
}
