//! Hostile modules, made by hand and by chance, and the proof that the sandbox of this very machine stops them.
//!
//! `nhi module doctor --conformance` runs them where policies will run. Every campaign also meets a module that behaves
//! and is called hostile: a campaign that does not notice has proven nothing.

mod deeds;
mod guest;

use std::time::Duration;

use nhi_plan::{Change, Context};
use nix::sys::resource::{UsageWho, getrusage};

use self::guest::Guest;
use crate::limits::COMPILE_CPU_SECONDS;
use crate::{Host, HostError, HostErrorKind, HostLimits, Report};

/// Fuel of one case, and the wall clock's share of it.
const FUEL: u64 = 20_000_000;
const WALL: Duration = Duration::from_secs(2);
/// How much longer than its budget a case may take: the rest is loading.
const TOLERANCE: f64 = 1.2;
/// The campaign whose modules are held to what compiling may take.
const BOMBS: &str = "compile bombs";

/// What has to become of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// One of these failures.
    Stopped(&'static [HostErrorKind]),
    /// Any end, as long as there is one.
    Any,
    /// Findings, the same in every run.
    Same,
}

/// One hostile module.
struct Case {
    name: String,
    wasm: Vec<u8>,
    wanted: Wanted,
}

/// What a campaign came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// What its modules try.
    pub name: &'static str,
    /// Modules that were run.
    pub cases: usize,
    /// What went wrong, each with the case.
    pub failures: Vec<String>,
    /// Where chance began.
    pub seed: u64,
    /// The most of the processor's time that a case took.
    pub slowest: Duration,
    /// Of the modules that may come to any end, those that were taken and run; the others were refused.
    pub loaded: usize,
    /// Whether it noticed a module that behaves.
    pub finds_planted: bool,
}

/// Runs all campaigns; `mutants` says how many damaged modules there are.
pub fn run(mutants: usize, seed: u64) -> Result<Vec<Campaign>, HostError> {
    let limits = HostLimits {
        fuel_base: FUEL,
        fuel_per_byte: 100,
        wall: WALL,
        ..HostLimits::default()
    };
    let host = Host::new(limits)?;
    let planted = Guest::default().component();
    let mut campaigns = Vec::new();
    for (name, cases) in deeds::campaigns() {
        campaigns.push(campaign(&host, name, cases.into_iter(), seed, &planted));
    }
    let mut chance = Chance::from(seed);
    let answers: Vec<Case> = (0..mutants)
        .map(|number| Case {
            name: format!("answer {number}"),
            wasm: Guest {
                damage: (0..=chance.below(3))
                    .map(|_| (chance.below(1 << 20), chance.byte()))
                    .collect(),
                ..Guest::default()
            }
            .component(),
            wanted: Wanted::Any,
        })
        .collect();
    campaigns.push(campaign(&host, "damaged answers", answers.into_iter(), seed, &planted));
    let sound = planted.clone();
    let damaged = (0..mutants).map(|number| Case {
        name: format!("mutant {number}"),
        wasm: chance.damage(&sound),
        wanted: Wanted::Any,
    });
    campaigns.push(campaign(&host, "damaged bytes", damaged, seed, &planted));
    Ok(campaigns)
}

fn campaign(host: &Host, name: &'static str, cases: impl Iterator<Item = Case>, seed: u64, planted: &[u8]) -> Campaign {
    let mut campaign = Campaign {
        name,
        cases: 0,
        failures: Vec::new(),
        seed,
        slowest: Duration::ZERO,
        loaded: 0,
        finds_planted: false,
    };
    let budget = if name == BOMBS {
        Duration::from_secs(COMPILE_CPU_SECONDS)
    } else {
        WALL.mul_f64(TOLERANCE)
    };
    for case in cases {
        let start = computed();
        let verdict = judge(host, &case.wasm, case.wanted);
        let took = computed().saturating_sub(start);
        campaign.loaded += usize::from(case.wanted == Wanted::Any && host.load("hostile.wasm", &case.wasm).is_ok());
        campaign.cases += 1;
        campaign.slowest = campaign.slowest.max(took);
        if let Err(why) = verdict {
            campaign.failures.push(format!("{}: {why}", case.name));
        }
        if took > budget {
            campaign.failures.push(format!("{}: took {took:.1?}", case.name));
        }
    }
    // A module that behaves, under the claim that it has to be stopped.
    campaign.finds_planted = judge(host, planted, Wanted::Stopped(&[HostErrorKind::Fuel])).is_err();
    if !campaign.finds_planted {
        campaign
            .failures
            .push(String::from("a module that behaves passed as hostile"));
    }
    campaign
}

/// The processor's time that this process has taken: unlike the wall clock it does not count what others do.
fn computed() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    let of = |time: nix::sys::time::TimeVal| {
        let (seconds, micros) = (u64::try_from(time.tv_sec()), u64::try_from(time.tv_usec()));
        Duration::from_secs(seconds.unwrap_or(0)) + Duration::from_micros(micros.unwrap_or(0))
    };
    of(usage.user_time()) + of(usage.system_time())
}

fn judge(host: &Host, wasm: &[u8], wanted: Wanted) -> Result<(), String> {
    let first = attempt(host, wasm);
    match (wanted, &first) {
        (Wanted::Any, _) => Ok(()),
        (Wanted::Stopped(kinds), Err(error)) if kinds.contains(&error.kind) => Ok(()),
        (Wanted::Stopped(_), Ok(_)) => Err(String::from("was not stopped")),
        (Wanted::Same, Ok(_)) => {
            let second = attempt(host, wasm);
            if first == second {
                Ok(())
            } else {
                Err(String::from("two runs differ"))
            }
        }
        (_, Err(error)) => Err(error.to_string()),
    }
}

fn attempt(host: &Host, wasm: &[u8]) -> Result<Report, HostError> {
    let module = host.load("hostile.wasm", wasm)?;
    host.run(&module, "{}", &Context::default(), [block()])
}

/// A block that every guest is interested in.
fn block() -> Change<'static> {
    let text = r#"{"address":"thing.a","config_address":"thing.a","resource_type":"thing","provider":"","module_address":"","mode":"managed","actions":["create"],"after":{"name":"a"},"unknown_paths":[],"sensitive_paths":[],"references":[],"attributes":[]}"#;
    nhi_plan::line::decode(text).unwrap_or_else(|_| Change {
        address: "thing.a".into(),
        config_address: "thing.a".into(),
        previous_address: None,
        resource_type: "thing".into(),
        provider: "".into(),
        module_address: "".into(),
        mode: nhi_plan::Mode::Managed,
        actions: Vec::new(),
        before: None,
        after: None,
        configuration: None,
        unknown_paths: Vec::new(),
        sensitive_paths: Vec::new(),
        references: Vec::new(),
        location: None,
        attributes: Vec::new(),
    })
}

/// Xorshift: the same cases from the same seed, on every machine.
struct Chance(u64);

impl Chance {
    /// Small seeds differ in few bits: they are spread first, or all cases would begin alike.
    fn from(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..16 {
            chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A few bytes changed, cut off or doubled.
    fn damage(&mut self, sound: &[u8]) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        for _ in 0..=self.below(4) {
            let (at, byte) = (self.below(bytes.len()), self.byte());
            match self.below(8) {
                0 => bytes.truncate(at.max(8)),
                1 => bytes.insert(at, byte),
                _ => {
                    if let Some(slot) = bytes.get_mut(at) {
                        *slot = byte;
                    }
                }
            }
        }
        bytes
    }
}
