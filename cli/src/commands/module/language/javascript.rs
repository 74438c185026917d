//! JavaScript: a component of an engine with the module's sources already loaded, by one of two tools.
//!
//! Which one stands in the module's `package.json`. `componentize-qjs` (`QuickJS`) is what a new module has: its
//! components are a seventh of the size, burn half the fuel, and it is three packages where `componentize-js`
//! (`SpiderMonkey`) is 156; `docs/design/0005-policy-modules.md` has the figures.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::toolchain;
use super::workshop::{self, COMPONENT, Workshop};
use super::{Built, Language, Source};
use crate::exit::Failure;

include!(concat!(env!("OUT_DIR"), "/sdk_javascript.rs"));

pub(super) static LANGUAGE: Language = Language {
    name: "javascript",
    title: "JavaScript, or TypeScript by its types",
    has_tools: true,
    marker: "package.json",
    is_here: |folder| folder.join("package.json").is_file(),
    reserved: &[],
    files,
    build,
};

/// What makes a component.
struct Tool {
    /// Its package.
    package: &'static str,
    /// The program in `node_modules/.bin`.
    program: &'static str,
    /// What it is started with.
    arguments: &'static [&'static str],
}

static TOOLS: [Tool; 2] = [
    Tool {
        package: "@bytecodealliance/componentize-js",
        program: "componentize-js",
        arguments: &[
            "sdk/component.js",
            "--wit=wit",
            "--world-name=policy-module",
            // Each of them would import something of WASI.
            "--disable=stdio",
            "--disable=random",
            "--disable=clocks",
            "--disable=http",
            "--disable=fetch-event",
            "--out",
            COMPONENT,
        ],
    },
    Tool {
        package: "componentize-qjs",
        program: "componentize-qjs",
        arguments: &[
            "--wit=wit",
            "--world=policy-module",
            "--js=sdk/component.js",
            "--module-root=.",
            // Without it the component imports the whole of WASI; the sandbox has nothing asynchronous.
            "--stub-wasi",
            "--sync",
            "--output",
            COMPONENT,
        ],
    },
];

/// What puts the tool into the module's folder: exactly what the lock file says, and none of it is run on the way.
const INSTALL: [&str; 5] = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"];

/// The files of a module; `team-policy` and `TEAM001` in them are replaced.
static FILES: [(&str, &str); 9] = [
    (
        ".gitignore",
        include_str!("../../../../templates/javascript/gitignore.in"),
    ),
    (
        "README.md",
        include_str!("../../../../templates/javascript/README.md.in"),
    ),
    (
        "jsconfig.json",
        include_str!("../../../../../examples/policy-modules/javascript/jsconfig.json"),
    ),
    (
        "package-lock.json",
        include_str!("../../../../../examples/policy-modules/javascript/package-lock.json"),
    ),
    (
        "package.json",
        include_str!("../../../../../examples/policy-modules/javascript/package.json"),
    ),
    (
        "src/missing-tag.js",
        include_str!("../../../../../examples/policy-modules/javascript/src/missing-tag.js"),
    ),
    (
        "src/module.js",
        include_str!("../../../../../examples/policy-modules/javascript/src/module.js"),
    ),
    (
        "tests/missing-tag.hcl",
        include_str!("../../../../../examples/policy-modules/javascript/tests/missing-tag.hcl"),
    ),
    (
        "tests/missing-tag.test.js",
        include_str!("../../../../../examples/policy-modules/javascript/tests/missing-tag.test.js"),
    ),
];

fn files(name: &str) -> Vec<(String, String)> {
    super::of_example(&FILES, SDK, name)
}

fn build(source: &Source<'_>) -> Result<Built, Failure> {
    let manifest = Manifest::read(source.directory)?;
    toolchain::ask("node", &["--version"]).ok_or_else(|| {
        Failure::undecided("node is not here, and a module in JavaScript is built with it")
            .help("install Node.js 20 or later, then run this again")
    })?;
    let program = match manifest.found(source.directory) {
        Ok(program) => program,
        Err(_) if source.install => {
            workshop::install(source.directory, &[&INSTALL])?;
            manifest.found(source.directory)?
        }
        Err(failure) => return Err(failure),
    };
    let component = Workshop::of(source.directory)?.make(manifest.tool.package, &program, manifest.tool.arguments)?;
    Ok(Built {
        name: manifest.name,
        component,
    })
}

/// What `package.json` says of how the module is built.
struct Manifest {
    name: String,
    tool: &'static Tool,
    version: String,
}

