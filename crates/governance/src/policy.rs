//! The organisation's policy: what its tiers call for, how a score is made, what may be named and asked for.
//!
//! [`Terms`] are plain data; a [`Policy`] is terms that do not contradict each other, with the digest that a request
//! is bound to. The default is the table that every organisation starts from. A policy sets limits within fixed outer
//! ones: nothing it says makes an identity without an end, a bare wildcard or an exception for ever.

mod contradiction;
mod in_force;
mod loosening;
mod modules;
mod naming;
mod scopes;
mod tiers;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

pub use contradiction::Contradiction;
pub use in_force::{PolicyChange, PolicyInForce};
pub use loosening::Loosening;
pub use modules::{ModuleLevel, ModuleRule, ModuleRules, SignerRule, TrustRule};
pub use naming::NamingRule;
pub use scopes::{ScopeRule, WildcardRule, Wildcards};
pub use tiers::{Approvals, StaticSecret, StaticSecretRule, TierTerms, Tiers};

use crate::canonical::{Digest, canonical_json};
use crate::pattern::Pattern;
use crate::score::Weights;
use crate::text::{Environment, Organisation};
use crate::tier::RiskTier;
use crate::ttl::Ttl;

/// What a policy says. As JSON it is the policy file in its JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Whose policy it is; approvals are bound to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Organisation>,
    /// The environments that there are; any when none is listed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<Environment, EnvironmentTerms>,
    /// What each tier calls for.
    pub tier: Tiers,
    /// What each fact adds to a score.
    pub scoring: Weights,
    /// How identities are named; a name keeps every rule that applies to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub naming: Vec<NamingRule>,
    /// What a scope may hold, by backend; anything when nothing is listed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allowed_scope: BTreeMap<String, Vec<ScopeRule>>,
    /// What no scope may touch, by backend.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forbidden_scope: BTreeMap<String, Vec<ScopeRule>>,
    /// Where a scope may hold patterns.
    pub wildcards: Wildcards,
    /// How long an exception may last.
    pub exceptions: ExceptionTerms,
    /// What break-glass access must keep to.
    pub break_glass: BreakGlassTerms,
    /// Which policy modules run beside the built-in analyzer, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub module: ModuleRules,
    /// Who signs modules, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signer: BTreeMap<String, SignerRule>,
    /// Whose signatures modules need, by pattern of their source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trust: BTreeMap<Pattern, TrustRule>,
}

/// What a policy says of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentTerms {
    /// Whether it is production; where nothing is said, its name decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production: Option<bool>,
    /// Whether missing approvals may only be warned of there; where nothing is said, in everything but production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<bool>,
}

/// The limits of exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionTerms {
    /// The longest life of an exception.
    #[serde(serialize_with = "shortest")]
    pub ttl_max: Ttl,
    /// The longest life of an exception whose subject is of tier critical.
    #[serde(serialize_with = "shortest")]
    pub critical_ttl_max: Ttl,
    /// How often an exception may be renewed.
    pub renewals_max: u32,
}

impl Default for ExceptionTerms {
    fn default() -> Self {
        Self {
            ttl_max: Ttl::from_days(90),
            critical_ttl_max: Ttl::from_days(14),
            renewals_max: 1,
        }
    }
}

/// The limits of break-glass access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlassTerms {
    /// The fewest persons who can open it.
    pub holders_min: u32,
    /// The longest session.
    #[serde(serialize_with = "shortest")]
    pub session_max: Ttl,
    /// The longest time between two tests of it.
    #[serde(serialize_with = "shortest")]
    pub test_interval_max: Ttl,
}

impl Default for BreakGlassTerms {
    fn default() -> Self {
        Self {
            holders_min: 2,
            session_max: Ttl::from_seconds(3_600),
            test_interval_max: Ttl::from_days(90),
        }
    }
}

/// One duration has one spelling in a policy, so that it has one digest.
fn shortest<S: Serializer>(ttl: &Ttl, serializer: S) -> Result<S::Ok, S::Error> {
    Ttl::from_seconds(ttl.seconds()).serialize(serializer)
}

/// Terms that hold together, and their digest. As JSON it is the policy file in its JSON form.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "Terms", try_from = "Terms")]
pub struct Policy {
    terms: Terms,
    digest: Digest,
}

/// Two policies are equal where they say the same, however it is spelled: `240h` is ten days.
impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.to_json() == other.to_json()
    }
}

impl Eq for Policy {}

