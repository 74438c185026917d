//! What terms must keep to: fixed outer limits, and tiers that get stricter as they get higher.
//!
//! A tier may be raised by a declaration, and a score only rises; both are safe only while a higher tier never allows
//! more than a lower one.

use super::{StaticSecret, Terms, TierTerms};
use crate::code::{POLICY, Problem};
use crate::tier::RiskTier;
use crate::ttl::Ttl;

/// The highest weight of a fact.
const WEIGHT_MAX: u32 = 1_000;
/// The highest score a tier may start at: more than any identity can reach would switch the tier off.
const SCORE_FROM_MAX: u32 = 1_000;
/// The most persons that an approval may take.
const APPROVALS_MAX: u32 = 10;
/// The longest life of an identity and the longest time between reviews: two years.
const LIFE_SECONDS_MAX: u64 = 730 * 86_400;
/// The longest life of a token.
const TOKEN_SECONDS_MAX: u64 = 86_400;
/// The longest life of an exception: half a year.
const EXCEPTION_SECONDS_MAX: u64 = 183 * 86_400;
const RENEWALS_MAX: u32 = 10;
const HOLDERS_MAX: u32 = 100;
/// The longest break-glass session.
const SESSION_SECONDS_MAX: u64 = 12 * 3_600;
/// The longest time between two tests of break-glass access.
const TEST_SECONDS_MAX: u64 = 366 * 86_400;

/// One thing in which terms break a limit or contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Where, in the words of the policy file: `tier.high.score_from`.
    pub place: String,
    /// What is wrong there and what to write instead.
    pub problem: Problem,
}

impl Terms {
    /// Everything that keeps these terms from being a policy.
    pub(super) fn contradictions(&self) -> Vec<Contradiction> {
        let mut found = Found::default();
        for tier in RiskTier::ALL {
            found.tier(tier, self.tier.of(tier));
        }
        for (lower, higher) in RiskTier::ALL.into_iter().zip(RiskTier::ALL.into_iter().skip(1)) {
            found.order((lower, self.tier.of(lower)), (higher, self.tier.of(higher)));
        }
        found.secrets(self);
        found.weights(self);
        found.limits(self);
        found.rules(self);
        found.0
    }
}

#[derive(Default)]
struct Found(Vec<Contradiction>);

impl Found {
    fn add(&mut self, place: String, message: String, help: impl Into<String>) {
        let problem = Problem::new(&POLICY, message, help);
        self.0.push(Contradiction { place, problem });
    }

    fn at_most(&mut self, place: String, number: u32, max: u32) {
        if number > max {
            self.add(
                place,
                format!("{number} is more than {max}"),
                format!("Write {max} or less."),
            );
        }
    }

    fn no_longer(&mut self, place: String, ttl: &Ttl, max: u64) {
        if ttl.seconds() > max {
            let most = Ttl::from_seconds(max);
            self.add(
                place,
                format!("`{ttl}` is longer than `{most}`"),
                format!("Write `\"{most}\"` or less: no policy allows more."),
            );
        }
    }

    fn tier(&mut self, tier: RiskTier, terms: &TierTerms) {
        let at = |name: &str| format!("tier.{tier}.{name}");
        self.at_most(at("score_from"), terms.score_from, SCORE_FROM_MAX);
        self.at_most(at("approvals.count"), terms.approvals.count, APPROVALS_MAX);
        self.no_longer(at("identity_ttl_max"), &terms.identity_ttl_max, LIFE_SECONDS_MAX);
        self.no_longer(at("token_ttl_max"), &terms.token_ttl_max, TOKEN_SECONDS_MAX);
        self.no_longer(at("review_every"), &terms.review_every, LIFE_SECONDS_MAX);
        if tier == RiskTier::Low && terms.score_from != 0 {
            self.add(
                at("score_from"),
                format!("tier low starts at {}", terms.score_from),
                "Write `score_from = 0`: every score has a tier.",
            );
        }
        if terms.approvals.policy_owner && terms.approvals.count == 0 {
            self.add(
                at("approvals.policy_owner"),
                "one of no approvals cannot be the policy owner's".to_owned(),
                "Write `count = 1` or more, or leave `policy_owner` out.",
            );
        }
        if terms.token_ttl_max.seconds() > terms.identity_ttl_max.seconds() {
            self.add(
                at("token_ttl_max"),
                format!(
                    "a token may live `{}`, longer than its identity, `{}`",
                    terms.token_ttl_max, terms.identity_ttl_max
                ),
                format!("Write `\"{}\"` or less.", terms.identity_ttl_max),
            );
        }
    }

