//! A plan as a sequence of blocks, each with all that is known of it.
//!
//! The order is fixed: resource changes as the plan lists them, deferred ones, data sources that were already read,
//! provider blocks, root variables, constants that module calls pass, root outputs. Masks and references are worked out when a block is reached, so
//! that a caller who wants few blocks pays for few.

use std::borrow::Cow;

use crate::address::{join, without_keys};
use crate::change::{Action, Change, Mode, Reference};
use crate::constants::constants;
use crate::hash::{Map, Set};
use crate::json;
use crate::masks;
use crate::plan::{
    Configuration, OutputChange, Plan, PlannedVariable, ProviderConfig, ResourceChange, ResourceConfig, StateResource,
    VariableConfig,
};
use crate::references::{Resolved, Resolver};

/// Decides by mode, resource type and address whether a block is wanted. Only resources have a type and an address
/// before they are worked out, and providers a type.
pub type Wanted<'p> = &'p dyn Fn(Mode, &str, &str) -> bool;

impl Plan<'_> {
    /// All blocks in their fixed order.
    pub fn blocks(&self) -> Blocks<'_> {
        self.blocks_wanted(&|_, _, _| true)
    }

    /// The blocks that `wanted` says yes to, in their fixed order; the others cost next to nothing.
    pub fn blocks_wanted<'p>(&'p self, wanted: Wanted<'p>) -> Blocks<'p> {
        let changes = self.resource_changes.iter().chain(&self.deferred_changes);
        let deferred_data = changes
            .filter(|change| change.mode == Mode::Data)
            .map(|change| &*change.address);
        Blocks {
            plan: self,
            wanted,
            resolver: None,
            modules: Map::default(),
            again: None,
            rereads: deferred_data.collect(),
            arguments: None,
            stage: Stage::Changes,
            next: 0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Changes,
    Deferred,
    State,
    Providers,
    Variables,
    Arguments,
    Outputs,
    Done,
}

/// Iterates over the blocks of a plan; made by [`Plan::blocks`].
pub struct Blocks<'p> {
    plan: &'p Plan<'p>,
    wanted: Wanted<'p>,
    /// Made for the first block that is worked out.
    resolver: Option<Resolver<'p>>,
    /// Places of module instances in the configuration.
    modules: Map<&'p str, Option<usize>>,
    /// References of the last block, which the instances of one block share.
    again: Option<(&'p ResourceConfig<'p>, Vec<Reference<'p>>, bool)>,
    /// Data sources that the plan reads anew.
    rereads: Set<&'p str>,
    /// Constants that module calls pass, once they are reached.
    arguments: Option<Vec<Argument<'p>>>,
    stage: Stage,
    next: usize,
}

impl std::fmt::Debug for Blocks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks")
            .field("stage", &self.stage)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl<'p> Iterator for Blocks<'p> {
    type Item = Change<'p>;

    fn next(&mut self) -> Option<Change<'p>> {
        loop {
            let at = self.next;
            self.next += 1;
            let (plan, wanted) = (self.plan, self.wanted);
            let (following, found) = match self.stage {
                Stage::Changes => (
                    Stage::Deferred,
                    plan.resource_changes.get(at).map(|change| self.change(change)),
                ),
                Stage::Deferred => (
                    Stage::State,
                    plan.deferred_changes.get(at).map(|change| self.change(change)),
                ),
                Stage::State => (
                    Stage::Providers,
                    plan.state_resources.get(at).map(|resource| self.existing(resource)),
                ),
                Stage::Providers => (
                    Stage::Variables,
                    plan.configuration
                        .providers
                        .get(at)
                        .map(|provider| self.provider(provider)),
                ),
                Stage::Variables => {
                    let found = plan
                        .variables
                        .get(at)
                        .map(|found| wanted(Mode::Variable, "", "").then(|| self.variable(found)));
                    (Stage::Arguments, found)
                }
                Stage::Arguments => {
                    let is_there = at < self.arguments().len();
                    let is_wanted = is_there && wanted(Mode::Variable, "", "");
                    let found = is_wanted.then(|| self.argument(at)).flatten();
                    (Stage::Outputs, is_there.then_some(found))
                }
                Stage::Outputs => {
                    let found = plan
                        .output_changes
                        .get(at)
                        .map(|found| wanted(Mode::Output, "", "").then(|| self.output(found)));
                    (Stage::Done, found)
                }
                Stage::Done => return None,
            };
            match found {
                Some(Some(change)) => return Some(change),
                Some(None) => {}
                None => (self.stage, self.next) = (following, 0),
            }
        }
    }
}

