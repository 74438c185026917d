//! Which of the needed rights a role gives.

use std::collections::BTreeMap;

use nhi_plan::symbol::{self, Part};

use super::catalogue::{NEEDS, Need, is_own_group};
use super::model::{List, PolicyRule};

/// A right, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Place of the rule in its role.
    pub(crate) rule: usize,
    /// Nothing that matters for it is unknown.
    pub(crate) sure: bool,
    /// The rule names the very object.
    pub(crate) named: bool,
}

/// How much of everything a rule gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wild {
    /// All verbs on some resources of the API itself.
    Verbs,
    /// All verbs on all resources of some groups of the API itself.
    Groups,
    /// All verbs on all resources of all groups.
    Everything,
}

/// What a role gives, as far as anybody asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rights {
    /// By place of the need.
    pub(crate) hits: BTreeMap<usize, Hit>,
    /// Rules with wildcards, in the order of the rules.
    pub(crate) wild: Vec<(usize, Wild, bool)>,
    /// The rule that gives everything, and whether that is sure.
    pub(crate) everything: Option<(usize, bool)>,
    /// It gives something else than named objects and URLs.
    pub(crate) reads: bool,
    /// Reads more than a few kinds: all resources, or all verbs.
    pub(crate) broad: bool,
    /// It gives anything at all.
    pub(crate) any: bool,
}

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Is {
    No,
    Maybe,
    Yes,
}

impl Rights {
    pub(crate) fn of(rules: &[PolicyRule]) -> Self {
        let mut rights = Self::default();
        for (index, rule) in rules.iter().enumerate() {
            rights.read(index, rule);
        }
        let all = rights.wild.iter().filter(|(_, wild, _)| *wild == Wild::Everything);
        rights.everything = all
            .map(|(index, _, sure)| (*index, *sure))
            .max_by_key(|(_, sure)| *sure);
        rights
    }

    fn read(&mut self, index: usize, rule: &PolicyRule) {
        let has = |list: &List, wanted: &str| holds(list, |value| value == wanted);
        let named = !rule.names.values.is_empty();
        let resources = !rule.resources.values.is_empty() || rule.resources.unknown;
        self.any |= resources;
        self.reads |= resources && !named;
        let all_resources = has(&rule.resources, "*");
        self.broad |= !named && all_resources == Is::Yes;
        if !named && has(&rule.verbs, "*") > Is::No {
            self.read_wild(index, rule, all_resources);
        }
        for (place, need) in NEEDS.iter().enumerate() {
            let Some(hit) = hit(rule, need, index) else { continue };
            let better = |known: &Hit| (hit.sure, hit.named) > (known.sure, known.named);
            if self.hits.get(&place).is_none_or(better) {
                self.hits.insert(place, hit);
            }
        }
    }

    fn read_wild(&mut self, index: usize, rule: &PolicyRule, all_resources: Is) {
        let verbs = holds(&rule.verbs, |value| value == "*");
        let groups = holds(&rule.groups, |value| value == "*");
        let sure = verbs == Is::Yes && !rule.names.unknown && !rule.maybe;
        match (all_resources, groups) {
            (Is::Yes, Is::Yes) => self.wild.push((index, Wild::Everything, sure)),
            (Is::Yes | Is::Maybe, Is::Yes | Is::Maybe) => self.wild.push((index, Wild::Everything, false)),
            _ if !sure => {}
            (Is::Yes, _) if holds(&rule.groups, is_own_group) == Is::Yes => self.wild.push((index, Wild::Groups, true)),
            (Is::No, _) if holds(&rule.groups, is_own_group) == Is::Yes => self.wild.push((index, Wild::Verbs, true)),
            _ => {}
        }
    }

    /// The rule behind a right is one that gives all of its groups.
    pub(crate) fn is_wild(&self, rule: usize) -> bool {
        let place = self.wild.binary_search_by_key(&rule, |(index, _, _)| *index);
        let found = place.ok().and_then(|place| self.wild.get(place));
        found.is_some_and(|(_, wild, _)| *wild >= Wild::Groups)
    }
}

fn hit(rule: &PolicyRule, need: &Need, index: usize) -> Option<Hit> {
    let verb = |value: &str| value == "*" || need.verbs.contains(&value);
    let mut is = holds(&rule.groups, |value| value == "*" || value == need.group);
    is = is.min(holds(&rule.resources, |value| {
        need.resources.iter().any(|wanted| resource_matches(value, wanted))
    }));
    is = is.min(holds(&rule.verbs, verb));
    if is == Is::No {
        return None;
    }
    let mut named = false;
    if !rule.names.values.is_empty() {
        // The name of what is being created is not known when the right is checked.
        let only_create = need.verbs == ["create"] && !need.resources.iter().any(|resource| resource.contains('/'));
        named = rule.names.values.iter().any(|name| need.names.contains(&name.as_str()));
        if !named || only_create {
            return None;
        }
    } else if rule.names.unknown {
        is = Is::Maybe;
    }
    Some(Hit {
        rule: index,
        sure: is == Is::Yes && !rule.maybe,
        named,
    })
}

/// `*` is every resource, `*/scale` that part of every resource.
fn resource_matches(value: &str, wanted: &str) -> bool {
    if value == "*" || value == wanted {
        return true;
    }
    let part = |text: &'_ str| text.split_once('/').map(|(_, part)| part.to_owned());
    value.starts_with("*/") && part(value) == part(wanted)
}

/// Whether an element of the list fits, where unknown ones may.
fn holds(list: &List, fits: impl Fn(&str) -> bool) -> Is {
    let mut is = if list.unknown { Is::Maybe } else { Is::No };
    for value in &list.values {
        if !symbol::has_symbols(value) {
            if fits(value) {
                return Is::Yes;
            }
            continue;
        }
        let alternatives = symbol::alternatives(value);
        let known = |text: &str| !symbol::has_symbols(text);
        if alternatives.iter().all(|text| known(text) && fits(text)) {
            return Is::Yes;
        }
        if alternatives.iter().any(|text| may_fit(text, &fits)) {
            is = Is::Maybe;
        }
    }
    is
}

/// A text of symbols alone may be anything; one with a known part is not worth a guess unless it is a whole.
fn may_fit(text: &str, fits: &impl Fn(&str) -> bool) -> bool {
    fits(text) || symbol::parts(text).any(|part| matches!(part, Part::Symbol(_)))
}