impl Policy {
    /// The policy of some terms, or everything in which they contradict each other.
    pub fn new(terms: Terms) -> Result<Self, Vec<Contradiction>> {
        let contradictions = terms.contradictions();
        if contradictions.is_empty() {
            Ok(Self::of(terms))
        } else {
            Err(contradictions)
        }
    }

    fn of(terms: Terms) -> Self {
        // What judges plans is no part of what identities are approved under: a newer module voids no approval.
        let bound = Terms {
            module: BTreeMap::new(),
            signer: BTreeMap::new(),
            trust: BTreeMap::new(),
            ..terms.clone()
        };
        let digest = Digest::of(canonical_json(&json(&bound)).as_bytes());
        Self { terms, digest }
    }

    /// What it says.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The digest of everything it says of identities, SHA-256 of its canonical JSON without what it says of modules.
    ///
    /// Two policies that differ only in that are not equal and have the same digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The policy file in its JSON form, every default written out.
    pub fn to_json(&self) -> serde_json::Value {
        json(&self.terms)
    }

    /// Whose policy it is.
    pub fn organisation(&self) -> Option<&Organisation> {
        self.terms.organisation.as_ref()
    }

    /// What a tier calls for.
    pub fn tier(&self, tier: RiskTier) -> &TierTerms {
        self.terms.tier.of(tier)
    }

    /// The tier of a score.
    pub fn tier_of_score(&self, score: u32) -> RiskTier {
        let reached = |tier: &RiskTier| self.tier(*tier).score_from <= score;
        RiskTier::ALL.into_iter().rev().find(reached).unwrap_or(RiskTier::Low)
    }

    /// The longest life that an identity of this tier may be declared with.
    pub fn ttl_max(&self, tier: RiskTier) -> &Ttl {
        &self.tier(tier).identity_ttl_max
    }

    /// The longest life of a token of an identity of this tier.
    pub fn token_ttl_max(&self, tier: RiskTier) -> &Ttl {
        &self.tier(tier).token_ttl_max
    }

    /// The approvals that a tier calls for.
    pub fn approvals(&self, tier: RiskTier) -> Approvals {
        self.tier(tier).approvals
    }

    /// Whether an identity of this tier may hold a static secret, and for how long.
    pub fn static_secret(&self, tier: RiskTier) -> StaticSecretRule<'_> {
        let terms = self.tier(tier);
        match terms.static_secret {
            StaticSecret::Never => StaticSecretRule::Never,
            StaticSecret::ByException => {
                let ttl_max = terms.static_secret_ttl_max.as_ref();
                StaticSecretRule::ByException(ttl_max.unwrap_or_else(|| self.exception_ttl_max(tier)))
            }
        }
    }

    /// How often a static secret of an identity of this tier has to be replaced; none where none may be held.
    pub fn rotate_every(&self, tier: RiskTier) -> Option<&Ttl> {
        match self.static_secret(tier) {
            StaticSecretRule::Never => None,
            StaticSecretRule::ByException(longest) => Some(self.tier(tier).rotate_every.as_ref().unwrap_or(longest)),
        }
    }

    /// The longest life of an exception for a subject of this tier.
    pub fn exception_ttl_max(&self, tier: RiskTier) -> &Ttl {
        match tier {
            RiskTier::Critical => &self.terms.exceptions.critical_ttl_max,
            RiskTier::Low | RiskTier::Moderate | RiskTier::High => &self.terms.exceptions.ttl_max,
        }
    }

    /// Whether an environment is production: as the policy says, else by its name.
    pub fn is_production(&self, environment: &Environment) -> bool {
        let said = self
            .terms
            .environment
            .get(environment)
            .and_then(|terms| terms.production);
        said.unwrap_or_else(|| environment.is_production())
    }
}

/// Whether somebody may say that missing approvals are only warned of.
impl Policy {
    /// Whether that counts for a change in an environment; of what belongs to none, which may concern any of them,
    /// only where every environment that there is says so.
    pub fn allows_warn(&self, environment: Option<&Environment>) -> bool {
        let listed = &self.terms.environment;
        let admits = |environment: &Environment| {
            let said = listed.get(environment).and_then(|terms| terms.warn);
            said.unwrap_or_else(|| !self.is_production(environment))
        };
        match environment {
            Some(environment) => admits(environment),
            None => !listed.is_empty() && listed.values().all(|terms| terms.warn == Some(true)),
        }
    }
}

impl From<Policy> for Terms {
    fn from(policy: Policy) -> Self {
        policy.terms
    }
}

impl TryFrom<Terms> for Policy {
    type Error = String;

