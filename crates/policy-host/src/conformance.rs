//! Hostile modules, made by hand and by chance, and the proof that the sandbox of this very machine stops them.
//!
//! `nhi module doctor --conformance` runs them where policies will run. Every campaign also meets a planted defect, such
//! as a module that behaves and is called hostile: a campaign that does not notice has proven nothing.

mod chance;
mod deeds;
mod guest;
mod kept;
mod measure;
mod sections;
mod wall;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use nhi_plan::{Change, Context};
use sha2::{Digest as _, Sha256};

use self::chance::Chance;
use self::guest::Guest;
use crate::compile::Compilation;
use crate::limits::COMPILE_CPU_SECONDS;
use crate::{Host, HostError, HostErrorKind, HostLimits, Module, Report};

pub use self::deeds::payloads;

/// Fuel of one case, and the wall clock's share of it.
const FUEL: u64 = 20_000_000;
const WALL: Duration = Duration::from_secs(2);
/// How much longer than its budget a case may take: the rest is loading.
const TOLERANCE: f64 = 1.2;
/// A campaign of fewer modules is always run as a whole.
const FEW: usize = 24;

/// What has to become of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// One of these failures.
    Stopped(&'static [HostErrorKind]),
    /// Any end, as long as there is one, and a report only of what the module may say.
    Any,
    /// Findings, the same in every run and on another host.
    Same,
}

/// What a hostile module is made of.
enum Made {
    Guest(Box<Guest>),
    Bytes(Vec<u8>),
}

/// One hostile module.
struct Case {
    name: String,
    made: Made,
    wanted: Wanted,
}

impl Case {
    fn wasm(self) -> Vec<u8> {
        match self.made {
            Made::Guest(guest) => guest.component(),
            Made::Bytes(bytes) => bytes,
        }
    }
}

/// How much is run, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Options<'o> {
    /// Modules that chance makes, for each campaign that it has a part in.
    pub mutants: usize,
    /// Where chance begins.
    pub seed: u64,
    /// One of so many of the modules that are made by hand; 1 for all of them.
    pub one_in: usize,
    /// How modules are compiled in a process of their own. Without it nothing is known of the wall around that process.
    pub compilation: Option<&'o Compilation>,
    /// A folder that is nobody else's, for what is kept and then tampered with.
    pub scratch: &'o Path,
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
    /// Whether it noticed its planted defect.
    pub finds_planted: bool,
    /// Memory of this process in KiB when it was over, where the system tells.
    pub memory_kib: Option<u64>,
}

impl Campaign {
    /// A campaign of cases that have been judged, with whether it noticed its planted defect.
    pub fn of(
        name: &'static str,
        seed: u64,
        cases: impl IntoIterator<Item = (String, Result<(), String>)>,
        finds_planted: bool,
    ) -> Self {
        let mut campaign = Self::new(name, seed);
        for (case, verdict) in cases {
            campaign.cases += 1;
            campaign.note(&case, verdict);
        }
        campaign.end(finds_planted);
        campaign
    }

    fn new(name: &'static str, seed: u64) -> Self {
        Self {
            name,
            cases: 0,
            failures: Vec::new(),
            seed,
            slowest: Duration::ZERO,
            loaded: 0,
            finds_planted: false,
            memory_kib: None,
        }
    }

    fn note(&mut self, case: &str, verdict: Result<(), String>) {
        if let Err(why) = verdict {
            self.failures.push(format!("{case}: {why}"));
        }
    }

    fn end(&mut self, finds_planted: bool) {
        self.finds_planted = finds_planted;
        if !finds_planted {
            self.failures.push(String::from("its planted defect was not noticed"));
        }
        self.memory_kib = measure::memory();
    }
}

/// Runs all campaigns.
pub fn run(options: &Options<'_>) -> Result<Vec<Campaign>, HostError> {
    let mut suite = Suite::new(options)?;
    for (name, cases) in deeds::campaigns() {
        suite.by_hand(name, cases);
    }
    suite.by_hand("mutated sections", sections::cases());
    let mut chance = Chance::from(options.seed);
    let answers: Vec<Vec<u8>> = (0..options.mutants)
        .map(|_| {
            let damage = (0..=chance.below(3)).map(|_| (chance.below(1 << 20), chance.byte()));
            let guest = Guest {
                damage: damage.collect(),
                ..Guest::default()
            };
            guest.component()
        })
        .collect();
    suite.by_chance("damaged answers", answers.into_iter());
    let sound = suite.planted.clone();
    suite.by_chance("damaged bytes", (0..options.mutants).map(|_| chance.damage(&sound)));
    let mut chance = Chance::from(options.seed ^ 1 << 32);
    let mixed = (0..options.mutants).map(|_| sections::by_chance(&mut chance, &sound));
    suite.by_chance("sections by chance", mixed);
    suite.campaigns.push(kept::campaign(options.scratch, options.seed));
    if let Some(compilation) = options.compilation {
        suite.campaigns.push(wall::campaign(compilation, options.seed));
    }
    suite.memory();
    Ok(suite.campaigns)
}

