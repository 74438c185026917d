//! Plan and apply of many `nhi_identity`, beside as many `terraform_data` with the same attributes: what the provider
//! adds to what the core takes for itself. Beside it as many `time_static` of a small provider in Go, which keeps
//! nothing.
//!
//! Wall time says little on a machine that others share, so the measure is time on a processor: the core's own, and that
//! of all provider processes that it starts. Each provider process runs below a witness, which notes what it used. The
//! state is kept on a server on loopback, as a team keeps it: a state in a file is written anew for every resource.

mod stack;
mod state;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde_json::{Value, json};

use super::place::Place;
use super::start::version;
use super::table::{self, thousands};
use crate::go_core::PROVIDER_TIME;
use crate::shell::Workspace;
use crate::tofu::{self, Kind};
use stack::{Stack, Subject};

/// How many identities are measured, unless the call names other numbers.
const NUMBERS: [usize; 2] = [1_000, 10_000];
/// First words of the internal calls.
const WITNESS: &str = "--witness";
const TIMED: &str = "--timed";
/// Where the witness writes, as the provider's environment says.
const WITNESS_VARIABLE: &str = "NHI_BENCH_WITNESS";

/// How many minutes an operation may take, unless the call names another number.
const MINUTES_MAX: u64 = 20;
/// What the timer ends with where one took longer.
const CUT_OFF: i32 = 75;
/// How often it is looked whether a core has ended.
const POLL: Duration = Duration::from_millis(5);

/// What is done to a stack, in this order.
const OPERATIONS: [(&str, &[&str]); 6] = [
    ("create", &["apply", "-auto-approve"]),
    ("plan without a change", &["plan"]),
    ("refresh", &["apply", "-refresh-only", "-auto-approve"]),
    ("update", &["apply", "-auto-approve", "-var=round=second"]),
    ("plan after the update", &["plan", "-var=round=second"]),
    ("destroy", &["destroy", "-auto-approve"]),
];

pub(super) fn internal(words: &[&str]) -> Option<Result<()>> {
    match words {
        ["bench", WITNESS, program, arguments @ ..] => Some(witness(program, arguments)),
        ["bench", TIMED, seconds, program, arguments @ ..] => Some(timed(seconds, program, arguments)),
        _ => None,
    }
}

/// Runs a provider and notes what it used.
fn witness(program: &str, arguments: &[&str]) -> Result<()> {
    use std::io::Write as _;
    let status = Command::new(program).args(arguments).status()?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let line =
        json!({"cpu": seconds(usage.user_time()) + seconds(usage.system_time()), "peak_kibibytes": usage.max_rss()});
    let log = std::env::var_os(WITNESS_VARIABLE).context("nobody said where to write")?;
    // One short line at a time: what is appended at once is not torn by another process.
    writeln!(fs::OpenOptions::new().append(true).create(true).open(log)?, "{line}")?;
    ensure!(status.success(), "`{program}` ended with {status}");
    Ok(())
}

/// Runs a core and says how long it took, and what it and all below it used.
#[expect(clippy::exit, reason = "what started this asks its exit code whether it was cut off")]
fn timed(seconds_max: &str, program: &str, arguments: &[&str]) -> Result<()> {
    let patience = Duration::from_secs(seconds_max.parse()?);
    let start = Instant::now();
    let mut core = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()?;
    let status = loop {
        if let Some(status) = core.try_wait()? {
            break status;
        }
        if start.elapsed() > patience {
            // Its providers end when it hangs up.
            core.kill()?;
            core.wait()?;
            std::process::exit(CUT_OFF);
        }
        thread::sleep(POLL);
    };
    let wall = start.elapsed().as_secs_f64();
    ensure!(status.success(), "`{program}` ended with {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    println!(
        "{}",
        json!({"wall": wall, "cpu": seconds(usage.user_time()) + seconds(usage.system_time())})
    );
    Ok(())
}

fn seconds(time: TimeVal) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds and microseconds of a benchmark are small"
    )]
    let seconds = time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds
}

/// What one operation took.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    wall: f64,
    core_cpu: f64,
    provider_cpu: f64,
    provider_mebibytes: f64,
}

/// Where things stand.
#[derive(Debug)]
struct Bench<'a> {
    helper: &'a Path,
    provider: &'a Path,
    folder: PathBuf,
    state: state::Server,
    /// How many of the operations are measured.
    operations: usize,
    /// How long one of them may take.
    patience: Duration,
}

/// What is asked for.
#[derive(Debug)]
struct Asked<'a> {
    words: &'a [&'a str],
}

impl<'a> Asked<'a> {
    fn numbers(&self) -> Vec<usize> {
        let numbers: Vec<usize> = self.words.iter().filter_map(|word| word.parse().ok()).collect();
        if numbers.is_empty() { NUMBERS.to_vec() } else { numbers }
    }

    fn option(&self, key: &str) -> Option<&'a str> {
        self.words
            .iter()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// Whether this core, or this registry, is to be measured: by its name in lower case, or all of them.
    fn has(&self, key: &str, name: &str) -> bool {
        self.option(key).is_none_or(|asked| name.eq_ignore_ascii_case(asked))
    }

    /// How many of the operations are measured.
    fn operations(&self) -> Result<usize> {
        let number = self.option("operations").map(str::parse).transpose();
        let number = number.context("`operations=` names a number")?;
        Ok(number.unwrap_or(OPERATIONS.len()))
    }

    /// How long an operation may take.
    fn patience(&self) -> Result<Duration> {
        let minutes = match self.option("minutes") {
            Some(minutes) => minutes.parse().context("`minutes=` names a number")?,
            None => MINUTES_MAX,
        };
        Ok(Duration::from_secs(60 * minutes))
    }
}