    fn try_from(terms: Terms) -> Result<Self, String> {
        Self::new(terms).map_err(|contradictions| {
            let first = contradictions.first();
            first.map_or_else(String::new, |found| format!("{}: {}", found.place, found.problem))
        })
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::of(Terms::default())
    }
}

fn json(terms: &Terms) -> serde_json::Value {
    // INVARIANT: the types serialise to strings, numbers, lists and objects with string keys, which cannot fail.
    serde_json::to_value(terms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{EnvironmentTerms, Policy, Terms};
    use crate::text::Environment;
    use crate::tier::RiskTier;
    use crate::ttl::Ttl;

    /// The table that the documentation prints, word for word.
    #[test]
    fn the_default_is_the_table() {
        let policy = Policy::default();
        assert_eq!(Policy::new(Terms::default()), Ok(policy.clone()));
        let rows: Vec<_> = RiskTier::ALL
            .into_iter()
            .map(|tier| {
                let terms = policy.tier(tier);
                format!(
                    "{tier} {} | {} | {} | {} | {} | {}",
                    terms.score_from,
                    terms.approvals,
                    terms.identity_ttl_max,
                    terms.token_ttl_max,
                    terms.review_every,
                    policy.static_secret(tier)
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "low 0 | no approval | 4320h | 1h | 4320h | by exception, 2160h at most",
                "moderate 20 | 1 approval | 2160h | 1h | 2160h | by exception, 2160h at most",
                "high 45 | 2 approvals, one of them by the policy owner | 720h | 15m | 2160h | by exception, 720h at most",
                "critical 70 | 2 approvals and one by security | 168h | 5m | 720h | never",
            ]
        );
        for (score, tier) in [
            (0, "low"),
            (19, "low"),
            (20, "moderate"),
            (44, "moderate"),
            (45, "high"),
            (69, "high"),
            (70, "critical"),
            (u32::MAX, "critical"),
        ] {
            assert_eq!(policy.tier_of_score(score).as_str(), tier, "{score}");
        }
    }

    #[test]
    fn where_missing_approvals_may_be_warned_of() {
        let environment = |name: &str| Environment::parse(name).unwrap();
        let listing = |listed: &[(&str, Option<bool>, Option<bool>)]| {
            let mut terms = Terms::default();
            for (name, production, warn) in listed {
                let (production, warn) = (*production, *warn);
                terms
                    .environment
                    .insert(environment(name), EnvironmentTerms { production, warn });
            }
            Policy::new(terms).unwrap()
        };
        let of = |policy: &Policy, name: &str| policy.allows_warn(Some(&environment(name)));
        let built_in = Policy::default();
        assert!(of(&built_in, "staging") && of(&built_in, "non-prod"));
        assert!(!of(&built_in, "production") && !of(&built_in, "prod-eu"));
        assert!(
            !built_in.allows_warn(None),
            "what belongs to none may concern production"
        );
        let listed = listing(&[
            ("live", Some(true), None),
            ("staging", None, None),
            ("dev", None, Some(false)),
        ]);
        assert!(of(&listed, "staging") && !of(&listed, "live") && !of(&listed, "dev") && !listed.allows_warn(None));
        let said = listing(&[("production", None, Some(true)), ("staging", None, Some(true))]);
        assert!(of(&said, "production") && said.allows_warn(None));
        // Allowing it anywhere it was not is a loosening, in either way of saying so.
        let places = |head: &Policy, base: &Policy| {
            head.loosened_from(base)
                .into_iter()
                .map(|found| found.place)
                .collect::<Vec<_>>()
        };
        let before = listing(&[("production", None, None), ("staging", None, None)]);
        assert_eq!(
            places(&said, &before),
            ["environment.production.warn", "environment.warn"]
        );
        assert_eq!(places(&before, &said), Vec::<String>::new());
        let half = listing(&[("production", None, Some(true)), ("staging", None, None)]);
        assert!(
            of(&half, "staging") && !half.allows_warn(None),
            "for what belongs to none every one has to say so"
        );
        let renamed = listing(&[("production", Some(false), None), ("staging", None, None)]);
        assert_eq!(
            places(&renamed, &before),
            ["environment.production.production"],
            "said once"
        );
        assert_ne!(said.digest(), before.digest());
    }

    #[test]
    fn one_content_has_one_digest() {
        let mut terms = Terms::default();
        terms.exceptions.ttl_max = Ttl::parse("129600m").unwrap();
        assert_eq!(Policy::new(terms.clone()).unwrap().digest(), Policy::default().digest());
        terms.exceptions.ttl_max = Ttl::parse("2159h").unwrap();
        assert_ne!(Policy::new(terms).unwrap().digest(), Policy::default().digest());
    }
}
