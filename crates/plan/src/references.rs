//! Where attributes lead: through variables and module outputs to resources, data sources and locals.
//!
//! The graph is walked without recursion, each place once, within a budget for the whole plan, and what was found
//! for a place is kept, so that a hundred thousand resources that use one variable cost one walk.

use std::borrow::Cow;
use std::rc::Rc;

use crate::address::{Target, join, target};
use crate::change::Reference;
use crate::expressions::{Expression, Visitor, visit};
use crate::hash::{Map, Set};
use crate::json;
use crate::plan::{Configuration, ModuleConfig, OutputConfig, ResourceConfig, VariableConfig};

/// Places visited for one reference.
const STEPS_PER_REFERENCE_MAX: usize = 10_000;

/// Places visited for one plan.
const STEPS_MAX: usize = 5_000_000;

/// Bytes of addresses and paths made for one plan.
const BYTES_MAX: usize = 512 << 20;

/// Bytes of attribute paths made for one block; beyond it references stand at the block as a whole.
const PATHS_BYTES_MAX: usize = 8 << 20;

/// A place in the configuration: a module and what is meant in it.
type Place<'p> = (usize, Target<'p>);

type Addresses = Rc<[String]>;

/// Finds where expressions lead; remembers what it found.
#[derive(Debug)]
pub(crate) struct Resolver<'p> {
    configuration: &'p Configuration<'p>,
    resources: Map<(usize, &'p str), &'p ResourceConfig<'p>>,
    outputs: Map<(usize, &'p str), usize>,
    root_variables: Map<&'p str, &'p VariableConfig<'p>>,
    calls: Map<(usize, &'p str), usize>,
    /// Names in the arguments of the call that makes a module, by argument.
    arguments: Map<usize, Map<String, Vec<String>>>,
    known: Map<Place<'p>, Addresses>,
    steps: usize,
    bytes: usize,
    /// The budget ended something since this was last asked.
    cut: bool,
}

/// References of one block, and whether all could be followed.
#[derive(Debug, Default)]
pub(crate) struct Resolved<'p> {
    pub(crate) references: Vec<Reference<'p>>,
    pub(crate) cut: bool,
}

impl<'p> Resolver<'p> {
    pub(crate) fn new(configuration: &'p Configuration<'p>) -> Self {
        let mut resolver = Self {
            configuration,
            resources: Map::default(),
            outputs: Map::default(),
            root_variables: Map::default(),
            calls: Map::default(),
            arguments: Map::default(),
            known: Map::default(),
            steps: 0,
            bytes: 0,
            cut: false,
        };
        if let Some(root) = configuration.modules.first() {
            resolver
                .root_variables
                .extend(root.variables.iter().map(|variable| (&*variable.name, variable)));
        }
        for (index, module) in configuration.modules.iter().enumerate() {
            resolver.resources.extend(
                module
                    .resources
                    .iter()
                    .map(|resource| ((index, &*resource.address), resource)),
            );
            let outputs = module.outputs.iter().enumerate();
            resolver
                .outputs
                .extend(outputs.map(|(at, output)| ((index, &*output.name), at)));
            let calls = module.calls.iter().enumerate();
            resolver
                .calls
                .extend(calls.map(|(at, call)| ((index, &*call.name), at)));
        }
        resolver
    }

    /// The module with an address without instance keys.
    pub(crate) fn module(&self, address: &str) -> Option<usize> {
        let mut module = 0;
        let mut segments = address.split('.').filter(|segment| !segment.is_empty());
        while let (Some(_), Some(name)) = (segments.next(), segments.next()) {
            let call = *self.calls.get(&(module, name))?;
            module = self.configuration.modules.get(module)?.calls.get(call)?.module?;
        }
        (module < self.configuration.modules.len()).then_some(module)
    }

    /// The block of a resource, by its address in the module.
    pub(crate) fn resource(&self, module: usize, address: &str) -> Option<&'p ResourceConfig<'p>> {
        self.resources.get(&(module, address)).copied()
    }

    /// The declaration of a root variable.
    pub(crate) fn root_variable(&self, name: &str) -> Option<&'p VariableConfig<'p>> {
        self.root_variables.get(name).copied()
    }

    /// The declaration of a root output.
    pub(crate) fn root_output(&self, name: &str) -> Option<&'p OutputConfig<'p>> {
        let at = *self.outputs.get(&(0, name))?;
        self.configuration.modules.first()?.outputs.get(at)
    }

    /// Where the attributes of a resource lead, `count`, `for_each` and `depends_on` included.
    pub(crate) fn resource_references(&mut self, module: usize, resource: &'p ResourceConfig<'p>) -> Resolved<'p> {
        let mut found = Vec::new();
        names(&mut found, "", resource.expressions);
        names(&mut found, "count", resource.count_expression);
        names(&mut found, "for_each", resource.for_each_expression);
        if let Some(document) = resource.depends_on.and_then(|raw| json::parse(raw).ok()) {
            found.extend(
                document
                    .root()
                    .elements()
                    .filter_map(|name| Some(("depends_on".to_owned(), name.as_str()?.into_owned()))),
            );
        }
        self.resolve_all(module, found, resource.for_each_expression)
    }

    /// Where the attributes of `expressions` lead.
    pub(crate) fn references(&mut self, module: usize, expressions: Option<&str>) -> Resolved<'p> {
        let mut found = Vec::new();
        names(&mut found, "", expressions);
        self.resolve_all(module, found, None)
    }

    fn resolve_all(&mut self, module: usize, names: Vec<(String, String)>, each: Option<&str>) -> Resolved<'p> {
        let mut references: Vec<Reference<'p>> = Vec::new();
        for (path, name) in names {
            let Some(target) = target(&name) else { continue };
            let owned: Target<'p> = own(target);
            let found = if owned == Target::Each {
                self.each(module, each)
            } else {
                self.resolve(module, owned)
            };
            if self.bytes > BYTES_MAX {
                self.cut = true;
                break;
            }
            let addresses = found.iter().map(|address| Cow::Owned(address.clone()));
            self.bytes += path.len();
            match references.last_mut().filter(|last| last.path == path) {
                Some(last) => last.addresses.extend(addresses),
                None => references.push(Reference {
                    path: Cow::Owned(path),
                    addresses: addresses.collect(),
                }),
            }
        }
        for reference in &mut references {
            reference.addresses.sort_unstable();
            reference.addresses.dedup();
        }
        references.retain(|reference| !reference.addresses.is_empty());
        Resolved {
            references,
            cut: std::mem::take(&mut self.cut),
        }
    }

    /// Where `each` leads: to what `for_each` is made of.
    fn each(&mut self, module: usize, for_each: Option<&str>) -> Addresses {
        let mut found = Vec::new();
        names(&mut found, "", for_each);
        let targets = found
            .iter()
            .filter_map(|(_, name)| target(name))
            .filter(|target| *target != Target::Each);
        let places: Vec<Place<'p>> = targets.map(|target| (module, own(target))).collect();
        self.walk(places)
    }

    fn resolve(&mut self, module: usize, target: Target<'p>) -> Addresses {
        let place = (module, target);
        if let Some(known) = self.known.get(&place) {
            return Rc::clone(known);
        }
        let cut = std::mem::take(&mut self.cut);
        let found = self.walk(vec![place.clone()]);
        // What was cut short is not kept: the next to ask shall hear of it too.
        if !self.cut {
            self.known.insert(place, Rc::clone(&found));
        }
        self.cut |= cut;
        found
    }

    /// Follows `open` to the end; every place once.
    fn walk(&mut self, mut open: Vec<Place<'p>>) -> Addresses {
        let mut seen: Set<Place<'p>> = open.iter().cloned().collect();
        let mut found = Vec::new();
        while let Some(place) = open.pop() {
            self.steps += 1;
            if self.steps > STEPS_MAX || seen.len() > STEPS_PER_REFERENCE_MAX || self.bytes > BYTES_MAX {
                self.cut = true;
                break;
            }
            match self.follow(&place) {
                Ok(next) => open.extend(next.into_iter().filter(|place| seen.insert(place.clone()))),
                Err(address) => {
                    self.bytes += address.len();
                    found.push(address);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into()
    }

    /// The places behind `place`, or its own address where it leads no further.
    fn follow(&mut self, place: &Place<'p>) -> Result<Vec<Place<'p>>, String> {
        let (index, target) = place;
        let configuration = self.configuration;
        let Some(module) = configuration.modules.get(*index) else {
            return Ok(Vec::new());
        };
        match target {
            Target::Resource(address) => Err(join(&module.address, address)),
            Target::Local(name) => Err(join(&module.address, &format!("local.{name}"))),
            Target::Variable(name) => {
                let next = self.argument(*index, module, name);
                if next.is_empty() {
                    Err(join(&module.address, &format!("var.{name}")))
                } else {
                    Ok(next)
                }
            }
            Target::Output(call, output) => Ok(self.outputs_of(*index, module, call, output.as_deref())),
            Target::Each => Ok(Vec::new()),
        }
    }

    /// What the caller passes for a variable, as places in the calling module.
    fn argument(&mut self, index: usize, module: &'p ModuleConfig<'p>, name: &str) -> Vec<Place<'p>> {
        let Some(parent) = module.parent else { return Vec::new() };
        let caller = self
            .configuration
            .modules
            .get(parent)
            .and_then(|caller| caller.calls.get(module.call));
        let Some(caller) = caller else { return Vec::new() };
        let arguments = self
            .arguments
            .entry(index)
            .or_insert_with(|| arguments(caller.expressions));
        let passed = arguments.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut places: Vec<Place<'p>> = Vec::with_capacity(passed.len());
        for target in passed.iter().filter_map(|name| target(name)) {
            if target == Target::Each {
                let mut found = Vec::new();
                names(&mut found, "", caller.for_each_expression);
                places.extend(found.iter().filter_map(|(_, name)| target_place(parent, name)));
            } else {
                places.push((parent, own(target)));
            }
        }
        places
    }

    /// What the outputs of a call are made of, as places in the called module.
    fn outputs_of(
        &self,
        index: usize,
        module: &'p ModuleConfig<'p>,
        call: &str,
        output: Option<&str>,
    ) -> Vec<Place<'p>> {
        let call = self.calls.get(&(index, call)).and_then(|call| module.calls.get(*call));
        let Some((child, called)) = call
            .and_then(|call| call.module)
            .and_then(|child| Some((child, self.configuration.modules.get(child)?)))
        else {
            return Vec::new();
        };
        let chosen = match output {
            None => called.outputs.as_slice(),
            Some(name) => {
                let at = self.outputs.get(&(child, name)).copied();
                at.and_then(|at| called.outputs.get(at..=at)).unwrap_or_default()
            }
        };
        let mut found = Vec::new();
        for output in chosen.iter().take(STEPS_PER_REFERENCE_MAX) {
            names(&mut found, "", output.expression);
        }
        found.iter().filter_map(|(_, name)| target_place(child, name)).collect()
    }
}

fn target_place<'p>(module: usize, name: &str) -> Option<Place<'p>> {
    target(name)
        .filter(|target| *target != Target::Each)
        .map(|target| (module, own(target)))
}

fn own<'p>(target: Target<'_>) -> Target<'p> {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    match target {
        Target::Resource(address) => Target::Resource(own(address)),
        Target::Variable(name) => Target::Variable(own(name)),
        Target::Local(name) => Target::Local(own(name)),
        Target::Output(call, output) => Target::Output(own(call), output.map(own)),
        Target::Each => Target::Each,
    }
}

