//! `nhi completions`: a script that lets a shell complete commands, options and values.

use clap::CommandFactory as _;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use crate::args::Cli;
use crate::codes;
use crate::commands::module::refused;
use crate::exit::{Exit, Failure};
use crate::modules::{Modules, Selection};
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
    let codes = codes()?;
    let mut command = Cli::command().mut_subcommand("explain", |explain| {
        explain.mut_arg("code", |code| code.value_parser(PossibleValuesParser::new(codes)))
    });
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "nhi", &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| Failure::undecided(format!("the completion script is not text: {error}")))?;
    console.answer_raw(&script)?;
    Ok(Exit::Clean)
}

/// What `nhi explain` knows everywhere; the rules of modules depend on the folder, and a script does not.
fn codes() -> Result<Vec<&'static str>, Failure> {
    let own = Modules::load(&Selection::default(), Vec::new(), &mut Vec::new()).map_err(refused)?;
    let rules = own.about().flat_map(|about| &about.description.rules);
    // The parser of command lines wants what lasts as long as the program, which ends once the script is written.
    let rules = rules.map(|rule| &*rule.code.clone().leak());
    Ok(rules.chain(codes::all().into_iter().map(|code| code.code)).collect())
}
