//! `nhi completions`: a script that lets a shell complete commands, options and values.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::{Exit, Failure};
use crate::output::Console;

const EXAMPLES: &str = "\
Examples:
  nhi completions bash > /etc/bash_completion.d/nhi
  nhi completions zsh > \"${fpath[1]}/_nhi\"
  nhi completions fish > ~/.config/fish/completions/nhi.fish";

/// Options of `nhi completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell to write for
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "nhi", &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| Failure::undecided(format!("the completion script is not text: {error}")))?;
    console.answer_raw(&script)?;
    Ok(Exit::Clean)
}
