//! A configuration in a folder of its own, and the core that works on it.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Core, Nhi, Ran, Started, programs};

/// A configuration and everything its runs leave behind.
#[derive(Debug)]
pub struct Stack {
    core: Core,
    scratch: TempDir,
    environment: Vec<(String, String)>,
    runs: RefCell<u32>,
}

/// What every configuration of these tests begins with.
const HEADER: &str = r#"
terraform {
  required_providers {
    nhi = {
      source = "nhi/nhi"
    }
  }
}
"#;

impl Stack {
    /// An empty folder; the provider stands where the core finds it without `init`.
    pub fn new(core: &Core) -> Result<Self> {
        let scratch = tempfile::Builder::new()
            .prefix("nhi-it-")
            .tempdir()
            .context("make a folder for the stack")?;
        let stack = Self {
            core: core.clone(),
            scratch,
            environment: Vec::new(),
            runs: RefCell::new(0),
        };
        for folder in [stack.folder(), stack.home(), stack.temporary(), stack.logs()] {
            fs::create_dir_all(&folder).with_context(|| format!("make `{}`", folder.display()))?;
        }
        // The provider must be there, or the core's complaint is a riddle.
        programs::file("terraform-provider-nhi")?;
        stack.use_provider_in(&programs::folder()?)?;
        Ok(stack)
    }

    /// Serves our provider as a package, for a real `init`, and others from a mirror; nothing comes from a network.
    pub fn use_packages(&self, mirror: Option<&Path>) -> Result<()> {
        let own = self.scratch.path().join("mirror");
        let version = env!("CARGO_PKG_VERSION");
        let platform = format!("{}_{}", go_name(std::env::consts::OS), go_name(std::env::consts::ARCH));
        let package = own
            .join(self.core.kind.registry_host())
            .join("nhi/nhi")
            .join(version)
            .join(platform);
        fs::create_dir_all(&package).context("make the folder of the package")?;
        let program = package.join(format!("terraform-provider-nhi_v{version}"));
        fs::copy(programs::file("terraform-provider-nhi")?, program).context("copy the provider into its package")?;
        let block = |path: &Path, include: &str| {
            let path = format!("{:?}", path.display().to_string());
            format!("  filesystem_mirror {{\n    path = {path}\n    include = [\"{include}\"]\n  }}\n")
        };
        let others = mirror
            .map(|mirror| block(mirror, "registry.terraform.io/hashicorp/*"))
            .unwrap_or_default();
        self.cli_config(&format!(
            "provider_installation {{\n{}{others}}}\n",
            block(&own, &format!("{}/nhi/nhi", self.core.kind.registry_host()))
        ))
    }

    /// Serves our provider from a folder that holds a program of its name; there is no `init` then.
    pub fn use_provider_in(&self, folder: &Path) -> Result<()> {
        // Either core asks for the address at its own host.
        let overrides = ["registry.terraform.io", "registry.opentofu.org"]
            .map(|host| format!("    \"{host}/nhi/nhi\" = {:?}\n", folder.display().to_string()))
            .concat();
        self.cli_config(&format!(
            "provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n}}\n"
        ))
    }

    /// Serves a provider that only tests use, under an address such as `test/shelf`, beside our own.
    pub fn use_test_provider(&self, example: &str, address: &str) -> Result<()> {
        self.use_test_providers(example, &[address])
    }

    /// The same, under each of these addresses.
    pub fn use_test_providers(&self, example: &str, addresses: &[&str]) -> Result<()> {
        let folder = self.scratch.path().join("providers");
        fs::create_dir_all(&folder).with_context(|| format!("make `{}`", folder.display()))?;
        let block = |address: &str, folder: &Path| {
            ["registry.terraform.io", "registry.opentofu.org"]
                .map(|host| format!("    \"{host}/{address}\" = {:?}\n", folder.display().to_string()))
                .concat()
        };
        let mut overrides = block("nhi/nhi", &programs::folder()?);
        for address in addresses {
            let name = address.rsplit('/').next().unwrap_or(address);
            let program = folder.join(format!("terraform-provider-{name}"));
            fs::copy(programs::test_provider(example)?, program).context("copy the test provider")?;
            overrides.push_str(&block(address, &folder));
        }
        self.cli_config(&format!(
            "provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n}}\n"
        ))
    }