/// What the campaigns have in common.
struct Suite<'o> {
    options: &'o Options<'o>,
    host: Host,
    /// Another one, with other machinery: what is the same on both does not depend on it.
    other: Host,
    /// Compiles in a process of its own.
    compiler: Option<Host>,
    planted: Vec<u8>,
    known: BTreeSet<[u8; 32]>,
    campaigns: Vec<Campaign>,
}

impl<'o> Suite<'o> {
    fn new(options: &'o Options<'o>) -> Result<Self, HostError> {
        let compiler = options.compilation.map(|compilation| {
            let alone = Compilation {
                program: compilation.program.clone(),
                arguments: compilation.arguments.clone(),
                cache: None,
            };
            Host::new(limits()).map(|host| host.compile_with(alone))
        });
        Ok(Self {
            options,
            host: Host::new(limits())?,
            other: Host::new(limits())?.workers(1),
            compiler: compiler.transpose()?,
            planted: Guest::default().component(),
            known: BTreeSet::new(),
            campaigns: Vec::new(),
        })
    }

    /// Modules that were made by hand, each of them another one.
    fn by_hand(&mut self, name: &'static str, cases: Vec<Case>) {
        let step = if cases.len() <= FEW {
            1
        } else {
            self.options.one_in.max(1)
        };
        let mut campaign = Campaign::new(name, self.options.seed);
        for case in cases.into_iter().step_by(step) {
            let (case_name, wanted) = (case.name.clone(), case.wanted);
            let wasm = case.wasm();
            if wasm.is_empty() {
                campaign.note(&case_name, Err(String::from("could not be made")));
                continue;
            }
            // What another campaign has tried counts once.
            if !self.known.insert(digest(&wasm)) {
                continue;
            }
            self.one(&mut campaign, &case_name, &wasm, wanted);
        }
        self.close(campaign);
    }

    fn by_chance(&mut self, name: &'static str, modules: impl Iterator<Item = Vec<u8>>) {
        let mut campaign = Campaign::new(name, self.options.seed);
        for (number, wasm) in modules.enumerate() {
            self.one(&mut campaign, &format!("mutant {number}"), &wasm, Wanted::Any);
        }
        self.close(campaign);
    }

    fn one(&self, campaign: &mut Campaign, case: &str, wasm: &[u8], wanted: Wanted) {
        let is_bomb = campaign.name == deeds::BOMBS;
        let host = self.compiler.as_ref().filter(|_| is_bomb).unwrap_or(&self.host);
        let budget = if is_bomb {
            Duration::from_secs(COMPILE_CPU_SECONDS)
        } else {
            WALL
        };
        let start = measure::computed();
        let (module, end) = attempt(host, wasm);
        let took = measure::computed().saturating_sub(start);
        campaign.cases += 1;
        campaign.slowest = campaign.slowest.max(took);
        campaign.loaded += usize::from(wanted == Wanted::Any && module.is_some());
        campaign.note(case, self.judge(host, wasm, wanted, module.as_ref(), &end));
        campaign.note(case, in_time(took, budget));
    }

    fn judge(
        &self,
        host: &Host,
        wasm: &[u8],
        wanted: Wanted,
        module: Option<&Module>,
        end: &Result<Report, HostError>,
    ) -> Result<(), String> {
        match (wanted, end) {
            (Wanted::Stopped(kinds), Err(error)) if kinds.contains(&error.kind) => Ok(()),
            (Wanted::Stopped(_), Ok(_)) => Err(String::from("was not stopped")),
            (Wanted::Any, Err(error)) if error.kind == HostErrorKind::Time => Err(String::from("got past its fuel")),
            (Wanted::Any, Err(_)) => Ok(()),
            (Wanted::Any, Ok(report)) => {
                let module = module.ok_or("there is a report of no module")?;
                sound(module, report, &host.limits)?;
                same(end, &host.run(module, "{}", &Context::default(), [block()]))
            }
            (Wanted::Same, Ok(_)) => {
                same(end, &attempt(host, wasm).1)?;
                same(end, &attempt(&self.other, wasm).1)
            }
            (_, Err(error)) => Err(error.to_string()),
        }
    }

