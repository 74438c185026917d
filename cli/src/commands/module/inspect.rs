//! `nhi module inspect`: what a component says of itself, what its bytes say, and what belongs to it.

mod attached;

use std::path::Path;

use nhi_modules::NamedBy;

use nhi_plan::Description;
use nhi_policy_host::{Facts, HostLimits, Module};
use serde::Serialize;
use serde_json::Value;

use self::attached::Attached;
use super::subject::{self, Held, Subject};
use super::{Format, refused};
use crate::artefacts::{self, RemoteArgs, TrustArgs};
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
    /// A component's file, an archive, or a module in the store: `oci://registry.example/team/rules:1.2.3`, `sha256:…`
    #[arg(value_name = "MODULE", value_parser = Subject::parse)]
    module: Subject,
    /// Look into the registry, not into the store; nothing that is fetched stays here
    #[arg(long)]
    remote: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    access: RemoteArgs,
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
    attached: Option<Attached>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    attached: Option<&'s Attached>,
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
    let shown = shown(args)?;
    shown.answer(args.format, console)?;
    Ok(match shown.problem {
        None => Exit::Clean,
        Some(_) => Exit::Undecided,
    })
}

fn shown(args: &Args) -> Result<Shown, Failure> {
    let known = args.trust.known()?;
    let store = artefacts::store()?;
    // A component that no run would take is looked at as well: its author wants to know why.
    if let Subject::File(path) = &args.module
        && subject::is_component(path)
    {
        let mut shown = Shown::of(path)?;
        if shown.problem.is_none() {
            let held = args.module.one(&store)?;
            shown.attached = Some(Attached::of(&held.artifact.manifest, &held.attachments, &known));
        }
        return Ok(shown);
    }
    let held = if args.remote {
        fetched(args)?
    } else {
        args.module.one(&store)?
    };
    let mut shown = Shown::of_bytes(&held.label, &held.artifact.wasm)?;
    shown.attached = Some(Attached::of(&held.artifact.manifest, &held.attachments, &known));
    Ok(shown)
}

/// A module as it is in a registry. It is only shown, so that nobody has to trust it yet.
fn fetched(args: &Args) -> Result<Held, Failure> {
    let Subject::Reference(reference) = &args.module else {
        return Err(Failure::usage("`--remote` looks into a registry")
            .help("name the module there: `oci://registry.example/team/rules:1.2.3`"));
    };
    let source = &reference.source;
    let remote = args
        .access
        .open(source, NamedBy::CommandLine)?
        .watched(artefacts::watch("pulling"));
    let digest = match (&reference.version, reference.digest) {
        (Some(version), wanted) => {
            let (found, _) = remote.resolve(version).map_err(artefacts::failure)?;
            match wanted.filter(|wanted| *wanted != found) {
                Some(wanted) => return Err(artefacts::failure(nhi_modules::moved(source, version, &wanted, &found))),
                None => found,
            }
        }
        (None, Some(digest)) => digest,
        (None, None) => {
            return Err(Failure::usage(format!("`{source}` names no version"))
                .help(format!("write `{source}:1.2.3` with the version that is meant")));
        }
    };
    let fetched = remote
        .pull(&digest)
        .and_then(|artifact| Ok((artifact, remote.attachments(&digest)?)));
    let (artifact, attachments) = fetched.map_err(artefacts::failure)?;
    let version = reference.version.as_ref().map(|version| format!(":{version}"));
    Ok(Held {
        label: format!("{source}{}", version.unwrap_or_default()),
        artifact,
        attachments,
        source: Some(source.clone()),
        packed: None,
    })
}

impl Shown {
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        Self::of_bytes(&path.display().to_string(), &sandbox::read(path).map_err(refused)?)
    }

    fn of_bytes(file: &str, wasm: &[u8]) -> Result<Self, Failure> {
        let limits = HostLimits::default();
        let facts =
            nhi_policy_host::facts(file, wasm, &limits).map_err(|error| refused(sandbox::problem(file, error)))?;
        let mut notes = Vec::new();
        let host = sandbox::host(limits, &mut notes).map_err(|error| refused(sandbox::problem(file, error)))?;
        let (module, problem) = match sandbox::load_bytes(&host, file, wasm, &mut notes) {
            Ok(loaded) => (Some(loaded.module), None),
            Err(problem) => (None, Some(problem)),
        };
        Ok(Self {
            sha256: sha256(wasm),
            dependencies: facts.dependencies.as_deref().and_then(dependencies),
            file: file.to_owned(),
            facts,
            module,
            attached: None,
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
            attached: self.attached.as_ref(),
        }
    }

    /// What was linked in. A component does not say which language it was written in, so the way out has to fit all.
    fn depends(&self) -> String {
        match (&self.dependencies, &self.attached) {
            (Some(list), _) => list.join(", "),
            (None, Some(attached)) if attached.is_listed() => "what the list below names".to_owned(),
            _ => {
                "not listed in it; `nhi module sign --sbom FILE` adds a list, in Rust `cargo auditable` too".to_owned()
            }
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
        field("depends on ", &self.depends());
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
        if let Some(attached) = &self.attached {
            attached.show(&mut screen);
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
