//! Every operation, broken off at every point: by `kill -9` at each point of a write and before and after each call
//! that writes to a file, and by a disk that is full, failing, over its quota or read-only from each such call on.
//!
//! What was acknowledged is there and told once in the log; nothing is there twice; doing it again comes to the end.
//! What only takes away is in effect whatever the disk says. `NHI_CAMPAIGN=full` runs every case, otherwise a part of
//! them, chosen by the seed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use nhi_registry::{Access, Location, Options, Point, Registry, Spool};

use crate::crash::kill_self;
use crate::operations::{OPERATIONS, Operation, Sight, operation};
use crate::support::{Fixture, Hands, Random, START, actor, child, declaration, nothing, open_at, role, trust_domain};

const POINTS: [Point; 5] = [
    Point::Begun,
    Point::Recorded,
    Point::Audited,
    Point::Committing,
    Point::Committed,
];
/// ENOSPC, EIO, EROFS and EDQUOT, as Linux numbers them.
const ERRORS: [(&str, i32); 4] = [("ENOSPC", 28), ("EIO", 5), ("EROFS", 30), ("EDQUOT", 122)];
/// A defect that each campaign has to find: every attempt makes another identity.
const PLANTED_DOUBLE: &str = "planted: every attempt makes another";
/// A defect that each campaign of a disk has to find: what failed is acknowledged.
const PLANTED_LIE: &str = "planted: a failure is acknowledged";

/// How many of the cases are run: one of so many.
fn one_of(ordinarily: usize) -> usize {
    match std::env::var("NHI_CAMPAIGN").as_deref() {
        Ok("full") => 1,
        _ => ordinarily,
    }
}

/// What a campaign has done so far.
struct Campaign {
    name: &'static str,
    random: Random,
    seed: u64,
    cases: usize,
    failures: Vec<String>,
}

impl Campaign {
    fn new(name: &'static str) -> Self {
        let (random, seed) = Random::seeded();
        Self {
            name,
            random,
            seed,
            cases: 0,
            failures: Vec::new(),
        }
    }

    fn is_chosen(&mut self, ordinarily: usize) -> bool {
        self.random.below(one_of(ordinarily)) == 0
    }

    fn case(&mut self, what: &str, outcome: Result<(), String>) {
        self.cases += 1;
        if let Err(reason) = outcome {
            self.failures.push(format!("{what}: {reason}"));
        }
    }

    fn ends(self, cases_min: usize) {
        println!(
            "{}: {} cases, {} failures, seed {}",
            self.name,
            self.cases,
            self.failures.len(),
            self.seed
        );
        assert!(self.failures.is_empty(), "{:#?}", self.failures);
        assert!(self.cases >= cases_min, "{} cases are too few", self.cases);
    }

    /// The defect was seen.
    fn finds(self, what: &str) {
        assert!(
            !self.failures.is_empty(),
            "{}: {what} was not found in {} cases",
            self.name,
            self.cases
        );
    }
}

fn options(directory: &Path) -> Options {
    Options {
        spool: Spool::in_directory(&directory.join("states")),
        ..Hands::at(START + 60).options()
    }
}

/// The operation of a name, the planted ones included.
fn act(name: &str, registry: &dyn Registry) -> Result<(), nhi_registry::RegistryError> {
    match name {
        PLANTED_DOUBLE => {
            let name = format!("planted-{}", registry.audit(1, 10_000)?.len());
            registry
                .create(&actor(), &trust_domain(), declaration(&name), &nothing())
                .map(drop)
        }
        PLANTED_LIE => {
            let _ = (operation("create").act)(registry);
            Ok(())
        }
        name => (operation(name).act)(registry),
    }
}

/// In a child: does the operation, and says how it went. `point` is where it dies, where it does.
fn run_child(role: &str, place: &str) {
    let (name, point) = role.split_once('|').unwrap();
    let directory = std::env::var("NHI_TEST_DIRECTORY").unwrap();
    let mut options = options(Path::new(&directory));
    if let Ok(point) = point.parse::<usize>() {
        options.probe = std::sync::Arc::new(move |at| {
            if at == POINTS[point] {
                kill_self();
            }
        });
    }
    let location = Location::parse(place).unwrap();
    let opened = nhi_registry::open(&location, Access::Write, options.clone())
        .or_else(|_| nhi_registry::open(&location, Access::Read, options));
    let told = match opened.and_then(|registry| {
        act(name, &*registry)?;
        Ok(registry)
    }) {
        Ok(registry) => {
            println!("\nack");
            drop(registry);
            "closed".to_owned()
        }
        Err(error) => format!("refused {}: {error}", error.code()),
    };
    println!("\n{told}");
}