    /// Ends a campaign with its planted defects: a module that behaves under the claim that it has to be stopped, a
    /// report of what nobody may say, and a case that takes longer than it may.
    fn close(&mut self, mut campaign: Campaign) {
        let claim = Wanted::Stopped(&[HostErrorKind::Fuel]);
        let (module, end) = attempt(&self.host, &self.planted);
        let notices = self
            .judge(&self.host, &self.planted, claim, module.as_ref(), &end)
            .is_err();
        let notices_report = module.zip(end.ok()).is_some_and(|(module, mut report)| {
            let was_sound = sound(&module, &report, &self.host.limits).is_ok();
            report
                .findings
                .iter_mut()
                .for_each(|finding| "NHI001".clone_into(&mut finding.rule));
            was_sound && sound(&module, &report, &self.host.limits).is_err()
        });
        let notices_time = in_time(WALL.mul_f64(TOLERANCE) + Duration::from_millis(1), WALL).is_err();
        campaign.end(notices && notices_report && notices_time);
        self.campaigns.push(campaign);
    }

    /// Whether memory is where it was when the largest had been seen: that is after the bombs.
    fn memory(&mut self) {
        let bombs = self.campaigns.iter().position(|campaign| campaign.name == deeds::BOMBS);
        let mut measured = self.campaigns.iter().skip(bombs.unwrap_or(0));
        let Some(before) = measured.next().and_then(|campaign| campaign.memory_kib) else {
            return;
        };
        let cases: Vec<_> = measured
            .filter_map(|campaign| {
                let after = campaign.memory_kib?;
                let why = format!("memory grew from {before} to {after} KiB");
                let verdict = if measure::is_flat(before, after) {
                    Ok(())
                } else {
                    Err(why)
                };
                Some((campaign.name.to_owned(), verdict))
            })
            .collect();
        let planted = measure::notices_a_leak().unwrap_or(false);
        let campaign = Campaign::of("the host's memory", self.options.seed, cases, planted);
        self.campaigns.push(campaign);
    }
}

fn limits() -> HostLimits {
    HostLimits {
        fuel_base: FUEL,
        fuel_per_byte: 100,
        wall: WALL,
        ..HostLimits::default()
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn in_time(took: Duration, budget: Duration) -> Result<(), String> {
    if took <= budget.mul_f64(TOLERANCE) {
        return Ok(());
    }
    Err(format!("took {took:.1?}, {budget:.1?} are its budget"))
}

fn same(one: &Result<Report, HostError>, other: &Result<Report, HostError>) -> Result<(), String> {
    if one == other {
        return Ok(());
    }
    Err(String::from("two runs differ"))
}

/// What no report may hold, whatever the module is.
fn sound(module: &Module, report: &Report, limits: &HostLimits) -> Result<(), String> {
    let usage = &report.usage;
    if usage.fuel > usage.fuel_limit || usage.memory_peak_bytes > limits.memory_bytes {
        return Err(format!("used more than it may: {usage:?}"));
    }
    if report.findings.len() > limits.findings {
        return Err(String::from("has too many findings"));
    }
    let rules = &module.description().rules;
    for finding in &report.findings {
        if !rules.iter().any(|rule| rule.code == finding.rule) || finding.rule.starts_with("NHI") {
            return Err(String::from("a finding of a rule that is not the module's"));
        }
        let texts = [&finding.address, &finding.path, &finding.message, &finding.remediation];
        if finding.message.is_empty() || texts.iter().any(|text| text.len() > limits.text_bytes) {
            return Err(String::from("a finding of texts that are not allowed"));
        }
    }
    Ok(())
}

fn attempt(host: &Host, wasm: &[u8]) -> (Option<Module>, Result<Report, HostError>) {
    match host.load("hostile.wasm", wasm) {
        Ok(module) => {
            let end = host.run(&module, "{}", &Context::default(), [block()]);
            (Some(module), end)
        }
        Err(error) => (None, Err(error)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_a_thousand_by_hand_and_each_campaign_has_some() {
        let campaigns = deeds::campaigns();
        let mut names = BTreeSet::new();
        for (name, cases) in &campaigns {
            assert!(!cases.is_empty() && names.insert(name), "{name}");
            let of: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
            assert_eq!(of.len(), cases.len(), "two cases of one name in {name}");
        }
        let written: usize = campaigns.iter().map(|(_, cases)| cases.len()).sum();
        let changed = sections::cases().len();
        assert!(written >= 1_000 && changed >= 200, "{written} and {changed}");
    }

    #[test]
    fn memory_that_is_kept_is_noticed() {
        if cfg!(target_os = "linux") {
            assert_eq!(measure::notices_a_leak(), Some(true));
        }
        assert!(measure::is_flat(1 << 20, (1 << 20) + 1_024));
    }
}
