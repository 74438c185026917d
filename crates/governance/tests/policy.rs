//! What an organisation's own policy changes: drafts in, violations out; two policies in, what was loosened out.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use nhi_governance::{
        Checked, Draft, Environment, EnvironmentTerms, Given, Kind, NamingRule, Organisation, Pattern, Policy,
        PurposeDraft, RiskTier, ScopeDraft, ScopeRule, StaticSecret, Terms, Ttl, WildcardRule,
    };

    fn policy(change: impl FnOnce(&mut Terms)) -> Policy {
        let mut terms = Terms::default();
        change(&mut terms);
        Policy::new(terms).unwrap()
    }

    fn environment(name: &str) -> Environment {
        Environment::parse(name).unwrap()
    }

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::parse(text).unwrap()).collect()
    }

    fn rule(environments: &[&str], resources: &[&str], actions: &[&str]) -> ScopeRule {
        ScopeRule {
            environments: environments.iter().map(|name| environment(name)).collect(),
            resources: patterns(resources),
            actions: patterns(actions),
        }
    }

    fn naming(kinds: &[Kind], environments: &[&str], shapes: &[&str]) -> NamingRule {
        NamingRule {
            kinds: kinds.to_vec(),
            environments: environments.iter().map(|name| environment(name)).collect(),
            patterns: patterns(shapes),
        }
    }

    fn aws(rules: &[ScopeRule]) -> BTreeMap<String, Vec<ScopeRule>> {
        BTreeMap::from([("aws".to_owned(), rules.to_vec())])
    }

    fn draft(environment: &str, resource: &str, action: &str) -> Draft {
        Draft {
            name: "reader".into(),
            kind: "workload".into(),
            technical_owner: "team:payments".into(),
            policy_owner: "team:iam".into(),
            purpose: Given::Known(PurposeDraft {
                summary: "Reads the nightly reports".into(),
                task: "Reporting service, job nightly".into(),
                ticket: Given::Absent,
            }),
            environment: environment.into(),
            ttl: "24h".into(),
            scope: Given::Known(vec![Given::Known(ScopeDraft {
                backend: "aws".into(),
                resource: resource.into(),
                actions: Given::Known(vec![action.into()]),
            })]),
            revoked_by: Given::Known(vec!["ttl".into()]),
            ..Draft::default()
        }
    }

    fn reader() -> Draft {
        draft("staging", "arn:aws:s3:::reports", "s3:GetObject")
    }

    fn found(policy: &Policy, draft: &Draft) -> Vec<(String, &'static str)> {
        let Checked {
            violations,
            declaration,
            ..
        } = draft.check(policy);
        assert_eq!(declaration.is_none(), !violations.is_empty());
        violations
            .iter()
            .map(|violation| (violation.path.to_string(), violation.code.id))
            .collect()
    }

    fn assert_found(policy: &Policy, draft: &Draft, wanted: &[(&str, &str)]) {
        let found = found(policy, draft);
        let found: Vec<_> = found.iter().map(|(path, code)| (path.as_str(), *code)).collect();
        assert_eq!(found, wanted, "{draft:?}");
    }

    #[test]
    fn environments() {
        let listed = policy(|terms| {
            terms
                .environment
                .insert(environment("staging"), EnvironmentTerms::default());
            terms.environment.insert(
                environment("blue"),
                EnvironmentTerms {
                    production: Some(true),
                    warn: None,
                },
            );
        });
        assert_found(&listed, &reader(), &[]);
        let elsewhere = draft("dev", "arn:aws:s3:::reports", "s3:GetObject");
        assert_found(&listed, &elsewhere, &[("environment", "NHI-ENVIRONMENT-UNLISTED")]);
        assert_found(&Policy::default(), &elsewhere, &[]);
        let blue = draft("blue", "arn:aws:s3:::reports", "s3:GetObject")
            .check(&listed)
            .assessment;
        assert_eq!(blue.score, 30, "{}", blue.explain());
        assert_eq!(reader().check(&listed).assessment.score, 15);
    }

    #[test]
    fn names() {
        let named = policy(|terms| {
            terms.naming = vec![
                naming(&[], &[], &["read*", "write*"]),
                naming(&[Kind::CiPipeline], &["production"], &["*-ci"]),
            ];
        });
        assert_found(&named, &reader(), &[]);
        let other = Draft {
            name: "deployer".into(),
            ..reader()
        };
        assert_found(&named, &other, &[("name", "NHI-NAME-PATTERN")]);
        let pipeline = |environment: &str| Draft {
            kind: "ci_pipeline".into(),
            ..draft(environment, "arn:aws:s3:::reports", "s3:GetObject")
        };
        assert_found(&named, &pipeline("staging"), &[]);
        assert_found(&named, &pipeline("production"), &[("name", "NHI-NAME-PATTERN")]);
        let unknown = Draft {
            kind: Given::Unknown,
            ..pipeline("production")
        };
        assert_eq!(unknown.check(&named).violations, [], "judged when the kind is known");
    }

    #[test]
    fn scopes() {
        let rules = policy(|terms| {
            terms.allowed_scope = aws(&[
                rule(&[], &["arn:aws:s3:::reports*"], &["s3:Get*", "s3:List*"]),
                rule(&["dev"], &["*"], &["*"]),
            ]);
            terms.forbidden_scope = aws(&[rule(&[], &["*"], &["iam:*"])]);
        });
        let outside = [("scope[0]", "NHI-SCOPE-OUTSIDE")];
        for (environment, resource, action, wanted) in [
            ("staging", "arn:aws:s3:::reports", "s3:GetObject", &[][..]),
            ("staging", "arn:aws:s3:::reports/*", "s3:Get*", &[]),
            ("staging", "arn:aws:s3:::reports", "s3:PutObject", &outside),
            ("staging", "arn:aws:s3:::other", "s3:GetObject", &outside),
            ("staging", "arn:aws:s3:::re*", "s3:GetObject", &outside),
            ("staging", "arn:aws:s3:::reports", "s3:*", &outside),
            ("dev", "arn:aws:s3:::other", "s3:PutObject", &[]),
            (
                "dev",
                "arn:aws:iam::1:role/a",
                "IAM:passrole",
                &[("scope[0].actions", "NHI-SCOPE-FORBIDDEN")],
            ),
            (
                "dev",
                "arn:aws:iam::1:role/a",
                "i*:PassRole",
                &[("scope[0].actions", "NHI-SCOPE-FORBIDDEN")],
            ),
        ] {
            assert_found(&rules, &draft(environment, resource, action), wanted);
        }
        let unknown = Draft {
            environment: Given::Unknown,
            ..draft("dev", "arn:aws:s3:::other", "s3:PutObject")
        };
        assert_eq!(unknown.check(&rules).violations, []);
    }

    #[test]
    fn patterns_in_scopes() {
        use WildcardRule::{Allowed, Forbidden, OutsideProduction};

        let strict = |resources, actions| {
            policy(|terms| {
                terms.wildcards.resources = resources;
                terms.wildcards.actions = actions;
            })
        };
        let wide = |environment: &str| draft(environment, "arn:aws:s3:::reports/*", "s3:Get*");
        let (resource, action) = (
            ("scope[0].resource", "NHI-SCOPE-PATTERN"),
            ("scope[0].actions", "NHI-SCOPE-PATTERN"),
        );
        assert_found(&strict(Allowed, Allowed), &wide("prod"), &[]);
        assert_found(&strict(Forbidden, Allowed), &wide("dev"), &[resource]);
        assert_found(&strict(OutsideProduction, Forbidden), &wide("dev"), &[action]);
        assert_found(
            &strict(OutsideProduction, Forbidden),
            &wide("prod"),
            &[resource, action],
        );
        assert_found(&strict(Forbidden, Forbidden), &reader(), &[]);
    }

    #[test]
    fn tiers_weights_and_secrets() {
        let strict = policy(|terms| {
            terms.scoring.read = 20;
            terms.tier.moderate.identity_ttl_max = Ttl::parse("48h").unwrap();
            terms.tier.high.identity_ttl_max = Ttl::parse("24h").unwrap();
            terms.tier.critical.identity_ttl_max = Ttl::parse("1h").unwrap();
            for tier in RiskTier::ALL {
                terms.tier.of_mut(tier).static_secret = StaticSecret::Never;
                terms.tier.of_mut(tier).static_secret_ttl_max = None;
            }
        });
        assert_eq!(reader().check(&strict).assessment.score, 30);
        let longer = Draft {
            ttl: "49h".into(),
            ..reader()
        };
        assert_found(&strict, &longer, &[("ttl", "NHI-TTL-CEILING")]);
        assert_found(&Policy::default(), &longer, &[]);
        let shared = Draft {
            kind: "legacy_shared".into(),
            ..reader()
        };
        assert_found(
            &strict,
            &shared,
            &[("kind", "NHI-STATIC-SECRET"), ("ttl", "NHI-TTL-CEILING")][..1],
        );
        assert_found(&Policy::default(), &shared, &[]);
        let critical = Draft {
            min_risk_tier: "critical".into(),
            ..shared
        };
        assert_found(&Policy::default(), &critical, &[("kind", "NHI-STATIC-SECRET")]);
    }

    /// The places in which the second policy is looser than the first.
    fn loosened(base: impl FnOnce(&mut Terms), head: impl FnOnce(&mut Terms)) -> Vec<String> {
        let found = policy(head).loosened_from(&policy(base));
        found.into_iter().map(|loosening| loosening.place).collect()
    }

    fn ttl(text: &str) -> Ttl {
        Ttl::parse(text).unwrap()
    }

    #[test]
    fn every_number_that_loosens_is_named_and_none_that_tightens() {
        type Change = fn(&mut Terms);
        let cases: [(&str, Change); 24] = [
            ("tier.moderate.score_from", |terms| terms.tier.moderate.score_from = 21),
            ("tier.critical.score_from", |terms| terms.tier.critical.score_from = 71),
            ("tier.moderate.approvals.count", |terms| {
                terms.tier.moderate.approvals.count = 0;
            }),
            ("tier.high.approvals.policy_owner", |terms| {
                terms.tier.high.approvals.policy_owner = false;
            }),
            ("tier.critical.approvals.security", |terms| {
                terms.tier.critical.approvals.security = false;
                terms.tier.critical.approvals.policy_owner = true;
            }),
            ("tier.low.identity_ttl_max", |terms| {
                terms.tier.low.identity_ttl_max = ttl("4321h");
            }),
            ("tier.low.token_ttl_max", |terms| {
                terms.tier.low.token_ttl_max = ttl("61m");
            }),
            ("tier.critical.token_ttl_max", |terms| {
                terms.tier.critical.token_ttl_max = ttl("6m");
            }),
            ("tier.low.review_every", |terms| {
                terms.tier.low.review_every = ttl("4321h");
            }),
            ("tier.critical.static_secret", |terms| {
                terms.tier.critical.static_secret = StaticSecret::ByException;
            }),
            ("tier.high.static_secret_ttl_max", |terms| {
                terms.tier.high.static_secret_ttl_max = Some(ttl("721h"));
            }),
            ("tier.high.static_secret_ttl_max", |terms| {
                terms.tier.high.static_secret_ttl_max = None;
            }),
            ("scoring.administer", |terms| terms.scoring.administer = 39),
            ("scoring.no_attestation", |terms| terms.scoring.no_attestation = 0),
            ("scoring.cross_account", |terms| terms.scoring.cross_account = 9),
            ("scoring.restricted_data", |terms| terms.scoring.restricted_data = 14),
            ("environment.prod.production", |terms| {
                terms.environment.insert(
                    environment("prod"),
                    EnvironmentTerms {
                        production: Some(false),
                        warn: None,
                    },
                );
            }),
            ("exceptions.ttl_max", |terms| {
                terms.exceptions.ttl_max = ttl("2161h");
                for tier in [&mut terms.tier.low, &mut terms.tier.moderate] {
                    tier.static_secret_ttl_max = Some(ttl("2160h"));
                }
            }),
            ("exceptions.critical_ttl_max", |terms| {
                terms.exceptions.critical_ttl_max = ttl("337h");
            }),
            ("exceptions.renewals_max", |terms| terms.exceptions.renewals_max = 2),
            ("break_glass.session_max", |terms| {
                terms.break_glass.session_max = ttl("61m");
            }),
            ("break_glass.test_interval_max", |terms| {
                terms.break_glass.test_interval_max = ttl("2161h");
            }),
            ("scoring.write", |terms| terms.scoring.write = 19),
            ("scoring.static_credential", |terms| {
                terms.scoring.static_credential = 24;
            }),
        ];
        for (place, change) in cases {
            assert_eq!(loosened(|_| {}, change), [place]);
            assert_eq!(loosened(change, change), [""; 0], "{place}");
            if place != "tier.critical.approvals.security" && !place.starts_with("environment") {
                assert_eq!(loosened(change, |_| {}), [""; 0], "{place} the other way round");
            }
        }
        assert_eq!(
            loosened(|terms| terms.break_glass.holders_min = 3, |_| {}),
            ["break_glass.holders_min"]
        );
    }

    #[test]
    fn how_often_a_static_secret_is_replaced_is_a_setting_of_its_own() {
        let every = |text: &'static str| move |terms: &mut Terms| terms.tier.high.rotate_every = Some(ttl(text));
        assert_eq!(loosened(every("100h"), every("101h")), ["tier.high.rotate_every"]);
        assert_eq!(
            loosened(every("100h"), |_| {}),
            ["tier.high.rotate_every"],
            "as often as it ends"
        );
        for (base, head) in [("101h", "100h"), ("100h", "100h")] {
            assert_eq!(loosened(every(base), every(head)), [""; 0], "{base} {head}");
        }
        assert_eq!(loosened(|_| {}, every("168h")), [""; 0]);
        let shorter = |terms: &mut Terms| terms.tier.high.static_secret_ttl_max = Some(ttl("240h"));
        assert_eq!(
            loosened(shorter, |_| {}),
            ["tier.high.static_secret_ttl_max"],
            "told once"
        );
        assert_eq!(loosened(|_| {}, shorter), [""; 0]);
    }

    #[test]
    fn what_cannot_be_compared_is_looser() {
        let organisation = |name: &'static str| {
            move |terms: &mut Terms| {
                terms.organisation = Some(Organisation::parse(name).unwrap());
            }
        };
        assert_eq!(loosened(organisation("one"), organisation("two")), ["organisation"]);
        assert_eq!(loosened(organisation("one"), |_| {}), ["organisation"]);
        assert_eq!(loosened(|_| {}, organisation("one")), [""; 0]);
        // Neither covers the other.
        assert_eq!(
            loosened(
                |terms| terms.naming = vec![naming(&[], &[], &["a*"])],
                |terms| terms.naming = vec![naming(&[], &[], &["*a"])]
            ),
            ["naming.0"]
        );
    }

    #[test]
    fn lists_that_grow_or_shrink() {
        let listed = |names: &'static [&'static str]| {
            move |terms: &mut Terms| {
                terms.environment = names
                    .iter()
                    .map(|name| (environment(name), EnvironmentTerms::default()))
                    .collect();
            }
        };
        assert_eq!(
            loosened(listed(&["dev"]), listed(&["dev", "stage"])),
            ["environment.stage"]
        );
        assert_eq!(loosened(listed(&["dev", "stage"]), listed(&["dev"])), [""; 0]);
        assert_eq!(loosened(listed(&["dev"]), listed(&[])), ["environment"]);
        assert_eq!(loosened(listed(&[]), listed(&["dev"])), [""; 0]);

        let named = |rules: Vec<NamingRule>| move |terms: &mut Terms| terms.naming = rules;
        let ci = |shapes: &[&str]| naming(&[Kind::CiPipeline], &["prod"], shapes);
        assert_eq!(
            loosened(named(vec![ci(&["ci-*"])]), named(vec![ci(&["ci-*", "x"])])),
            ["naming.0"]
        );
        assert_eq!(loosened(named(vec![ci(&["ci-*"])]), named(vec![])), ["naming.0"]);
        assert_eq!(
            loosened(named(vec![ci(&["ci-*"])]), named(vec![ci(&["ci-a-*"])])),
            [""; 0]
        );
        let everywhere = naming(&[], &[], &["ci-*"]);
        assert_eq!(
            loosened(named(vec![ci(&["ci-*"])]), named(vec![everywhere.clone()])),
            [""; 0]
        );
        assert_eq!(
            loosened(named(vec![everywhere]), named(vec![ci(&["ci-*"])])),
            ["naming.0"]
        );

        let allow = |rules: &ScopeRule| {
            let rules = aws(std::slice::from_ref(rules));
            move |terms: &mut Terms| terms.allowed_scope = rules
        };
        let forbid = |rules: &ScopeRule| {
            let rules = aws(std::slice::from_ref(rules));
            move |terms: &mut Terms| terms.forbidden_scope = rules
        };
        let (wide, narrow) = (rule(&[], &["*"], &["s3:*"]), rule(&["dev"], &["*"], &["s3:Get*"]));
        assert_eq!(loosened(allow(&narrow), allow(&wide)), ["allowed_scope.aws"]);
        assert_eq!(loosened(allow(&wide), allow(&narrow)), [""; 0]);
        assert_eq!(loosened(allow(&wide), |_| {}), ["allowed_scope"]);
        assert_eq!(loosened(|_| {}, allow(&wide)), [""; 0]);
        assert_eq!(loosened(forbid(&wide), forbid(&narrow)), ["forbidden_scope.aws"]);
        assert_eq!(loosened(forbid(&narrow), forbid(&wide)), [""; 0]);
        assert_eq!(loosened(forbid(&wide), |_| {}), ["forbidden_scope.aws"]);
        assert_eq!(
            loosened(|terms| terms.wildcards.actions = WildcardRule::Forbidden, |_| {}),
            ["wildcards.actions"]
        );
    }
}
