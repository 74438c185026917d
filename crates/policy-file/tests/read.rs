//! Files in, policies or faults out: every mistake at its place, none hidden by another, nothing that panics.

#[cfg(test)]
mod tests {
    use std::path::Path;

    use nhi_governance::{Kind, Policy, RiskTier, StaticSecret, StaticSecretRule, WildcardRule};
    use nhi_policy_file::{BYTES_MAX, load, read, schema};
    use serde_json::Value;

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
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn every_attribute_reaches_the_policy() {
        let text = r#"
organisation = "example.org"
environment "dev" {}
environment "blue" {
  production = true
  warn       = true
}
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
  rotate_every          = "168h"
  approvals { count = 2 }
}
tier "high" {
  static_secret_ttl_max = "500h"
  rotate_every = "100h"
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
  rotate_every = "24h"
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
        let every = RiskTier::ALL.map(|tier| policy.rotate_every(tier).unwrap().to_string());
        assert_eq!(
            every,
            ["720h", "168h", "100h", "24h"],
            "its longest life where nothing is said"
        );
        let points: Vec<u32> = terms.scoring.entries().into_iter().map(|(_, points)| points).collect();
        assert_eq!(points, [101, 51, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(terms.naming[0].kinds, [Kind::Bot]);
        assert_eq!((terms.allowed_scope["aws"].len(), terms.forbidden_scope.len()), (2, 1));
        assert_eq!(terms.allowed_scope["aws"][1].actions[0].as_str(), "*");
        assert_eq!(terms.wildcards.actions, WildcardRule::Forbidden);
        assert_eq!((terms.exceptions.renewals_max, terms.break_glass.holders_min), (0, 3));

        // Each attribute of the description is in the effective policy, so none was forgotten on the way; what the file
        // says of modules is no part of it.
        let said = policy.to_json();
        let described = schema();
        let mut missing = Vec::new();
        compare(&described, &said, "", &mut missing);
        assert_eq!(
            missing,
            [
                "/environment/dev/production",
                "/environment/dev/warn",
                "/module",
                "/signer",
                "/tier/low/rotate_every",
                "/tier/low/static_secret_ttl_max",
                "/trust"
            ]
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
    #[expect(clippy::too_many_lines, reason = "a table")]
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
        for url in [
            "https://user:hunter2@example.com/nhi.hcl",
            "mysql://user:a@b/hunter2@example.com/nhi",
            "https://example.com/nhi.hcl?token=hunter2#hunter2",
        ] {
            let told = load(Path::new(url)).unwrap_err();
            let shown = format!("{told} {:?} {told:?}", told.problems());
            assert!(shown.contains("://…") && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn an_error_repeats_nothing_that_acts_on_a_terminal() {
        let found = faults("tier \"low\" {\n  static_secret = \"\u{1b}[2J\u{202e}x\"\n}\n");
        assert!(
            !found[0].contains('\u{1b}') && !found[0].contains('\u{202e}'),
            "{found:?}"
        );
    }
}