impl Manifest {
    fn read(directory: &Path) -> Result<Self, Failure> {
        let file = directory.join("package.json");
        let shown = file.display();
        let package = json(&file).map_err(|why| Failure::undecided(format!("`{shown}` cannot be read: {why}")))?;
        let name = package
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| super::is_plain(name))
            .ok_or_else(|| {
                Failure::usage(format!("`{shown}` has no proper `name`"))
                    .help("write one such as `\"name\": \"team-policy\"`, without a scope")
            })?;
        let pinned = |tool: &&'static Tool| -> Option<(&'static Tool, String)> {
            let version = package.get("devDependencies")?.get(tool.package)?.as_str()?;
            Some((*tool, version.to_owned()))
        };
        let found: Vec<_> = TOOLS.iter().filter_map(|tool| pinned(&tool)).collect();
        match <[_; 1]>::try_from(found) {
            Ok([(tool, version)]) if version.starts_with(|first: char| first.is_ascii_digit()) => Ok(Self {
                name: name.to_owned(),
                tool,
                version,
            }),
            _ => Err(Failure::usage(format!(
                "`{shown}` does not pin one of {} and {} in `devDependencies`",
                TOOLS[0].package, TOOLS[1].package
            ))
            .help("name one of them with its exact version, as `nhi module new --language javascript` does")),
        }
    }

    /// The tool, in the version that the module pins.
    fn found(&self, directory: &Path) -> Result<PathBuf, Failure> {
        let Tool { package, program, .. } = self.tool;
        let help = format!(
            "run `{}` in the module's folder, or `nhi module build --install`, which does that",
            INSTALL.join(" ")
        );
        let folder = directory.join("node_modules");
        let Ok(installed) = json(&folder.join(package).join("package.json")) else {
            let message = format!(
                "{package} {} is not here, and the module is built with it",
                self.version
            );
            return Err(Failure::undecided(message).help(help));
        };
        let version = installed.get("version").and_then(Value::as_str).unwrap_or("broken");
        if version != self.version {
            let message = format!(
                "the module pins {package} {}, and in node_modules is {version}",
                self.version
            );
            return Err(Failure::undecided(message).help(help));
        }
        workshop::find_in(program, &folder.join(".bin")).ok_or_else(|| {
            Failure::undecided(format!("{package} is damaged: node_modules has no program `{program}`")).help(help)
        })
    }
}

fn json(file: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Option<(String, &'static str, String)> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("package.json"), text).unwrap();
        let manifest = Manifest::read(folder.path()).ok()?;
        Some((manifest.name, manifest.tool.program, manifest.version))
    }

    #[test]
    fn the_tool_is_the_one_that_is_pinned() {
        let new = files("x")
            .into_iter()
            .find(|(path, _)| path == "package.json")
            .unwrap()
            .1;
        assert_eq!(manifest(&new).unwrap().1, "componentize-qjs");
        let with = |name: &str, dependencies: &str| {
            manifest(&format!(r#"{{"name":"{name}","devDependencies":{dependencies}}}"#))
        };
        let wanted = |program, version: &str| Some(("a-b".to_owned(), program, version.to_owned()));
        assert_eq!(
            with("a-b", r#"{"@bytecodealliance/componentize-js":"0.23.0"}"#),
            wanted("componentize-js", "0.23.0")
        );
        assert_eq!(
            with("a-b", r#"{"componentize-qjs":"0.4.5","typescript":"5.0.0"}"#),
            wanted("componentize-qjs", "0.4.5")
        );
        for (name, dependencies) in [
            ("a-b", "{}"),
            ("a-b", r#"{"componentize-qjs":"^0.4.5"}"#),
            (
                "a-b",
                r#"{"componentize-qjs":"0.4.5","@bytecodealliance/componentize-js":"0.23.0"}"#,
            ),
            ("@team/policy", r#"{"componentize-qjs":"0.4.5"}"#),
            ("../team", r#"{"componentize-qjs":"0.4.5"}"#),
        ] {
            assert_eq!(with(name, dependencies), None, "{name} {dependencies}");
        }
    }

    #[test]
    fn the_lock_of_a_new_module_names_what_its_package_names_and_no_server() {
        let files = files("team-policy");
        let text = |wanted: &str| &files.iter().find(|(path, _)| path == wanted).unwrap().1;
        let (package, lock): (Value, Value) = (
            serde_json::from_str(text("package.json")).unwrap(),
            serde_json::from_str(text("package-lock.json")).unwrap(),
        );
        assert_eq!(lock["packages"][""]["devDependencies"], package["devDependencies"]);
        for (name, entry) in lock["packages"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| !name.is_empty())
        {
            assert!(
                entry["integrity"]
                    .as_str()
                    .is_some_and(|digest| digest.starts_with("sha512-")),
                "{name}"
            );
            assert_eq!(entry.get("resolved"), None, "{name}");
        }
    }
}
