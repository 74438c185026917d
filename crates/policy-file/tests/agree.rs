//! The schema, the JSON form and the test cases: all of them say what the reader says, whatever is put in.

#[cfg(test)]
mod tests {
    use std::path::Path;

    use boon::{Compiler, Schemas};
    use nhi_governance::{Kind, Policy, RiskTier, StaticSecret, WildcardRule};
    use nhi_policy_file::{load, load_cases, read, read_cases, reference, schema};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn policy(text: &str) -> Policy {
        read("nhi.hcl", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
    }

    #[test]
    fn the_json_form_reads_back_as_the_same_policy() {
        let examples = [policy(""), load(&example("nhi.hcl")).unwrap()];
        for policy in examples {
            let json = policy.to_json();
            for text in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
                assert_eq!(self::policy(&text).digest(), policy.digest(), "{text}");
            }
            assert_eq!(errors(&json), "", "{json}");
        }
    }

    fn example(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../examples/policy-file")
            .join(name)
    }

    #[test]
    fn the_example_keeps_its_own_cases() {
        let policy = load(&example("nhi.hcl")).unwrap();
        let cases = load_cases(&example("tiers.nhitest.hcl")).unwrap();
        assert_eq!(cases.len(), 3);
        for case in &cases {
            let outcome = case.run(&policy);
            assert_eq!(outcome.differences, [""; 0], "{}", case.title);
            // A case that any policy keeps would show nothing.
            assert!(case.title.starts_with("reading") || !case.run(&Policy::default()).differences.is_empty());
        }
    }

    /// What the schema has against a document.
    fn errors(document: &Value) -> String {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.add_resource("nhi.json", schema()).unwrap();
        let index = compiler.compile("nhi.json", &mut schemas).unwrap();
        schemas
            .validate(document, index)
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default()
    }

    #[test]
    fn the_schema_refuses_what_the_reader_refuses_for_its_form() {
        for (document, good) in [
            (json!({}), true),
            (json!({"organisation": "example"}), true),
            (json!({"organisation": "Example"}), false),
            (json!({"organisation": 1}), false),
            (json!({"unknown": 1}), false),
            (json!({"tier": {"critical": {"token_ttl_max": "4m"}}}), true),
            (json!({"tier": {"medium": {}}}), false),
            (json!({"tier": {"low": {"token_ttl_max": "30"}}}), false),
            (json!({"tier": {"low": {"token_ttl_max": "1d"}}}), false),
            (json!({"tier": {"low": []}}), false),
            (json!({"tier": {"low": {"approvals": {"count": 11}}}}), false),
            (json!({"scoring": {"read": 4}}), true),
            (json!({"scoring": {"read": -1}}), false),
            (json!({"scoring": {"read": 1.5}}), false),
            (json!({"naming": [{"patterns": ["a*"], "kinds": ["bot"]}]}), true),
            (json!({"naming": [{"kinds": ["bot"]}]}), false),
            (json!({"naming": [{"patterns": ["a*"], "kinds": ["robot"]}]}), false),
            (json!({"naming": [{"patterns": ["a", "a"]}]}), false),
            (json!({"naming": {"patterns": ["a*"]}}), false),
            (json!({"allowed_scope": {"aws": [{}]}}), true),
            (json!({"allowed_scope": {"aws": {}}}), false),
            (json!({"allowed_scope": {"AWS": [{}]}}), false),
            (json!({"wildcards": {"actions": "never"}}), false),
            (json!({"environment": {"dev": {"production": "no"}}}), false),
        ] {
            assert_eq!(
                errors(&document).is_empty(),
                good,
                "schema on {document}: {}",
                errors(&document)
            );
            assert_eq!(
                read("x", document.to_string().as_bytes()).is_ok(),
                good,
                "reader on {document}"
            );
        }
    }

