//! Files in, policies or faults out: every mistake at its place, none hidden by another, nothing that panics.

#[cfg(test)]
mod tests {
    use std::path::Path;

    use boon::{Compiler, Schemas};
    use nhi_governance::{Kind, Policy, RiskTier, StaticSecret, StaticSecretRule, WildcardRule};
    use nhi_policy_file::{BYTES_MAX, load, load_cases, read, read_cases, reference, schema};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn policy(text: &str) -> Policy {
        read("nhi.hcl", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
    }

    /// `line:column code message`, for each fault.
    fn faults(text: &str) -> Vec<String> {
        let faults = read("nhi.hcl", text.as_bytes())
            .err()
            .map(|faults| faults.faults)
            .unwrap_or_default();
        faults
            .into_iter()
            .map(|fault| {
                assert!(fault.help.ends_with('.') || fault.help.ends_with('`'), "{fault:?}");
                assert!(!fault.message.contains('\n'), "{fault:?}");
                format!("{}:{} {} {}", fault.line, fault.column, fault.code, fault.message)
            })
            .collect()
    }

    #[test]
    fn nothing_said_is_the_default() {
        for text in [
            "",
            "\n",
            "# nothing\n",
            "{}",
            "tier \"low\" {}\nscoring {}\n",
            "\u{feff}{\"tier\": {}}",
        ] {
            assert_eq!(policy(text).digest(), Policy::default().digest(), "{text:?}");
        }
    }

    #[test]
    fn every_attribute_reaches_the_policy() {
        let text = r#"
organisation = "example.org"
environment "dev" {}
environment "blue" { production = true }
tier "low" {
  identity_ttl_max = "24h"
  token_ttl_max    = "30m"
  review_every     = "2400h"
}
tier "moderate" {
  score_from            = 10
  identity_ttl_max      = "24h"
  token_ttl_max         = "10m"
  static_secret_ttl_max = "700h"
  approvals { count = 2 }
}
tier "high" {
  static_secret_ttl_max = "500h"
  identity_ttl_max = "12h"
  token_ttl_max    = "10m"
  approvals {
    count    = 3
    security = true
  }
}
tier "critical" {
  identity_ttl_max = "1h"
  static_secret = "by_exception"
  static_secret_ttl_max = "100h"
  approvals {
    count        = 3
    policy_owner = true
  }
}
scoring {
  administer = 101
  write = 51
  read = 12
  wildcard_resource = 1
  production = 2
  internet_facing = 3
  third_party = 4
  restricted_data = 5
  static_credential = 6
  cross_account = 7
  autonomous_agent = 8
  no_attestation = 9
}
naming {
  kinds        = ["bot"]
  environments = ["dev"]
  patterns     = ["bot-*", "b?t"]
}
allowed_scope "aws" {
  resources    = ["arn:*"]
  actions      = ["s3:*"]
  environments = ["blue"]
}
allowed_scope "aws" {}
forbidden_scope "postgresql" { actions = ["DROP"] }
wildcards {
  resources = "outside_production"
  actions   = "forbidden"
}
exceptions {
  ttl_max          = "720h"
  critical_ttl_max = "100h"
  renewals_max     = 0
}
break_glass {
  holders_min       = 3
  session_max       = "30m"
  test_interval_max = "720h"
}
"#;
        // The critical tier keeps its default review, and approvals that were not named keep theirs.
        let policy = policy(text);
        let terms = policy.terms();
        assert_eq!(policy.organisation().unwrap().as_str(), "example.org");
        assert_eq!(terms.environment.len(), 2);
        assert!(policy.is_production(&nhi_governance::Environment::parse("blue").unwrap()));
        let critical = policy.tier(RiskTier::Critical);
        assert_eq!(critical.static_secret, StaticSecret::ByException);
        assert_eq!(
            policy.static_secret(RiskTier::Critical).to_string(),
            "by exception, 100h at most"
        );
        assert_eq!(
            critical.approvals.to_string(),
            "3 approvals, one of them by the policy owner, and one by security"
        );
        assert_eq!(policy.approvals(RiskTier::High).persons(), 4);
        assert_ne!(policy.static_secret(RiskTier::Low), StaticSecretRule::Never);
        let points: Vec<u32> = terms.scoring.entries().into_iter().map(|(_, points)| points).collect();
        assert_eq!(points, [101, 51, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(terms.naming[0].kinds, [Kind::Bot]);
        assert_eq!((terms.allowed_scope["aws"].len(), terms.forbidden_scope.len()), (2, 1));
        assert_eq!(terms.allowed_scope["aws"][1].actions[0].as_str(), "*");
        assert_eq!(terms.wildcards.actions, WildcardRule::Forbidden);
        assert_eq!((terms.exceptions.renewals_max, terms.break_glass.holders_min), (0, 3));

        // Each attribute of the description is in the effective policy, so none was forgotten on the way.
        let said = policy.to_json();
        let described = schema();
        let mut missing = Vec::new();
        compare(&described, &said, "", &mut missing);
        assert_eq!(
            missing,
            ["/environment/dev/production", "/tier/low/static_secret_ttl_max"]
        );
    }

    /// Walks a schema and a document together and notes what the schema knows and the document does not have.
    fn compare(schema: &Value, document: &Value, at: &str, missing: &mut Vec<String>) {
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            match document.get(name) {
                Some(value) => compare(inner, value, &format!("{at}/{name}"), missing),
                // Rules without a list of environments or kinds are for all.
                None if name == "environments" || name == "kinds" => {}
                None => missing.push(format!("{at}/{name}")),
            }
        }
        if let Some(inner) = schema.get("additionalProperties").filter(|inner| inner.is_object()) {
            for (name, value) in document.as_object().into_iter().flatten() {
                compare(inner, value, &format!("{at}/{name}"), missing);
            }
        }
        for value in document.as_array().into_iter().flatten() {
            compare(&schema["items"], value, at, missing);
        }
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

    #[test]
    fn mistakes_are_told_at_their_place() {
        for (text, wanted) in [
            ("tiers \"low\" {}", "1:1 NHI-POLICY-UNKNOWN the file has no `tiers`"),
            ("organisation = 7", "1:16 NHI-POLICY-TYPE `organisation` is a number"),
            (
                "organisation = \"Ex ample\"",
                "1:16 NHI-ORGANISATION `Ex ample` is not an organisation",
            ),
            ("organisation = null", "1:16 NHI-POLICY-TYPE `organisation` is null"),
            (
                "organisation {}",
                "1:1 NHI-POLICY-TYPE `organisation` is written as a block",
            ),
            ("tier = \"low\"", "1:8 NHI-POLICY-TYPE `tier` is a text and not a block"),
            ("tier {}", "1:1 NHI-POLICY-TYPE block `tier` has 0 labels"),
            ("scoring \"x\" {}", "1:1 NHI-POLICY-TYPE block `scoring` has 1 labels"),
            ("tier \"medium\" {}", "1:6 NHI-MIN-TIER `medium` is not a risk tier"),
            (
                "environment \"Prod\" {}",
                "1:13 NHI-ENVIRONMENT `Prod` is not an environment",
            ),
            ("allowed_scope \"*\" {}", "1:15 NHI-POLICY-VALUE `*` is not a backend"),
            (
                "scoring {}\nscoring {}",
                "2:1 NHI-POLICY-DUPLICATE block `scoring` is there twice",
            ),
            (
                "tier \"low\" {}\ntier \"low\" {}",
                "2:1 NHI-POLICY-DUPLICATE block `tier` `low` is there twice",
            ),
            (
                "{\"tier\": {\"low\": {}}, tier = {low = {}}}",
                "1:37 NHI-POLICY-DUPLICATE block `tier` `low` is there twice",
            ),
            (
                "scoring {\n  read = -1\n}",
                "2:10 NHI-POLICY-VALUE `read` cannot be `-1`",
            ),
            (
                "scoring {\n  read = 1.5\n}",
                "2:10 NHI-POLICY-VALUE `read` cannot be `1.5`",
            ),
            (
                "scoring {\n  read = 5000\n}",
                "2:10 NHI-POLICY-VALUE `read` cannot be `5000`",
            ),
            ("scoring {\n  read = \"5\"\n}", "2:10 NHI-POLICY-TYPE `read` is a text"),
            (
                "tier \"low\" {\n  token_ttl_max = \"0h\"\n}",
                "2:19 NHI-TTL `0h` is no time at all",
            ),
            (
                "tier \"low\" {\n  token_ttl_max = \"1d\"\n}",
                "2:19 NHI-TTL `1d` uses a unit that is not a fixed number of hours everywhere",
            ),
            (
                "tier \"low\" {\n  token_ttl_max = 60\n}",
                "2:19 NHI-POLICY-TYPE `token_ttl_max` is a number",
            ),
            (
                "tier \"low\" {\n  static_secret = \"nevr\"\n}",
                "2:19 NHI-POLICY-VALUE `nevr` is none of the words for this",
            ),
            (
                "naming {\n  patterns = [\"a b\"]\n}",
                "2:15 NHI-PATTERN `a b` is not a pattern",
            ),
            (
                "naming {\n  patterns = [\"a\", \"a\"]\n}",
                "2:20 NHI-POLICY-DUPLICATE `a` is there twice",
            ),
            (
                "naming {\n  patterns = [\"a\", 1]\n}",
                "2:20 NHI-POLICY-TYPE an element of `patterns` is a number",
            ),
            (
                "naming {\n  patterns = []\n}",
                "2:14 NHI-POLICY `patterns` is empty, so nothing could ever keep the rule",
            ),
            (
                "organisation = var.name",
                "1:16 NHI-POLICY-COMPUTED a reference stands where a value has to be written out",
            ),
            (
                "organisation = upper(\"a\")",
                "1:16 NHI-POLICY-COMPUTED a function call stands where a value has to be written out",
            ),
            (
                "organisation = \"a${1}\"",
                "1:16 NHI-POLICY-COMPUTED a template stands where a value has to be written out",
            ),
            (
                "scoring = { (1) = 2 }",
                "1:13 NHI-POLICY-COMPUTED a key that is not written out stands where a value has to be written out",
            ),
            (
                "tier \"high\" {\n  score_from = 10\n}",
                "2:16 NHI-POLICY tier high starts at 10, not above tier moderate at 20",
            ),
            (
                "tier \"critical\" {\n  approvals {\n    count = 0\n  }\n}",
                "2:3 NHI-POLICY tier critical calls for 1 approval, by security, tier high for 2 approvals, one of them by the policy owner",
            ),
            (
                "break_glass {\n  holders_min = 1\n}",
                "2:17 NHI-POLICY-VALUE `holders_min` cannot be `1`",
            ),
            ("[]", "1:1 NHI-POLICY-SYNTAX "),
            ("{\"a\": 1", "1:7 NHI-POLICY-SYNTAX "),
        ] {
            let found = faults(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with(wanted), "{text}:\n  {found:?}\n  {wanted}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = r#"
organisation = lower("A")
tier "low" {
  score_from = 5
  identity_ttlmax = "0h"
}
tier "high" {
  token_ttl_max = "2h"
  score_from    = 20
}
naming {
}
wildcards {
  actions = "sometimes"
}
"#;
        let found = faults(text);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(
            found,
            [
                "2:16 NHI-POLICY-COMPUTED a function call stands where a value has to be written out",
                "4:16 NHI-POLICY tier low starts at 5",
                "5:3 NHI-POLICY-UNKNOWN block `tier` has no `identity_ttlmax`",
                "8:19 NHI-POLICY tier high allows `2h`, tier moderate `1h`",
                "9:19 NHI-POLICY tier high starts at 20, not above tier moderate at 20",
                "11:1 NHI-POLICY-MISSING `patterns` is missing",
                "14:13 NHI-POLICY-VALUE `sometimes` is none of the words for this",
            ],
            "{found:#?}"
        );
    }

    #[test]
    fn a_mistake_of_form_hides_no_other() {
        let text = "tier \"low\" {\n  score_from = = 3\n}\nscoring {\n  raed = 4\n}\nwildcards {\n  actions = [\n}\n";
        let found = faults(text);
        let codes: Vec<&str> = found.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
        assert_eq!(codes, ["2:16", "5:3", "9:1"], "{found:#?}");
    }

    #[test]
    fn limits() {
        let long = format!("# {}\n", "x".repeat(BYTES_MAX));
        assert!(faults(&long)[0].starts_with("1:1 NHI-POLICY-READ the file has more than 65536 bytes"));
        let faults_of = |bytes: &[u8]| read("nhi.hcl", bytes).unwrap_err().to_string();
        assert_eq!(
            faults_of(b"a = 1\n\xff"),
            "nhi.hcl:2:1: the file is not UTF-8 (NHI-POLICY-READ)"
        );
        let deep = format!("organisation = {}1{}", "[".repeat(200), "]".repeat(200));
        assert!(faults(&deep)[0].contains("NHI-POLICY-SYNTAX"), "{:?}", faults(&deep));
        let many = "naming {\n  patterns = [\"a\"]\n}\n".repeat(502);
        assert_eq!(faults(&many).len(), 2, "{:?}", faults(&many));
        let wrong = "x = 1\ny = 2\n".repeat(1_000);
        assert!(faults(&wrong).len() <= 100);
        let nowhere = load(Path::new("no/such/nhi.hcl")).unwrap_err();
        assert!(nowhere.to_string().contains("NHI-POLICY-READ"), "{nowhere}");
    }

    #[test]
    fn an_error_repeats_nothing_that_acts_on_a_terminal() {
        let found = faults("tier \"low\" {\n  static_secret = \"\u{1b}[2J\u{202e}x\"\n}\n");
        assert!(
            !found[0].contains('\u{1b}') && !found[0].contains('\u{202e}'),
            "{found:?}"
        );
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
            assert_eq!(faults(&document.to_string()).is_empty(), good, "reader on {document}");
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
