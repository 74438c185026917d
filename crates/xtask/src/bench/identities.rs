//! Plan and apply of many `nhi_identity`, beside as many `terraform_data` with the same attributes: what the provider
//! adds to what the core takes for itself.
//!
//! Wall time says little on a machine that others share, so the measure is time on a processor: the core's own, and that
//! of all provider processes that it starts. Each provider process runs below a witness, which notes what it used. The
//! state is kept on a server on loopback, as a team keeps it: a state in a file is written anew for every resource.

mod stack;
mod state;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde_json::{Value, json};

use super::start::version;
use super::table::{self, thousands};
use crate::shell::Workspace;
use crate::tofu::{self, Kind};
use stack::{Place, Stack, Subject};

/// How many identities are measured, unless the call names other numbers.
const NUMBERS: [usize; 2] = [1_000, 10_000];
/// First words of the internal calls.
const WITNESS: &str = "--witness";
const TIMED: &str = "--timed";
/// Where the witness writes, as the provider's environment says.
const WITNESS_VARIABLE: &str = "NHI_BENCH_WITNESS";

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
        ["bench", TIMED, program, arguments @ ..] => Some(timed(program, arguments)),
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
fn timed(program: &str, arguments: &[&str]) -> Result<()> {
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()?;
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
}

/// Measures every core that is at hand and prints a table. `words` are numbers of identities and `parallelism=N`.
pub(super) fn run(workspace: &Workspace, helper: &Path, programs: &Path, words: &[&str]) -> Result<()> {
    let mut numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if numbers.is_empty() {
        numbers.extend(NUMBERS);
    }
    let parallelism = words.iter().find_map(|word| word.strip_prefix("parallelism="));
    let folder = tempfile::tempdir().context("make a directory for the stacks")?;
    let bench = Bench {
        helper,
        provider: &programs.join("terraform-provider-nhi"),
        folder: folder.path().to_owned(),
        state: state::Server::start()?,
    };
    let places = Place::all(&folder.path().join("postgres"));
    table::head(&[
        "core",
        "resources",
        "operation",
        "registry",
        "wall",
        "wall of `terraform_data`",
        "CPU of the core",
        "CPU of `terraform_data`",
        "CPU of the provider",
        "share",
        "peak memory",
    ]);
    for number in numbers {
        for kind in [Kind::Tofu, Kind::Terraform] {
            let Some(core) = tofu::present(workspace, kind)? else {
                eprintln!("SKIPPED: `{}` is not at hand", kind.program());
                continue;
            };
            let name = version(&core)?;
            let peer = bench.measure(&Stack::new(&core, Subject::BuiltIn, number, parallelism))?;
            for place in &places {
                let governed = Stack::new(&core, Subject::Identities(place), number, parallelism);
                let taken = bench.measure(&governed)?;
                for (((operation, _), ours), peer) in OPERATIONS.iter().zip(&taken).zip(&peer) {
                    table::row(&row(&name, number, operation, place.name(), *ours, *peer));
                }
            }
        }
    }
    Ok(())
}

fn row(core: &str, number: usize, operation: &str, registry: &str, ours: Taken, peer: Taken) -> Vec<String> {
    let time = |seconds: f64| format!("{seconds:.2} s");
    vec![
        core.to_owned(),
        thousands(number),
        operation.to_owned(),
        registry.to_owned(),
        time(ours.wall),
        time(peer.wall),
        time(ours.core_cpu),
        time(peer.core_cpu),
        time(ours.provider_cpu),
        format!("{:.0} %", 100.0 * ours.provider_cpu / ours.core_cpu),
        format!("{:.0} MiB", ours.provider_mebibytes),
    ]
}

impl Bench<'_> {
    /// Takes a stack through all operations.
    fn measure(&self, stack: &Stack<'_>) -> Result<Vec<Taken>> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let config = stack.write(folder.path(), self)?;
        let log = folder.path().join("witness");
        let mut taken = Vec::new();
        for (operation, arguments) in OPERATIONS {
            eprintln!("measuring {stack}: {operation}");
            fs::write(&log, "")?;
            let output = Command::new(self.helper)
                .args(["bench", TIMED])
                .arg(stack.program())
                .args(stack.arguments(folder.path(), arguments))
                // What the surroundings say is not what is measured.
                .envs([("NHI_POLICY", ""), ("NHI_REGISTRY", "")])
                .env("TF_CLI_CONFIG_FILE", &config)
                .env("CHECKPOINT_DISABLE", "1")
                .env(WITNESS_VARIABLE, &log)
                .output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{stack}: {operation} failed: {said}");
            taken.push(Taken::read(&output.stdout, &fs::read_to_string(&log)?)?);
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
