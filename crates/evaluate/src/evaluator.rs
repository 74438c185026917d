//! The evaluator: budgets, memory of what was worked out, and the step from one name to the next.

mod choose;
mod derived;
mod expressions;
mod inside;
mod modules;
mod names;
mod nested;
mod resources;
mod templates;
mod traverse;
mod types;
mod variables;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::ast::{Block, Part, Text};
use crate::fault::Fault;
use crate::limits::Limits;
use crate::plan_index::{Index, Key};
use crate::sources::Sources;
use crate::value::Value;
use nhi_plan::Plan;
use nhi_plan::json::Document;

pub(crate) use modules::ModuleInstance;
pub(crate) use nested::names_blocks;
pub(crate) use variables::from_json;

/// What was worked out once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    Local(Text),
    Variable(Text),
    Output(Text),
    /// `for_each` or `count` of a block, by its address in the module.
    Repetition(Text),
    /// An attribute of an instance.
    Attribute(u32, Text),
    /// All instances of a resource block, or of a module call.
    Instances(Text),
    /// The region of a provider block.
    Region(Text),
}

#[derive(Debug, Clone)]
enum Memory {
    Busy,
    Done(Value),
}

/// The block whose expressions are evaluated, for `each` and `count`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'s> {
    /// Address in the module: `aws_s3_bucket.b`, `module.m`.
    pub(crate) address: &'s str,
    pub(crate) block: &'s Block,
    pub(crate) key: &'s Key,
}

/// A name that `for` or `dynamic` introduces.
#[derive(Debug)]
pub(crate) struct Frame<'s> {
    pub(crate) name: &'s str,
    pub(crate) value: Value,
    pub(crate) up: Option<&'s Frame<'s>>,
}

/// What names mean at a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'s> {
    /// Module instance.
    pub(crate) module: u32,
    pub(crate) owner: Option<Owner<'s>>,
    pub(crate) frames: Option<&'s Frame<'s>>,
    /// In a template file only the names that were passed exist.
    pub(crate) passed: Option<&'s BTreeMap<Text, Value>>,
}

impl<'s> Scope<'s> {
    pub(crate) fn of_module(module: u32) -> Self {
        Self {
            module,
            owner: None,
            frames: None,
            passed: None,
        }
    }

    pub(crate) fn with<'t>(&'t self, frame: &'t Frame<'t>) -> Scope<'t>
    where
        's: 't,
    {
        Scope {
            frames: Some(frame),
            ..*self
        }
    }
}