/// What a child said.
#[derive(Debug, Default)]
struct Said {
    acknowledged: bool,
    refused: Option<String>,
}

fn said(mut command: Command) -> Said {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = Said::default();
    for line in lines {
        said.acknowledged |= line == "ack";
        said.refused = said.refused.or(line.strip_prefix("refused ").map(str::to_owned));
    }
    child.wait().unwrap();
    said
}

/// Before the operation, and after it was done without a disturbance.
struct Expected {
    before: Sight,
    after: Sight,
}

fn judge_end(
    operation: &Operation,
    name: &str,
    registry: &dyn Registry,
    expected: &Expected,
    said: &Said,
    may_be_done: bool,
) -> Result<(), String> {
    let found = Sight::of(registry);
    let is_done = found == expected.after;
    // What waits to be written counts already.
    let waits = operation.takes_away && found.rows == expected.before.rows && found.live == expected.after.live;
    if !is_done && !waits && found != expected.before {
        return Err(format!("half done: {found:?}"));
    }
    if said.acknowledged && !is_done && !operation.takes_away {
        return Err("acknowledged and lost".to_owned());
    }
    if is_done && !said.acknowledged && !may_be_done {
        return Err("refused and done".to_owned());
    }
    if let Err(error) = act_patiently(name, registry) {
        return Err(format!("the next attempt fails: {error}"));
    }
    let again = Sight::of(registry);
    if again.but_for_adoption() != expected.after.but_for_adoption() {
        return Err(format!(
            "the next attempt does not come to the end: {again:?}, not {:?}",
            expected.after
        ));
    }
    if again.told(operation.event) != expected.after.told(operation.event) {
        return Err("the log tells of it twice, or not at all".to_owned());
    }
    if let Some((key, count)) = again.live.iter().find(|(_, count)| **count != 1) {
        return Err(format!("{count} times {key}"));
    }
    if !(operation.in_effect)(registry) {
        return Err("it is not in effect".to_owned());
    }
    Ok(())
}

/// A server notices a moment later that a process has ended.
fn act_patiently(name: &str, registry: &dyn Registry) -> Result<(), nhi_registry::RegistryError> {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        match act(name, registry) {
            Err(error) if error.code() == "NHI-REGISTRY-EXISTS" && std::time::Instant::now() < patience => {
                std::thread::yield_now();
            }
            outcome => return outcome,
        }
    }
}

fn expected(operation: &Operation, name: &str, fixture: &Fixture) -> Expected {
    let open = || open_at(&fixture.place(), options(fixture.directory.path()));
    (operation.prepare)(&*open()).unwrap();
    let before = Sight::of(&*open());
    act(name, &*open()).unwrap();
    Expected {
        before,
        after: Sight::of(&*open()),
    }
}

const KILLED: &str = "broken_off::killed_at_every_point_of_every_operation";

#[test]
fn killed_at_every_point_of_every_operation() {
    if let Some((role, place)) = role() {
        return run_child(&role, &place);
    }
    let mut campaign = Campaign::new("kill -9 at every point of every operation");
    for operation in OPERATIONS {
        kill_at_points(&mut campaign, operation, operation.name, 2, 10);
    }
    campaign.ends(OPERATIONS.len());
    let mut planted = Campaign::new("kill -9, planted");
    kill_at_points(&mut planted, operation("create"), PLANTED_DOUBLE, 1, 1);
    planted.finds(PLANTED_DOUBLE);
}

/// On each backend: all points in a file, and of those on a server one of so many.
fn kill_at_points(campaign: &mut Campaign, operation: &Operation, name: &str, of_file: usize, of_server: usize) {
    for (fresh, ordinarily) in [
        ((|| Some(Fixture::new())) as fn() -> Option<Fixture>, of_file),
        (Fixture::postgres, of_server),
    ] {
        let chosen: Vec<usize> = (0..POINTS.len()).filter(|_| campaign.is_chosen(ordinarily)).collect();
        if chosen.is_empty() {
            continue;
        }
        let Some(reference) = fresh() else { continue };
        let expected = expected(operation, name, &reference);
        for point in chosen {
            let Some(fixture) = fresh() else { continue };
            let directory = fixture.directory.path();
            (operation.prepare)(&*open_at(&fixture.place(), options(directory))).unwrap();
            let mut command = child(KILLED, &format!("{name}|{point}"), &fixture.place());
            command.env("NHI_TEST_DIRECTORY", directory);
            let said = said(command);
            let registry = open_at(&fixture.place(), options(directory));
            let outcome = judge_end(operation, name, &*registry, &expected, &said, true);
            campaign.case(
                &format!("{name} at {:?} of {}", POINTS[point], fixture.place()),
                outcome,
            );
        }
    }
}

