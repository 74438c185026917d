//! In what a policy is looser about policy modules: what runs, how much it counts, who may say what runs.

use serde_json::{Map, Value};

use super::super::Terms;
use super::super::modules::{ModuleLevel, ModuleRule, TrustRule};
use super::{Found, listing};
use crate::canonical::{Digest, canonical_json};

impl Found {
    pub(super) fn modules(&mut self, base: &Terms, head: &Terms) {
        for (name, before) in &base.module {
            match head.module.get(name) {
                Some(after) => self.module(name, before, after),
                None => self.add(
                    format!("module.{name}"),
                    before.level,
                    "nothing",
                    "a module no longer runs",
                ),
            }
        }
        for (name, after) in head.module.iter().filter(|(name, _)| !base.module.contains_key(*name)) {
            // What it adds are findings; what it is shown is another matter.
            if after.sensitive_values {
                self.shown(name, after);
            }
        }
        for (name, before) in &base.signer {
            if let Some(after) = head.signer.get(name).filter(|after| *after != before) {
                let digest = |key: &str| Digest::of(key.as_bytes());
                self.add(
                    format!("signer.{name}.key"),
                    digest(&before.key),
                    digest(&after.key),
                    "a signer has another key",
                );
            }
        }
        self.trust(base, head);
    }

    fn module(&mut self, name: &str, before: &ModuleRule, after: &ModuleRule) {
        let at = |attribute: &str| format!("module.{name}.{attribute}");
        if before.source != after.source {
            let what = "a module comes from somewhere else";
            self.add(at("source"), &before.source, &after.source, what);
        }
        if after.level < before.level {
            self.add(at("level"), before.level, after.level, "a module's findings count less");
        }
        // Nobody but the module knows which settings ask for less; those of an advisory one decide nothing.
        if before.level > ModuleLevel::Advisory && before.settings != after.settings {
            self.add(
                at("settings"),
                digest(&before.settings),
                digest(&after.settings),
                "a module's settings are other ones",
            );
        }
        if after.sensitive_values && !before.sensitive_values {
            self.shown(name, after);
        }
    }

    fn shown(&mut self, name: &str, after: &ModuleRule) {
        let place = format!("module.{name}.sensitive_values");
        // Who agrees to that agrees to it for this module.
        let to = format!("true, for `{}`", after.source);
        self.add(place, false, to, "a module is shown sensitive values");
    }

    fn trust(&mut self, base: &Terms, head: &Terms) {
        for (sources, before) in &base.trust {
            // Every block that covers a source has to be met, so one that asks for as much is enough.
            let is_kept =
                |(wider, after): (&crate::Pattern, &TrustRule)| wider.covers(sources.as_str()) && after.implies(before);
            if !head.trust.iter().any(is_kept) {
                let after = head.trust.get(sources).map_or_else(|| "nothing".to_owned(), describe);
                let place = format!("trust.{sources}");
                self.add(
                    place,
                    describe(before),
                    after,
                    "fewer signatures are needed, or those of others",
                );
            }
        }
        for (sources, after) in &head.trust {
            // What no block covers is refused.
            if !base.trust.keys().any(|wider| wider.covers(sources.as_str())) {
                let place = format!("trust.{sources}");
                self.add(place, "nobody", describe(after), "modules of more sources are trusted");
            }
        }
    }
}

fn describe(rule: &TrustRule) -> String {
    match (rule.all_of.as_slice(), rule.any_of.as_slice()) {
        (all, []) => format!("all of {}", listing(all)),
        ([], any) => format!("any of {}", listing(any)),
        (all, any) => format!("all of {}, any of {}", listing(all), listing(any)),
    }
}

/// Settings may be long, and what they say of a place is nobody's else.
fn digest(settings: &Map<String, Value>) -> Digest {
    Digest::of(canonical_json(&Value::Object(settings.clone())).as_bytes())
}
