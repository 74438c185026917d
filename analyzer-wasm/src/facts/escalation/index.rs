//! Which principals are worth a question: those whose policies name what a method needs, found by what they name.
//!
//! A plan may hold twenty thousand roles. Most name nothing of the catalogue, and most of the others name one target.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::catalogue::{Method, On, actions, methods};
use super::world::key;
use crate::facts::iam::access::Principal;
use crate::facts::iam::document::{Document, Effect, Selection, Statement};
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

    fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// What each principal could use, and who names what.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// By principal: what its policies name.
    held: Vec<Actions>,
    /// By principal: the methods all of whose actions its policies name.
    methods: Vec<Vec<&'static Method>>,
    /// Principals by the key of a target that they name.
    literal: HashMap<String, Vec<usize>>,
    /// Principals that name targets by pattern.
    wild: Vec<usize>,
}

impl Index {
    pub(crate) fn new(principals: &[Principal]) -> Self {
        let order: HashMap<&str, usize> = actions()
            .iter()
            .enumerate()
            .map(|(index, action)| (*action, index))
            .collect();
        let place = |action: &str| order.get(action).copied().unwrap_or(usize::MAX);
        let mut known: HashMap<usize, Actions> = HashMap::new();
        let mut index = Self::default();
        for (number, principal) in principals.iter().enumerate() {
            let mut held = Actions::default();
            for document in documents(principal) {
                let address = Arc::as_ptr(document).addr();
                let found = *known.entry(address).or_insert_with(|| read(document));
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
            index.place(number, principal, &usable);
            index.methods.push(usable);
            index.held.push(held);
        }
        index
    }

    fn place(&mut self, number: usize, principal: &Principal, usable: &[&'static Method]) {
        let needs = usable.iter().flat_map(|method| &method.needs);
        let actions: BTreeSet<&str> = needs
            .filter(|need| is_targeted(need.on))
            .map(|need| need.action)
            .collect();
        // Some methods name no target at all.
        let mut wild = usable
            .iter()
            .any(|method| method.workload != "-" && !method.needs.iter().any(|need| is_targeted(need.on)));
        for (statement, action) in
            statements(principal).flat_map(|one| actions.iter().map(move |action| (one, *action)))
        {
            if !names_action(statement, action) {
                continue;
            }
            let Selection::Only(patterns) = &statement.resources else {
                wild = true;
                continue;
            };
            wild |= patterns.unknown;
            for pattern in &patterns.known {
                match key(pattern) {
                    Some(key) => {
                        let entry = self.literal.entry(key).or_default();
                        if entry.last() != Some(&number) {
                            entry.push(number);
                        }
                    }
                    None => wild = true,
                }
            }
        }
        if wild {
            self.wild.push(number);
        }
    }

    /// Whether the policies of a principal name an action, as far as the catalogue has it.
    pub(crate) fn names(&self, principal: usize, action: &str) -> bool {
        let place = actions().iter().position(|known| *known == action);
        let held = self.held.get(principal).copied().unwrap_or_default();
        place.is_none_or(|place| held.has(place))
    }

    /// The methods that a principal could use, those that need little first.
    pub(crate) fn methods(&self, principal: usize) -> &[&'static Method] {
        self.methods.get(principal).map_or(&[], Vec::as_slice)
    }

    /// Principals that name this target, and those that name targets by pattern.
    pub(crate) fn naming<'i>(&'i self, names: impl Iterator<Item = &'i str> + 'i) -> impl Iterator<Item = usize> + 'i {
        let literal = names.filter_map(|name| self.literal.get(&key(name)?)).flatten();
        literal.chain(&self.wild).copied()
    }
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

fn read(document: &Document) -> Actions {
    let mut held = Actions::default();
    for statement in document
        .statements
        .iter()
        .filter(|statement| statement.effect != Effect::Deny)
    {
        for (index, action) in actions().iter().enumerate() {
            if !held.has(index) && names_action(statement, action) {
                held.add(index);
            }
        }
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
        let held = read(&document.expect("a document"));
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