/// Works out values; made for one plan.
pub(crate) struct Evaluator<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) index: Index<'a>,
    pub(crate) limits: Limits,
    modules: Vec<ModuleInstance>,
    module_ids: HashMap<String, u32>,
    memory: HashMap<(u32, Slot), Memory>,
    /// Why what a symbol stands for could not be worked out.
    reasons: HashMap<Text, Text>,
    /// Texts inside of what is encoded, by the symbol that stands for it.
    insides: HashMap<Text, Text>,
    /// Template files, read once.
    pub(crate) template_files: HashMap<String, Option<Arc<Vec<Part>>>>,
    /// What the plan says of the instances that were asked for last: values, unknowns, what is sensitive.
    parsed: VecDeque<(u32, [Option<Document<'a>>; 3])>,
    steps: u64,
    steps_total: u64,
    work_bytes: u64,
    depth: u32,
    /// How many `try` and `can` are around: in them a failure is no symbol.
    attempts: u32,
    /// Something was taken from a value of which it is not known whether it has it.
    uncertain: bool,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(sources: &'a Sources, plan: &'a Plan<'a>, limits: Limits) -> Self {
        Self {
            sources,
            plan,
            index: Index::new(plan),
            limits,
            modules: Vec::new(),
            module_ids: HashMap::new(),
            memory: HashMap::new(),
            reasons: HashMap::new(),
            insides: HashMap::new(),
            template_files: HashMap::new(),
            parsed: VecDeque::new(),
            steps: 0,
            steps_total: 0,
            work_bytes: 0,
            depth: 0,
            attempts: 0,
            uncertain: false,
        }
    }

    /// A new attribute begins, with its own budget of steps.
    pub(crate) fn begin(&mut self) {
        self.steps = 0;
        self.depth = 0;
        self.attempts = 0;
    }

    pub(crate) fn steps_total(&self) -> u64 {
        self.steps_total
    }

    pub(crate) fn charge(&mut self, steps: u64) -> Result<(), Fault> {
        self.steps = self.steps.saturating_add(steps);
        self.steps_total = self.steps_total.saturating_add(steps);
        if self.steps > self.limits.steps {
            return Err(Fault::Limit("the budget of steps for one attribute is used up"));
        }
        if self.steps_total > self.limits.steps_total {
            return Err(Fault::Limit("the budget of steps for the plan is used up"));
        }
        Ok(())
    }

    /// Charges for a text of this length, and refuses one that is too long.
    pub(crate) fn charge_text(&mut self, bytes: usize) -> Result<(), Fault> {
        if bytes > self.limits.output_bytes {
            return Err(Fault::Limit("a text is too long"));
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.work_bytes = self.work_bytes.saturating_add(bytes);
        if self.work_bytes > self.limits.work_bytes_total {
            return Err(Fault::Limit("the budget of bytes for the plan is used up"));
        }
        self.charge(bytes / 64)
    }

    /// Charges for going through all of a value.
    pub(crate) fn charge_value(&mut self, value: &Value) -> Result<(), Fault> {
        self.charge(value.traits().weight / 4)
    }

    /// A set of these elements; those that are no scalars are compared with one another.
    pub(crate) fn set_of(&mut self, items: Vec<Value>) -> Result<Value, Fault> {
        self.charge_distinct(&items)?;
        Ok(Value::set(items))
    }

    /// Charges for comparing elements with one another.
    pub(crate) fn charge_distinct(&mut self, items: &[Value]) -> Result<(), Fault> {
        self.charge_items(items.len())?;
        if items.iter().all(Value::is_scalar) {
            return Ok(());
        }
        let weight = items
            .iter()
            .fold(0_u64, |sum, item| sum.saturating_add(item.traits().weight));
        self.charge(weight.saturating_mul(u64::try_from(items.len()).unwrap_or(u64::MAX)) / 64)
    }

    /// Charges for going through a collection.
    pub(crate) fn charge_items(&mut self, items: usize) -> Result<(), Fault> {
        if items > crate::limits::ELEMENTS_MAX {
            return Err(Fault::Limit("a collection has too many elements"));
        }
        self.charge(u64::try_from(items).unwrap_or(u64::MAX))
    }

    /// Runs one level deeper.
    pub(crate) fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth >= self.limits.depth {
            return Err(Fault::Limit("expressions and names lead on too deeply"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// An unknown with a reason of its own.
    pub(crate) fn because(&mut self, origin: &str, reason: &str) -> Value {
        let value = Value::unknown(origin);
        if let crate::value::Data::Unknown(origin) = &value.data {
            self.reasons.entry(origin.clone()).or_insert_with(|| Text::from(reason));
        }
        value
    }

    /// Why a symbol is one, if there is more to say than that it is known after apply only. What was taken from an
    /// unknown value, or made of it, is unknown for its reason.
    pub(crate) fn reason(&self, origin: &str) -> Option<&str> {
        let mut name = origin;
        loop {
            if let Some(reason) = self.reasons.get(name) {
                return Some(reason);
            }
            name = match name.strip_suffix(')').and_then(|call| call.split_once('(')) {
                Some((_, argument)) => argument,
                None => name.rsplit_once(['.', '['])?.0,
            };
        }
    }

    /// What was worked out before.
    pub(crate) fn remembered(&self, module: u32, slot: &Slot) -> Option<Value> {
        match self.memory.get(&(module, slot.clone())) {
            Some(Memory::Done(value)) => Some(value.clone()),
            _ => None,
        }
    }

    /// Works a value out once. A cycle, a failure or a budget makes it unknown.
    pub(crate) fn once(
        &mut self,
        module: u32,
        slot: Slot,
        origin: &str,
        work: impl FnOnce(&mut Self) -> Result<Value, Fault>,
    ) -> Value {
        let key = (module, slot);
        match self.memory.get(&key) {
            Some(Memory::Done(value)) => return value.clone(),
            Some(Memory::Busy) => return self.because(origin, "it leads back to itself"),
            None => {}
        }
        self.memory.insert(key.clone(), Memory::Busy);
        // What fails by itself fails the plan: an attempt further out does not catch it.
        let attempts = std::mem::take(&mut self.attempts);
        let uncertain = self.uncertain;
        let result = self.deeper(work);
        (self.attempts, self.uncertain) = (attempts, uncertain);
        let value = match result {
            Ok(value) => value,
            Err(fault) => {
                let value = self.because(origin, fault.reason());
                let spent = self.steps > self.limits.steps;
                if spent {
                    // Another attribute has a budget of its own.
                    self.memory.remove(&key);
                    return value;
                }
                value
            }
        };
        self.memory.insert(key, Memory::Done(value.clone()));
        value
    }

    /// Runs `work` so that its failing is an answer; also says whether that answer may turn out differently.
    pub(crate) fn attempted(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<Value, Fault>,
    ) -> (Result<Value, Fault>, bool) {
        self.attempts += 1;
        let before = std::mem::take(&mut self.uncertain);
        let result = work(self);
        let uncertain = std::mem::replace(&mut self.uncertain, before);
        self.attempts -= 1;
        (result, uncertain)
    }

    /// Something was taken from a value of which it is not known whether it has it.
    pub(crate) fn doubt(&mut self) {
        self.uncertain = true;
    }

    /// Outside of `try`, what fails is an unknown: the plan shows that Terraform got past it.
    pub(crate) fn settle(&mut self, result: Result<Value, Fault>, origin: &str) -> Result<Value, Fault> {
        match result {
            Err(Fault::Error(reason)) if self.attempts == 0 => Ok(self.because(origin, &reason)),
            other => other,
        }
    }
}
