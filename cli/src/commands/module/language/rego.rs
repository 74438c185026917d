//! Rego: the policies are put into a module that was compiled with this program, so that nothing has to be installed.
//!
//! What is wrong with them is told by that module itself, in the sandbox: the interpreter that will judge is the one
//! that reads them here.

use std::fs;
use std::path::Path;

use nhi_policy_host::HostLimits;
use serde::{Deserialize, Serialize};

use super::super::refused;
use super::{Built, Language, Source, fill};
use crate::exit::Failure;
use crate::sandbox;

/// The module without policies: a core module.
static GUEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rego.wasm"));

const MANIFEST: &str = "module.hcl";
const POLICY: &str = "policy";
const DATA: &str = "data";
const SCHEMA: &str = "settings.schema.json";
/// Bytes of one file.
const FILE_BYTES_MAX: u64 = 4 << 20;
const FILES_MAX: usize = 2_000;
const DEPTH_MAX: usize = 16;

pub(super) static LANGUAGE: Language = Language {
    name: "rego",
    title: "Rego",
    has_tools: false,
    marker: MANIFEST,
    is_here: |folder| folder.join(MANIFEST).is_file(),
    reserved: &[],
    files,
    build,
};

/// The files of a module.
static FILES: [(&str, &str); 7] = [
    (".gitignore", include_str!("../../../../templates/rego/gitignore.in")),
    ("README.md", include_str!("../../../../templates/rego/README.md.in")),
    ("module.hcl", include_str!("../../../../templates/rego/module.hcl.in")),
    (
        "policy/tags.rego",
        include_str!("../../../../templates/rego/tags.rego.in"),
    ),
    (
        "data/names.yaml",
        include_str!("../../../../templates/rego/names.yaml.in"),
    ),
    (
        "settings.schema.json",
        include_str!("../../../../templates/rego/settings.schema.json.in"),
    ),
    ("tests/tags.hcl", include_str!("../../../../templates/rego/tags.hcl.in")),
];

/// What `module.hcl` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    version: String,
    #[serde(default = "main")]
    namespaces: Vec<String>,
}

fn main() -> Vec<String> {
    vec!["main".to_owned()]
}

/// What is put into the module.
#[derive(Debug, Serialize)]
struct Bundle {
    name: String,
    version: String,
    /// Empty: all packages.
    namespaces: Vec<String>,
    policies: Vec<File>,
    data: Vec<File>,
    schema: String,
}

#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct File {
    path: String,
    text: String,
}

fn files(name: &str) -> Vec<(String, String)> {
    FILES
        .iter()
        .map(|(path, text)| ((*path).to_owned(), fill(text, name)))
        .collect()
}

fn build(source: &Source<'_>) -> Result<Built, Failure> {
    let bundle = read(source.directory)?;
    let json = serde_json::to_vec(&bundle)
        .map_err(|error| Failure::undecided(format!("the policies cannot be put into a module: {error}")))?;
    let component = nhi_policy_host::embed(GUEST, &json)
        .and_then(|core| nhi_policy_host::componentize(&core))
        .map_err(|error| {
            Failure::undecided(format!("the policies cannot be put into a module: {error}"))
                .help("keep large tables of data out of `data/`; settings may be handed over with each run")
        })?;
    judge(&bundle.name, &component)?;
    Ok(Built {
        name: bundle.name,
        component,
    })
}

/// Asks the module what is wrong with its policies.
fn judge(name: &str, component: &[u8]) -> Result<(), Failure> {
    let mut notes = Vec::new();
    let host =
        sandbox::host(HostLimits::default(), &mut notes).map_err(|error| refused(sandbox::problem(name, error)))?;
    let loaded = sandbox::load_bytes(&host, name, component, &mut notes).map_err(refused)?;
    let attributes = &loaded.module.description().attributes;
    let errors: Vec<&str> = attributes
        .iter()
        .filter(|(key, _)| key == "error")
        .map(|(_, error)| error.as_str())
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let text = format!("the policies were not built:\n{}", errors.join("\n"));
    Err(Failure::undecided(text).help("mend these lines, then run `nhi module build` again"))
}

fn read(folder: &Path) -> Result<Bundle, Failure> {
    let text = text(folder, MANIFEST)?;
    let manifest: Manifest = hcl::from_str(&text).map_err(|error| {
        Failure::usage(format!("`{MANIFEST}` cannot be read: {error}"))
            .help("write `name = \"team-policy\"`, `version = \"0.1.0\"` and, where it is not `main`, `namespaces = [\"terraform\"]`")
    })?;
    if manifest.name.is_empty() || manifest.name.contains(['/', '\\', '.']) || manifest.version.is_empty() {
        return Err(Failure::usage(format!("`{MANIFEST}` names no module"))
            .help("write `name = \"team-policy\"` and `version = \"0.1.0\"`"));
    }
    let mut policies = Vec::new();
    collect(folder, POLICY, &["rego"], 0, &mut policies)?;
    // Those are for `opa test` and `conftest verify`.
    policies.retain(|file| !file.path.ends_with("_test.rego"));
    if policies.is_empty() {
        return Err(
            Failure::usage(format!("there is no policy in `{}`", folder.join(POLICY).display()))
                .help("put policies into `policy/*.rego`"),
        );
    }
    let mut data = Vec::new();
    if folder.join(DATA).is_dir() {
        collect(folder, DATA, &["json", "yaml", "yml"], 0, &mut data)?;
    }
    let schema = if folder.join(SCHEMA).is_file() {
        self::text(folder, SCHEMA)?
    } else {
        String::new()
    };
    policies.sort();
    data.sort();
    let is_all = manifest.namespaces.iter().any(|name| name == "*");
    Ok(Bundle {
        name: manifest.name,
        version: manifest.version,
        namespaces: if is_all { Vec::new() } else { manifest.namespaces },
        policies,
        data,
        schema,
    })
}

/// The files of a folder and of those in it, by their places below the module's folder.
fn collect(root: &Path, folder: &str, endings: &[&str], depth: usize, files: &mut Vec<File>) -> Result<(), Failure> {
    let shown = root.join(folder);
    let unreadable = |error: std::io::Error| {
        Failure::undecided(format!("`{}` cannot be read: {error}", shown.display()))
            .help("put policies into `policy/*.rego`")
    };
    for entry in fs::read_dir(&shown).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = format!("{folder}/{name}");
        let kind = entry.file_type().map_err(unreadable)?;
        let is_wanted = endings
            .iter()
            .any(|ending| name.rsplit_once('.').is_some_and(|(_, own)| own == *ending));
        if kind.is_dir() && depth < DEPTH_MAX {
            collect(root, &path, endings, depth.saturating_add(1), files)?;
        } else if kind.is_file() && is_wanted {
            if files.len() >= FILES_MAX {
                return Err(
                    Failure::undecided(format!("`{}` has more than {FILES_MAX} files", shown.display()))
                        .help("split the module"),
                );
            }
            let text = text(root, &path)?;
            files.push(File { path, text });
        }
    }
    Ok(())
}

fn text(root: &Path, path: &str) -> Result<String, Failure> {
    let wrong = |why: String| Failure::undecided(format!("`{path}` {why}"));
    let bytes = crate::input::read_file(&root.join(path), FILE_BYTES_MAX)
        .map_err(|error| wrong(format!("cannot be read: {error}")))?
        .ok_or_else(|| wrong(format!("has more than {FILE_BYTES_MAX} bytes")))?;
    String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8".to_owned()))
}
