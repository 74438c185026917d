//! The `nhi` command: checks plans before they are applied, and shows the registry.
//!
//! `main` parses, dispatches and turns the result into an exit code; everything else is in the modules below.

mod approvals;
mod args;
mod artefacts;
mod builtin;
mod codes;
mod commands;
mod examine;
mod exit;
mod fingerprint;
mod fix;
mod input;
mod modules;
mod operate;
mod output;
mod overview;
mod policy;
mod refine;
mod registry;
mod report;
mod sandbox;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

use crate::exit::{Exit, Failure};
use crate::output::Console;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return Console::new(args::Color::Auto).clap(&error).into(),
    };
    let console = Console::new(cli.color);
    let exit = cli.command.run(&console).unwrap_or_else(|failure: Failure| {
        console.failure(&failure);
        failure.exit
    });
    exit.into()
}

const _: () = assert!(Exit::Clean as u8 == 0, "0 means clean in every shell");
