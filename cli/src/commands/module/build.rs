//! `nhi module build`: from the source in a folder to a component that `nhi check` takes.
//!
//! Whatever a run would refuse is refused here, with the fix, while its author still has the source open.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Format, inspect, refused, toolchain};
use crate::exit::{Exit, Failure};
use crate::output::Console;

/// Options of `nhi module build`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The module's folder
    #[arg(value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    directory: PathBuf,
    /// Write the component here [default: target/NAME.wasm in the module's folder]
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Let nothing be fetched: whatever the build needs has to be here
    #[arg(long)]
    offline: bool,
    /// How to write what came of it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let manifest = args.directory.join("Cargo.toml");
    if !manifest.is_file() {
        let shown = args.directory.display();
        return Err(
            Failure::usage(format!("`{shown}` is no module's folder: it has no Cargo.toml"))
                .help("name the module's folder, or make one with `nhi module new NAME`"),
        );
    }
    toolchain::cargo()?;
    toolchain::target()?;
    let core = compile(args)?;
    let bytes = fs::read(&core).map_err(|error| {
        Failure::undecided(format!(
            "what cargo built, `{}`, cannot be read: {error}",
            core.display()
        ))
    })?;
    let component = nhi_policy_host::componentize(&bytes).map_err(|error| {
        Failure::undecided(format!("what cargo built is no policy module: {error}")).help(
            "export the module with `nhi_policy_sdk::export!`, and use nothing that reads files, clocks or networks",
        )
    })?;
    let stem = core.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
    let output = args
        .output
        .clone()
        .unwrap_or_else(|| args.directory.join("target").join(stem).with_extension("wasm"));
    let folder = output.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&output, &component));
    written.map_err(|error| {
        Failure::undecided(format!(
            "the component cannot be written to `{}`: {error}",
            output.display()
        ))
    })?;
    let shown = inspect::Shown::of(&output)?;
    if let Some(problem) = shown.problem {
        return Err(refused(problem));
    }
    shown.answer(args.format, console)?;
    Ok(Exit::Clean)
}

/// Runs cargo and returns the core module that it built.
fn compile(args: &Args) -> Result<PathBuf, Failure> {
    let mut command = Command::new("cargo");
    if toolchain::auditable() {
        command.arg("auditable");
    }
    command
        .args(["build", "--release", "--target", toolchain::TARGET])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(&args.directory)
        // Flags for this machine are not for the module, and no path of it belongs into one.
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&args.directory))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if args.offline {
        command.arg("--offline");
    }
    let output = command
        .output()
        .map_err(|error| Failure::undecided(format!("cargo cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(Failure::undecided("cargo did not build the module").help("see above for what it says"));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| {
            message
                .get("reason")
                .is_some_and(|reason| reason == "compiler-artifact")
        })
        .filter_map(|message| {
            let files = message.get("filenames")?.as_array()?.clone();
            files.into_iter().find_map(|file| {
                let path = PathBuf::from(file.as_str()?);
                path.extension().is_some_and(|ending| ending == "wasm").then_some(path)
            })
        })
        .next_back()
        .ok_or_else(|| {
            Failure::undecided("cargo built no WebAssembly module")
                .help("write `crate-type = [\"cdylib\", \"rlib\"]` under `[lib]` in Cargo.toml")
        })
}

/// Compiler flags, in cargo's encoding, that take this machine's folders out of what is built.
fn flags(directory: &Path) -> String {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let own = directory.canonicalize().ok();
    [(own, "module"), (home, "cargo")]
        .into_iter()
        .filter_map(|(folder, name)| Some(format!("--remap-path-prefix={}={name}", folder?.display())))
        .collect::<Vec<_>>()
        .join("\u{1f}")
}
