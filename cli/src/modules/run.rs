//! Runs the modules: the built-in one, beside it those that need nothing of it, after it those that do.
//!
//! What comes of them enters the report in the order in which they were named, whoever is done first.

use std::cell::RefCell;
use std::collections::HashMap;
use std::thread;

use nhi_plan::{Context, Description, Mode, Plan, RuleInfo};
use nhi_policy_host::{HostError, HostErrorKind, Task};

use super::locate::locate;
use super::{Loaded, Modules, World};
use crate::builtin;
use crate::exit::Failure;
use crate::locked;
use crate::output::{self, Progress};
use crate::report::{BlockCounts, Entry, Report};
use crate::sandbox::problem;
use crate::settings::Settings;

/// What came of a module.
type Outcome = Result<nhi_policy_host::Report, HostError>;

impl Modules {
    /// Runs every module over the plan and fills the report. Settings that a module refuses are a wrong command line.
    pub(crate) fn run(
        &self,
        plan: &Plan<'_>,
        world: World<'_>,
        context: &Context,
        settings: &Settings,
        report: &mut Report,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        report.blocks = count(plan);
        let is_wanted = self
            .loaded
            .iter()
            .any(|loaded| loaded.module.description().needs_graph());
        let was_asked = settings.asks_for_graph();
        let mut settings = settings.clone();
        if is_wanted {
            settings.ask_for_graph()?;
        }
        // Who does not ask for the graph runs beside the built-in module, which knows it only at its end.
        let asks = |position: &usize| {
            let loaded = self.loaded.get(*position);
            loaded.is_some_and(|loaded| loaded.module.description().needs_graph())
        };
        let (after, beside): (Vec<usize>, Vec<usize>) = (1..self.loaded.len()).partition(asks);
        let (own, mut outcomes) = thread::scope(|scope| {
            let others = || self.run_together(plan, world, &beside, context, &settings);
            let thread = thread::Builder::new().name("modules".into());
            let spawned = (!beside.is_empty()).then(|| thread.spawn_scoped(scope, others));
            let own = self.run_built_in(plan, world, context, &settings, progress);
            // Without a thread of their own they have their turn now.
            let outcomes = match spawned {
                Some(Ok(thread)) => thread.join().unwrap_or_default(),
                Some(Err(_)) => others(),
                None => Vec::new(),
            };
            (own, outcomes)
        });
        self.enter_outcome(0, own, report)?;
        if is_wanted {
            let context = Context {
                graph: Some(take_graph(report, was_asked)?),
                ..context.clone()
            };
            outcomes.extend(self.run_together(plan, world, &after, &context, &settings));
        }
        outcomes.sort_by_key(|(position, _)| *position);
        for position in 1..self.loaded.len() {
            let outcome = outcomes.iter().position(|(known, _)| *known == position);
            let outcome = outcome.map_or_else(|| Err(lost()), |at| outcomes.remove(at).1);
            self.enter_outcome(position, outcome, report)?;
        }
        locate(plan, world, report);
        Ok(())
    }

    /// Runs the built-in module, and shows how far it is.
    fn run_built_in(
        &self,
        plan: &Plan<'_>,
        world: World<'_>,
        context: &Context,
        settings: &Settings,
        progress: &mut Progress,
    ) -> Outcome {
        let loaded = self.loaded.first().ok_or_else(lost)?;
        let description = loaded.module.description();
        let total = count(plan).total();
        let attention = RefCell::new(Attention::new(vec![description]));
        let progress = RefCell::new(progress);
        let wanted = |mode: Mode, resource_type: &str, _: &str| {
            let (is_wanted, seen) = attention.borrow_mut().look(mode, resource_type);
            if seen.is_multiple_of(1_024) {
                let said = || format!("{}: {seen} of {total} blocks", description.name);
                progress.borrow_mut().show(said);
            }
            is_wanted
        };
        let blocks = world.blocks(plan, &wanted);
        self.host
            .run(&loaded.module, loaded.settings(settings), context, blocks)
    }

    /// Runs the modules at these positions, all of them over the same pass through the plan.
    fn run_together(
        &self,
        plan: &Plan<'_>,
        world: World<'_>,
        positions: &[usize],
        context: &Context,
        settings: &Settings,
    ) -> Vec<(usize, Outcome)> {
        let some = positions.iter().filter_map(|at| Some((*at, self.loaded.get(*at)?)));
        let some: Vec<(usize, &Loaded)> = some.collect();
        let descriptions = some.iter().map(|(_, loaded)| loaded.module.description()).collect();
        let attention = RefCell::new(Attention::new(descriptions));
        let wanted = |mode: Mode, resource_type: &str, _: &str| attention.borrow_mut().look(mode, resource_type).0;
        let tasks: Vec<Task<'_>> = some
            .iter()
            .map(|(_, loaded)| Task {
                module: &loaded.module,
                settings: loaded.settings(settings),
                context,
            })
            .collect();
        let outcomes = self.host.run_together(&tasks, || world.blocks(plan, &wanted));
        some.iter().map(|(at, _)| *at).zip(outcomes).collect()
    }

