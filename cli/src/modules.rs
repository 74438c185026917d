//! The modules of a run: the built-in analyzer, always, and those that the operator names.
//!
//! A module that cannot be loaded or does not come to its end is a problem in the report; the others run on, so that
//! one broken module hides nobody else's findings.

mod graph;
mod locate;
mod run;

use std::path::{Path, PathBuf};

use nhi_evaluate::{Evaluation, overlay};
use nhi_plan::{Change, Description, Plan, Wanted};
use nhi_policy_file::Level;
use nhi_policy_host::{Host, HostLimits, Module};

use crate::builtin;
use crate::codes;
use crate::exit::Failure;
use crate::locked::{self, Pinned};
use crate::report::{ModuleRun, Problem, Report};
use crate::sandbox::{self, problem};
use crate::settings::Settings;

pub(crate) use graph::graph;

/// Which modules to run besides the built-in one.
#[derive(Debug, Default, clap::Args)]
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
    /// What the policy file says of it; nothing of a module that only the command line names.
    terms: Option<Terms>,
}

/// What the operator decided about a module.
#[derive(Debug)]
struct Terms {
    level: Level,
    settings: String,
}

/// What there is to say of a module that could run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'m> {
    pub(crate) description: &'m Description,
    /// Where it came from, as the operator wrote it; `None` for the built-in module.
    pub(crate) source: Option<&'m str>,
    /// By the policy file; `None` where it does not name the module.
    pub(crate) level: Option<Level>,
    /// The settings of the policy file, JSON text; `None` where it does not name the module.
    pub(crate) settings: Option<&'m str>,
}

impl Loaded {
    /// How much its findings count, where the policy file says so.
    fn level(&self) -> Option<Level> {
        self.terms.as_ref().map(|terms| terms.level)
    }

    /// The settings that it runs with: those of the policy file, where it names the module.
    fn settings<'s>(&'s self, given: &'s Settings) -> &'s str {
        match &self.terms {
            Some(terms) => &terms.settings,
            None => given.of(&self.module.description().name),
        }
    }
}

impl Modules {
    /// Loads the built-in module, without which there is no verdict, and as many of the others as can be loaded: those
    /// of the policy file first, so that none of the command line takes their place.
    pub(crate) fn load(
        selection: &Selection,
        pinned: Vec<Pinned>,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, Problem> {
        let mut notes = Vec::new();
        let limits = HostLimits::default();
        // Compiling is for foreign modules only: nothing is looked for where there are none.
        let host = if selection.files.is_empty() && pinned.is_empty() {
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
                terms: None,
            }],
        };
        for pinned in pinned {
            if let Err(problem) = modules.add_pinned(pinned) {
                problems.push(problem);
            }
        }
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
        self.join(Loaded {
            module,
            file: Some(file),
            sha256: Some(sha256),
            terms: None,
        })
    }

    /// Adds a module of the policy file, whose bytes are those of the lock file.
    fn add_pinned(&mut self, pinned: Pinned) -> Result<(), Problem> {
        let sandbox::LoadedFile { mut module, sha256 } =
            sandbox::load_bytes(&self.host, &pinned.name, &pinned.wasm, &mut self.notes)?;
        pinned.compare(&module)?;
        if let Err(error) = module.judge_settings(&pinned.settings) {
            return Err(locked::refuse_settings(&pinned.name, error));
        }
        if pinned.sees_sensitive {
            self.notes.push(format!(
                "module `{}` sees sensitive values: the policy file grants it",
                pinned.name
            ));
            module = module.grant_sensitive();
        }
        self.join(Loaded {
            module,
            file: Some(pinned.source),
            sha256: Some(sha256),
            terms: Some(Terms {
                level: pinned.level,
                settings: pinned.settings,
            }),
        })
    }

    /// Lets a module in, unless it claims what another one has.
    fn join(&mut self, newcomer: Loaded) -> Result<(), Problem> {
        if let Some(message) = self.conflict(&newcomer.module) {
            return Err(Problem {
                code: codes::MODULE_CONFLICT,
                subject: newcomer.file.unwrap_or_default(),
                byte_offset: None,
                message,
                help: codes::help(codes::MODULE_CONFLICT),
            });
        }
        self.loaded.push(newcomer);
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

    /// What there is to say of the modules without running them, the built-in one first.
    pub(crate) fn about(&self) -> impl Iterator<Item = About<'_>> {
        self.loaded.iter().map(|loaded| About {
            description: loaded.module.description(),
            source: loaded.file.as_deref(),
            level: loaded.level(),
            settings: loaded.terms.as_ref().map(|terms| terms.settings.as_str()),
        })
    }

    /// Refuses settings and grants that no module would ever see, or that only the policy file may give.
    pub(crate) fn check_settings(&self, settings: &Settings, granted: &[String]) -> Result<(), Failure> {
        let find = |name: &str| {
            let mut loaded = self.loaded.iter();
            loaded.find(|loaded| loaded.module.description().name == name)
        };
        let is_pinned = |name: &str| find(name).is_some_and(|loaded| loaded.terms.is_some());
        let of_pinned = settings.unknown(|name| !is_pinned(name)).next();
        if let Some(name) = of_pinned.or(granted.iter().map(String::as_str).find(|name| is_pinned(name))) {
            let message = format!("module `{name}` is the policy file's, and so are its settings and what it sees");
            return Err(Failure::usage(message).help("change the block of this module there, and have that reviewed"));
        }
        let known = |name: &str| find(name).is_some();
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
                level: loaded.level(),
                sees_sensitive: loaded.module.sees_sensitive(),
                rules: description.rules.clone(),
                usage: None,
            }
        }));
    }
}
