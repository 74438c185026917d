//! Drafts in, violations out: every rule through the one door that the provider uses.

#[cfg(test)]
mod tests {
    use nhi_governance::{
        AttestationDraft, Checked, Declaration, Draft, Given, Policy, PurposeDraft, RiskTier, ScopeDraft, Step,
    };
    use proptest::prelude::*;

    fn scope(resource: &str, actions: &[&str]) -> Given<Vec<Given<ScopeDraft>>> {
        Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: resource.into(),
            actions: list(actions),
        })])
    }

    fn list(texts: &[&str]) -> Given<Vec<Given<String>>> {
        Given::Known(texts.iter().map(|text| (*text).into()).collect())
    }

    fn good() -> Draft {
        Draft {
            name: "deployer".into(),
            kind: "ci_pipeline".into(),
            technical_owner: "team:payments".into(),
            policy_owner: "team:iam".into(),
            purpose: Given::Known(PurposeDraft {
                summary: "Deploys the payments service".into(),
                task: "Release pipeline, job deploy".into(),
                ticket: Given::Absent,
            }),
            environment: "staging".into(),
            ttl: "720h".into(),
            scope: scope(
                "arn:aws:ecs:eu-west-1:111122223333:service/payments/*",
                &["ecs:UpdateService"],
            ),
            revoked_by: list(&["ttl", "manual"]),
            ..Draft::default()
        }
    }

    fn found(draft: &Draft) -> Vec<(String, &'static str)> {
        let checked = draft.check(&Policy::default());
        assert!(checked.declaration.is_none() || checked.violations.is_empty());
        checked
            .violations
            .iter()
            .map(|violation| (violation.path.to_string(), violation.code.id))
            .collect()
    }

    #[test]
    fn a_good_draft_is_a_declaration() {
        let Checked {
            violations,
            declaration,
            assessment,
        } = good().check(&Policy::default());
        assert_eq!(violations, []);
        let declaration = declaration.unwrap();
        assert_eq!(
            (assessment.score, assessment.tier, assessment.is_final),
            (45, RiskTier::High, true)
        );
        assert_eq!(declaration.assess(&Policy::default()), assessment);
        let text = serde_json::to_string(&declaration).unwrap();
        let again: Declaration = serde_json::from_str(&text).unwrap();
        assert_eq!((again.digest(), again), (declaration.digest(), declaration));
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn one_thing_wrong_is_one_violation_at_its_place() {
        let purpose = |summary: &str, task: &str| {
            Given::Known(PurposeDraft {
                summary: summary.into(),
                task: task.into(),
                ticket: Given::Absent,
            })
        };
        let attested = |attestation: AttestationDraft| Draft {
            attestation: Given::Known(attestation),
            ..good()
        };
        let oidc = |subject: &str| AttestationDraft {
            oidc: Given::Known(["https://issuer.example".into(), "nhi".into(), subject.into()]),
            ..AttestationDraft::default()
        };
        let cases = vec![
            (
                Draft {
                    name: "Deployer".into(),
                    ..good()
                },
                "name",
                "NHI-NAME",
            ),
            (
                Draft {
                    kind: "robot".into(),
                    ..good()
                },
                "kind",
                "NHI-KIND",
            ),
            (
                Draft {
                    technical_owner: "payments".into(),
                    ..good()
                },
                "technical_owner",
                "NHI-OWNER",
            ),
            (
                Draft {
                    policy_owner: "Team:Payments".into(),
                    ..good()
                },
                "policy_owner",
                "NHI-OWNER-SAME",
            ),
            (
                Draft {
                    policy_owner: Given::Absent,
                    ..good()
                },
                "policy_owner",
                "NHI-REQUIRED",
            ),
            (
                Draft {
                    purpose: Given::Absent,
                    ..good()
                },
                "purpose",
                "NHI-REQUIRED",
            ),
            (
                Draft {
                    purpose: purpose("todo", "Release pipeline"),
                    ..good()
                },
                "purpose.summary",
                "NHI-PURPOSE",
            ),
            (
                Draft {
                    purpose: purpose("Deploys payments", "x"),
                    ..good()
                },
                "purpose.task",
                "NHI-PURPOSE",
            ),
            (
                Draft {
                    environment: "".into(),
                    ..good()
                },
                "environment",
                "NHI-ENVIRONMENT",
            ),
            (
                Draft {
                    ttl: "30d".into(),
                    ..good()
                },
                "ttl",
                "NHI-TTL",
            ),
            (
                Draft {
                    ttl: "0s".into(),
                    ..good()
                },
                "ttl",
                "NHI-TTL",
            ),
            (
                Draft {
                    ttl: "720h1s".into(),
                    ..good()
                },
                "ttl",
                "NHI-TTL-CEILING",
            ),
            (
                Draft {
                    min_risk_tier: "critical".into(),
                    ..good()
                },
                "ttl",
                "NHI-TTL-CEILING",
            ),
            (
                Draft {
                    scope: Given::Known(vec![]),
                    ..good()
                },
                "scope",
                "NHI-SCOPE",
            ),
            (
                Draft {
                    scope: scope("*", &["s3:GetObject"]),
                    ..good()
                },
                "scope[0].resource",
                "NHI-SCOPE-WILDCARD",
            ),
            (
                Draft {
                    scope: scope("a", &["*:*"]),
                    ..good()
                },
                "scope[0].actions",
                "NHI-SCOPE-WILDCARD",
            ),
            (
                Draft {
                    scope: scope("a", &[]),
                    ..good()
                },
                "scope[0].actions",
                "NHI-SCOPE",
            ),
            (
                Draft {
                    revoked_by: list(&["manual"]),
                    ..good()
                },
                "revoked_by",
                "NHI-REVOKED-BY",
            ),
            (
                Draft {
                    revoked_by: list(&[]),
                    ..good()
                },
                "revoked_by",
                "NHI-REVOKED-BY",
            ),
            (
                Draft {
                    revoked_by: list(&["ttl", "whim"]),
                    ..good()
                },
                "revoked_by",
                "NHI-REVOKED-BY",
            ),
            (
                Draft {
                    external: list(&["arn:aws:iam::1:role/*"]),
                    ..good()
                },
                "external",
                "NHI-EXTERNAL",
            ),
            (
                Draft {
                    data_classification: "secret".into(),
                    ..good()
                },
                "data_classification",
                "NHI-CLASSIFICATION",
            ),
            (
                Draft {
                    vendor_id: "a b".into(),
                    ..good()
                },
                "vendor_id",
                "NHI-VENDOR",
            ),
            (
                Draft {
                    min_risk_tier: "medium".into(),
                    ..good()
                },
                "min_risk_tier",
                "NHI-MIN-TIER",
            ),
            (
                Draft {
                    generation: Given::Known(0),
                    ..good()
                },
                "generation",
                "NHI-GENERATION",
            ),
            (attested(AttestationDraft::default()), "attestation", "NHI-ATTESTATION"),
            (
                attested(oidc("repo:org/*")),
                "attestation.oidc.subject",
                "NHI-ATTESTATION",
            ),
            (
                attested(AttestationDraft {
                    spiffe_id: "spiffe://a/b".into(),
                    ..oidc("repo:org/x")
                }),
                "attestation",
                "NHI-ATTESTATION",
            ),
        ];
        for (draft, path, code) in cases {
            assert_eq!(found(&draft), [(path.to_owned(), code)], "{draft:?}");
        }
        assert_eq!(found(&attested(oidc("repo:org/x:ref:refs/heads/main"))), []);
    }

    #[test]
    fn everything_wrong_comes_back_at_once() {
        let places: Vec<_> = found(&Draft::default()).into_iter().map(|(path, _)| path).collect();
        let required = [
            "name",
            "kind",
            "technical_owner",
            "policy_owner",
            "purpose",
            "environment",
            "ttl",
            "scope",
            "revoked_by",
        ];
        assert_eq!(places, required);
        let draft = Draft {
            name: "X".into(),
            ttl: "never".into(),
            scope: scope("*", &["*", "**"]),
            ..good()
        };
        let places: Vec<_> = found(&draft).into_iter().map(|(path, _)| path).collect();
        assert_eq!(
            places,
            [
                "name",
                "ttl",
                "scope[0].resource",
                "scope[0].actions",
                "scope[0].actions"
            ]
        );
    }

    #[test]
    fn a_violation_says_why_what_and_how() {
        let violation = Draft {
            ttl: "8760h".into(),
            ..good()
        }
        .check(&Policy::default())
        .violations
        .remove(0);
        assert_eq!(
            violation.summary,
            "ttl `8760h` is above the ceiling of tier high, `720h`"
        );
        assert_eq!(
            violation.detail,
            "The riskier an identity, the sooner somebody has to ask for it again. An identity of tier high lives 30 days at most. \
             Its score is 45: write access (`ecs:UpdateService`) 20, wildcard resource (`arn:aws:ecs:eu-west-1:111122223333:service/payments/*`) 15, \
             no attestation 10. Write `ttl = \"720h\"` or less, or lower the score. (NHI-TTL-CEILING)"
        );
        let at = Draft {
            scope: scope("*", &["a"]),
            ..good()
        }
        .check(&Policy::default())
        .violations
        .remove(0)
        .path;
        assert_eq!(
            at.steps(),
            [Step::Attribute("scope"), Step::Index(0), Step::Attribute("resource")]
        );
    }

    #[test]
    fn the_fix_of_a_ceiling_passes() {
        for tier in RiskTier::ALL {
            let draft = |ttl: &str| Draft {
                min_risk_tier: tier.as_str().into(),
                scope: scope("arn:aws:s3:::a", &["s3:GetObject"]),
                ttl: ttl.into(),
                ..good()
            };
            let fix = Policy::default().ttl_max(tier).clone();
            assert_eq!(found(&draft(fix.as_str())), []);
            assert_eq!(
                found(&draft(&format!("{fix}1s"))),
                [("ttl".to_owned(), "NHI-TTL-CEILING")]
            );
        }
    }

    #[test]
    fn unknown_values_wait_for_the_apply() {
        let unknown = Draft {
            name: Given::Unknown,
            kind: Given::Unknown,
            technical_owner: Given::Unknown,
            policy_owner: Given::Unknown,
            purpose: Given::Unknown,
            environment: Given::Unknown,
            ttl: Given::Unknown,
            scope: Given::Unknown,
            revoked_by: Given::Unknown,
            ..Draft::default()
        };
        let checked = unknown.check(&Policy::default());
        assert_eq!((checked.violations, checked.declaration), (vec![], None));
        assert!(!checked.assessment.is_final);

        // What is known is judged all the same: here the score is known to be at least this high.
        let draft = Draft {
            environment: Given::Unknown,
            ttl: "721h".into(),
            ..good()
        };
        assert_eq!(found(&draft), [("ttl".to_owned(), "NHI-TTL-CEILING")]);
        let actions = Given::Known(vec!["s3:GetObject".into(), Given::Unknown]);
        let entry = ScopeDraft {
            backend: "aws".into(),
            resource: "*".into(),
            actions,
        };
        let draft = Draft {
            scope: Given::Known(vec![Given::Unknown, Given::Known(entry)]),
            ..good()
        };
        assert_eq!(found(&draft), [("scope[1].resource".to_owned(), "NHI-SCOPE-WILDCARD")]);
        let draft = Draft {
            attestation: Given::Unknown,
            ..good()
        };
        let checked = draft.check(&Policy::default());
        assert_eq!(
            (
                checked.assessment.score,
                checked.assessment.is_final,
                checked.declaration
            ),
            (35, false, None)
        );
    }

    fn given_text() -> impl Strategy<Value = Given<String>> {
        prop_oneof![
            Just(Given::Unknown),
            Just(Given::Absent),
            ".{0,40}".prop_map(Given::Known),
            "[a-z*:./-]{0,12}".prop_map(Given::Known),
        ]
    }

    proptest! {
        #[test]
        fn no_text_panics_and_only_the_whole_is_declared(
            texts in proptest::collection::vec(given_text(), 12),
            generation in any::<i64>(),
        ) {
            let at = |position: usize| texts[position].clone();
            let entry = ScopeDraft { backend: at(0), resource: at(1), actions: Given::Known(vec![at(2), at(3)]) };
            let draft = Draft {
                name: at(4), kind: at(5), technical_owner: at(6), policy_owner: at(7), environment: at(8), ttl: at(9),
                scope: Given::Known(vec![Given::Known(entry)]), vendor_id: at(10), min_risk_tier: at(11),
                generation: Given::Known(generation), ..good()
            };
            let checked = draft.check(&Policy::default());
            let unknown = texts.iter().any(Given::is_unknown);
            prop_assert_eq!(checked.declaration.is_some(), checked.violations.is_empty() && !unknown);
            for violation in &checked.violations {
                prop_assert!(!violation.summary.ends_with('.') && !violation.summary.contains(char::is_control));
            }
        }
    }

    #[test]
    fn a_null_element_is_named_as_one() {
        let draft = Draft {
            external: Given::Known(vec!["i-1".into(), Given::Absent]),
            revoked_by: Given::Known(vec![Given::Absent]),
            ..good()
        };
        let told: Vec<_> = draft
            .check(&Policy::default())
            .violations
            .into_iter()
            .map(|violation| violation.summary)
            .collect();
        assert_eq!(
            told,
            ["an element of `revoked_by` is null", "an element of `external` is null"]
        );
    }
}