    #[test]
    fn words_are_those_of_the_domain_model() {
        let schema = schema();
        let kinds = &schema["properties"]["naming"]["items"]["properties"]["kinds"]["items"]["enum"];
        assert_eq!(kinds, &json!(Kind::ALL.map(Kind::as_str)));
        let tiers = &schema["properties"]["tier"]["propertyNames"]["enum"];
        assert_eq!(tiers, &json!(RiskTier::ALL.map(RiskTier::as_str)));
        let secrets = &schema["properties"]["tier"]["additionalProperties"]["properties"]["static_secret"]["enum"];
        assert_eq!(secrets, &json!(StaticSecret::ALL.map(StaticSecret::as_str)));
        let wildcards = &schema["properties"]["wildcards"]["properties"]["actions"]["enum"];
        assert_eq!(wildcards, &json!(WildcardRule::ALL.map(WildcardRule::as_str)));
        let reference = reference();
        for name in [
            "## `tier \"<tier>\" / approvals`",
            "`identity_ttl_max` (optional",
            "`patterns` (required",
        ] {
            assert!(reference.contains(name), "{name}\n{reference}");
        }
    }

    #[test]
    fn cases_that_cannot_fail_are_mistakes() {
        for (text, wanted) in [
            ("", "1:1: the file has no case"),
            ("case \"a\" {}", "1:1: case `a` has no identity"),
            ("case \"a\" {\n identity {}\n}", "1:1: case `a` has no expect"),
            (
                "case \"a\" {\n identity {}\n expect {}\n}",
                "1:1: case `a` has no expectation",
            ),
            (
                "case \"a\" {\n identity {}\n expect { tier = \"mid\" }\n}",
                "3:18: `mid` is none of the words",
            ),
            (
                "case \"a\" {\n identity {}\n expect { violations = [\"NHI-TTL-CELING\"] }\n}",
                "3:24: `NHI-TTL-CELING` is no code of a violation",
            ),
            (
                "case \"a\" {\n identity { nmae = \"x\" }\n expect { tier = \"low\" }\n}",
                "2:13: block `identity` has no `nmae`",
            ),
        ] {
            let faults = read_cases("t", text.as_bytes()).unwrap_err();
            let wanted = format!("t:{wanted}");
            assert!(
                faults.lines().any(|line| line.starts_with(&wanted)),
                "{faults}\n{wanted}"
            );
        }
        let empty = "case \"a\" {\n identity {}\n expect { tier = \"critical\" }\n}";
        let outcome = read_cases("t", empty.as_bytes()).unwrap()[0].run(&Policy::default());
        assert!(outcome.violations.contains("NHI-REQUIRED"));
        assert!(
            outcome
                .differences
                .iter()
                .any(|difference| difference == "tier is low, not critical")
        );
        assert!(
            outcome.differences.len() > 5,
            "violations that were not expected count: {outcome:?}"
        );
    }

    /// Pieces of the language, so that chance gets past the parser.
    fn piece() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "tier",
            "\"low\"",
            "\"high\"",
            "{",
            "}",
            "{\n",
            "}\n",
            "=",
            "[",
            "]",
            ",",
            ":",
            "\n",
            " ",
            "score_from",
            "approvals",
            "count",
            "naming",
            "patterns",
            "\"a*\"",
            "environment",
            "\"prod\"",
            "production",
            "true",
            "scoring",
            "read",
            "7",
            "-1",
            "1e9",
            "null",
            "\"0h\"",
            "\"720h\"",
            "allowed_scope",
            "\"aws\"",
            "resources",
            "\"${x}\"",
            "<<EOT\nx\nEOT\n",
            "# c\n",
            "/*",
            "*/",
            "(",
            ")",
            "?",
            "\u{feff}",
            "case \"x\" ",
            "identity",
            "expect",
            "scope",
            "exceptions",
            "ttl_max",
        ]);
        prop_oneof![9 => known.prop_map(str::to_owned), 1 => ".{0,5}"]
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read("x", &bytes), read_cases("x", &bytes));
        }

        #[test]
        fn what_is_read_reads_back(pieces in prop::collection::vec(piece(), 0..40)) {
            let text = pieces.concat();
            let _ = read_cases("x", text.as_bytes());
            match read("x", text.as_bytes()) {
                Ok(policy) => {
                    let json = policy.to_json();
                    prop_assert_eq!(errors(&json), "");
                    prop_assert_eq!(read("y", json.to_string().as_bytes()).unwrap().digest(), policy.digest());
                }
                Err(faults) => {
                    prop_assert!(!faults.faults.is_empty());
                    let lines = text.matches('\n').count() + 1;
                    for fault in faults.faults {
                        prop_assert!((1..=lines).contains(&fault.line) && fault.column > 0, "{:?}", fault);
                    }
                }
            }
        }
    }
}
