//! `nhi policy`: what an organisation's policy says, whether it holds together, and what a change of it loosens.

mod adopt;
mod check;
mod diff;
mod schema;
mod show;
mod test;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use nhi_governance::Policy;

use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::output::Console;
use crate::policy::{self, FILE_DEFAULT};

const EXAMPLES: &str = "\
Examples:
  nhi policy show                    the effective policy, every default written out
  nhi policy check nhi.hcl           every mistake of a file, with its place and a fix
  nhi policy test                    run the cases in *.nhitest.hcl
  nhi policy diff base.hcl nhi.hcl   what a change loosens
  nhi policy diff in-force nhi.hcl   the same, from what the registry holds to
  nhi policy adopt nhi.hcl           put it in force, by the approvals that it takes

Exit codes:
  0  clean: no mistake, every case holds, nothing is looser
  1  a mistake, a case that does not hold, or something looser
  2  wrong usage
  3  could not decide: a file could not be read";

/// Options of `nhi policy`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put a policy in force, by the approvals that it takes
    Adopt(adopt::Args),
    /// Check a policy file
    Check(check::Args),
    /// Say in what one policy is looser than another
    Diff(diff::Args),
    /// Print the JSON Schema of a policy file, or its reference
    Schema(schema::Args),
    /// Show the effective policy
    Show(show::Args),
    /// Run the test cases of a policy
    Test(test::Args),
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Adopt(args) => adopt::run(args, console),
        Command::Check(args) => check::run(args, console),
        Command::Diff(args) => diff::run(args, console),
        Command::Schema(args) => schema::run(args, console),
        Command::Show(args) => show::run(args, console),
        Command::Test(args) => test::run(args, console),
    }
}

/// Stands for the built-in policy where a file could be named.
const BUILT_IN: &str = "default";

/// The policy of a file that is named, or the built-in one.
fn of(path: &Path) -> Result<Policy, Failure> {
    if path.as_os_str() == BUILT_IN {
        return Ok(Policy::default());
    }
    policy::load(path)
}

/// A policy file named by argument, by the environment or by its usual name.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
struct File {
    /// The policy file; `nhi.hcl` where none is named
    #[arg(value_name = "FILE", env = "NHI_POLICY", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
}

impl File {
    fn path(&self) -> PathBuf {
        let named = self.file.clone().filter(|path| !path.as_os_str().is_empty());
        named.unwrap_or_else(|| FILE_DEFAULT.into())
    }

    fn is_named(&self) -> bool {
        self.file.as_ref().is_some_and(|path| !path.as_os_str().is_empty())
    }
}
