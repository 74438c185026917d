//! Which principals are worth a question: those whose policies name what a method needs, found by what they name.
//!
//! A plan may hold twenty thousand roles. Most name nothing of the catalogue, and most of the others name one target.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nhi_plan::symbol;

use super::catalogue::{Method, On, actions, methods};
use super::names::key;
use crate::facts::hash::Map;
use crate::facts::iam::access::{Principal, fields};
use crate::facts::iam::document::{Document, Effect, Selection, Statement};
use crate::facts::iam::origin::at_worst;
use crate::facts::iam::pattern::{Case, matches};

/// A set of actions of the catalogue, by their place in [`actions`].
#[derive(Debug, Clone, Copy, Default)]
struct Actions([u64; 4]);

impl Actions {
    fn add(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    fn has(self, index: usize) -> bool {
        self.0
            .get(index / 64)
            .is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    fn join(&mut self, other: Self) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }

    /// All actions but these.
    fn others(self) -> Self {
        let mut others = Self::default();
        for index in (0..actions().len()).filter(|index| !self.has(*index)) {
            others.add(index);
        }
        others
    }

    fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// What each principal could use, and who names what.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// By principal: the methods all of whose actions its policies name.
    methods: Vec<Vec<&'static Method>>,
    /// By principal: what it names for each action of a method that has a target.
    selectors: Vec<Vec<(&'static str, Selector)>>,
    /// Principals by the key of a target that they name.
    literal: Map<String, Vec<usize>>,
    /// Principals by the start of the targets that they name by pattern; the empty start is of everything.
    prefixes: BTreeMap<String, Vec<usize>>,
}

impl Index {
    pub(crate) fn new(principals: &[Principal]) -> Self {
        let order: Map<&str, usize> = actions()
            .iter()
            .enumerate()
            .map(|(index, action)| (*action, index))
            .collect();
        let place = |action: &str| order.get(action).copied().unwrap_or(usize::MAX);
        let mut known: Map<usize, Actions> = Map::default();
        let mut meant = Meant::default();
        let mut index = Self::default();
        for (number, principal) in principals.iter().enumerate() {
            let mut held = Actions::default();
            for document in documents(principal) {
                let address = Arc::as_ptr(document).addr();
                let found = *known.entry(address).or_insert_with(|| read(document, &mut meant));
                held.join(found);
            }
            let mut usable: Vec<&'static Method> = Vec::new();
            if !held.is_empty() {
                for method in methods() {
                    let all = method.needs.iter().all(|need| held.has(place(need.action)));
                    // Methods that need less come first, and what they give needs no more.
                    if all && !usable.iter().any(|less| method.includes(less)) {
                        usable.push(method);
                    }
                }
            }
            let selectors = selectors(principal, &usable);
            index.place(number, &selectors, &usable);
            index.selectors.push(selectors);
            index.methods.push(usable);
        }
        index
    }

    fn place(&mut self, number: usize, selectors: &[(&'static str, Selector)], usable: &[&'static Method]) {
        let add = |entry: &mut Vec<usize>| {
            if entry.last() != Some(&number) {
                entry.push(number);
            }
        };
        for (_, selector) in selectors {
            match selector {
                Selector::Exact(key) => add(self.literal.entry(key.clone()).or_default()),
                Selector::Prefix(prefix) => add(self.prefixes.entry(prefix.clone()).or_default()),
            }
        }
        // Some methods name no target at all.
        let is_aimless =
            |method: &&Method| method.workload != "-" && !method.needs.iter().any(|need| is_targeted(need.on));
        if usable.iter().any(is_aimless) {
            add(self.prefixes.entry(String::new()).or_default());
        }
    }

    /// What a principal names for an action.
    pub(crate) fn selectors(&self, principal: usize, action: &str) -> impl Iterator<Item = &Selector> {
        let own = self.selectors.get(principal).into_iter().flatten();
        own.filter(move |(of, _)| *of == action).map(|(_, selector)| selector)
    }

    /// The methods that a principal could use, those that need little first.
    pub(crate) fn methods(&self, principal: usize) -> &[&'static Method] {
        self.methods.get(principal).map_or(&[], Vec::as_slice)
    }

    /// Principals that may name something that goes by these names; where none of them is known in full, it begins
    /// with `start`.
    pub(crate) fn naming(&self, names: &[&str], start: &str, found: &mut Vec<usize>) {
        let mut is_known = false;
        for name in names {
            match Selector::of(name) {
                Selector::Exact(key) => {
                    found.extend(self.literal.get(&key).into_iter().flatten());
                    if !symbol::has_symbols(&key) {
                        is_known = true;
                        self.wider(&key, found);
                    }
                }
                Selector::Prefix(start) => {
                    is_known = true;
                    self.around(&start, found);
                }
            }
        }
        if !is_known {
            self.around(start, found);
        }
    }

    /// Principals that name a start of this key.
    fn wider(&self, key: &str, found: &mut Vec<usize>) {
        let starts = key.char_indices().map(|(at, _)| at).chain([key.len()]);
        for prefix in starts.filter_map(|at| key.get(..at)) {
            found.extend(self.prefixes.get(prefix).into_iter().flatten());
        }
    }

    /// Principals that name a start of this one, or that name something beginning with it.
    fn around(&self, start: &str, found: &mut Vec<usize>) {
        self.wider(start, found);
        let under = self.prefixes.range(start.to_owned()..);
        let under = under.take_while(|(prefix, _)| prefix.starts_with(start));
        found.extend(under.flat_map(|(_, principals)| principals));
    }
}

/// What a resource pattern may mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Selector {
    /// One thing, by its key.
    Exact(String),
    /// Whatever has a key that starts like this.
    Prefix(String),
}

impl Selector {
    fn of(pattern: &str) -> Self {
        // Text of somebody's choosing may turn out to name anything.
        let chosen = at_worst(pattern);
        let pattern = chosen.as_deref().unwrap_or(pattern);
        if let Some(key) = key(pattern) {
            return Self::Exact(key);
        }
        let start = |text: &str| {
            let end = text
                .find(|c: char| matches!(c, '*' | '?' | '$' | '&') || symbol::has_symbols(c.encode_utf8(&mut [0; 4])));
            text.get(..end.unwrap_or(text.len())).map(str::to_owned)
        };
        let prefix = fields(pattern).and_then(|fields| {
            let service = *fields.get(2)?;
            let whole = start(service).filter(|start| start == service)?;
            Some(format!("{whole}:{}", start(fields.get(5)?)?))
        });
        Self::Prefix(prefix.unwrap_or_default())
    }

    /// Whether it may mean what goes by this key.
    pub(crate) fn may_hold(&self, other: &str) -> bool {
        match self {
            Self::Exact(key) => key == other,
            Self::Prefix(prefix) => other.starts_with(prefix.as_str()),
        }
    }

    /// Whether it may mean something that begins like this.
    pub(crate) fn may_begin(&self, start: &str) -> bool {
        let (Self::Exact(own) | Self::Prefix(own)) = self;
        own.starts_with(start) || start.starts_with(own.as_str())
    }
}

fn selectors(principal: &Principal, usable: &[&'static Method]) -> Vec<(&'static str, Selector)> {
    let needs = usable.iter().flat_map(|method| &method.needs);
    let targeted = needs.filter(|need| is_targeted(need.on)).map(|need| need.action);
    let actions: BTreeSet<&'static str> = targeted.collect();
    let mut found = BTreeSet::new();
    for statement in statements(principal) {
        for action in actions.iter().filter(|action| names_action(statement, action)) {
            let Selection::Only(patterns) = &statement.resources else {
                found.insert((*action, Selector::Prefix(String::new())));
                continue;
            };
            if patterns.unknown {
                found.insert((*action, Selector::Prefix(String::new())));
            }
            found.extend(patterns.known.iter().map(|pattern| (*action, Selector::of(pattern))));
        }
    }
    found.into_iter().collect()
}

fn is_targeted(on: On) -> bool {
    use On::{Assumed, Group, Passed, Policy, Role, SamlProvider, User, Workload};
    matches!(
        on,
        Assumed | Group | Passed | Policy | Role | SamlProvider | User | Workload
    )
}

fn documents(principal: &Principal) -> impl Iterator<Item = &Arc<Document>> {
    let alternatives = principal.grants.iter().flat_map(|grant| &grant.alternatives);
    alternatives.map(|alternative| &alternative.document)
}

/// The statements of a principal that allow something.
pub(crate) fn statements(principal: &Principal) -> impl Iterator<Item = &Statement> {
    let all = documents(principal).flat_map(|document| &document.statements);
    all.filter(|statement| statement.effect != Effect::Deny)
}

/// Whether the actions of a statement hold this one, or could.
pub(crate) fn names_action(statement: &Statement, action: &str) -> bool {
    let hit = |pattern: &String| matches(pattern, action, Case::Ignored);
    match &statement.actions {
        Selection::Only(patterns) => patterns.known.iter().any(hit),
        Selection::Except(patterns) => !patterns.known.iter().any(hit),
    }
}

/// What patterns of actions mean; a plan repeats few of them in many documents.
#[derive(Debug, Default)]
struct Meant<'p>(Map<&'p str, Actions>);

impl<'p> Meant<'p> {
    fn pattern(&mut self, pattern: &'p str) -> Actions {
        *self.0.entry(pattern).or_insert_with(|| {
            let mut found = Actions::default();
            for (index, action) in actions().iter().enumerate() {
                if matches(pattern, action, Case::Ignored) {
                    found.add(index);
                }
            }
            found
        })
    }
}

fn read<'p>(document: &'p Document, meant: &mut Meant<'p>) -> Actions {
    let mut held = Actions::default();
    let allowing = |statement: &&Statement| statement.effect != Effect::Deny;
    for statement in document.statements.iter().filter(allowing) {
        let (Selection::Only(patterns) | Selection::Except(patterns)) = &statement.actions;
        let mut named = Actions::default();
        for pattern in &patterns.known {
            named.join(meant.pattern(pattern));
        }
        held.join(match &statement.actions {
            Selection::Only(_) => named,
            Selection::Except(_) => named.others(),
        });
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_place() {
        assert!(actions().len() <= 256, "{}", actions().len());
    }

    #[test]
    fn what_a_document_names() {
        let document = Document::parse(
            r#"{"Statement":[{"Effect":"Allow","Action":["IAM:PassRole","lambda:Create*"],"Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#,
        );
        let document = document.expect("a document");
        let held = read(&document, &mut Meant::default());
        let names: Vec<_> = actions()
            .iter()
            .enumerate()
            .filter(|(index, _)| held.has(*index))
            .map(|(_, name)| *name)
            .collect();
        assert_eq!(
            names,
            [
                "iam:PassRole",
                "lambda:CreateEventSourceMapping",
                "lambda:CreateFunction",
                "lambda:CreateFunctionUrlConfig"
            ]
        );
    }
}
