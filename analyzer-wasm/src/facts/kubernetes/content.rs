//! What each role gives, aggregation included, and which role a binding means.

use std::collections::BTreeMap;

use nhi_plan::symbol;

use super::builtin;
use super::model::{Binding, PolicyRule, Role};
use super::rights::Rights;

const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to-";
/// Built-in roles that collect others, each with those whose rules it has too.
const COLLECTORS: [(&str, &[&str]); 3] = [
    ("admin", &["admin", "edit", "view"]),
    ("edit", &["edit", "view"]),
    ("view", &["view"]),
];
/// Roles that one role may collect; beyond it the rules of a role are not known as a whole.
const COLLECTED_MAX: usize = 10_000;

/// Roles of which a binding may mean one.
const CANDIDATES_MAX: usize = 10;

/// Places of roles by each of their labels.
type Labels<'r> = BTreeMap<&'r (String, String), Vec<usize>>;

/// The rules of a role, and where each of them stands.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// For a message: ``cluster role `view` ``.
    pub(crate) title: String,
    pub(crate) built_in: bool,
    pub(crate) public: bool,
    pub(crate) rules: Vec<PolicyRule>,
    /// The role in the plan to which the rule in the same place belongs.
    pub(crate) owners: Vec<Option<usize>>,
    pub(crate) rights: Rights,
    /// The role in the plan whose rules are not known.
    pub(crate) unknown: Option<usize>,
}

/// The contents of all roles that somebody in the plan has or defines.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) all: Vec<Content>,
    /// Places by kind, namespace and name.
    by_name: BTreeMap<(bool, String, String), usize>,
    by_block: BTreeMap<String, Vec<usize>>,
    /// Roles of namespaces by name alone.
    elsewhere: BTreeMap<String, Vec<usize>>,
}

impl Contents {
    pub(crate) fn of(roles: &[Role]) -> Self {
        let mut contents = Self::default();
        let mut labels = Labels::new();
        for (index, role) in roles.iter().enumerate().filter(|(_, role)| role.cluster) {
            for label in &role.labels {
                labels.entry(label).or_default().push(index);
            }
        }
        for (index, role) in roles.iter().enumerate() {
            contents.all.push(content(roles, index, &labels));
            if !role.name.is_empty() {
                let namespace = if role.cluster {
                    String::new()
                } else {
                    role.namespace.clone()
                };
                contents
                    .by_name
                    .insert((role.cluster, namespace, role.name.clone()), index);
            }
            if !role.cluster && !role.name.is_empty() {
                contents.elsewhere.entry(role.name.clone()).or_default().push(index);
            }
            contents
                .by_block
                .entry(role.place.config_address.clone())
                .or_default()
                .push(index);
        }
        contents
    }

    /// The roles that a binding may mean; `None` where it cannot be told.
    pub(crate) fn find(&mut self, roles: &[Role], binding: &Binding) -> Option<Vec<usize>> {
        let name = &binding.role;
        let namespace = if binding.role_is_cluster {
            String::new()
        } else {
            binding.namespace.clone()
        };
        let key = (binding.role_is_cluster, namespace, name.clone());
        if let Some(found) = self.by_name.get(&key) {
            return Some(vec![*found]);
        }
        let vague = name.is_empty() || symbol::has_symbols(name);
        let instances = |address: &String| self.by_block.get(address).cloned();
        let led = || {
            binding
                .references
                .iter()
                .filter_map(instances)
                .flatten()
                .collect::<Vec<_>>()
        };
        if vague || symbol::has_symbols(&binding.namespace) {
            let found = led();
            if vague || !found.is_empty() {
                return (!found.is_empty()).then_some(found);
            }
        }
        if let Some(found) = self.elsewhere.get(name).filter(|_| !binding.role_is_cluster) {
            // A role in a namespace that is not known yet, or the other way round.
            let may = |role: &&usize| {
                let other = roles
                    .get(**role)
                    .map(|role| role.namespace.as_str())
                    .unwrap_or_default();
                symbol::has_symbols(other) || symbol::has_symbols(&binding.namespace)
            };
            let found: Vec<_> = found.iter().filter(may).copied().take(CANDIDATES_MAX).collect();
            if !found.is_empty() {
                return Some(found);
            }
        }
        if !binding.role_is_cluster {
            return Some(Vec::new());
        }
        let built_in = built_in(roles, name);
        Some(built_in.map(|content| self.add(key, content)).into_iter().collect())
    }

    fn add(&mut self, key: (bool, String, String), content: Content) -> usize {
        let place = self.all.len();
        self.all.push(content);
        self.by_name.insert(key, place);
        place
    }
}

/// The built-in role that takes over the rules of this one.
pub(crate) fn collector(role: &Role) -> Option<&'static str> {
    let lowest = COLLECTORS.iter().rev();
    lowest
        .map(|(name, _)| *name)
        .find(|name| role.cluster && is_collected(role, name))
}

fn is_collected(role: &Role, name: &str) -> bool {
    role.labels
        .iter()
        .any(|(key, value)| value == "true" && key.strip_prefix(AGGREGATE) == Some(name))
}

fn content(roles: &[Role], index: usize, labels: &Labels<'_>) -> Content {
    let Some(role) = roles.get(index) else {
        return Content::default();
    };
    let kind = if role.cluster { "cluster role" } else { "role" };
    let mut content = Content {
        title: if role.name.contains('\n') || role.name.is_empty() {
            format!("a {kind} of `{}`", role.place.address)
        } else {
            format!("{kind} `{}`", symbol::readable(&role.name))
        },
        unknown: role.unknown.then_some(index),
        ..Content::default()
    };
    push(&mut content, roles, index);
    let firsts = role
        .selectors
        .iter()
        .filter_map(|selector| Some((selector, labels.get(selector.first()?)?)));
    let mut collected: Vec<_> = firsts
        .flat_map(|(selector, places)| places.iter().copied().map(move |place| (selector, place)))
        .take(COLLECTED_MAX + 1)
        .filter(|(selector, place)| *place != index && roles.get(*place).is_some_and(|role| selects(selector, role)))
        .map(|(_, place)| place)
        .collect();
    if collected.len() > COLLECTED_MAX {
        content.unknown = Some(index);
    }
    collected.sort_unstable();
    collected.dedup();
    for other in collected {
        push(&mut content, roles, other);
    }
    content.rights = Rights::of(&content.rules);
    content
}

fn selects(selector: &[(String, String)], role: &Role) -> bool {
    !selector.is_empty() && selector.iter().all(|label| role.labels.contains(label))
}

fn push(content: &mut Content, roles: &[Role], index: usize) {
    let own = roles.get(index).map(|role| role.rules.as_slice()).unwrap_or_default();
    content.rules.extend(own.iter().cloned());
    content.owners.extend(own.iter().map(|_| Some(index)));
}

fn built_in(roles: &[Role], name: &str) -> Option<Content> {
    let public = builtin::is_public(name);
    let own = builtin::rules(name).or_else(|| public.then(Vec::new))?;
    let mut content = Content {
        title: format!("the built-in cluster role `{name}`"),
        built_in: true,
        public,
        owners: own.iter().map(|_| None).collect(),
        rules: own,
        ..Content::default()
    };
    if let Some((_, collected)) = COLLECTORS.iter().find(|(collector, _)| *collector == name) {
        for (index, role) in roles.iter().enumerate() {
            if role.cluster && collected.iter().any(|label| is_collected(role, label)) {
                push(&mut content, roles, index);
            }
        }
    }
    content.rights = Rights::of(&content.rules);
    Some(content)
}
