//! The modules of a run: the built-in analyzer, always, and those that the operator names.
//!
//! A module that cannot be loaded or does not come to its end is a problem in the report; the others run on, so that
//! one broken module hides nobody else's findings.

mod graph;
mod run;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use nhi_evaluate::{Evaluation, overlay};
use nhi_plan::{Change, Mode, Plan, RuleInfo, Wanted, json};
use nhi_policy_host::{Host, HostLimits, Module};

use crate::builtin;
use crate::codes;
use crate::exit::Failure;
use crate::fingerprint;
use crate::report::{BlockFacts, Entry, ModuleRun, Problem, Report};
use crate::sandbox::{self, problem};
use crate::settings::Settings;

pub(crate) use graph::graph;

/// A finding rests on the planned values.
const PLANNED: &str = "planned";
/// A finding rests on what was worked out from the configuration.
const CONFIGURATION: &str = "configuration";

/// Which modules to run besides the built-in one.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// Run this policy module, a WebAssembly component, beside the built-in analyzer; may be repeated
    #[arg(long = "module", value_name = "FILE.wasm", value_hint = clap::ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Hand sensitive values to this module as they are, by its name; may be repeated
    ///
    /// All other modules get `(sensitive)` in their place.
    #[arg(long = "module-sees-sensitive", value_name = "NAME")]
    pub(crate) granted: Vec<String>,
}

/// Which world of a plan is judged, and what is wanted of it beside the findings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World<'e> {
    /// What was before the plan; otherwise what will be once it is applied.
    pub(crate) is_before: bool,
    /// What the configuration says of unknown attributes is filled in.
    pub(crate) evaluation: Option<&'e Evaluation>,
    /// Tell what the principals of findings are known by.
    pub(crate) principals: bool,
}

impl<'p> World<'p> {
    /// The wanted blocks of this world.
    fn blocks(self, plan: &'p Plan<'p>, wanted: Wanted<'p>) -> Box<dyn Iterator<Item = Change<'p>> + 'p> {
        match (self.is_before, self.evaluation) {
            (false, None) => Box::new(plan.blocks_wanted(wanted)),
            (true, None) => Box::new(plan.blocks_before(wanted)),
            (false, Some(evaluation)) => Box::new(laid_over(plan.blocks_wanted(wanted), evaluation)),
            (true, Some(evaluation)) => Box::new(laid_over(plan.blocks_before(wanted), evaluation)),
        }
    }
}

fn laid_over<'p>(
    blocks: impl Iterator<Item = Change<'p>>,
    evaluation: &Evaluation,
) -> impl Iterator<Item = Change<'p>> {
    blocks.map(|mut change| {
        overlay(&mut change, evaluation);
        change
    })
}

/// Modules that are ready to run, the built-in one first.
#[derive(Debug)]
pub(crate) struct Modules {
    host: Host,
    /// What the reader of a report should know of the modules.
    notes: Vec<String>,
    loaded: Vec<Loaded>,
}

/// A module that is ready to run.
#[derive(Debug)]
struct Loaded {
    module: Module,
    /// As the operator wrote it; `None` for the built-in module.
    file: Option<String>,
    sha256: Option<String>,
}

impl Loaded {
    /// The settings that it runs with.
    fn settings<'s>(&self, given: &'s Settings) -> &'s str {
        given.of(&self.module.description().name)
    }
}

impl Modules {
    /// Loads the built-in module, without which there is no verdict, and as many of the others as can be loaded.
    pub(crate) fn load(selection: &Selection, problems: &mut Vec<Problem>) -> Result<Self, Problem> {
        let mut notes = Vec::new();
        let limits = HostLimits::default();
        // Compiling is for foreign modules only: nothing is looked for where there are none.
        let host = if selection.files.is_empty() {
            Host::new(limits)
        } else {
            sandbox::host(limits, &mut notes)
        };
        let host = host.map_err(|error| problem(builtin::NAME, error))?;
        let module = host
            .load_precompiled(builtin::NAME, builtin::ANALYZER)
            .map_err(|error| problem(builtin::NAME, error))?;
        let mut modules = Self {
            host,
            notes,
            loaded: vec![Loaded {
                module,
                file: None,
                sha256: None,
            }],
        };
        for file in &selection.files {
            if let Err(problem) = modules.add(file, &selection.granted) {
                problems.push(problem);
            }
        }
        Ok(modules)
    }

    fn add(&mut self, path: &Path, granted: &[String]) -> Result<(), Problem> {
        let file = path.display().to_string();
        let sandbox::LoadedFile { mut module, sha256 } = sandbox::load(&self.host, path, &mut self.notes)?;
        if granted.contains(&module.description().name) {
            self.notes.push(format!(
                "module `{}` sees sensitive values: `--module-sees-sensitive` grants it",
                module.description().name
            ));
            module = module.grant_sensitive();
        }
        if let Some(message) = self.conflict(&module) {
            let help = codes::help(codes::MODULE_CONFLICT);
            return Err(Problem {
                code: codes::MODULE_CONFLICT,
                subject: file,
                byte_offset: None,
                message,
                help,
            });
        }
        self.loaded.push(Loaded {
            module,
            file: Some(file),
            sha256: Some(sha256),
        });
        Ok(())
    }