impl<'p> Blocks<'p> {
    fn change(&mut self, from: &'p ResourceChange<'p>) -> Option<Change<'p>> {
        if !(self.wanted)(from.mode, &from.resource_type, &from.address) {
            return None;
        }
        let delta = &from.change;
        let mut change = blank(from.mode, &from.address);
        change.previous_address = from.previous_address.as_deref().map(Cow::Borrowed);
        change.resource_type = Cow::Borrowed(&from.resource_type);
        change.provider = Cow::Borrowed(&from.provider);
        change.module_address = Cow::Borrowed(&from.module_address);
        change.actions.clone_from(&delta.actions);
        change.before = delta.before.map(Cow::Borrowed);
        change.after = delta.after.map(Cow::Borrowed);
        change.unknown_paths = masks::paths(delta.after_unknown);
        change.sensitive_paths = masks::paths_of_both(delta.after_sensitive, delta.before_sensitive);
        attribute(&mut change, "index", from.index);
        attribute(&mut change, "deposed", from.deposed.as_deref());
        attribute(&mut change, "action_reason", from.action_reason.as_deref());
        attribute(&mut change, "deferred_reason", from.deferred_reason.as_deref());
        attribute(&mut change, "importing", delta.importing);
        attribute(&mut change, "replace_paths", delta.replace_paths);
        attribute(&mut change, "generated_config", delta.generated_config.as_deref());
        self.configure(
            &mut change,
            &from.module_address,
            from.mode,
            &from.resource_type,
            &from.name,
        );
        Some(change)
    }

    fn existing(&mut self, from: &'p StateResource<'p>) -> Option<Change<'p>> {
        if self.rereads.contains(&*from.address) || !(self.wanted)(from.mode, &from.resource_type, &from.address) {
            return None;
        }
        let mut change = blank(from.mode, &from.address);
        change.resource_type = Cow::Borrowed(&from.resource_type);
        change.provider = Cow::Borrowed(&from.provider);
        change.module_address = Cow::Borrowed(&from.module_address);
        change.actions = vec![Action::NoOp];
        change.before = from.values.map(Cow::Borrowed);
        change.after = from.values.map(Cow::Borrowed);
        change.sensitive_paths = masks::paths(from.sensitive_values);
        attribute(&mut change, "source", Some(from.source));
        attribute(&mut change, "index", from.index);
        self.configure(
            &mut change,
            &from.module_address,
            from.mode,
            &from.resource_type,
            &from.name,
        );
        Some(change)
    }

    /// Adds what the block in the configuration says.
    fn configure(&mut self, change: &mut Change<'p>, module: &'p str, mode: Mode, resource_type: &str, name: &str) {
        let resolver = resolver_of(self.plan, &mut self.resolver);
        let module = *self
            .modules
            .entry(module)
            .or_insert_with(|| resolver.module(&without_keys(module)));
        let data = if mode == Mode::Data { "data." } else { "" };
        let Some((module, config)) = module.and_then(|module| {
            Some((
                module,
                resolver.resource(module, &format!("{data}{resource_type}.{name}"))?,
            ))
        }) else {
            return;
        };
        change.configuration = config.expressions.map(Cow::Borrowed);
        attribute(change, "provider_config", Some(&config.provider_config_key));
        attribute(change, "count", config.count_expression);
        attribute(change, "for_each", config.for_each_expression);
        attribute(change, "provisioners", config.provisioners);
        let known = self.again.as_ref().filter(|(last, ..)| std::ptr::eq(*last, config));
        let (references, cut) = match known {
            Some((_, references, cut)) => (references.clone(), *cut),
            None => {
                let Resolved { references, cut } = resolver.resource_references(module, config);
                if config.count_expression.is_some() || config.for_each_expression.is_some() {
                    self.again = Some((config, references.clone(), cut));
                }
                (references, cut)
            }
        };
        refer(change, Resolved { references, cut });
    }

    fn provider(&mut self, from: &'p ProviderConfig<'p>) -> Option<Change<'p>> {
        if !(self.wanted)(Mode::Provider, &from.name, "") {
            return None;
        }
        let alias = from.alias.as_deref().filter(|alias| !alias.is_empty());
        let local = match alias {
            Some(alias) => format!("provider.{}.{alias}", from.name),
            None => format!("provider.{}", from.name),
        };
        let mut change = blank(Mode::Provider, "");
        change.address = Cow::Owned(join(&from.module_address, &local));
        change.config_address.clone_from(&change.address);
        change.resource_type = Cow::Borrowed(&from.name);
        change.provider = Cow::Borrowed(&from.full_name);
        change.module_address = Cow::Borrowed(&from.module_address);
        change.configuration = from.expressions.map(Cow::Borrowed);
        let known = constants(from.expressions.unwrap_or("{}"));
        change.after = known.json.map(Cow::Owned);
        change.unknown_paths = known.unknown;
        change.sensitive_paths = known.sensitive;
        let resolver = resolver_of(self.plan, &mut self.resolver);
        if let Some(module) = resolver.module(&without_keys(&from.module_address)) {
            let found = resolver.references(module, from.expressions);
            refer(&mut change, found);
        }
        Some(change)
    }

    fn variable(&mut self, from: &'p PlannedVariable<'p>) -> Change<'p> {
        let resolver = resolver_of(self.plan, &mut self.resolver);
        let mut change = blank(Mode::Variable, "");
        change.address = Cow::Owned(format!("var.{}", from.name));
        change.config_address.clone_from(&change.address);
        change.after = from.value.map(Cow::Borrowed);
        let config = resolver.root_variable(&from.name);
        change.configuration = config.map(|config| Cow::Borrowed(config.raw));
        // A variable whose declaration is not in the plan may well be a secret.
        if config.is_none_or(|config| config.sensitive) {
            change.sensitive_paths = vec![Cow::Borrowed("")];
        }
        change
    }

    /// The constants that module calls pass, worked out once.
    fn arguments(&mut self) -> &[Argument<'p>] {
        let plan = self.plan;
        self.arguments.get_or_insert_with(|| arguments(&plan.configuration))
    }

    /// The constant that a module call passes, as the variable that it becomes.
    fn argument(&mut self, at: usize) -> Option<Change<'p>> {
        let found = self.arguments().get(at)?;
        let mut change = blank(Mode::Variable, "");
        change.address = Cow::Owned(format!("{}.var.{}", found.module, found.variable.name));
        change.config_address.clone_from(&change.address);
        change.module_address = Cow::Borrowed(found.module);
        change.after = Some(Cow::Borrowed(found.value));
        change.configuration = Some(Cow::Borrowed(found.variable.raw));
        if found.variable.sensitive {
            change.sensitive_paths = vec![Cow::Borrowed("")];
        }
        Some(change)
    }

    fn output(&mut self, from: &'p OutputChange<'p>) -> Change<'p> {
        let delta = &from.change;
        let mut change = blank(Mode::Output, "");
        change.address = Cow::Owned(format!("output.{}", from.name));
        change.config_address.clone_from(&change.address);
        change.actions.clone_from(&delta.actions);
        change.before = delta.before.map(Cow::Borrowed);
        change.after = delta.after.map(Cow::Borrowed);
        change.unknown_paths = masks::paths(delta.after_unknown);
        change.sensitive_paths = masks::paths_of_both(delta.after_sensitive, delta.before_sensitive);
        let resolver = resolver_of(self.plan, &mut self.resolver);
        if let Some(config) = resolver.root_output(&from.name) {
            if config.sensitive {
                change.sensitive_paths = vec![Cow::Borrowed("")];
            }
            change.configuration = config.expression.map(Cow::Borrowed);
            let found = resolver.references(0, config.expression);
            refer(&mut change, found);
        }
        change
    }
}