/// The library that breaks calls off; nothing where there is no C compiler to make it with.
fn breaker() -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/fault.c");
        let library = std::env::temp_dir().join(format!("nhi-fault-{}.so", std::process::id()));
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .args([source, "-ldl"])
            .status();
        let is_made = cfg!(target_os = "linux") && made.is_ok_and(|status| status.success());
        if !is_made {
            assert!(std::env::var_os("CI").is_none(), "no C compiler, and CI skips nothing");
            eprintln!("SKIPPED: no C compiler (cc) on this machine; nothing is broken off at single calls");
        }
        is_made.then_some(library)
    };
    MADE.get_or_init(make).as_deref()
}

/// A registry that is ready for an operation, and can be had as often as it is needed.
struct Template {
    fixture: Fixture,
    expected: Expected,
}

impl Template {
    fn new(operation: &Operation, name: &str) -> Self {
        let fixture = Fixture::new();
        (operation.prepare)(&*open_at(&fixture.place(), options(fixture.directory.path()))).unwrap();
        let reference = Fixture::new();
        Self {
            expected: expected(operation, name, &reference),
            fixture,
        }
    }

    fn fresh(&self) -> Fixture {
        let fixture = Fixture::new();
        std::fs::copy(self.fixture.path(), fixture.path()).unwrap();
        let beside = |path: PathBuf| PathBuf::from(format!("{}-revocations", path.display()));
        std::fs::copy(beside(self.fixture.path()), beside(fixture.path())).unwrap();
        fixture
    }
}

/// Does the operation in a child that is broken off, and says how that went and at what kind of call.
fn break_off(test: &str, name: &str, fixture: &Fixture, fault: &str) -> (Said, String) {
    let told = fixture.directory.path().join("told");
    let mut command = child(test, &format!("{name}|"), &fixture.place());
    let path = fixture.path().canonicalize().unwrap();
    command
        .env("NHI_TEST_DIRECTORY", fixture.directory.path())
        .env("NHI_TEST_PATH", &path)
        .env("LD_PRELOAD", breaker().unwrap())
        .env("NHI_FAULT", fault)
        .env("NHI_FAULT_PATH", &path)
        .env("NHI_FAULT_TOLD", &told);
    let said = said(command);
    (said, std::fs::read_to_string(told).unwrap_or_default())
}

/// How many calls an operation makes.
fn calls(test: &str, name: &str, template: &Template) -> usize {
    let (said, count) = break_off(test, name, &template.fresh(), "count");
    assert!(said.acknowledged, "{name}: {said:?}");
    let count = count.parse().unwrap();
    assert!(count > 3, "{name}: {count} calls");
    count
}

const CALLS: &str = "broken_off::killed_at_every_call_of_every_operation";

#[test]
fn killed_at_every_call_of_every_operation() {
    if let Some((role, place)) = role() {
        return run_child(&role, &place);
    }
    if breaker().is_none() {
        return;
    }
    let mut campaign = Campaign::new("kill -9 before and after every call that writes");
    for operation in OPERATIONS {
        kill_at_calls(&mut campaign, operation, operation.name, 30);
    }
    campaign.ends(OPERATIONS.len());
    let mut planted = Campaign::new("kill -9 at calls, planted");
    kill_at_calls(&mut planted, operation("create"), PLANTED_DOUBLE, 1);
    planted.finds(PLANTED_DOUBLE);
}

fn kill_at_calls(campaign: &mut Campaign, operation: &Operation, name: &str, ordinarily: usize) {
    let template = Template::new(operation, name);
    for number in 1..=calls(CALLS, name, &template) {
        for when in ["before", "after"] {
            if !campaign.is_chosen(ordinarily) {
                continue;
            }
            let fixture = template.fresh();
            let (said, call) = break_off(CALLS, name, &fixture, &format!("{when}:{number}"));
            let registry = open_at(&fixture.place(), options(fixture.directory.path()));
            let outcome = judge_end(operation, name, &*registry, &template.expected, &said, true);
            campaign.case(&format!("{name}, {when} {call} {number}"), outcome);
        }
    }
}

