//! What starting the provider adds to a plan, beside a plan that needs no provider of anybody's.
//!
//! A core starts a provider several times for one plan, so the figure that counts is the difference divided by the
//! starts; they are counted in the core's own log.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::measure::{Bench, Subject};
use super::table;
use crate::shell::Workspace;
use crate::tofu::{self, Core, Kind};

/// How many plans to take the median of.
const RUNS: usize = 15;
/// The control: a resource that the core itself provides.
const BUILT_IN: &str = "resource \"terraform_data\" \"control\" {\n  input = \"control\"\n}\n";
/// The example is of a tier that calls for approvals; what is measured is the start.
const UNENFORCED: &str = "provider \"nhi\" {\n  enforcement = \"warn\"\n}\n";
/// What the core logs for every provider process.
const STARTED: &str = "starting plugin: ";

/// Measures every core that is at hand and prints a table.
pub(super) fn run(workspace: &Workspace, bench: &Bench, programs: &Path) -> Result<()> {
    let folder = tempfile::tempdir().context("make a directory for the plans")?;
    let governed = fs::read_to_string(workspace.root.join("examples/resources/nhi_identity/resource.tf"))
        .context("read the example of `nhi_identity`")?;
    let config = folder.path().join("cli.tfrc");
    let overridden = |host: &str| format!("    \"{host}/nhi/nhi\" = \"{}\"\n", programs.display());
    let overrides: String = [Kind::Tofu, Kind::Terraform]
        .map(|kind| overridden(kind.registry_host()))
        .concat();
    fs::write(
        &config,
        format!("provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n  direct {{}}\n}}\n"),
    )?;
    table::head(&["core", "plan of", "min", "median", "max", "provider processes"]);
    for kind in [Kind::Tofu, Kind::Terraform] {
        let Some(core) = tofu::present(workspace, kind)? else {
            eprintln!("SKIPPED: `{}` is not at hand", kind.program());
            continue;
        };
        let version = version(&core)?;
        let stacks = [
            ("terraform_data", BUILT_IN.to_owned()),
            ("nhi_identity", format!("{UNENFORCED}{governed}")),
        ];
        let mut subjects = Vec::new();
        let mut starts = Vec::new();
        for (name, text) in stacks {
            let stack = folder.path().join(format!("{}-{name}", kind.program()));
            fs::create_dir(&stack)?;
            fs::write(stack.join("main.tf"), text)?;
            starts.push(count_starts(&core, &stack, &config)?);
            subjects.push(plan(&core, name, &stack, &config));
        }
        for ((subject, summary), starts) in subjects.iter().zip(bench.compare(&subjects, RUNS)?).zip(starts) {
            let mut cells = vec![version.clone(), format!("`{}`", subject.name)];
            cells.extend(table::times(&summary));
            cells.push(starts.to_string());
            table::row(&cells);
        }
    }
    Ok(())
}

/// As a core names itself: `OpenTofu 1.12.6`.
pub(super) fn version(core: &Core) -> Result<String> {
    let output = Command::new(&core.path)
        .arg("version")
        .env("CHECKPOINT_DISABLE", "1")
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said
        .lines()
        .find(|line| line.contains(" v"))
        .unwrap_or_default()
        .replace(" v", " "))
}

fn arguments(stack: &Path) -> [String; 3] {
    [
        format!("-chdir={}", stack.display()),
        "plan".to_owned(),
        "-input=false".to_owned(),
    ]
}

fn plan(core: &Core, name: &str, stack: &Path, config: &Path) -> Subject {
    Subject::new(name, &core.path)
        .arguments(arguments(stack).iter().map(OsStr::new))
        .environment("TF_CLI_CONFIG_FILE", config)
        .environment("CHECKPOINT_DISABLE", "1")
}

fn count_starts(core: &Core, stack: &Path, config: &Path) -> Result<usize> {
    let output = Command::new(&core.path)
        .args(arguments(stack))
        .env("TF_CLI_CONFIG_FILE", config)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_LOG", "debug")
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "planning `{}` failed: {log}", stack.display());
    Ok(log.matches(STARTED).count())
}
