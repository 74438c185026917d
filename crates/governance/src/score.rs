//! The risk score: deterministic, explained item by item, and able only to rise.
//!
//! The points are those of the default policy; an organisation's own may set others, see [`Weights`].
//!
//! | what | points | how it is known |
//! |---|---|---|
//! | access | 5, 20, 40 | the most that any action of the scope does, see [`Access`] |
//! | wildcard resource | 15 | a resource of the scope is a pattern |
//! | production | 15 | the environment, or what the policy says of it |
//! | internet-facing | 10 | declared |
//! | third party | 10 | the kind is `vendor_integration`, or a vendor is named |
//! | restricted data | 15 | the classification is `restricted` |
//! | static credential | 25 | the kind is `legacy_shared` |
//! | cross-account | 10 | the scope names ARNs of several accounts, or leaves the account open |
//! | autonomous agent | 10 | the kind is `ai_agent` |
//! | no attestation | 10 | none is declared |
//!
//! What is unknown at plan counts nothing yet: the score at plan is a lower bound, the one at apply is final.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::declaration::Classification;
use crate::kind::Kind;
use crate::policy::Policy;
use crate::scope::ScopeEntry;
use crate::text::Environment;
use crate::tier::RiskTier;

/// What each fact adds to a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Mutating identities, or administration.
    pub administer: u32,
    /// Write access.
    pub write: u32,
    /// Read access.
    pub read: u32,
    /// A resource that is a pattern.
    pub wildcard_resource: u32,
    /// Use in production.
    pub production: u32,
    /// Reachable from the internet.
    pub internet_facing: u32,
    /// Somebody else's software.
    pub third_party: u32,
    /// Restricted data within reach.
    pub restricted_data: u32,
    /// A credential that does not change by itself.
    pub static_credential: u32,
    /// Several accounts within reach.
    pub cross_account: u32,
    /// Software that decides by itself.
    pub autonomous_agent: u32,
    /// Nothing proves that it is itself.
    pub no_attestation: u32,
}

impl Weights {
    /// Each with its name in the policy file, in the order of the table.
    pub fn entries(&self) -> [(&'static str, u32); 12] {
        [
            ("administer", self.administer),
            ("write", self.write),
            ("read", self.read),
            ("wildcard_resource", self.wildcard_resource),
            ("production", self.production),
            ("internet_facing", self.internet_facing),
            ("third_party", self.third_party),
            ("restricted_data", self.restricted_data),
            ("static_credential", self.static_credential),
            ("cross_account", self.cross_account),
            ("autonomous_agent", self.autonomous_agent),
            ("no_attestation", self.no_attestation),
        ]
    }

    fn of(&self, access: Access) -> u32 {
        match access {
            Access::Read => self.read,
            Access::Write => self.write,
            Access::Administer => self.administer,
        }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            administer: 40,
            write: 20,
            read: 5,
            wildcard_resource: 15,
            production: 15,
            internet_facing: 10,
            third_party: 10,
            restricted_data: 15,
            static_credential: 25,
            cross_account: 10,
            autonomous_agent: 10,
            no_attestation: 10,
        }
    }
}

/// One reason for points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreItem {
    /// How many.
    pub points: u32,
    /// Why, as a phrase: ``write access (`s3:PutObject`)``.
    pub reason: String,
}

/// A score with its reasons and the tier it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The reasons, in the order of the table above.
    pub items: Vec<ScoreItem>,
    /// The sum of their points.
    pub score: u32,
    /// The tier of the score, or the declared lowest tier where that is higher.
    pub tier: RiskTier,
    /// Whether everything that the score depends on was known. If not, score and tier are lower bounds.
    pub is_final: bool,
}

impl Assessment {
    /// The reasons in one line: `write access (…) 20, no attestation 10`.
    pub fn explain(&self) -> String {
        let items: Vec<_> = self
            .items
            .iter()
            .map(|item| format!("{} {}", item.reason, item.points))
            .collect();
        if items.is_empty() {
            "nothing known yet".to_owned()
        } else {
            items.join(", ")
        }
    }
}

/// What a score is made of; `None` and `false` where nothing is known or nothing is so.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent row of the table")]
pub(crate) struct Facts<'a> {
    pub(crate) kind: Option<Kind>,
    pub(crate) scope: Vec<&'a ScopeEntry>,
    pub(crate) environment: Option<&'a Environment>,
    pub(crate) internet_facing: bool,
    pub(crate) has_vendor: bool,
    pub(crate) classification: Option<Classification>,
    pub(crate) lacks_attestation: bool,
    pub(crate) min_tier: Option<RiskTier>,
    pub(crate) is_final: bool,
}

