//! From the unknown paths of each change to values for them.

use std::collections::HashMap;

use nhi_plan::path;
use nhi_plan::{Location, Plan, json};

use crate::ast::Text;
use crate::evaluator::{Evaluator, names_blocks};
use crate::fault::Fault;
use crate::limits::Limits;
use crate::outcome::{Filled, Outcome, describe};
use crate::reconcile::reconcile;
use crate::sources::Sources;
use crate::value::{Data, Value};

/// What was worked out for the instances of a plan.
#[derive(Debug, Default)]
pub struct Evaluation {
    resources: HashMap<String, Instance>,
    locations: HashMap<String, Location<'static>>,
    notes: Vec<String>,
    steps: u64,
}

#[derive(Debug, Default)]
struct Instance {
    filled: Vec<Filled>,
    insides: Vec<(String, String)>,
    outcomes: Vec<Outcome>,
}

impl Evaluation {
    /// Values for unknown paths of the instance at an address.
    pub fn filled(&self, address: &str) -> &[Filled] {
        self.resources.get(address).map_or(&[], |instance| &instance.filled)
    }

    /// Unknown paths with the texts that are known to be encoded there: symbols stand for what is unknown in them.
    pub fn insides(&self, address: &str) -> &[(String, String)] {
        self.resources.get(address).map_or(&[], |instance| &instance.insides)
    }

    /// What became of each unknown path that the configuration sets.
    pub fn outcomes(&self, address: &str) -> &[Outcome] {
        self.resources.get(address).map_or(&[], |instance| &instance.outcomes)
    }

    /// Where the block at an address without instance keys stands.
    pub fn location(&self, config_address: &str) -> Option<&Location<'static>> {
        self.locations.get(config_address)
    }

    /// What of the sources could not be read.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What it cost.
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

fn has_unknowns(mask: Option<&str>) -> bool {
    mask.is_some_and(|mask| mask.contains("true"))
}

/// Works out from the configuration what the unknown attributes of a plan will look like.
///
/// It never fails: what cannot be worked out stays unknown, and [`Evaluation::outcomes`] says why.
pub fn evaluate(sources: &Sources, plan: &Plan<'_>, limits: &Limits) -> Evaluation {
    let mut evaluation = Evaluation {
        locations: sources.locations().collect(),
        notes: sources.notes().to_vec(),
        ..Evaluation::default()
    };
    let changes = || plan.resource_changes.iter().chain(&plan.deferred_changes);
    let outputs = || {
        plan.output_changes
            .iter()
            .filter(|output| has_unknowns(output.change.after_unknown))
    };
    if outputs().next().is_none() && !changes().any(|change| has_unknowns(change.change.after_unknown)) {
        return evaluation;
    }
    let mut evaluator = Evaluator::new(sources, plan, *limits);
    for at in 0..evaluator.index.instances.len() {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        if let Some((address, instance)) = fill(&mut evaluator, at) {
            evaluation.resources.insert(address, instance);
        }
    }
    for output in outputs() {
        let mut instance = Instance::default();
        evaluator.begin();
        let name = Text::from(&*output.name);
        let (planned, value) = (evaluator.planned_output(output), evaluator.root_output(&name));
        holes(&mut evaluator, &planned, &value, String::new(), &mut instance);
        evaluation.resources.insert(format!("output.{name}"), instance);
    }
    evaluation.steps = evaluator.steps_total();
    evaluation
}