    /// A higher tier is stricter in everything.
    fn order(&mut self, lower: (RiskTier, &TierTerms), higher: (RiskTier, &TierTerms)) {
        let ((below, low), (tier, high)) = (lower, higher);
        let at = |name: &str| format!("tier.{tier}.{name}");
        if high.score_from <= low.score_from {
            self.add(
                at("score_from"),
                format!(
                    "tier {tier} starts at {}, not above tier {below} at {}",
                    high.score_from, low.score_from
                ),
                format!("Write {} or more: the tiers ascend.", low.score_from.saturating_add(1)),
            );
        }
        let (few, many) = (high.approvals, low.approvals);
        if few.persons() < many.persons()
            || (many.security && !few.security)
            || (many.policy_owner && !few.policy_owner && !few.security)
        {
            self.add(
                at("approvals"),
                format!("tier {tier} calls for {few}, tier {below} for {many}"),
                "Ask for at least as much in the higher tier.",
            );
        }
        for (name, longer, shorter) in [
            ("identity_ttl_max", &high.identity_ttl_max, &low.identity_ttl_max),
            ("token_ttl_max", &high.token_ttl_max, &low.token_ttl_max),
            ("review_every", &high.review_every, &low.review_every),
        ] {
            if longer.seconds() > shorter.seconds() {
                self.add(
                    at(name),
                    format!("tier {tier} allows `{longer}`, tier {below} `{shorter}`"),
                    format!("Write `\"{shorter}\"` or less: a higher tier never allows more."),
                );
            }
        }
        if high.static_secret < low.static_secret {
            self.add(
                at("static_secret"),
                format!(
                    "tier {tier} allows a static secret {}, tier {below} {}",
                    high.static_secret, low.static_secret
                ),
                format!("Write `\"{}\"`: a higher tier never allows more.", low.static_secret),
            );
        }
    }

    fn secrets(&mut self, terms: &Terms) {
        let mut shortest: Option<(RiskTier, &Ttl)> = None;
        let mut soonest = None;
        for tier in RiskTier::ALL {
            let of_tier = terms.tier.of(tier);
            let place = || format!("tier.{tier}.static_secret_ttl_max");
            let exception = match tier {
                RiskTier::Critical => &terms.exceptions.critical_ttl_max,
                RiskTier::Low | RiskTier::Moderate | RiskTier::High => &terms.exceptions.ttl_max,
            };
            if of_tier.static_secret == StaticSecret::Never {
                if of_tier.static_secret_ttl_max.is_some() {
                    self.add(
                        place(),
                        "a static secret that is never allowed has a longest life".to_owned(),
                        "Leave `static_secret_ttl_max` out.",
                    );
                }
                if of_tier.rotate_every.is_some() {
                    self.add(
                        format!("tier.{tier}.rotate_every"),
                        "a static secret that is never allowed has to be replaced".to_owned(),
                        "Leave `rotate_every` out.",
                    );
                }
                continue;
            }
            let most = of_tier.static_secret_ttl_max.as_ref().unwrap_or(exception);
            if most.seconds() > exception.seconds() {
                self.add(
                    place(),
                    format!("a static secret may live `{most}`, longer than the exception it needs, `{exception}`"),
                    format!("Write `\"{exception}\"` or less."),
                );
            } else if let Some((below, limit)) = shortest.filter(|(_, limit)| most.seconds() > limit.seconds()) {
                self.add(
                    place(),
                    format!("tier {tier} allows a static secret for `{most}`, tier {below} for `{limit}`"),
                    format!("Write `\"{limit}\"` or less: a higher tier never allows more."),
                );
            }
            shortest = Some((tier, most));
            self.rotation(&mut soonest, tier, of_tier.rotate_every.as_ref(), most);
        }
    }

