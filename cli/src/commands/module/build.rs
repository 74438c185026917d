//! `nhi module build`: from the source in a folder to a component that `nhi check` takes.
//!
//! Whatever a run would refuse is refused here, with the fix, while its author still has the source open.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Format, inspect, language, refused};
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
    /// Fetch the tools that the module pins into its folder, if they are not there
    #[arg(long, conflicts_with = "offline")]
    install: bool,
    /// How to write what came of it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let language = language::of(&args.directory)?;
    let built = (language.build)(&language::Source {
        directory: &args.directory,
        offline: args.offline,
        install: args.install,
    })?;
    let output = args
        .output
        .clone()
        .unwrap_or_else(|| args.directory.join("target").join(format!("{}.wasm", built.name)));
    let folder = output.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&output, &built.component));
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
