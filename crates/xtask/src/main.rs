//! The project's own tasks, so that a newcomer needs one command and no script: `cargo xtask <task>`.
//!
//! Everything a person, a pull request or a release does to this repository is a task here; nothing needs more than
//! Rust, and Go where no core is on PATH.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task talks to the person who runs it"
)]

mod bench;
mod build;
#[expect(unreachable_pub, reason = "the host publishes them")]
#[path = "../../policy-host/src/component.rs"]
mod component;
mod demo;
mod freeze;
mod fuzz;
mod generate;
mod go_core;
mod plan_gen;
mod policy_docs;
mod proto;
mod provider_docs;
mod quality;
mod record;
mod rule_docs;
mod script_tools;
mod shell;
mod test;
mod tidy;
mod tofu;
mod toolchain;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::shell::Workspace;

const USAGE: &str = "\
Usage: cargo xtask <task>

  build [--release]       build `nhi`, `terraform-provider-nhi` and the policy modules into target/<profile>
  demo                    run the main story against a real core, from plan to audit
  test [-- FILTER…]       build, then run every test
  tidy                    check the rules of the house: arrows, files, lists, examples, pages
  gen [--check]           write what is generated: protocol code, rule pages, provider pages
  tofu                    print the path of a core; build OpenTofu with Go where there is none
  bench [PART…]           measure plans, start, identities [NUMBER…] [parallelism=N] [core=…] [registry=…], or all
  freeze                  build the fixtures of the contract's version, which the host runs for ever from then on
  fuzz [SECONDS [SEED [TARGET…]]]
                          run the fuzz targets, first with a planted defect that each must find
  quality [--write]       measure recall and precision on the labelled plans, beside Checkov where it is installed
  record [CASE…]          plan labelled cases with Terraform and the AWS provider: those named, or those without a plan
  ci                      exactly what the pull-request check runs";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((task, rest)) = words.split_first() else {
        println!("{USAGE}");
        return Ok(());
    };
    if matches!(*task, "help" | "--help" | "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    if let Some(done) = bench::internal(&words) {
        return done;
    }
    let workspace = Workspace::find()?;
    match (*task, rest) {
        ("build", []) => build::run(&workspace, build::Profile::Debug).map(drop),
        ("build", ["--release"]) => build::run(&workspace, build::Profile::Release).map(drop),
        ("demo", []) => demo::run(&workspace),
        ("test", rest) => test::run(&workspace, rest),
        ("tidy", []) => tidy::run(&workspace),
        ("gen", []) => generate::run(&workspace, generate::Mode::Write),
        ("gen", ["--check"]) => generate::run(&workspace, generate::Mode::Check),
        ("tofu", []) => tofu::ensure(&workspace).map(|core| println!("{}", core.path.display())),
        ("bench", words) => bench::run(&workspace, words),
        ("freeze", []) => freeze::run(&workspace),
        ("fuzz", rest) => fuzz::run(&workspace, rest),
        ("quality", []) => quality::run(&workspace, false),
        ("quality", ["--write"]) => quality::run(&workspace, true),
        ("record", names) => record::run(&workspace, names),
        ("ci", []) => shell::Run::new("bash")
            .arg(".ci/run")
            .directory(&workspace.root)
            .announced(),
        _ => bail!("`{}` is not a task\n\n{USAGE}", words.join(" ")),
    }
}
