//! Builds everything into `target/<profile>`, in the order that embedding the analyzer asks for.
//!
//! Guests first, for their own target; a component from each; the analyzer compiled ahead of time by the engine that
//! will run it; then the two programs, of which `nhi` embeds that compiled form. A second run does next to nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::shell::{Run, Workspace, write_if_changed};
use crate::{component, toolchain};

/// How the two programs are built; guests are always optimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Fast to build, with assertions and fail points.
    Debug,
    /// What users run.
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Debug => &[],
            Self::Release => &["--release"],
        }
    }
}

/// The profile of the workspace's manifest that guests are built with, and the folder that cargo names after it.
const GUEST_PROFILE: &str = "guest";

/// A policy module that is built here: package, and file name of its component.
const GUESTS: [(&str, &str); 2] = [
    ("nhi-analyzer", "nhi-analyzer.wasm"),
    ("example-policy-module", "example-policy-module.wasm"),
];

/// The module that policies in Rego are put into: a core module, which `nhi` makes components of.
const REGO: &str = "nhi-rego";

/// What a build leaves behind.
#[derive(Debug, Clone)]
pub(crate) struct Artifacts {
    /// `target/<profile>`: everything below stands in it.
    pub(crate) folder: PathBuf,
    /// The command.
    pub(crate) nhi: PathBuf,
    /// The provider.
    pub(crate) provider: PathBuf,
}

/// Builds the programs and the modules.
pub(crate) fn run(workspace: &Workspace, profile: Profile) -> Result<Artifacts> {
    let folder = workspace.target.join(profile.folder());
    guests(workspace, &folder)?;
    rego(workspace)?;
    programs(workspace, profile, &["nhi-precompile"])?;
    precompile(workspace, &folder)?;
    programs(workspace, profile, &["nhi", "terraform-provider-nhi"])?;
    let program = |name: &str| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    Ok(Artifacts {
        nhi: program("nhi"),
        provider: program("terraform-provider-nhi"),
        folder,
    })
}

/// Which packages decide the features of what is built.
///
/// For tests the whole workspace with what its tests use, as `cargo test` does it: otherwise every dependency with a
/// feature that only some members or their tests ask for, the engine among them, would be compiled twice. Naming an
/// example is what makes cargo count the dependencies of tests. For users only what ships: no test client in a release.
fn scope(profile: Profile) -> &'static [&'static str] {
    match profile {
        Profile::Debug => &["--workspace", "--example=misbehave"],
        Profile::Release => &[
            "--package=nhi-policy-host",
            "--package=nhi-cli",
            "--package=terraform-provider-nhi",
        ],
    }
}

/// Builds programs of the workspace.
pub(crate) fn programs(workspace: &Workspace, profile: Profile, names: &[&str]) -> Result<()> {
    let mut run = Run::cargo()
        .arg("build")
        .args(scope(profile))
        .args(profile.flags())
        .directory(&workspace.root);
    for name in names {
        run = run.args(["--bin", name]);
    }
    run.announced()
}

fn guests(workspace: &Workspace, folder: &Path) -> Result<()> {
    let packages = GUESTS.map(|(package, _)| format!("--package={package}"));
    let built = guest_build(workspace, &packages)?;
    for (package, file) in GUESTS {
        encode(
            &built.join(format!("{}.wasm", package.replace('-', "_"))),
            &folder.join(file),
        )?;
    }
    Ok(())
}

/// Builds the module for Rego and leaves it where the build of `nhi` looks for it.
///
/// Apart from the other guests, so that neither's features are the other's; and small, since every module in Rego
/// carries it.
fn rego(workspace: &Workspace) -> Result<()> {
    let settings = ["opt-level=\"s\"", "strip=true", "panic=\"abort\""]
        .map(|setting| format!("profile.{GUEST_PROFILE}.{setting}"));
    let mut what = vec![
        format!("--package={REGO}"),
        "--config".to_owned(),
        // Beside the others: another optimisation of the same crates would push theirs out.
        format!(
            "build.target-dir={:?}",
            workspace.target.join("rego").display().to_string()
        ),
    ];
    what.extend(
        settings
            .into_iter()
            .flat_map(|setting| ["--config".to_owned(), setting]),
    );
    guest_build(workspace, &what)?;
    let built = workspace
        .target
        .join("rego")
        .join(toolchain::GUEST_TARGET)
        .join(GUEST_PROFILE);
    let core = built.join(format!("{}.wasm", REGO.replace('-', "_")));
    let bytes = fs::read(&core).with_context(|| format!("read `{}`", core.display()))?;
    write_if_changed(&workspace.root.join("target/analyzer/nhi-rego.wasm"), &bytes)?;
    Ok(())
}

/// Builds the guest that breaks the rules of the sandbox, for tests; returns the folder of all test guests.
pub(crate) fn test_guests(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let built = guest_build(
        workspace,
        &["--package=nhi-policy-sdk".to_owned(), "--examples".to_owned()],
    )?;
    let examples = built.join("examples");
    encode(&examples.join("misbehave.wasm"), &folder.join("misbehave.wasm"))?;
    Ok(examples)
}

