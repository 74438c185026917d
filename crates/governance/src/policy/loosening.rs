//! In what one policy is looser than another.
//!
//! A change that cannot be compared counts as loosening: it is a person who then says that it is not. Nothing is set
//! off against anything: a lower weight is named even where a lower threshold makes up for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::naming::NamingRule;
use super::scopes::ScopeRule;
use super::{Policy, StaticSecretRule, Terms};
use crate::text::Environment;
use crate::tier::RiskTier;
use crate::ttl::Ttl;

/// One way in which a policy is looser than the one before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Loosening {
    /// Where, in the words of the policy file: `tier.high.identity_ttl_max`.
    pub place: String,
    /// What was there.
    pub from: String,
    /// What is there now.
    pub to: String,
    /// What that means, as a phrase.
    pub what: &'static str,
}

impl fmt::Display for Loosening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (from {} to {})", self.place, self.what, self.from, self.to)
    }
}

impl Policy {
    /// Every way in which this policy is looser than the one it is based on, in the order of the file.
    pub fn loosened_from(&self, base: &Self) -> Vec<Loosening> {
        let mut found = Found(Vec::new());
        found.organisation(base, self);
        found.environments(base.terms(), self.terms());
        found.warnings(base, self);
        for tier in RiskTier::ALL {
            found.tier(base, self, tier);
        }
        for ((name, before), (_, after)) in base
            .terms()
            .scoring
            .entries()
            .into_iter()
            .zip(self.terms().scoring.entries())
        {
            found.fell(format!("scoring.{name}"), before, after, "a fact weighs less");
        }
        found.naming(&base.terms().naming, &self.terms().naming);
        found.allowed(base.terms(), self.terms());
        found.forbidden(base.terms(), self.terms());
        found.limits(base.terms(), self.terms());
        found.0
    }
}

struct Found(Vec<Loosening>);

