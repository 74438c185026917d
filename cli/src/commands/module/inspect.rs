//! `nhi module inspect`: what a component says of itself, and what its bytes say.

use std::path::{Path, PathBuf};

use nhi_plan::Description;
use nhi_policy_host::{Facts, HostLimits, Module};
use serde::Serialize;
use serde_json::Value;

use super::{Format, refused};
use crate::exit::{Exit, Failure};
use crate::fingerprint::sha256;
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen};
use crate::report::Problem;
use crate::sandbox;

/// The unpacked list of dependencies.
const DEPENDENCIES_BYTES_MAX: usize = 4 << 20;

/// Options of `nhi module inspect`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component
    #[arg(value_name = "FILE.wasm", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

/// What there is to show of a component.
pub(super) struct Shown {
    file: String,
    sha256: String,
    facts: Facts,
    dependencies: Option<Vec<String>>,
    module: Option<Module>,
    /// Why no run would take it.
    pub(super) problem: Option<Problem>,
}

#[derive(Debug, Serialize)]
struct Document<'s> {
    version: u32,
    file: &'s str,
    bytes: usize,
    sha256: &'s str,
    abi: Option<&'s str>,
    imports: &'s [String],
    exports: &'s [String],
    functions: usize,
    producers: &'s [(String, String)],
    dependencies: Option<&'s [String]>,
    accepted: bool,
    problem: Option<String>,
    name: Option<&'s str>,
    module_version: Option<&'s str>,
    sharding: Option<&'s str>,
    encoding: Option<&'s str>,
    rules: Vec<Rule<'s>>,
    interests: Vec<Interest<'s>>,
    canaries: usize,
    settings_schema: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Rule<'s> {
    code: &'s str,
    name: &'s str,
    severity: &'static str,
    summary: &'s str,
}

#[derive(Debug, Serialize)]
struct Interest<'s> {
    modes: &'s [String],
    resource_types: &'s [String],
    actions: Vec<&'static str>,
    paths: &'s [String],
    needs: &'s [String],
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let shown = Shown::of(&args.file)?;
    shown.answer(args.format, console)?;
    Ok(match shown.problem {
        None => Exit::Clean,
        Some(_) => Exit::Undecided,
    })
}

