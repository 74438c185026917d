//! `nhi module`: the life of a policy module, from an empty folder to a component that runs.

mod bench;
mod build;
mod doctor;
mod inspect;
mod keygen;
mod language;
mod load;
mod new;
mod pull;
mod push;
mod save;
mod sign;
mod subject;
mod supply;
mod test;
mod toolchain;
mod verify;

use clap::Subcommand;

use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::output::Console;
use crate::report::Problem;

const EXAMPLES: &str = "\
Examples:
  nhi module new team-policy              a module that builds and passes its tests, to change from there
  cd team-policy && nhi module build      the component, checked as `nhi check` will check it
  nhi module test                         the cases in tests/*.hcl, in the sandbox
  nhi module bench --plan plan.json       what it costs on a plan
  nhi module inspect target/team-policy.wasm
  nhi module sign target/team-policy.wasm --key nhi-module.pem
  nhi module push target/team-policy.wasm oci://registry.example/policy/team
  nhi module pull oci://registry.example/policy/team:1.0.0
  nhi module verify oci://registry.example/policy/team:1.0.0

Exit codes:
  0  clean
  1  a case does not hold, a signature is missing, or the doctor found something
  2  wrong usage
  3  could not decide: a module was refused or did not come to its end";

/// Options of `nhi module`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure what a module costs on a plan
    Bench(bench::Args),
    /// Build the component, and check it as a run will
    Build(build::Args),
    /// Compile one module from standard input to standard output, under limits
    #[command(hide = true)]
    CompileChild,
    /// Say whether this machine has what modules need
    Doctor(doctor::Args),
    /// Show what a component says of itself
    Inspect(inspect::Args),
    /// Make a key to sign modules with
    Keygen(keygen::Args),
    /// Take modules out of an archive, once their signatures are good
    Load(load::Args),
    /// Make the folder of a new module
    New(new::Args),
    /// Fetch a module from a registry, once its signatures are good
    Pull(pull::Args),
    /// Publish a module in a registry, with its signatures, its dependencies and how it was made
    Push(push::Args),
    /// Put modules into an archive, for places that no registry reaches
    Save(save::Args),
    /// Sign a module
    Sign(sign::Args),
    /// Run a module's cases in the sandbox
    Test(test::Args),
    /// Say whether a module has the signatures that it needs, without any network
    Verify(verify::Args),
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Bench(args) => bench::run(args, console),
        Command::Build(args) => build::run(args, console),
        Command::CompileChild => compile(),
        Command::Doctor(args) => doctor::run(args, console),
        Command::Inspect(args) => inspect::run(args, console),
        Command::Keygen(args) => keygen::run(args, console),
        Command::Load(args) => load::run(args, console),
        Command::New(args) => new::run(args, console),
        Command::Pull(args) => pull::run(args, console),
        Command::Push(args) => push::run(args, console),
        Command::Save(args) => save::run(args, console),
        Command::Sign(args) => sign::run(args, console),
        Command::Test(args) => test::run(args, console),
        Command::Verify(args) => verify::run(args, console),
    }
}

/// What the child of a compilation does. Its parent knows how to read a failure.
fn compile() -> Result<Exit, Failure> {
    let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
    nhi_policy_host::compile_child(input, output)
        .map(|()| Exit::Clean)
        .map_err(|error| Failure::undecided(format!("the module cannot be compiled: {error}")))
}

/// A module that was refused, as the failure of a command about it.
pub(crate) fn refused(problem: Problem) -> Failure {
    let message = format!("{}: `{}`: {}", problem.code, problem.subject, problem.message);
    Failure::undecided(message).help(problem.help)
}