    /// Replaces the core's CLI configuration.
    pub fn cli_config(&self, text: &str) -> Result<()> {
        fs::write(self.scratch.path().join("cli.tfrc"), text).context("write the CLI configuration")
    }

    /// With this variable in every run.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets or removes a variable for the runs to come.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.environment.retain(|(present, _)| present != name);
        if let Some(value) = value {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The core it runs with.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Where the configuration stands.
    pub fn folder(&self) -> PathBuf {
        self.scratch.path().join("stack")
    }

    /// The home directory of its runs.
    pub fn home(&self) -> PathBuf {
        self.scratch.path().join("home")
    }

    /// The temporary directory of its runs: sockets are made there. Short, for a socket's path has a limit.
    pub fn temporary(&self) -> PathBuf {
        self.scratch.path().join("t")
    }

    /// One log per run, at the level TRACE.
    pub fn logs(&self) -> PathBuf {
        self.scratch.path().join("logs")
    }

    /// Writes a file of the configuration.
    pub fn file(&self, name: &str, text: &str) -> Result<&Self> {
        let path = self.folder().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("make `{}`", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("write `{}`", path.display()))?;
        Ok(self)
    }

    /// Writes `main.tf`; the block that names the provider is added.
    pub fn main(&self, text: &str) -> Result<&Self> {
        self.file("main.tf", &format!("{HEADER}{text}"))
    }

    /// Copies a folder of the repository into the stack.
    pub fn copy(&self, from: &Path) -> Result<&Self> {
        copy_folder(&programs::root().join(from), &self.folder())?;
        Ok(self)
    }

    /// A command of the core, ready to start.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.core.path);
        command.args(arguments).current_dir(self.folder());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let foreign = ["TF_", "TOFU_", "NHI_", "AWS_"]
                .iter()
                .any(|prefix| text.starts_with(prefix));
            if foreign || text == "XDG_CONFIG_HOME" || text == "XDG_DATA_HOME" {
                command.env_remove(&name);
            }
        }
        *self.runs.borrow_mut() += 1;
        let log = self.logs().join(format!(
            "{:03}-{}.log",
            self.runs.borrow(),
            arguments.first().unwrap_or(&"core")
        ));
        command
            .env("HOME", self.home())
            .env("TMPDIR", self.temporary())
            .env("TF_CLI_CONFIG_FILE", self.scratch.path().join("cli.tfrc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("TF_LOG", "trace")
            .env("TF_LOG_PATH", log)
            .env("CHECKPOINT_DISABLE", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the core.
    pub fn start(&self, arguments: &[&str]) -> Result<Started> {
        Started::new(self.command(arguments), None)
    }

    /// Runs the core to its end.
    pub fn run(&self, arguments: &[&str]) -> Result<Ran> {
        self.start(arguments)?.wait()
    }

    /// `plan -out tfplan`.
    pub fn plan(&self) -> Result<Ran> {
        self.run(&["plan", "-no-color", "-out", "tfplan"])
    }

    /// `apply`, of a new plan.
    pub fn apply(&self) -> Result<Ran> {
        self.run(&["apply", "-no-color", "-auto-approve"])
    }

    /// `apply tfplan`.
    pub fn apply_planned(&self) -> Result<Ran> {
        self.run(&["apply", "-no-color", "tfplan"])
    }

    /// `destroy`.
    pub fn destroy(&self) -> Result<Ran> {
        self.run(&["destroy", "-no-color", "-auto-approve"])
    }

    /// A plan must have nothing to do.
    pub fn plans_empty(&self) -> Result<()> {
        self.run(&["plan", "-no-color", "-detailed-exitcode"])?
            .exits(0)
            .map(drop)
            .context("the plan is not empty")
    }

    /// The saved plan as JSON.
    pub fn planned(&self) -> Result<Value> {
        let ran = self.run(&["show", "-json", "tfplan"])?.succeeds()?;
        serde_json::from_str(&ran.stdout).context("read the plan's JSON")
    }

    /// The state as JSON.
    pub fn state(&self) -> Result<Value> {
        let ran = self.run(&["show", "-json"])?.succeeds()?;
        serde_json::from_str(&ran.stdout).context("read the state's JSON")
    }

    /// The attributes of a resource in the state; null when it is not there.
    pub fn attributes(&self, address: &str) -> Result<Value> {
        let state = self.state()?;
        let resources = state
            .pointer("/values/root_module/resources")
            .and_then(Value::as_array)
            .cloned();
        let found = resources
            .unwrap_or_default()
            .into_iter()
            .find(|resource| resource["address"] == address);
        Ok(found.map(|resource| resource["values"].clone()).unwrap_or_default())
    }

    /// The actions that the saved plan has for a resource.
    pub fn actions(&self, address: &str) -> Result<Vec<String>> {
        let plan = self.planned()?;
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        let change = changes
            .into_iter()
            .find(|change| change["address"] == address)
            .unwrap_or_default();
        let actions = change["change"]["actions"].as_array().cloned().unwrap_or_default();
        Ok(actions.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// `nhi` in the stack's folder.
    pub fn nhi(&self, arguments: &[&str]) -> Result<Nhi> {
        let mut nhi = Nhi::new(&self.folder())?.args(arguments.iter().copied()).env(
            "TF_CLI_CONFIG_FILE",
            &self.scratch.path().join("cli.tfrc").display().to_string(),
        );
        // Of what the stack's configuration is told, the policy is the command's as well.
        for (name, value) in self.environment.iter().filter(|(name, _)| name == "NHI_POLICY") {
            nhi = nhi.env(name, value);
        }
        Ok(nhi)
    }

    /// The processes of our provider that work for this stack.
    pub fn provider_processes(&self) -> Result<Vec<u32>> {
        let folder = fs::canonicalize(self.folder()).context("look up the stack's folder")?;
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").context("list the processes")? {
            let path = entry.context("list the processes")?.path();
            let Some(id) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else {
                continue;
            };
            // A process that ends meanwhile, or belongs to somebody else, is none of ours.
            let links = (fs::read_link(path.join("cwd")), fs::read_link(path.join("exe")));
            if let (Ok(cwd), Ok(program)) = links
                && cwd == folder
                && program.file_name().is_some_and(|name| name == "terraform-provider-nhi")
            {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// The sockets under the temporary directory of the runs.
    pub fn sockets(&self) -> Result<Vec<PathBuf>> {
        use std::os::unix::fs::FileTypeExt as _;
        let mut folders = vec![self.temporary()];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| format!("list `{}`", folder.display()))? {
                let entry = entry.with_context(|| format!("list `{}`", folder.display()))?;
                let kind = entry.file_type().context("look at a file")?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_socket() {
                    found.push(entry.path());
                }
            }
        }
        Ok(found)
    }

    /// All that the runs logged so far.
    pub fn log(&self) -> Result<String> {
        let mut files = Vec::new();
        collect(&self.logs(), &mut files)?;
        Ok(files
            .iter()
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect())
    }

    /// Every file that the runs left, with its bytes: configuration apart, for it holds what a test planted.
    pub fn traces(&self) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut files = Vec::new();
        collect(self.scratch.path(), &mut files)?;
        files.retain(|(path, _)| path.extension().is_none_or(|extension| extension != "tf"));
        Ok(files)
    }
}

/// An operating system or architecture as Go, and so the layout of mirrors, spells it.
fn go_name(name: &str) -> &str {
    match name {
        "macos" => "darwin",
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list `{}`", folder.display()))? {
        let entry = entry.with_context(|| format!("list `{}`", folder.display()))?;
        let kind = entry.file_type().context("look at a file")?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).with_context(|| format!("read `{}`", entry.path().display()))?;
            files.push((entry.path(), bytes));
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("make `{}`", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("list `{}`", from.display()))? {
        let entry = entry.with_context(|| format!("list `{}`", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("copy `{}`", source.display()))?;
        }
    }
    Ok(())
}