/// Builds the guest of `cargo xtask bench modules` as modules are built for use; returns its component.
pub(crate) fn bench_guest(workspace: &Workspace) -> Result<Vec<u8>> {
    let what = ["--package=nhi-policy-sdk", "--example=bench"].map(str::to_owned);
    let core = guest_build(workspace, &what)?.join("examples/bench.wasm");
    let bytes = fs::read(&core).with_context(|| format!("read `{}`", core.display()))?;
    component::componentize(&bytes).map_err(anyhow::Error::msg)
}

/// Builds the test guests as small as they can be, for keeping; returns their folder.
pub(crate) fn small_guests(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let target = folder.join("small");
    let settings = [
        "profile.release.opt-level=\"z\"".to_owned(),
        "profile.release.strip=true".to_owned(),
        "profile.release.codegen-units=1".to_owned(),
        format!("build.target-dir={:?}", target.display().to_string()),
    ];
    let mut what = vec!["--package=nhi-policy-sdk".to_owned(), "--examples".to_owned()];
    what.extend(
        settings
            .iter()
            .flat_map(|setting| ["--config".to_owned(), setting.clone()]),
    );
    guest_build(workspace, &what)?;
    Ok(target.join(toolchain::GUEST_TARGET).join("release/examples"))
}

/// Builds core modules and returns the folder they are in.
fn guest_build(workspace: &Workspace, what: &[String]) -> Result<PathBuf> {
    // Flags meant for this machine, such as a CPU, do not fit the guests; and no path of it belongs into a module.
    // There is no randomness in the sandbox: whoever asks for some gets an error.
    let no_randomness = "--cfg\u{1f}getrandom_backend=\"unsupported\"";
    let flags = remap(&[(&workspace.root, "nhi"), (&cargo_home(), "cargo")]) + "\u{1f}" + no_randomness;
    toolchain::ensure()?
        .cargo_build()
        .args(["--profile", GUEST_PROFILE])
        .args(what)
        .directory(&workspace.root)
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .announced()?;
    Ok(workspace.target.join(toolchain::GUEST_TARGET).join(GUEST_PROFILE))
}

/// Makes a component of a core module.
pub(crate) fn encode(core_module: &Path, component: &Path) -> Result<()> {
    let bytes = fs::read(core_module).with_context(|| format!("read `{}`", core_module.display()))?;
    let encoded = component::componentize(&bytes)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("make a component of `{}`", core_module.display()))?;
    write_if_changed(component, &encoded).map(drop)
}

/// Compiles the analyzer ahead of time and leaves it where the build of `nhi` looks for it.
fn precompile(workspace: &Workspace, folder: &Path) -> Result<()> {
    let tool = folder.join(format!("nhi-precompile{}", std::env::consts::EXE_SUFFIX));
    let (input, output) = (folder.join("nhi-analyzer.wasm"), folder.join("nhi-analyzer.cwasm"));
    if !is_newer(&output, &[&tool, &input]) {
        Run::new(&tool).arg(&input).arg(&output).announced()?;
    }
    let bytes = fs::read(&output).with_context(|| format!("read `{}`", output.display()))?;
    write_if_changed(&workspace.root.join("target/analyzer/nhi-analyzer.cwasm"), &bytes)?;
    Ok(())
}

/// Whether `output` exists and was written after every input.
fn is_newer(output: &Path, inputs: &[&Path]) -> bool {
    let modified = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    modified(output).is_some_and(|made| {
        inputs
            .iter()
            .all(|input| modified(input).is_some_and(|time| time < made))
    })
}

fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .unwrap_or_default()
}

/// Compiler flags in cargo's encoding that replace each folder by a name.
fn remap(folders: &[(&Path, &str)]) -> String {
    let flags: Vec<String> = folders
        .iter()
        .filter(|(folder, _)| !folder.as_os_str().is_empty())
        .map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()))
        .collect();
    flags.join("\u{1f}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_stale_without_its_inputs_or_before_them() {
        let folder = tempfile::tempdir().unwrap();
        let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
        assert!(!is_newer(&output, &[&input]), "no output");
        fs::write(&output, "").unwrap();
        assert!(!is_newer(&output, &[&input]), "no input");
        fs::write(&input, "").unwrap();
        let file = fs::File::options().write(true).open(&input).unwrap();
        let made = fs::metadata(&output).unwrap().modified().unwrap();
        file.set_modified(made + std::time::Duration::from_secs(1)).unwrap();
        assert!(!is_newer(&output, &[&input]), "input changed later");
        file.set_modified(made - std::time::Duration::from_secs(1)).unwrap();
        assert!(is_newer(&output, &[&input]));
    }

    #[test]
    fn remapping_leaves_out_what_is_unknown() {
        let flags = remap(&[(Path::new("/src"), "nhi"), (Path::new(""), "cargo")]);
        assert_eq!(flags, "--remap-path-prefix=/src=nhi");
    }
}