    /// A name or a rule code that an earlier module has.
    fn conflict(&self, newcomer: &Module) -> Option<String> {
        let newcomer = newcomer.description();
        self.loaded.iter().find_map(|loaded| {
            let known = loaded.module.description();
            if known.name == newcomer.name {
                return Some(format!("another module is also called `{}`", known.name));
            }
            let shared = newcomer
                .rules
                .iter()
                .find(|rule| known.rules.iter().any(|other| other.code == rule.code))?;
            Some(format!(
                "rule `{}` is also declared by module `{}`",
                shared.code, known.name
            ))
        })
    }

    /// The rules of all modules, with the name of their module.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&str, &RuleInfo)> {
        self.loaded.iter().flat_map(|loaded| {
            let description = loaded.module.description();
            description.rules.iter().map(|rule| (description.name.as_str(), rule))
        })
    }

    /// Refuses settings and grants that no module would ever see.
    pub(crate) fn check_settings(&self, settings: &Settings, granted: &[String]) -> Result<(), Failure> {
        let known = |name: &str| {
            self.loaded
                .iter()
                .any(|loaded| loaded.module.description().name == name)
        };
        let unknown_grant = granted.iter().map(String::as_str).find(|name| !known(name));
        let Some(name) = settings.unknown(known).next().or(unknown_grant) else {
            return Ok(());
        };
        let names: Vec<&str> = self
            .loaded
            .iter()
            .map(|loaded| loaded.module.description().name.as_str())
            .collect();
        Err(Failure::usage(format!(
            "there are settings or a grant for `{name}`, but no module of that name"
        ))
        .help(format!("name one of the loaded modules: `{}`", names.join("`, `"))))
    }

    /// Enters every module into the report before anything runs.
    pub(crate) fn enrol(&self, report: &mut Report) {
        report.notes.extend(self.notes.iter().cloned());
        report.modules.extend(self.loaded.iter().map(|loaded| {
            let description = loaded.module.description();
            ModuleRun {
                name: description.name.clone(),
                version: description.version.clone(),
                file: loaded.file.clone(),
                sha256: loaded.sha256.clone(),
                abi: loaded.module.facts().abi.clone(),
                sees_sensitive: loaded.module.sees_sensitive(),
                rules: description.rules.clone(),
                usage: None,
            }
        }));
    }
}

/// Gives each finding what the report shows of its block. The plan is gone through again only when there is a finding.
fn locate(plan: &Plan<'_>, world: World<'_>, report: &mut Report) {
    let principals = || {
        let entries = report.entries.iter().filter(|_| world.principals);
        entries.filter_map(|entry| entry.fact("principal"))
    };
    let is_principal: HashSet<String, RandomState> = principals().map(str::to_owned).collect();
    let addresses = report.entries.iter().map(|entry| entry.address.as_str());
    let wanted: HashSet<String, RandomState> = addresses.chain(principals()).map(str::to_owned).collect();
    if wanted.is_empty() {
        return;
    }
    // Only such blocks need working out. What is no resource gets its address by being worked out.
    let may_be = |_: Mode, _: &str, address: &str| address.is_empty() || wanted.contains(address);
    let mut entries: HashMap<String, Vec<&mut Entry>> = HashMap::new();
    for entry in &mut report.entries {
        entries.entry(entry.address.clone()).or_default().push(entry);
    }
    let mut known: HashMap<String, String> = HashMap::new();
    world.blocks(plan, &may_be).for_each(|change| {
        let address: &str = &change.address;
        if !wanted.contains(address) {
            return;
        }
        let values = change.after.as_deref().or(change.before.as_deref());
        let document = values.and_then(|text| json::parse(text).ok());
        let values = document.as_ref().map(json::Document::root);
        let facts = BlockFacts::of(&change, values);
        if is_principal.contains(address)
            && let Some(identity) = &facts.identity
        {
            known.insert(address.to_owned(), format!("{} {identity}", facts.resource_type));
        }
        for entry in entries.get_mut(address).into_iter().flatten() {
            enter(entry, &change, values);
            entry.block = Some(facts.clone());
        }
    });
    for entry in &mut report.entries {
        let principal = entry.fact("principal");
        entry.principal = principal.and_then(|address| known.get(address).cloned());
    }
}

/// What a finding takes from the values of its block.
fn enter(entry: &mut Entry, change: &Change<'_>, values: Option<json::Value<'_>>) {
    if let Some(values) = values.filter(|_| !entry.is_credential()) {
        entry.value_sha256 = fingerprint::value_sha256(change, values, &entry.path);
    }
    if entry.evidence == PLANNED && is_worked_out(change, &entry.path) {
        CONFIGURATION.clone_into(&mut entry.evidence);
    }
}

/// Whether the value at a path was worked out from the configuration.
fn is_worked_out(change: &Change<'_>, path: &str) -> bool {
    let resolved = change.attributes.iter().find(|(key, _)| key == "resolved");
    resolved.is_some_and(|(_, paths)| {
        paths.split(' ').any(|known| {
            let rest = path.strip_prefix(known);
            known == "." || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    })
}