    /// `soonest` is that of the tier below: how often, and whether it says so itself. Where neither does, it is the longest
    /// life once more, which is judged already.
    fn rotation<'t>(
        &mut self,
        soonest: &mut Option<(RiskTier, &'t Ttl, bool)>,
        tier: RiskTier,
        said: Option<&'t Ttl>,
        most: &'t Ttl,
    ) {
        let every = said.unwrap_or(most);
        let place = || format!("tier.{tier}.rotate_every");
        if every.seconds() > most.seconds() {
            self.add(
                place(),
                format!("a static secret is replaced every `{every}`, and lives `{most}` at most"),
                format!("Write `\"{most}\"` or less."),
            );
        } else if let Some((below, limit, is_said)) = *soonest
            && every.seconds() > limit.seconds()
            && (is_said || said.is_some())
        {
            self.add(
                place(),
                format!("tier {tier} has a static secret replaced every `{every}`, tier {below} every `{limit}`"),
                format!("Write `\"{limit}\"` or less: a higher tier never allows more."),
            );
        }
        *soonest = Some((tier, every, said.is_some()));
    }

    fn weights(&mut self, terms: &Terms) {
        for (name, points) in terms.scoring.entries() {
            self.at_most(format!("scoring.{name}"), points, WEIGHT_MAX);
        }
        let weights = &terms.scoring;
        for (name, more, less, least) in [
            ("write", weights.write, "read", weights.read),
            ("administer", weights.administer, "write", weights.write),
        ] {
            if more < least {
                self.add(
                    format!("scoring.{name}"),
                    format!("{name} weighs {more}, less than {less} with {least}"),
                    format!("Write {least} or more: who may do more must not score less."),
                );
            }
        }
    }

    fn limits(&mut self, terms: &Terms) {
        let (exceptions, break_glass) = (&terms.exceptions, &terms.break_glass);
        let at = |name: &str| format!("exceptions.{name}");
        self.no_longer(at("ttl_max"), &exceptions.ttl_max, EXCEPTION_SECONDS_MAX);
        self.at_most(at("renewals_max"), exceptions.renewals_max, RENEWALS_MAX);
        if exceptions.critical_ttl_max.seconds() > exceptions.ttl_max.seconds() {
            self.add(
                at("critical_ttl_max"),
                format!(
                    "an exception in tier critical may last `{}`, others `{}`",
                    exceptions.critical_ttl_max, exceptions.ttl_max
                ),
                format!("Write `\"{}\"` or less.", exceptions.ttl_max),
            );
        }
        let at = |name: &str| format!("break_glass.{name}");
        self.at_most(at("holders_min"), break_glass.holders_min, HOLDERS_MAX);
        if break_glass.holders_min < 2 {
            self.add(
                at("holders_min"),
                format!("{} cannot hold it together", break_glass.holders_min),
                "Write 2 or more: one person alone never breaks the glass.",
            );
        }
        self.no_longer(at("session_max"), &break_glass.session_max, SESSION_SECONDS_MAX);
        self.no_longer(
            at("test_interval_max"),
            &break_glass.test_interval_max,
            TEST_SECONDS_MAX,
        );
    }

