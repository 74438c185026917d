//! Python: componentize-py makes a component of the interpreter with the module's sources already loaded.
//!
//! Like the SDK, the tool's version and digest stand in the module's folder, in `requirements.txt`.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::toolchain;
use super::workshop::{self, COMPONENT, Workshop};
use super::{Built, Language, Source};
use crate::exit::Failure;

include!(concat!(env!("OUT_DIR"), "/sdk_python.rs"));

pub(super) static LANGUAGE: Language = Language {
    name: "python",
    title: "Python",
    has_tools: true,
    marker: "pyproject.toml",
    is_here: |folder| folder.join("pyproject.toml").is_file(),
    reserved: &[],
    files,
    build,
};

/// The version that a new module pins.
const PINNED: &str = "0.25.1";
const TOOL: &str = "componentize-py";
/// What puts the tool into the module's folder. Its digest is checked; nothing else comes with it.
const INSTALL: [&[&str]; 2] = [
    &["python3", "-m", "venv", ".venv"],
    &[
        ".venv/bin/pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary=:all:",
        "--require-hashes",
        "--requirement=requirements.txt",
    ],
];

/// The files of a module; `team-policy` and `TEAM001` in them are replaced.
static FILES: [(&str, &str); 8] = [
    (".gitignore", include_str!("../../../../templates/python/gitignore.in")),
    ("README.md", include_str!("../../../../templates/python/README.md.in")),
    (
        "pyproject.toml",
        include_str!("../../../../../examples/policy-modules/python/pyproject.toml"),
    ),
    (
        "requirements.txt",
        include_str!("../../../../../examples/policy-modules/python/requirements.txt"),
    ),
    (
        "src/missing_tag.py",
        include_str!("../../../../../examples/policy-modules/python/src/missing_tag.py"),
    ),
    (
        "src/module.py",
        include_str!("../../../../../examples/policy-modules/python/src/module.py"),
    ),
    (
        "tests/missing_tag.hcl",
        include_str!("../../../../../examples/policy-modules/python/tests/missing_tag.hcl"),
    ),
    (
        "tests/test_missing_tag.py",
        include_str!("../../../../../examples/policy-modules/python/tests/test_missing_tag.py"),
    ),
];

fn files(name: &str) -> Vec<(String, String)> {
    super::of_example(&FILES, SDK, name)
}

fn build(source: &Source<'_>) -> Result<Built, Failure> {
    let name = name(source.directory)?;
    let wanted = wanted(source.directory)?;
    let tool = match found(source.directory, &wanted) {
        Ok(tool) => tool,
        Err(_) if source.install => {
            toolchain::ask("python3", &["--version"]).ok_or_else(|| {
                Failure::undecided("python3 is not here, and a module in Python is built with it")
                    .help("install Python 3.10 or later with its `venv`, then run this again")
            })?;
            workshop::install(source.directory, &INSTALL)?;
            found(source.directory, &wanted)?
        }
        Err(failure) => return Err(failure),
    };
    let component = Workshop::of(source.directory)?.make(
        TOOL,
        &tool,
        &[
            "--quiet",
            "--wit-path=wit",
            "--world=policy-module",
            "componentize",
            // Without it the component imports the whole of WASI.
            "--stub-wasi",
            "--python-path=src",
            "--python-path=sdk",
            "--python-path=sdk/component",
            "--output",
            COMPONENT,
            "nhi_component",
        ],
    )?;
    Ok(Built { name, component })
}

/// The tool, in the version that the module pins.
fn found(directory: &Path, wanted: &str) -> Result<PathBuf, Failure> {
    let commands: Vec<String> = INSTALL.iter().map(|command| command.join(" ")).collect();
    let help = format!(
        "run `{}` in the module's folder, or `nhi module build --install`, which does that",
        commands.join(" && ")
    );
    let own = directory.join(".venv/bin");
    let active = std::env::var_os("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join("bin"));
    let folders: Vec<PathBuf> = std::iter::once(own).chain(active).collect();
    let Some(tool) = workshop::find(TOOL, &folders) else {
        return Err(Failure::undecided(format!(
            "{TOOL} {wanted} is not here, and a module in Python is built with it"
        ))
        .help(help));
    };
    let version = toolchain::ask(&tool.display().to_string(), &["--version"]).unwrap_or_default();
    if version.split_whitespace().last() == Some(wanted) {
        return Ok(tool);
    }
    let message = format!(
        "the module pins {TOOL} {wanted}, and `{}` is {}",
        tool.display(),
        if version.is_empty() { "broken" } else { version.as_str() }
    );
    Err(Failure::undecided(message).help(help))
}

/// The version of the tool in `requirements.txt`.
fn wanted(directory: &Path) -> Result<String, Failure> {
    let file = directory.join("requirements.txt");
    let text = fs::read_to_string(&file)
        .map_err(|error| Failure::undecided(format!("`{}` cannot be read: {error}", file.display())))?;
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix(TOOL)?.strip_prefix("=="))
        .and_then(|rest| rest.split_whitespace().next());
    version.map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!("`{}` does not pin {TOOL}", file.display())).help(format!(
            "write `{TOOL}=={PINNED}` with its `--hash`es there, as `nhi module new --language python` does"
        ))
    })
}

/// The name in `pyproject.toml`.
fn name(directory: &Path) -> Result<String, Failure> {
    let file = directory.join("pyproject.toml");
    let text = fs::read_to_string(&file)
        .map_err(|error| Failure::undecided(format!("`{}` cannot be read: {error}", file.display())))?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .filter(|name| super::is_plain(name));
    name.map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!("`{}` has no proper name", file.display()))
            .help("write a line such as `name = \"team-policy\"` under `[project]`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_that_a_new_module_pins_is_the_one_that_is_named_here() {
        let requirements = files("x")
            .into_iter()
            .find(|(path, _)| path == "requirements.txt")
            .unwrap()
            .1;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("requirements.txt"), requirements).unwrap();
        assert_eq!(wanted(folder.path()).unwrap(), PINNED);
        fs::write(folder.path().join("requirements.txt"), "componentize-py>=0.25\n").unwrap();
        assert!(wanted(folder.path()).is_err(), "a range is no pin");
    }

    #[test]
    fn a_module_is_called_what_its_project_is_called() {
        let folder = tempfile::tempdir().unwrap();
        for (text, wanted) in [
            (
                "[project]\nname = \"team-policy\"\nversion = \"1\"\n",
                Some("team-policy"),
            ),
            ("[project]\nversion = \"1\"\n", None),
            ("[project]\nname = \"../team\"\n", None),
            ("[project]\nname = \"\"\n", None),
        ] {
            fs::write(folder.path().join("pyproject.toml"), text).unwrap();
            assert_eq!(name(folder.path()).ok().as_deref(), wanted, "{text}");
        }
    }
}