    /// Puts what came of a module into the report. Settings that it refuses are a wrong command line.
    fn enter_outcome(&self, position: usize, outcome: Outcome, report: &mut Report) -> Result<(), Failure> {
        let Some(loaded) = self.loaded.get(position) else {
            return Ok(());
        };
        match outcome {
            Ok(result) => take(report, position, loaded, result),
            Err(error) if error.kind == HostErrorKind::Settings && loaded.terms.is_none() => {
                let name = &loaded.module.description().name;
                let message = format!("module `{name}` refuses its settings: {}", error.message);
                return Err(Failure::usage(message).help("correct what `--module-settings` says for this module"));
            }
            Err(error) if error.kind == HostErrorKind::Settings => {
                let name = &loaded.module.description().name;
                report.entries.push(locked::refuse_settings(name, error).into());
            }
            Err(error) => {
                let subject = loaded.file.as_deref().unwrap_or(builtin::NAME);
                report.entries.push(problem(subject, error).into());
            }
        }
        Ok(())
    }
}

#[cold]
fn lost() -> HostError {
    let kind = HostErrorKind::Engine;
    HostError {
        module: builtin::NAME.to_owned(),
        message: "a module's thread ended".to_owned(),
        help: kind.help().to_owned(),
        kind,
    }
}

/// Who can become whom, as JSON; the edges stay in the report only where somebody asked for them there.
fn take_graph(report: &mut Report, was_asked: bool) -> Result<String, Failure> {
    let mut edges = Report::new(report.threshold);
    let (own, others) = std::mem::take(&mut report.entries)
        .into_iter()
        .partition(|entry: &Entry| output::is_edge(entry));
    (edges.entries, report.entries) = (own, others);
    let text = output::render_graph(output::GraphFormat::Json, &edges)?;
    if was_asked {
        report.entries.append(&mut edges.entries);
    }
    Ok(text)
}

/// How many blocks there are, without working any of them out.
fn count(plan: &Plan<'_>) -> BlockCounts {
    let counts = RefCell::new(BlockCounts::default());
    let tally = |mode: Mode, _: &str, _: &str| {
        counts.borrow_mut().add(mode);
        false
    };
    plan.blocks_wanted(&tally).for_each(drop);
    counts.into_inner()
}

/// What modules want to see, remembered by type: a plan has many blocks and few types.
struct Attention<'m> {
    descriptions: Vec<&'m Description>,
    known: HashMap<Mode, HashMap<String, bool>>,
    seen: u64,
}

impl<'m> Attention<'m> {
    fn new(descriptions: Vec<&'m Description>) -> Self {
        Self {
            descriptions,
            known: HashMap::new(),
            seen: 0,
        }
    }

    /// Whether a block is wanted, and how many have been looked at.
    fn look(&mut self, mode: Mode, resource_type: &str) -> (bool, u64) {
        self.seen += 1;
        let known = self.known.entry(mode).or_default();
        if let Some(is_wanted) = known.get(resource_type) {
            return (*is_wanted, self.seen);
        }
        let wants = |description: &&Description| description.needs(mode, resource_type).is_some();
        let is_wanted = self.descriptions.iter().any(wants);
        known.insert(resource_type.to_owned(), is_wanted);
        (is_wanted, self.seen)
    }
}

fn take(report: &mut Report, position: usize, loaded: &Loaded, result: nhi_policy_host::Report) {
    let description = loaded.module.description();
    let rules: HashMap<&str, &RuleInfo> = description
        .rules
        .iter()
        .map(|rule| (rule.code.as_str(), rule))
        .collect();
    for finding in result.findings {
        // The host lets no finding pass that names another rule.
        if let Some(rule) = rules.get(finding.rule.as_str()) {
            report.entries.push(Entry {
                level: loaded.level(),
                ..Entry::from_finding(&description.name, rule, finding)
            });
        }
    }
    if result.usage.changes == 0 && report.blocks.total() > 0 {
        let total = report.blocks.total();
        report.notes.push(format!(
            "module `{}` is interested in none of the {total} blocks",
            description.name
        ));
    }
    if let Some(run) = report.modules.get_mut(position) {
        run.usage = Some(result.usage);
    }
}