impl Found {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "most are temporaries, and the calls read better"
    )]
    fn add(&mut self, place: String, from: impl ToString, to: impl ToString, what: &'static str) {
        self.0.push(Loosening {
            place,
            from: from.to_string(),
            to: to.to_string(),
            what,
        });
    }

    fn fell(&mut self, place: String, before: u32, after: u32, what: &'static str) {
        if after < before {
            self.add(place, before, after, what);
        }
    }

    fn rose(&mut self, place: String, before: u32, after: u32, what: &'static str) {
        if after > before {
            self.add(place, before, after, what);
        }
    }

    fn grew(&mut self, place: String, before: &Ttl, after: &Ttl, what: &'static str) {
        if after.seconds() > before.seconds() {
            self.add(place, before, after, what);
        }
    }

    fn organisation(&mut self, base: &Policy, head: &Policy) {
        let (before, after) = (base.organisation(), head.organisation());
        if before.is_some() && before != after {
            let text = |name: Option<&crate::text::Organisation>| {
                name.map_or_else(|| "none".to_owned(), |name| format!("`{name}`"))
            };
            self.add(
                "organisation".to_owned(),
                text(before),
                text(after),
                "approvals are bound to another organisation",
            );
        }
    }

    fn environments(&mut self, base: &Terms, head: &Terms) {
        let listed = |terms: &Terms| listing(terms.environment.keys());
        if !base.environment.is_empty() && head.environment.is_empty() {
            self.add(
                "environment".to_owned(),
                listed(base),
                "any",
                "every environment is allowed",
            );
        }
        let names: BTreeSet<&Environment> = base.environment.keys().chain(head.environment.keys()).collect();
        for name in names {
            let allowed = |terms: &Terms| terms.environment.is_empty() || terms.environment.contains_key(name);
            let production = |terms: &Terms| {
                let said = terms.environment.get(name).and_then(|terms| terms.production);
                said.unwrap_or_else(|| name.is_production())
            };
            if !allowed(base) {
                self.add(
                    format!("environment.{name}"),
                    "not listed",
                    "listed",
                    "an environment is added",
                );
            }
            if allowed(base) && allowed(head) && production(base) && !production(head) {
                self.add(
                    format!("environment.{name}.production"),
                    true,
                    false,
                    "an environment no longer counts as production",
                );
            }
        }
    }

    fn warnings(&mut self, base: &Policy, head: &Policy) {
        let what = "missing approvals may be waived";
        let (before, after) = (&base.terms().environment, &head.terms().environment);
        let names: BTreeSet<&Environment> = before.keys().chain(after.keys()).collect();
        for name in names {
            // One that is added, or no longer there, is said elsewhere.
            let is_there = |terms: &BTreeMap<Environment, _>| terms.is_empty() || terms.contains_key(name);
            let is_looser = !base.allows_warn(Some(name)) && head.allows_warn(Some(name));
            let is_said = base.is_production(name) && !head.is_production(name);
            let is_looser = is_looser && !(is_said && after.get(name).is_none_or(|terms| terms.warn.is_none()));
            if is_there(before) && is_there(after) && is_looser {
                self.add(format!("environment.{name}.warn"), false, true, what);
            }
        }
        if !base.allows_warn(None) && head.allows_warn(None) {
            self.add("environment.warn".to_owned(), false, true, what);
        }
    }

    fn tier(&mut self, base: &Policy, head: &Policy, tier: RiskTier) {
        let at = |name: &str| format!("tier.{tier}.{name}");
        let (before, after) = (base.tier(tier), head.tier(tier));
        self.rose(
            at("score_from"),
            before.score_from,
            after.score_from,
            "the tier starts at a higher score",
        );
        let (asked, asks) = (before.approvals, after.approvals);
        self.fell(at("approvals.count"), asked.count, asks.count, "fewer approvals");
        if asked.policy_owner && !asks.policy_owner {
            self.add(
                at("approvals.policy_owner"),
                true,
                false,
                "the policy owner is no longer asked",
            );
        }
        if asked.security && !asks.security {
            self.add(at("approvals.security"), true, false, "security is no longer asked");
        }
        for (name, before, after, what) in [
            (
                "identity_ttl_max",
                &before.identity_ttl_max,
                &after.identity_ttl_max,
                "identities live longer",
            ),
            (
                "token_ttl_max",
                &before.token_ttl_max,
                &after.token_ttl_max,
                "tokens live longer",
            ),
            (
                "review_every",
                &before.review_every,
                &after.review_every,
                "access is reviewed less often",
            ),
        ] {
            self.grew(at(name), before, after, what);
        }
        match (base.static_secret(tier), head.static_secret(tier)) {
            (StaticSecretRule::Never, after @ StaticSecretRule::ByException(_)) => {
                let place = at("static_secret");
                self.add(
                    place,
                    StaticSecretRule::Never,
                    after,
                    "a static secret is no longer ruled out",
                );
            }
            (StaticSecretRule::ByException(before), StaticSecretRule::ByException(after)) => {
                self.grew(at("static_secret_ttl_max"), before, after, "static secrets live longer");
                // Where neither says how often, it is the same change once more.
                if let (Some(before), Some(after)) = (base.rotate_every(tier), head.rotate_every(tier))
                    && (base.tier(tier).rotate_every.is_some() || head.tier(tier).rotate_every.is_some())
                {
                    self.grew(
                        at("rotate_every"),
                        before,
                        after,
                        "static secrets are replaced less often",
                    );
                }
            }
            (_, StaticSecretRule::Never) => {}
        }
    }

    fn naming(&mut self, base: &[NamingRule], head: &[NamingRule]) {
        for (index, rule) in base.iter().enumerate() {
            if !head.iter().any(|after| after.implies(rule)) {
                let to = head
                    .get(index)
                    .map_or_else(|| "nothing".to_owned(), |rule| listing(&rule.patterns));
                let place = format!("naming.{index}");
                self.add(
                    place,
                    listing(&rule.patterns),
                    to,
                    "a rule for names is gone or admits more",
                );
            }
        }
    }

    fn allowed(&mut self, base: &Terms, head: &Terms) {
        if base.allowed_scope.is_empty() {
            return;
        }
        let place = |backend: &str| format!("allowed_scope.{backend}");
        if head.allowed_scope.is_empty() {
            let from = listing(base.allowed_scope.keys());
            self.add("allowed_scope".to_owned(), from, "any", "every scope is allowed");
        }
        for (backend, rule) in rules(&head.allowed_scope) {
            let before = base.allowed_scope.get(backend).map(Vec::as_slice).unwrap_or_default();
            if !before.iter().any(|allowed| allowed.spans(rule)) {
                self.add(
                    place(backend),
                    "less",
                    describe(rule),
                    "a scope is allowed that was not",
                );
            }
        }
    }

    fn forbidden(&mut self, base: &Terms, head: &Terms) {
        for (backend, rule) in rules(&base.forbidden_scope) {
            let after = head.forbidden_scope.get(backend).map(Vec::as_slice).unwrap_or_default();
            if !after.iter().any(|forbidden| forbidden.spans(rule)) {
                let place = format!("forbidden_scope.{backend}");
                self.add(place, describe(rule), "less", "a scope is no longer forbidden");
            }
        }
    }

    fn limits(&mut self, base: &Terms, head: &Terms) {
        for (name, before, after) in [
            ("resources", base.wildcards.resources, head.wildcards.resources),
            ("actions", base.wildcards.actions, head.wildcards.actions),
        ] {
            if after < before {
                self.add(
                    format!("wildcards.{name}"),
                    before,
                    after,
                    "patterns are allowed in more places",
                );
            }
        }
        let (before, after) = (&base.exceptions, &head.exceptions);
        let at = |name: &str| format!("exceptions.{name}");
        self.grew(at("ttl_max"), &before.ttl_max, &after.ttl_max, "exceptions last longer");
        self.grew(
            at("critical_ttl_max"),
            &before.critical_ttl_max,
            &after.critical_ttl_max,
            "exceptions in tier critical last longer",
        );
        self.rose(
            at("renewals_max"),
            before.renewals_max,
            after.renewals_max,
            "exceptions may be renewed more often",
        );
        let (before, after) = (&base.break_glass, &head.break_glass);
        let at = |name: &str| format!("break_glass.{name}");
        self.fell(
            at("holders_min"),
            before.holders_min,
            after.holders_min,
            "fewer persons hold break-glass access",
        );
        self.grew(
            at("session_max"),
            &before.session_max,
            &after.session_max,
            "break-glass sessions last longer",
        );
        self.grew(
            at("test_interval_max"),
            &before.test_interval_max,
            &after.test_interval_max,
            "break-glass access is tested less often",
        );
    }
}

fn rules(by_backend: &BTreeMap<String, Vec<ScopeRule>>) -> impl Iterator<Item = (&str, &ScopeRule)> {
    by_backend
        .iter()
        .map(|(backend, rules)| (backend.as_str(), rules.as_slice()))
        .flat_map(|(backend, rules)| rules.iter().map(move |rule| (backend, rule)))
}

fn describe(rule: &ScopeRule) -> String {
    let mut text = format!("{} on {}", listing(&rule.actions), listing(&rule.resources));
    if !rule.environments.is_empty() {
        text.push_str(" in ");
        text.push_str(&listing(&rule.environments));
    }
    text
}

fn listing(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| format!("`{item}`")).collect();
    if items.is_empty() {
        "nothing".to_owned()
    } else {
        items.join(", ")
    }
}
