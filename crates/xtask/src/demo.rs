//! Runs the main story for real, as a stranger would: from a plan with a static key to an applied, audited identity.
//!
//! Every step is shown as it runs and its outcome is asserted, so that the demo is also the first thing that breaks.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use crate::build::{self, Profile};
use crate::shell::{Run, Workspace};
use crate::tofu::{self, Core};

const STACK: &str = "examples/stacks/first-identity";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The folder the story runs in, and what it runs with.
struct Story {
    folder: PathBuf,
    cli_config: PathBuf,
    core: Core,
    nhi: PathBuf,
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let core = tofu::ensure(workspace)?;
    let artifacts = build::run(workspace, Profile::Debug)?;
    let scratch = tempfile::Builder::new()
        .prefix("nhi-demo-")
        .tempdir()
        .context("make a directory for the demo")?;
    let story = Story {
        folder: scratch.path().join("first-identity"),
        cli_config: scratch.path().join("cli.tfrc"),
        core,
        nhi: artifacts.nhi,
    };
    mirror(&story, scratch.path(), &artifacts.provider)?;
    story.copy(workspace, "main.tf", "main.tf")?;
    story.copy(workspace, "deploy.tf", "deploy.tf")?;
    story.tell(workspace)
}

impl Story {
    fn tell(&self, workspace: &Workspace) -> Result<()> {
        say("1. a stack with a governed identity, and a deploy job that holds a static key");
        self.core_step(&["init"], 0)?;
        self.core_step(&["plan", "-out", "tfplan"], 0)?;

        say("2. the check finds the key before anything is applied, and says what to do instead");
        let found = self.nhi_step(&["check", "tfplan"], 1)?;
        ensure!(
            found.contains("terraform_data.deploy_job"),
            "the finding does not name `terraform_data.deploy_job`"
        );
        ensure!(!holds_secret(workspace, &found)?, "the check printed the key itself");

        say("3. the same job with the identity instead of a key");
        self.copy(workspace, "fixed/deploy.tf", "deploy.tf")?;
        println!(
            "{}",
            fs::read_to_string(self.folder.join("deploy.tf"))
                .context("read the fixed deploy job")?
                .trim_end()
        );
        self.core_step(&["plan", "-out", "tfplan"], 0)?;
        self.nhi_step(&["check", "tfplan"], 0)?;
        self.core_step(&["apply", "tfplan"], 0)?;

        say("4. who is on record, and whether anybody rewrote history");
        let listed = self.nhi_step(&["identities"], 0)?;
        ensure!(
            listed.contains("orders-deployer"),
            "`nhi identities` does not list `orders-deployer`"
        );
        self.nhi_step(&["audit", "verify"], 0)?;

        say("5. a second plan has nothing to do");
        self.core_step(&["plan", "-detailed-exitcode"], 0)?;

        say("done: a key that was found before it was applied, and an identity with an owner, a purpose and an end");
        println!("The stack is {STACK}; your own starts with docs/guides/first-identity.md.");
        Ok(())
    }

    fn copy(&self, workspace: &Workspace, from: &str, to: &str) -> Result<()> {
        let source = workspace.root.join(STACK).join(from);
        fs::create_dir_all(&self.folder).context("make the folder of the stack")?;
        fs::copy(&source, self.folder.join(to)).with_context(|| format!("copy `{}`", source.display()))?;
        Ok(())
    }

    fn core_step(&self, arguments: &[&str], expected: i32) -> Result<()> {
        let colour: &[&str] = if std::io::stdout().is_terminal() {
            &[]
        } else {
            &["-no-color"]
        };
        let (command, rest) = arguments.split_at(1);
        let run = Run::new(&self.core.path)
            .args(command)
            .args(colour)
            .args(rest)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1");
        self.step(run, self.core.kind.program(), arguments, expected).map(drop)
    }

    fn nhi_step(&self, arguments: &[&str], expected: i32) -> Result<String> {
        // The check runs `show -json` itself: it uses the core that made the plan.
        let folder = self.core.path.parent().context("the core stands in a folder")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&path));
        let run = Run::new(&self.nhi)
            .args(arguments)
            .env("PATH", std::env::join_paths(folders).context("put the core on PATH")?)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env_remove("NHI_REGISTRY");
        self.step(run, "nhi", arguments, expected)
    }

    fn step(&self, run: Run, program: &str, arguments: &[&str], expected: i32) -> Result<String> {
        let shown = format!("{program} {}", arguments.join(" "));
        println!("\n$ {shown}");
        let output = run.directory(&self.folder).env_remove("TF_LOG").outcome()?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let talked = String::from_utf8_lossy(&output.stderr);
        print!("{printed}");
        eprint!("{talked}");
        match output.status.code() {
            Some(code) if code == expected => {
                if expected != 0 {
                    println!("(exit code {code}, as it should)");
                }
                Ok(format!("{printed}{talked}"))
            }
            _ => bail!(
                "`{shown}` should have ended with exit code {expected}: {}",
                output.status
            ),
        }
    }
}

/// Whether the text holds one of the literals that the broken deploy job carries under a key's name.
fn holds_secret(workspace: &Workspace, text: &str) -> Result<bool> {
    let source = fs::read_to_string(workspace.root.join(STACK).join("deploy.tf")).context("read the deploy job")?;
    let secrets: Vec<&str> = source
        .lines()
        .filter(|line| line.contains("_key"))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    ensure!(
        !secrets.is_empty(),
        "the deploy job of the stack holds no key: there is nothing to find"
    );
    Ok(secrets.iter().any(|secret| text.contains(secret)))
}

fn say(words: &str) {
    println!("\n── {words}");
}

/// Lays the provider out as a filesystem mirror and points the core at it alone: `init` is real, and offline.
fn mirror(story: &Story, scratch: &Path, provider: &Path) -> Result<()> {
    let root = scratch.join("mirror");
    let folder = root
        .join(story.core.kind.registry_host())
        .join("nhi/nhi")
        .join(VERSION)
        .join(format!("{}_{}", go_os(), go_architecture()));
    fs::create_dir_all(&folder).with_context(|| format!("make `{}`", folder.display()))?;
    let name = format!("terraform-provider-nhi_v{VERSION}{}", std::env::consts::EXE_SUFFIX);
    fs::copy(provider, folder.join(name)).context("copy the provider into the mirror")?;
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
        root.display().to_string()
    );
    fs::write(&story.cli_config, text).context("write the CLI configuration")
}

/// The platform as Go, and so the mirror's layout, spells it.
fn go_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn go_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