impl Shown {
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let wasm = sandbox::read(path).map_err(refused)?;
        let limits = HostLimits::default();
        let facts =
            nhi_policy_host::facts(&file, &wasm, &limits).map_err(|error| refused(sandbox::problem(&file, error)))?;
        let mut notes = Vec::new();
        let host = sandbox::host(limits, &mut notes).map_err(|error| refused(sandbox::problem(&file, error)))?;
        let (module, problem) = match sandbox::load(&host, path, &mut notes) {
            Ok(loaded) => (Some(loaded.module), None),
            Err(problem) => (None, Some(problem)),
        };
        Ok(Self {
            sha256: sha256(&wasm),
            dependencies: facts.dependencies.as_deref().and_then(dependencies),
            file,
            facts,
            module,
            problem,
        })
    }

    pub(super) fn answer(&self, format: Format, console: &Console) -> Result<(), Failure> {
        match format {
            Format::Human => console.answer(&self.human(console.width)),
            Format::Json => console.answer_raw(&output::json(&self.document())?),
        }
    }

    fn document(&self) -> Document<'_> {
        let description = self.module.as_ref().map(Module::description);
        Document {
            version: 1,
            file: &self.file,
            bytes: self.facts.bytes,
            sha256: &self.sha256,
            abi: self.facts.abi.as_deref(),
            imports: &self.facts.imports,
            exports: &self.facts.exports,
            functions: self.facts.functions,
            producers: &self.facts.producers,
            dependencies: self.dependencies.as_deref(),
            accepted: self.problem.is_none(),
            problem: self
                .problem
                .as_ref()
                .map(|problem| format!("{}: {}", problem.code, problem.message)),
            name: description.map(|description| description.name.as_str()),
            module_version: description.map(|description| description.version.as_str()),
            sharding: description.map(|description| description.sharding.as_str()),
            encoding: description.map(|description| description.encoding.as_str()),
            rules: description
                .iter()
                .flat_map(|description| &description.rules)
                .map(|rule| Rule {
                    code: &rule.code,
                    name: &rule.name,
                    severity: rule.severity.as_str(),
                    summary: &rule.summary,
                })
                .collect(),
            interests: description
                .iter()
                .flat_map(|description| &description.interests)
                .map(|interest| Interest {
                    modes: &interest.modes,
                    resource_types: &interest.resource_types,
                    actions: interest.actions.iter().map(|action| action.as_str()).collect(),
                    paths: &interest.paths,
                    needs: &interest.needs,
                })
                .collect(),
            canaries: description.map_or(0, |description| description.canaries.len()),
            settings_schema: description
                .and_then(|description| serde_json::from_str(&description.settings_schema).ok()),
        }
    }

    fn human(&self, width: usize) -> String {
        let document = self.document();
        let mut screen = Screen::new(width);
        let (name, version) = (
            document.name.unwrap_or(&self.file),
            document.module_version.unwrap_or_default(),
        );
        screen.line(&[(BOLD, name), (PLAIN, " "), (PLAIN, version)]);
        let mut field = |label: &str, text: &str| screen.field(2, label, PLAIN, text);
        field("file       ", &self.file);
        field("sha256     ", &self.sha256);
        field(
            "size       ",
            &format!("{} bytes, {} functions", self.facts.bytes, self.facts.functions),
        );
        field("contract   ", self.facts.abi.as_deref().unwrap_or("not named"));
        let imports = match self.facts.imports.as_slice() {
            [] => "none".to_owned(),
            imports => imports.join(", "),
        };
        field("imports    ", &imports);
        let made: Vec<String> = self
            .facts
            .producers
            .iter()
            .map(|(tool, version)| format!("{tool} {version}"))
            .collect();
        field("made by    ", &made.join(", "));
        let dependencies = match &self.dependencies {
            Some(list) => list.join(", "),
            None => "not listed: build with `cargo auditable` installed".to_owned(),
        };
        field("depends on ", &dependencies);
        if let Some(module) = &self.module {
            let description = module.description();
            let how = format!(
                "{}, as {}",
                description.sharding.as_str(),
                description.encoding.as_str()
            );
            field("judges     ", &how);
            field("canaries   ", &description.canaries.len().to_string());
            rules(&mut screen, description);
            screen.blank();
            for interest in &document.interests {
                screen.field(2, "sees", PLAIN, &sentence(interest));
            }
            if !description.settings_schema.is_empty() {
                screen.field(2, "settings", PLAIN, &description.settings_schema);
            }
        }
        screen.blank();
        match &self.problem {
            None => screen.line(&[(GREEN, "accepted")]),
            Some(problem) => {
                screen.line(&[(RED, "refused"), (PLAIN, "  "), (BOLD, problem.code)]);
                screen.field(2, "", PLAIN, &problem.message);
                screen.field(2, "fix", PLAIN, &problem.help);
            }
        }
        screen.into_text()
    }
}

fn rules(screen: &mut Screen, description: &Description) {
    screen.blank();
    for rule in &description.rules {
        screen.line(&[
            (PLAIN, "  "),
            (BOLD, &rule.code),
            (PLAIN, " "),
            (PLAIN, &rule.name),
            (DIM, "  "),
            (DIM, rule.severity.as_str()),
        ]);
        screen.field(4, "", PLAIN, &rule.summary);
    }
}

fn sentence(interest: &Interest<'_>) -> String {
    let mut text = format!(
        "{} of {}",
        interest.modes.join(", "),
        interest.resource_types.join(", ")
    );
    let more = [
        (" when ", interest.actions.join(", ")),
        ("; only ", interest.paths.join(", ")),
        ("; with ", interest.needs.join(", ")),
    ];
    for (word, list) in more.into_iter().filter(|(_, list)| !list.is_empty()) {
        text.push_str(word);
        text.push_str(&list);
    }
    text
}

/// The names and versions of what was linked in, as `cargo auditable` lists them.
fn dependencies(packed: &[u8]) -> Option<Vec<String>> {
    let json = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, DEPENDENCIES_BYTES_MAX).ok()?;
    let list: Value = serde_json::from_slice(&json).ok()?;
    let packages = list.get("packages")?.as_array()?;
    let is_linked = |package: &&Value| package.get("kind").is_none_or(|kind| kind == "runtime");
    let name = |package: &Value| {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        Some(format!("{} {}", text("name")?, text("version")?))
    };
    Some(packages.iter().filter(is_linked).filter_map(name).collect())
}