impl Facts<'_> {
    pub(crate) fn assess(&self, policy: &Policy) -> Assessment {
        let weights = &policy.terms().scoring;
        let mut items = Vec::new();
        let mut add = |applies: bool, points: u32, reason: &str| {
            if applies && points > 0 {
                items.push(ScoreItem {
                    points,
                    reason: reason.to_owned(),
                });
            }
        };
        if let Some((access, action)) = self.most_access() {
            add(true, weights.of(access), &format!("{access} (`{action}`)"));
        }
        if let Some(entry) = self.scope.iter().find(|entry| entry.has_wildcard_resource()) {
            add(
                true,
                weights.wildcard_resource,
                &format!("wildcard resource (`{}`)", entry.resource()),
            );
        }
        add(
            self.environment
                .is_some_and(|environment| policy.is_production(environment)),
            weights.production,
            "production",
        );
        add(self.internet_facing, weights.internet_facing, "internet-facing");
        add(
            self.has_vendor || self.kind == Some(Kind::VendorIntegration),
            weights.third_party,
            "third party",
        );
        add(
            self.classification == Some(Classification::Restricted),
            weights.restricted_data,
            "restricted data",
        );
        add(
            self.kind == Some(Kind::LegacyShared),
            weights.static_credential,
            "static credential",
        );
        add(crosses_accounts(&self.scope), weights.cross_account, "cross-account");
        add(
            self.kind == Some(Kind::AiAgent),
            weights.autonomous_agent,
            "autonomous agent",
        );
        add(self.lacks_attestation, weights.no_attestation, "no attestation");
        let score = items.iter().map(|item| item.points).sum();
        let derived = policy.tier_of_score(score);
        let tier = self.min_tier.map_or(derived, |min| derived.max(min));
        Assessment {
            items,
            score,
            tier,
            is_final: self.is_final,
        }
    }

    fn most_access(&self) -> Option<(Access, &str)> {
        let judged = self.scope.iter().filter_map(|entry| entry.access());
        judged.reduce(|most, next| if next.0 > most.0 { next } else { most })
    }
}

/// Whether the ARNs of the scope are of several accounts, or of an account that is left open.
fn crosses_accounts(scope: &[&ScopeEntry]) -> bool {
    let mut accounts = BTreeSet::new();
    for entry in scope {
        let mut parts = entry.resource().splitn(6, ':');
        let is_arn = parts.next().is_some_and(|head| head.eq_ignore_ascii_case("arn"));
        // `arn:partition:service:region:account:resource`; buckets and the like leave the account empty.
        let account = parts.nth(3).filter(|account| is_arn && !account.is_empty());
        if let Some(account) = account {
            if account.contains(['*', '?']) {
                return true;
            }
            accounts.insert(account);
        }
    }
    accounts.len() > 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Facts, crosses_accounts};
    use crate::declaration::Classification;
    use crate::kind::Kind;
    use crate::policy::Policy;
    use crate::scope::ScopeEntry;
    use crate::text::Environment;
    use crate::tier::RiskTier;

    fn entry(resource: &str, action: &str) -> ScopeEntry {
        ScopeEntry::new("aws".to_owned(), resource.to_owned(), vec![action.to_owned()])
    }

    #[test]
    fn everything_at_once() {
        let scope = [
            entry("arn:aws:iam::111122223333:role/*", "iam:PassRole"),
            entry("arn:aws:s3:::x", "s3:GetObject"),
        ];
        let environment = Environment::parse("prod").unwrap();
        let facts = Facts {
            kind: Some(Kind::AiAgent),
            scope: scope.iter().collect(),
            environment: Some(&environment),
            internet_facing: true,
            has_vendor: true,
            classification: Some(Classification::Restricted),
            lacks_attestation: true,
            min_tier: Some(RiskTier::Low),
            is_final: true,
        };
        let assessment = facts.assess(&Policy::default());
        assert_eq!((assessment.score, assessment.tier), (125, RiskTier::Critical));
        assert_eq!(
            assessment.explain(),
            "mutates identities or administers (`iam:PassRole`) 40, wildcard resource (`arn:aws:iam::111122223333:role/*`) 15, \
             production 15, internet-facing 10, third party 10, restricted data 15, autonomous agent 10, no attestation 10"
        );
    }

    #[test]
    fn accounts() {
        let crosses = |resources: &[&str]| {
            let scope: Vec<_> = resources
                .iter()
                .map(|resource| entry(resource, "s3:GetObject"))
                .collect();
            crosses_accounts(&scope.iter().collect::<Vec<_>>())
        };
        assert!(crosses(&["arn:aws:iam::1:role/a", "arn:aws:iam::2:role/a"]));
        assert!(crosses(&["arn:aws:iam::*:role/a"]));
        assert!(!crosses(&["arn:aws:iam::1:role/a", "arn:aws:ecs:x:1:service/b"]));
        assert!(!crosses(&[
            "arn:aws:s3:::a",
            "arn:aws:s3:::b",
            "projects/1",
            "projects:a:b:c:d",
            "projects:a:b:c:e"
        ]));
    }

    proptest! {
        #[test]
        fn a_fact_never_lowers_a_score(
            kind in proptest::option::of(proptest::sample::select(&Kind::ALL[..])),
            write in any::<bool>(), facing in any::<bool>(), vendor in any::<bool>(), bare in any::<bool>(),
            min in proptest::option::of(proptest::sample::select(&RiskTier::ALL[..])),
        ) {
            let read_entry = entry("arn:aws:s3:::a", "s3:GetObject");
            let write_entry = entry("arn:aws:s3:::*", "s3:PutObject");
            let build = |known: bool| Facts {
                kind: kind.filter(|_| known),
                scope: if known && write { vec![&read_entry, &write_entry] } else { vec![&read_entry] },
                internet_facing: facing && known,
                has_vendor: vendor && known,
                lacks_attestation: bare && known,
                min_tier: min.filter(|_| known),
                ..Facts::default()
            };
            let (less, more) = (build(false).assess(&Policy::default()), build(true).assess(&Policy::default()));
            prop_assert!(less.score <= more.score && less.tier <= more.tier);
            prop_assert!(min.is_none_or(|min| more.tier >= min));
        }
    }
}