/// Measures every core that is at hand and prints a table. `words` are numbers of identities, `parallelism=N`,
/// `core=tofu`, `registry=sqlite`, `minutes=N` and `operations=N`.
pub(super) fn run(workspace: &Workspace, helper: &Path, programs: &Path, words: &[&str]) -> Result<()> {
    let asked = Asked { words };
    let parallelism = asked.option("parallelism");
    let folder = tempfile::tempdir().context("make a directory for the stacks")?;
    let bench = Bench {
        helper,
        provider: &programs.join("terraform-provider-nhi"),
        folder: folder.path().to_owned(),
        state: state::Server::start()?,
        operations: asked.operations()?,
        patience: asked.patience()?,
    };
    let mut places = Place::all(&folder.path().join("postgres"));
    places.retain(|place| asked.has("registry", place.name()));
    let time = peer(workspace);
    table::head(&[
        "core",
        "resources",
        "operation",
        "of",
        "wall",
        "wall of `terraform_data`",
        "CPU of the core",
        "CPU of `terraform_data`",
        "CPU of the provider",
        "share",
        "peak memory",
    ]);
    for number in asked.numbers() {
        for kind in [Kind::Tofu, Kind::Terraform] {
            if !asked.has("core", kind.program()) {
                continue;
            }
            let Some(core) = tofu::present(workspace, kind)? else {
                eprintln!("SKIPPED: `{}` is not at hand", kind.program());
                continue;
            };
            let name = version(&core)?;
            let measure = |subject, tell: &mut dyn FnMut(&'static str, Taken)| {
                bench.measure(&Stack::new(&core, subject, number, parallelism), tell)
            };
            let own = measure(Subject::BuiltIn, &mut |_, _| {})?;
            let subjects = time.iter().map(|program| Subject::Time(program));
            for subject in subjects.chain(places.iter().map(Subject::Identities)) {
                measure(subject, &mut |operation, taken| {
                    let own = own.iter().find(|(of, _)| *of == operation).map(|(_, taken)| *taken);
                    table::row(&row(&name, number, operation, subject, taken, own));
                })?;
            }
        }
    }
    Ok(())
}

/// The program of the peer, built where it can be.
fn peer(workspace: &Workspace) -> Option<PathBuf> {
    let built = PROVIDER_TIME.ensure(workspace);
    built
        .inspect_err(|error| eprintln!("SKIPPED: `time_static` is not measured: {error:#}"))
        .ok()
}

fn row(
    core: &str,
    number: usize,
    operation: &str,
    subject: Subject<'_>,
    taken: Taken,
    own: Option<Taken>,
) -> Vec<String> {
    let time = |seconds: f64| format!("{seconds:.2} s");
    let cut_off = || "cut off".to_owned();
    vec![
        core.to_owned(),
        thousands(number),
        operation.to_owned(),
        subject.name(),
        time(taken.wall),
        own.map_or_else(cut_off, |own| time(own.wall)),
        time(taken.core_cpu),
        own.map_or_else(cut_off, |own| time(own.core_cpu)),
        time(taken.provider_cpu),
        format!("{:.0} %", 100.0 * taken.provider_cpu / taken.core_cpu),
        format!("{:.0} MiB", taken.provider_mebibytes),
    ]
}

impl Bench<'_> {
    /// Takes a stack through all operations and tells of each as soon as it is done. One that takes too long is cut
    /// off, and with it what would come after: what it leaves is not what is to be measured.
    fn measure(
        &self,
        stack: &Stack<'_>,
        tell: &mut dyn FnMut(&'static str, Taken),
    ) -> Result<Vec<(&'static str, Taken)>> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let config = stack.write(folder.path(), self)?;
        let log = folder.path().join("witness");
        let mut taken = Vec::new();
        for (operation, arguments) in OPERATIONS.into_iter().take(self.operations) {
            eprintln!("measuring {stack}: {operation}");
            fs::write(&log, "")?;
            let output = Command::new(self.helper)
                .args(["bench", TIMED, &self.patience.as_secs().to_string()])
                .arg(stack.program())
                .args(stack.arguments(folder.path(), arguments))
                // What the surroundings say is not what is measured.
                .envs([("NHI_POLICY", ""), ("NHI_REGISTRY", "")])
                .env("TF_CLI_CONFIG_FILE", &config)
                .env("CHECKPOINT_DISABLE", "1")
                .env(WITNESS_VARIABLE, &log)
                .output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            if output.status.code() == Some(CUT_OFF) {
                eprintln!("CUT OFF: {stack}: {operation} takes more than {:?}", self.patience);
                break;
            }
            ensure!(output.status.success(), "{stack}: {operation} failed: {said}");
            let one = Taken::read(&output.stdout, &fs::read_to_string(&log)?)?;
            tell(operation, one);
            taken.push((operation, one));
        }
        Ok(taken)
    }
}

impl Taken {
    fn read(said: &[u8], witnessed: &str) -> Result<Self> {
        let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_f64).unwrap_or_default();
        let said: Value = serde_json::from_slice(said).context("read what was measured")?;
        let mut taken = Self {
            wall: number(&said, "wall"),
            core_cpu: number(&said, "cpu"),
            ..Self::default()
        };
        for line in witnessed.lines() {
            let process: Value = serde_json::from_str(line).context("read what the witness wrote")?;
            taken.provider_cpu += number(&process, "cpu");
            taken.provider_mebibytes = taken
                .provider_mebibytes
                .max(number(&process, "peak_kibibytes") / 1024.0);
        }
        // The core waits for the witness, and the witness for the provider.
        taken.core_cpu -= taken.provider_cpu;
        Ok(taken)
    }
}
