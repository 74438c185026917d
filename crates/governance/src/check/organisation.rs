//! The rules that are the organisation's own: which environments, which names, which scopes, which secrets.
//!
//! They need values that fit together, so they run once the values themselves are good; what is unknown is judged at
//! apply.

use super::Checker;
use crate::code::{
    Code, ENVIRONMENT_UNLISTED, NAME_PATTERN, Problem, SCOPE_FORBIDDEN, SCOPE_OUTSIDE, SCOPE_PATTERN, STATIC_SECRET,
    TTL_CEILING,
};
use crate::kind::Kind;
use crate::path::Path;
use crate::policy::{Policy, ScopeRule, StaticSecretRule};
use crate::scope::ScopeEntry;
use crate::score::Assessment;
use crate::text::{Environment, Name, quote};
use crate::ttl::Ttl;

/// What is known of a draft, and good.
pub(super) struct Known<'a> {
    pub(super) name: Option<&'a Name>,
    pub(super) kind: Option<Kind>,
    pub(super) environment: Option<&'a Environment>,
    pub(super) ttl: Option<&'a Ttl>,
    /// Each with its position in the list.
    pub(super) scope: &'a [(usize, ScopeEntry)],
}

impl Checker {
    pub(super) fn organisation(&mut self, policy: &Policy, known: &Known<'_>, assessment: &Assessment) {
        if let Some(environment) = known.environment {
            self.listed(policy, environment);
        }
        if let Some(name) = known.name {
            self.named(policy, name, known);
        }
        if let Some(environment) = known.environment {
            for (index, entry) in known.scope {
                self.scoped(policy, environment, &Path::attribute("scope").at(*index), entry);
            }
        }
        if known.kind == Some(Kind::LegacyShared) {
            self.secret(policy, known.ttl, assessment);
        }
        if let Some(ttl) = known.ttl {
            self.ceiling(policy, ttl, assessment);
        }
    }

    fn against(&mut self, path: &Path, code: &'static Code, message: String, help: impl Into<String>) {
        self.refuse(path, Problem::new(code, message, help));
    }

    fn listed(&mut self, policy: &Policy, environment: &Environment) {
        let listed = &policy.terms().environment;
        if listed.is_empty() || listed.contains_key(environment) {
            return;
        }
        let message = format!(
            "environment {} is not one of the organisation's",
            quote(environment.as_str())
        );
        let help = format!("Write one of {}, or add it to the policy.", list(listed.keys()));
        self.against(&Path::attribute("environment"), &ENVIRONMENT_UNLISTED, message, help);
    }

    fn named(&mut self, policy: &Policy, name: &Name, known: &Known<'_>) {
        for rule in &policy.terms().naming {
            if rule.applies(known.kind, known.environment) && !rule.admits(name) {
                let message = format!("name {} does not keep to the policy's pattern", quote(name.as_str()));
                let help = format!("Write a name like {}.", list(&rule.patterns));
                self.against(&Path::attribute("name"), &NAME_PATTERN, message, help);
            }
        }
    }