    /// A rule that admits nothing, or that is for an environment which does not exist, is a mistake.
    fn rules(&mut self, terms: &Terms) {
        let unlisted = |environments: &[crate::text::Environment]| {
            let known = |environment: &&crate::text::Environment| !terms.environment.contains_key(*environment);
            let mut unknown = environments.iter().filter(known);
            unknown.next().filter(|_| !terms.environment.is_empty()).cloned()
        };
        let mut check = |place: String, environments: &[crate::text::Environment], empty: Option<&str>| {
            if let Some(environment) = unlisted(environments) {
                self.add(
                    format!("{place}.environments"),
                    format!("environment `{environment}` is not listed"),
                    format!("Add `environment \"{environment}\" {{}}`, or correct the name."),
                );
            }
            if let Some(name) = empty {
                self.add(
                    format!("{place}.{name}"),
                    format!("`{name}` is empty, so nothing could ever keep the rule"),
                    "List at least one pattern, or remove the block.",
                );
            }
        };
        for (index, rule) in terms.naming.iter().enumerate() {
            let empty = rule.patterns.is_empty().then_some("patterns");
            check(format!("naming.{index}"), &rule.environments, empty);
        }
        for (block, rules) in [
            ("allowed_scope", &terms.allowed_scope),
            ("forbidden_scope", &terms.forbidden_scope),
        ] {
            for (backend, rules) in rules {
                for (index, rule) in rules.iter().enumerate() {
                    let empty = if rule.resources.is_empty() {
                        Some("resources")
                    } else {
                        rule.actions.is_empty().then_some("actions")
                    };
                    check(format!("{block}.{backend}.{index}"), &rule.environments, empty);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{Policy, StaticSecret, Terms};
    use crate::tier::RiskTier;
    use crate::ttl::Ttl;

    /// The places that are wrong after a change of the default.
    fn wrong(change: impl FnOnce(&mut Terms)) -> Vec<String> {
        let mut terms = Terms::default();
        change(&mut terms);
        let found = Policy::new(terms).err().unwrap_or_default();
        for contradiction in &found {
            assert_eq!(contradiction.problem.code.id, "NHI-POLICY");
            assert!(contradiction.problem.help.ends_with('.'), "{contradiction:?}");
        }
        found.into_iter().map(|contradiction| contradiction.place).collect()
    }

    #[test]
    fn tiers_get_stricter() {
        let ttl = |text: &str| Ttl::parse(text).unwrap();
        assert_eq!(wrong(|_| {}), [""; 0]);
        assert_eq!(wrong(|terms| terms.tier.low.score_from = 1), ["tier.low.score_from"]);
        assert_eq!(wrong(|terms| terms.tier.high.score_from = 20), ["tier.high.score_from"]);
        assert_eq!(
            wrong(|terms| terms.tier.high.score_from = 70),
            ["tier.critical.score_from"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.critical.score_from = 1_001),
            ["tier.critical.score_from"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.high.identity_ttl_max = ttl("2161h")),
            ["tier.high.identity_ttl_max"]
        );
        assert_eq!(wrong(|terms| terms.tier.high.identity_ttl_max = ttl("2160h")), [""; 0]);
        assert_eq!(
            wrong(|terms| terms.tier.high.token_ttl_max = ttl("61m")),
            ["tier.high.token_ttl_max"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.critical.review_every = ttl("2161h")),
            ["tier.critical.review_every"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.moderate.approvals.count = 3),
            ["tier.high.approvals"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.critical.approvals.security = false),
            ["tier.critical.approvals"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.low.approvals.policy_owner = true),
            ["tier.low.approvals.policy_owner", "tier.moderate.approvals"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.moderate.static_secret = StaticSecret::Never),
            ["tier.high.static_secret"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.critical.static_secret_ttl_max = Some(ttl("1h"))),
            ["tier.critical.static_secret_ttl_max"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.moderate.static_secret_ttl_max = Some(ttl("24h"))),
            ["tier.high.static_secret_ttl_max"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.low.static_secret_ttl_max = Some(ttl("2161h"))),
            ["tier.low.static_secret_ttl_max"]
        );
        assert_eq!(
            wrong(|terms| terms.tier.critical.identity_ttl_max = ttl("4m")),
            ["tier.critical.token_ttl_max"]
        );
    }

    #[test]
    fn a_rotation_is_due_before_the_end() {
        let ttl = |text: &str| Ttl::parse(text).unwrap();
        for (change, place) in [
            ((RiskTier::Critical, "1h"), "tier.critical.rotate_every"),
            ((RiskTier::High, "721h"), "tier.high.rotate_every"),
            ((RiskTier::Moderate, "719h"), "tier.high.rotate_every"),
        ] {
            let found = wrong(|terms| terms.tier.of_mut(change.0).rotate_every = Some(ttl(change.1)));
            assert_eq!(found, [place], "{change:?}");
        }
        assert_eq!(
            wrong(|terms| terms.tier.high.rotate_every = Some(ttl("168h"))),
            [""; 0],
            "two settings that agree"
        );
    }

    #[test]
    fn weights_and_limits() {
        let ttl = |text: &str| Ttl::parse(text).unwrap();
        assert_eq!(wrong(|terms| terms.scoring.administer = 19), ["scoring.administer"]);
        assert_eq!(wrong(|terms| terms.scoring.read = 21), ["scoring.write"]);
        assert_eq!(wrong(|terms| terms.scoring.production = 1_001), ["scoring.production"]);
        assert_eq!(
            wrong(|terms| terms.exceptions.ttl_max = ttl("300h")),
            ["tier.high.static_secret_ttl_max", "exceptions.critical_ttl_max"]
        );
        assert_eq!(
            wrong(|terms| terms.exceptions.ttl_max = ttl("5000h")),
            ["exceptions.ttl_max"]
        );
        assert_eq!(
            wrong(|terms| terms.break_glass.holders_min = 1),
            ["break_glass.holders_min"]
        );
        assert_eq!(
            wrong(|terms| terms.break_glass.session_max = ttl("13h")),
            ["break_glass.session_max"]
        );
    }
}