/// The attributes and kinds of blocks in which something is unknown.
fn unknown_names(mask: &str) -> Vec<String> {
    let Ok(document) = json::parse(mask) else {
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    for (name, member) in document.root().members() {
        if member.raw().contains("true") {
            names.push(name.into_owned());
        }
    }
    names
}

fn fill(evaluator: &mut Evaluator<'_>, at: u32) -> Option<(String, Instance)> {
    let found = evaluator.index.instance(at)?;
    let address = found.address.to_owned();
    let mask = found.unknown.filter(|mask| has_unknowns(Some(mask)))?;
    let mut instance = Instance::default();
    for name in unknown_names(mask) {
        if evaluator.says_something(at, &name) {
            evaluator.begin();
            attribute(evaluator, at, &Text::from(name), &mut instance);
        }
    }
    let nothing = instance.filled.is_empty() && instance.outcomes.is_empty();
    (!nothing).then_some((address, instance))
}

fn attribute(evaluator: &mut Evaluator<'_>, at: u32, name: &Text, instance: &mut Instance) {
    let planned = evaluator
        .planned(at, name)
        .ok()
        .flatten()
        .unwrap_or_else(|| Value::unknown(name));
    let mut path = String::new();
    path::push_key(&mut path, name);
    let found = match evaluator.attribute_or_blocks(at, name) {
        Ok(found) => found,
        Err(fault) => {
            instance.outcomes.push(Outcome::unresolved(path, fault.reason()));
            return;
        }
    };
    holes(evaluator, &planned, &found, path, instance);
}

/// What fills the holes of a planned value.
fn holes(evaluator: &mut Evaluator<'_>, planned: &Value, found: &Value, path: String, instance: &mut Instance) {
    let mut pairs = Vec::new();
    reconcile(planned, found, path, &mut pairs);
    for (path, value) in pairs {
        let inside = evaluator.inside(&value);
        if !inside.is_empty() {
            instance.insides.push((path.clone(), inside));
        }
        match describe(evaluator, &path, &value) {
            Ok((filled, outcome)) => {
                instance.filled.extend(filled);
                instance.outcomes.push(outcome);
            }
            Err(fault) => instance.outcomes.push(Outcome::unresolved(path, fault.reason())),
        }
    }
}

impl Evaluator<'_> {
    /// Whether there is anything from which an attribute could be worked out.
    fn says_something(&mut self, at: u32, name: &str) -> bool {
        if self.is_derivable(at, name) {
            return true;
        }
        let Some((block, _)) = self.block_of(at) else {
            return false;
        };
        let body = &block.body;
        body.attribute(name).is_some()
            || body.attribute("dynamic").is_some()
            || body
                .blocks
                .iter()
                .any(|block| *block.kind == *name || (&*block.kind == "dynamic" && block.label(0) == name))
    }

    fn attribute_or_blocks(&mut self, at: u32, name: &Text) -> Result<Value, Fault> {
        let is_block = !self.is_derivable(at, name)
            && self
                .block_of(at)
                .is_some_and(|(block, _)| names_blocks(&block.body, name));
        if is_block {
            let blocks = self.in_instance(at, |evaluator, block, scope| evaluator.blocks(&block.body, name, scope));
            return blocks.unwrap_or_else(|| Ok(Value::unknown(name)));
        }
        let value = self.resource_attribute(at, name);
        // A block of JSON configuration looks like an attribute.
        let from_json = matches!(value.data, Data::Map(_)) && self.plans_a_list(at, name);
        Ok(if from_json { Value::list(vec![value]) } else { value })
    }

    fn plans_a_list(&mut self, at: u32, name: &Text) -> bool {
        let planned = self.planned(at, name).ok().flatten();
        planned.is_some_and(|value| value.elements().is_some())
    }

    /// The attributes that the plan knows of an instance.
    fn planned_names(&self, at: u32) -> Vec<Text> {
        let after = self.index.instance(at).and_then(|instance| instance.after);
        let Some(document) = after.and_then(|after| json::parse(after).ok()) else {
            return Vec::new();
        };
        document.root().members().map(|(name, _)| Text::from(&*name)).collect()
    }
}

/// A value worked out again although the plan knows it: how the evaluation is tested against real plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Address of the instance.
    pub address: String,
    /// Attribute.
    pub name: String,
    /// JSON text of what the plan holds.
    pub planned: String,
    /// JSON text of what the evaluation makes of the configuration.
    pub evaluated: Result<String, String>,
}

/// Works out what the plan knows already, from the configuration alone, and sets both side by side.
pub fn replay(sources: &Sources, plan: &Plan<'_>, limits: &Limits) -> Vec<Replayed> {
    let mut evaluator = Evaluator::new(sources, plan, *limits);
    let mut all = Vec::new();
    for at in 0..evaluator.index.instances.len() {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for name in evaluator.planned_names(at) {
            evaluator.begin();
            let Ok(Some(planned)) = evaluator.planned(at, &name) else {
                continue;
            };
            let known = !planned.is_null() && !planned.traits().unknown && !planned.any_sensitive();
            if !known {
                continue;
            }
            let found = match evaluator.document_attribute(at, &name) {
                Ok(None) => evaluator.configured(at, &name),
                other => other,
            };
            let evaluated = match found {
                Ok(None) => continue,
                Ok(Some(value)) => Ok(crate::outcome::json_of(&value)),
                Err(fault) => Err(fault.reason().to_owned()),
            };
            all.push(Replayed {
                address: evaluator
                    .index
                    .instance(at)
                    .map_or("", |found| found.address)
                    .to_owned(),
                name: name.to_string(),
                planned: crate::outcome::json_of(&planned),
                evaluated,
            });
        }
    }
    all
}