    fn scoped(&mut self, policy: &Policy, environment: &Environment, at: &Path, entry: &ScopeEntry) {
        let terms = policy.terms();
        let of = |rules: &'_ std::collections::BTreeMap<String, Vec<ScopeRule>>| {
            rules.get(entry.backend()).cloned().unwrap_or_default()
        };
        let allowed = of(&terms.allowed_scope);
        if !terms.allowed_scope.is_empty() && !allowed.iter().any(|rule| rule.holds(environment, entry)) {
            let message = format!(
                "scope on {} of backend {} lies outside of what the policy allows",
                quote(entry.resource()),
                quote(entry.backend())
            );
            self.against(
                at,
                &SCOPE_OUTSIDE,
                message,
                may(terms.allowed_scope.keys(), &allowed, environment),
            );
        }
        for rule in of(&terms.forbidden_scope) {
            if let Some(action) = rule.touches(environment, entry) {
                let message = format!("the policy forbids {} on {}", quote(action), quote(entry.resource()));
                let help = format!(
                    "Leave out what meets {} on {}.",
                    list(&rule.actions),
                    list(&rule.resources)
                );
                self.against(&at.then("actions"), &SCOPE_FORBIDDEN, message, help);
            }
        }
        let is_production = policy.is_production(environment);
        if entry.has_wildcard_resource() && !terms.wildcards.resources.admits(is_production) {
            let message = format!("resource {} is a pattern", quote(entry.resource()));
            let help = "Name the resources one by one.";
            self.against(&at.then("resource"), &SCOPE_PATTERN, message, help);
        }
        let pattern = entry.actions().iter().find(|action| action.contains(['*', '?']));
        if let Some(action) = pattern.filter(|_| !terms.wildcards.actions.admits(is_production)) {
            let message = format!("action {} is a pattern", quote(action));
            self.against(
                &at.then("actions"),
                &SCOPE_PATTERN,
                message,
                "Name the actions one by one.",
            );
        }
    }

    fn secret(&mut self, policy: &Policy, ttl: Option<&Ttl>, assessment: &Assessment) {
        let tier = assessment.tier;
        if let StaticSecretRule::ByException(longest) = policy.static_secret(tier) {
            // Where the tier lets no identity live that long, its own ceiling says so.
            let is_longer =
                |ttl: &&Ttl| ttl.seconds() > longest.seconds() && ttl.seconds() <= policy.ttl_max(tier).seconds();
            if let Some(ttl) = ttl.filter(is_longer) {
                let message = format!(
                    "a static secret of tier {tier} lives `{longest}` at most, and not {}",
                    quote(ttl.as_str())
                );
                let help =
                    format!("Write `ttl = \"{longest}\"` or less, or use a kind whose credentials end by themselves.");
                self.against(&Path::attribute("ttl"), &STATIC_SECRET, message, help);
            }
            return;
        }
        let message = format!("kind `legacy_shared` is a static secret, and tier {tier} allows none");
        let help = format!(
            "Its score is {}: {}. Use a kind whose credentials end by themselves, or lower the score.",
            assessment.score,
            assessment.explain()
        );
        self.against(&Path::attribute("kind"), &STATIC_SECRET, message, help);
    }

    fn ceiling(&mut self, policy: &Policy, ttl: &Ttl, assessment: &Assessment) {
        let tier = assessment.tier;
        let ceiling = policy.ttl_max(tier);
        if ttl.seconds() <= ceiling.seconds() {
            return;
        }
        let message = format!(
            "ttl {} is above the ceiling of tier {tier}, `{ceiling}`",
            quote(ttl.as_str())
        );
        let help = format!(
            "An identity of tier {tier} lives {} at most. Its score is {}: {}. Write `ttl = \"{ceiling}\"` or less, or lower the score.",
            ceiling.in_words(),
            assessment.score,
            assessment.explain(),
        );
        self.against(&Path::attribute("ttl"), &TTL_CEILING, message, help);
    }
}

/// What a scope may be instead.
fn may<'a>(backends: impl Iterator<Item = &'a String>, allowed: &[ScopeRule], environment: &Environment) -> String {
    let here = |rule: &&ScopeRule| rule.environments.is_empty() || rule.environments.contains(environment);
    let ways: Vec<_> = allowed
        .iter()
        .filter(here)
        .map(|rule| format!("{} on {}", list(&rule.actions), list(&rule.resources)))
        .collect();
    if ways.is_empty() {
        format!(
            "In environment `{environment}` the policy allows nothing of this backend; it lists {}.",
            list(backends)
        )
    } else {
        format!("Stay within {}, or have the policy changed.", ways.join(" or "))
    }
}

/// At most this many are listed in a message.
const LISTED_MAX: usize = 10;

fn list(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    let mut items: Vec<_> = items.into_iter().map(|item| format!("`{item}`")).collect();
    let more = items.len().saturating_sub(LISTED_MAX);
    items.truncate(LISTED_MAX);
    let mut text = items.join(", ");
    if more > 0 {
        text += " and ";
        text += &more.to_string();
        text += " more";
    }
    text
}