/// The names in the arguments of a call, by argument.
fn arguments(expressions: Option<&str>) -> Map<String, Vec<String>> {
    let mut found = Vec::new();
    names(&mut found, "", expressions);
    let mut arguments: Map<String, Vec<String>> = Map::default();
    for (path, name) in found {
        arguments.entry(path).or_default().push(name);
    }
    arguments
}

/// Collects the names in an expression or a block, each with the attribute that holds it.
fn names(found: &mut Vec<(String, String)>, prefix: &str, raw: Option<&str>) {
    struct Names<'a> {
        found: &'a mut Vec<(String, String)>,
        prefix: &'a str,
        bytes: usize,
    }
    impl<'d> Visitor<'d> for Names<'_> {
        fn expression(&mut self, path: &str, _: Option<&str>, expression: Expression<'d>) {
            let Some(references) = expression.references else {
                return;
            };
            let path = if self.prefix.is_empty() { path } else { self.prefix };
            self.bytes += path.len();
            let path = if self.bytes > PATHS_BYTES_MAX { "" } else { path };
            let names: Vec<Cow<'_, str>> = references.elements().filter_map(json::Value::as_str).collect();
            for (at, name) in names.iter().enumerate() {
                // Terraform lists `module.m.out` and then its prefixes: the whole module is meant only where it stands alone.
                let whole = name.starts_with("module.") && is_prefix(name, names.get(..at).unwrap_or_default());
                if !whole {
                    self.found.push((path.to_owned(), name.to_string()));
                }
            }
        }
    }
    if let Some(document) = raw.and_then(|raw| json::parse(raw).ok()) {
        visit(
            &document,
            &mut Names {
                found,
                prefix,
                bytes: 0,
            },
        );
    }
}

/// Whether `name` begins the name before it.
fn is_prefix(name: &str, before: &[Cow<'_, str>]) -> bool {
    let longer = before.last().and_then(|longer| longer.strip_prefix(name));
    longer.is_some_and(|rest| rest.starts_with(['.', '[']))
}
