//! Builds, finds the cores, and runs every test; says loudly what could not be run.
//!
//! A test that needs a missing tool skips itself. Where `CI` is set, OpenTofu must not be missing; Terraform and the
//! AWS provider cannot be promised on every machine, so their absence is announced instead.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::build::{self, Profile};
use crate::go_core::REGISTRY;
use crate::script_tools::{JAVASCRIPT, PYTHON, Script};
use crate::shell::{Run, Workspace, on_path};
use crate::tofu::{self, Kind};

/// What the tests may need and this machine may lack.
#[derive(Debug, Default)]
struct Tools {
    tofu: Option<PathBuf>,
    terraform: Option<PathBuf>,
    aws_mirror: Option<PathBuf>,
    registry: Option<PathBuf>,
    python: Option<PathBuf>,
    javascript: Option<PathBuf>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let tools = find(workspace)?;
    let artifacts = build::run(workspace, Profile::Debug)?;
    let guests = build::test_guests(workspace, &artifacts.folder)?;
    let skips = tools.skips();
    announce(&skips);
    let mut run = Run::cargo()
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(arguments)
        .directory(&workspace.root)
        .env("NHI_BIN_DIR", &artifacts.folder)
        .env("NHI_TEST_GUESTS", guests)
        .env("CHECKPOINT_DISABLE", "1");
    for (name, value) in [
        ("NHI_TEST_TOFU", &tools.tofu),
        ("NHI_TEST_TERRAFORM", &tools.terraform),
        ("NHI_TEST_PROVIDER_MIRROR", &tools.aws_mirror),
        ("NHI_TEST_CRANE", &tools.registry),
        ("NHI_TEST_PYTHON_TOOLS", &tools.python),
        ("NHI_TEST_JAVASCRIPT_TOOLS", &tools.javascript),
    ] {
        // Empty means "looked for and not there", so that the tests do not look again.
        run = run.env(name, value.clone().unwrap_or_default());
    }
    let result = run.announced();
    announce(&skips);
    result
}

fn find(workspace: &Workspace) -> Result<Tools> {
    let tofu = match tofu::ensure_tofu(workspace) {
        Ok(core) => Some(core.path),
        Err(error) if env::var_os("CI").is_some() => return Err(error.context("CI runs every test with OpenTofu")),
        Err(error) => {
            eprintln!("OpenTofu is not here: {error:#}");
            None
        }
    };
    let terraform = tofu::present(workspace, Kind::Terraform)?.map(|core| core.path);
    Ok(Tools {
        tofu,
        terraform,
        aws_mirror: aws_mirror()?,
        registry: registry(workspace),
        python: script(workspace, &PYTHON),
        javascript: script(workspace, &JAVASCRIPT),
    })
}

/// What builds modules in a language, if its interpreter and a package registry are in reach.
fn script(workspace: &Workspace, script: &Script) -> Option<PathBuf> {
    script
        .ensure(workspace)
        .inspect_err(|error| eprintln!("{} is not here: {error:#}", script.name))
        .ok()
}

/// A registry for modules: the one that was built before, or built now, or on PATH.
fn registry(workspace: &Workspace) -> Option<PathBuf> {
    let built = REGISTRY.ensure(workspace);
    built
        .inspect_err(|error| eprintln!("{} is not here: {error:#}", REGISTRY.name))
        .ok()
        .or_else(|| on_path("crane"))
}

/// A filesystem mirror that holds the AWS provider: named by the caller, or by the user's CLI configuration.
pub(crate) fn aws_mirror() -> Result<Option<PathBuf>> {
    const AWS: &str = "registry.terraform.io/hashicorp/aws";
    if let Some(path) = env::var_os("NHI_TEST_PROVIDER_MIRROR").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        anyhow::ensure!(
            path.join(AWS).is_dir(),
            "NHI_TEST_PROVIDER_MIRROR: no {AWS} in `{}`",
            path.display()
        );
        return Ok(Some(path));
    }
    let named = env::var_os("TF_CLI_CONFIG_FILE").map(PathBuf::from);
    let home = env::home_dir().unwrap_or_default();
    let files = named
        .into_iter()
        .chain([".tofurc", ".terraformrc"].map(|name| home.join(name)));
    for file in files.filter(|file| file.is_file()) {
        let text = std::fs::read_to_string(&file).with_context(|| format!("read `{}`", file.display()))?;
        if let Some(mirror) = mirrors(&text).into_iter().find(|mirror| mirror.join(AWS).is_dir()) {
            return Ok(Some(mirror));
        }
    }
    // Where the cores themselves look without any configuration.
    let implied = [
        ".terraform.d/plugins",
        ".local/share/terraform/plugins",
        ".local/share/opentofu/plugins",
    ];
    Ok(implied
        .iter()
        .map(|folder| home.join(folder))
        .find(|mirror| mirror.join(AWS).is_dir()))
}

/// The paths of the `filesystem_mirror` blocks of a CLI configuration file.
fn mirrors(text: &str) -> Vec<PathBuf> {
    text.split("filesystem_mirror")
        .skip(1)
        .filter_map(|block| block.split('}').next())
        .filter_map(|block| block.lines().find_map(|line| line.trim().strip_prefix("path")))
        .filter_map(|rest| rest.split('"').nth(1))
        .map(PathBuf::from)
        .collect()
}

impl Tools {
    fn skips(&self) -> Vec<&'static str> {
        let mut skips = Vec::new();
        if self.tofu.is_none() {
            skips.push("SKIPPED: everything that drives OpenTofu; put `tofu` on PATH, or Go to build it");
        }
        if self.terraform.is_none() {
            skips.push("SKIPPED: everything that drives Terraform; put `terraform` on PATH");
        }
        if self.aws_mirror.is_none() {
            skips.push("SKIPPED: plans made by the AWS provider itself; set NHI_TEST_PROVIDER_MIRROR to a filesystem mirror that holds it");
        }
        if self.registry.is_none() {
            skips.push("SKIPPED: modules pushed to the registry of go-containerregistry; put `crane` on PATH, or Go to build it");
        }
        if self.python.is_none() {
            skips.push("SKIPPED: policy modules in Python, built for real; put `python3` with `venv` on PATH, and PyPI in reach");
        }
        if self.javascript.is_none() {
            skips.push("SKIPPED: policy modules in JavaScript, built for real; put `node` and `npm` on PATH, and npm's registry in reach");
        }
        skips
    }
}

fn announce(skips: &[&str]) {
    for skip in skips {
        eprintln!("{skip}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_mirrors_of_a_configuration_file() {
        let text = "provider_installation {\n  filesystem_mirror {\n    path    = \"/one\"\n    include = [\"*/*\"]\n  }\n  \
                    filesystem_mirror {\n    path = \"/two\"\n  }\n  network_mirror {\n    url = \"https://x\"\n  }\n}\n";
        assert_eq!(mirrors(text), [PathBuf::from("/one"), PathBuf::from("/two")]);
        assert!(mirrors("provider_installation {\n  direct {}\n}\n").is_empty());
    }

    #[test]
    fn says_what_is_skipped() {
        assert_eq!(Tools::default().skips().len(), 6);
        let here = Some(PathBuf::from("/x"));
        let all = Tools {
            tofu: here.clone(),
            terraform: here.clone(),
            aws_mirror: here.clone(),
            registry: here.clone(),
            python: here.clone(),
            javascript: here,
        };
        assert!(all.skips().is_empty());
    }
}