const DISK: &str = "broken_off::a_disk_that_takes_nothing_blocks_no_revocation_and_grants_nothing";

#[test]
fn a_disk_that_takes_nothing_blocks_no_revocation_and_grants_nothing() {
    if let Some((role, place)) = role() {
        return run_child(&role, &place);
    }
    if breaker().is_none() {
        return;
    }
    let mut campaign = Campaign::new("a disk that fails from every call on");
    for operation in OPERATIONS {
        fail_from_calls(&mut campaign, operation, operation.name, 80);
    }
    campaign.ends(OPERATIONS.len());
    let mut planted = Campaign::new("a disk that fails, planted");
    fail_from_calls(&mut planted, operation("create"), PLANTED_LIE, 1);
    planted.finds(PLANTED_LIE);
}

fn fail_from_calls(campaign: &mut Campaign, operation: &Operation, name: &str, ordinarily: usize) {
    let template = Template::new(operation, name);
    for number in 1..=calls(DISK, name, &template) {
        for (error, code) in ERRORS {
            if !campaign.is_chosen(ordinarily) {
                continue;
            }
            let fixture = template.fresh();
            let (said, call) = break_off(DISK, name, &fixture, &format!("error:{number}:{code}"));
            let outcome = judge_disk(operation, name, &fixture, &template.expected, &said, &call);
            campaign.case(&format!("{name}, {error} from {call} {number} on"), outcome);
        }
    }
}

fn judge_disk(
    operation: &Operation,
    name: &str,
    fixture: &Fixture,
    expected: &Expected,
    said: &Said,
    call: &str,
) -> Result<(), String> {
    if !said.acknowledged && said.refused.is_none() {
        return Err("it crashed".to_owned());
    }
    let options = || options(fixture.directory.path());
    if operation.takes_away {
        if let Some(reason) = &said.refused {
            return Err(format!("it was blocked: {reason}"));
        }
        // Another process, which only reads, and before anything was written.
        let location = Location::parse(&fixture.place()).unwrap();
        let reader = nhi_registry::open(&location, Access::Read, options()).map_err(|error| error.to_string())?;
        if !(operation.in_effect)(&*reader) {
            return Err("it is not in effect at once".to_owned());
        }
    }
    // A sync that fails leaves open what is on the disk; what is there is whole, and the next attempt goes on from it.
    let registry = open_at(&fixture.place(), options());
    judge_end(operation, name, &*registry, expected, said, call == "sync")
}

#[test]
fn what_waited_is_written_with_the_next_change_by_whoever_asked() {
    for fixture in Fixture::each() {
        let options = || options(fixture.directory.path());
        let registry = open_at(&fixture.place(), options());
        (operation("revoke").prepare)(&*registry).unwrap();
        drop(registry);
        let location = Location::parse(&fixture.place()).unwrap();
        let reader = nhi_registry::open(&location, Access::Read, options()).unwrap();
        let (before, rows) = (Sight::of(&*reader), reader.audit(1, 1_000).unwrap().len());
        (operation("revoke").act)(&*reader).unwrap();
        (operation("revoke").act)(&*reader).unwrap();
        assert!((operation("revoke").in_effect)(&*reader), "whoever reads sees it");
        assert_eq!(Sight::of(&*reader).rows, before.rows, "nothing is on record yet");

        // A change of something else brings it on record, once.
        let writer = open_at(&fixture.place(), options());
        writer
            .create(
                &nhi_registry::Actor::new("somebody-else"),
                &trust_domain(),
                declaration("other"),
                &nothing(),
            )
            .unwrap();
        let told: Vec<_> = writer.audit(u64::try_from(rows).unwrap() + 1, 1_000).unwrap();
        let actions: Vec<_> = told.iter().map(|row| row.action.as_str()).collect();
        assert_eq!(actions, ["identity.revoked", "identity.created"]);
        assert!(
            told[0].payload.contains(r#""by":"tester@localhost""#),
            "{}",
            told[0].payload
        );
        writer
            .create(&actor(), &trust_domain(), declaration("third"), &nothing())
            .unwrap();
        assert_eq!(Sight::of(&*writer).told("identity.revoked"), 1);
    }
}