/// What follows references, made once.
fn resolver_of<'r, 'p>(plan: &'p Plan<'p>, known: &'r mut Option<Resolver<'p>>) -> &'r mut Resolver<'p> {
    known.get_or_insert_with(|| Resolver::new(&plan.configuration))
}

/// A constant in the arguments of a module call.
#[derive(Debug)]
struct Argument<'p> {
    module: &'p str,
    variable: &'p VariableConfig<'p>,
    /// JSON text.
    value: &'p str,
}

/// The constants that module calls pass and that hold text: what else a call says is a reference to a place of its own.
fn arguments<'p>(configuration: &'p Configuration<'p>) -> Vec<Argument<'p>> {
    let mut found = Vec::new();
    for module in &configuration.modules {
        let caller = module.parent.and_then(|parent| configuration.modules.get(parent));
        let text = caller
            .and_then(|caller| caller.calls.get(module.call)?.expressions)
            .filter(|text| text.contains("\"constant_value\":"));
        let Some((text, document)) = text.and_then(|text| Some((text, json::parse(text).ok()?))) else {
            continue;
        };
        let variables: Map<&str, &VariableConfig<'_>> = module
            .variables
            .iter()
            .map(|variable| (&*variable.name, variable))
            .collect();
        for (name, expression) in document.root().members() {
            let Some(constant) = expression.get("constant_value") else {
                continue;
            };
            let start = constant.offset();
            let value = text.get(start..start + constant.raw().len());
            if let (Some(variable), Some(value)) = (variables.get(&*name), value.filter(|value| value.contains('"'))) {
                found.push(Argument {
                    module: &module.address,
                    variable,
                    value,
                });
            }
        }
    }
    found
}

fn blank(mode: Mode, address: &str) -> Change<'_> {
    Change {
        address: Cow::Borrowed(address),
        config_address: without_keys(address),
        previous_address: None,
        resource_type: Cow::Borrowed(""),
        provider: Cow::Borrowed(""),
        module_address: Cow::Borrowed(""),
        mode,
        actions: Vec::new(),
        before: None,
        after: None,
        configuration: None,
        unknown_paths: Vec::new(),
        sensitive_paths: Vec::new(),
        references: Vec::new(),
        location: None,
        attributes: Vec::new(),
    }
}

fn attribute<'p>(change: &mut Change<'p>, key: &'static str, value: Option<&'p str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        change.attributes.push((Cow::Borrowed(key), Cow::Borrowed(value)));
    }
}

fn refer<'p>(change: &mut Change<'p>, resolved: Resolved<'p>) {
    change.references = resolved.references;
    attribute(change, "references_truncated", resolved.cut.then_some("true"));
}
